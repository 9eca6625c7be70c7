"""Who persons and organisations are, as other rooms may show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from telesphore.accounts.models import Membership, Organisation, Person
from telesphore.accounts.states import Role


@dataclass(frozen=True, slots=True)
class PersonCard:
    """What colleagues see of a person."""

    person_id: UUID
    display_name: str
    title: str
    given_name: str
    family_name: str
    initials: str
    specialty: str
    rpps: str
    email: str
    language: str


@dataclass(frozen=True, slots=True)
class OrganisationCard:
    """What people see of an organisation."""

    organisation_id: UUID
    name: str
    city: str
    finess: str = ""
    siren: str = ""
    siret: str = ""


def person_cards(person_ids: Iterable[UUID]) -> dict[UUID, PersonCard]:
    """The cards of these persons, by id, in one query; unknown ids are absent."""
    return {
        person.id: PersonCard(
            person.id,
            person.display_name,
            person.title,
            person.given_name,
            person.family_name,
            person.initials,
            person.specialty,
            person.rpps,
            person.email,
            person.language,
        )
        for person in Person.objects.filter(id__in=set(person_ids))
    }


def person_card(person_id: UUID) -> PersonCard:
    """The card of one person, who exists."""
    return person_cards([person_id])[person_id]


def organisation_card(organisation_id: UUID) -> OrganisationCard:
    """The card of an organisation, which exists."""
    row = Organisation.objects.get(id=organisation_id)
    return OrganisationCard(row.id, row.name, row.city, row.finess, row.siren, row.siret)


@dataclass(frozen=True, slots=True)
class MembershipCard:
    """The roles that a person holds in one organisation."""

    organisation: OrganisationCard
    roles: frozenset[str]
    unit: str


def memberships(*, person_id: UUID, at: datetime) -> list[MembershipCard]:
    """The organisations in which a person holds a role at `at`, suspended ones apart, by name, in two queries."""
    rows = live(at).filter(person_id=person_id)
    roles: dict[UUID, set[str]] = {}
    units: dict[UUID, str] = {}
    # Asked of every page: plain values.
    for organisation_id, role, unit, unit_name in rows.values_list("organisation_id", "role", "unit", "of_unit__name"):
        roles.setdefault(organisation_id, set()).add(role)
        units[organisation_id] = unit_name or unit
    organisations = Organisation.objects.filter(id__in=roles).order_by("name").values_list("id", "name", "city")
    return [
        MembershipCard(OrganisationCard(found, name, city), frozenset(roles[found]), units[found])
        for found, name, city in organisations
    ]


def organisations() -> list[OrganisationCard]:
    """Every organisation of this instance, by name; for the operator's commands."""
    return [OrganisationCard(row.id, row.name, row.city) for row in Organisation.objects.order_by("name")]


def person_of(email: str) -> UUID | None:
    """The person who signs in with this address."""
    return Person.objects.filter(email=email.strip().lower()).values_list("id", flat=True).first()


def professionals(*, organisation_id: UUID, at: datetime, among: Iterable[UUID] | None = None) -> list[PersonCard]:
    """The health professionals of an organisation at `at`, of all persons or `among` these, by family name, in one
    query."""
    return _members(organisation_id, Role.PROFESSIONAL, at, among)


def administrators(*, organisation_id: UUID, at: datetime) -> list[PersonCard]:
    """The administrators of an organisation at `at`, by family name, in two queries."""
    return _members(organisation_id, Role.ADMINISTRATOR, at)


def privacy_officers(*, organisation_id: UUID, at: datetime) -> list[PersonCard]:
    """The data protection officers of an organisation at `at`, by family name, in two queries."""
    return _members(organisation_id, Role.PRIVACY_OFFICER, at)


def _members(organisation_id: UUID, role: Role, at: datetime, among: Iterable[UUID] | None = None) -> list[PersonCard]:
    rows = live(at).filter(organisation_id=organisation_id, role=role)
    if among is not None:
        rows = rows.filter(person_id__in=set(among))
    cards = person_cards(rows.values_list("person_id", flat=True))
    return sorted(cards.values(), key=lambda card: (card.family_name, card.given_name))


def live(at: datetime) -> QuerySet[Membership]:
    """The memberships that give something at `at`: begun, not over, not suspended, of a person who is not shut out."""
    return Membership.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=at), starts_at__lte=at, suspended_at=None, person__is_active=True
    )


def roles_held(*, organisation_id: UUID, person_id: UUID, at: datetime) -> frozenset[Role]:
    """The roles that a person holds in one organisation at `at`."""
    rows = live(at).filter(organisation_id=organisation_id, person_id=person_id)
    return frozenset(Role(role) for role in rows.values_list("role", flat=True))


def has_way_in(*, person_id: UUID, apart_from: UUID) -> bool:
    """Whether somebody can come in otherwise than by an invitation of the organisation `apart_from`: by a password, a
    passkey, an application, a card, Pro Santé Connect; or is known in another organisation."""
    person = Person.objects.get(id=person_id)
    return (
        person.has_usable_password()
        or person.directory_checked_at is not None
        or Person.objects.filter(id=person_id, authenticator__isnull=False).exists()
        or Membership.objects.filter(person_id=person_id).exclude(organisation_id=apart_from).exists()
    )


def units_of(*, organisation_id: UUID, person_id: UUID, at: datetime) -> set[UUID]:
    """The units in which a person holds a role at `at`."""
    rows = live(at).filter(organisation_id=organisation_id, person_id=person_id, unit_id__isnull=False)
    return {unit_id for unit_id in rows.values_list("unit_id", flat=True) if unit_id}
