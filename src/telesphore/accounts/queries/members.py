"""An organisation's members as their colleagues and its administrators see them, its units, invitations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When

from telesphore.accounts.errors import InvitationNotFound, MemberNotFound, UnitNotFound
from telesphore.accounts.models import Invitation, Membership, Organisation, Person, Unit
from telesphore.accounts.queries.people import OrganisationCard
from telesphore.accounts.states import MemberState, Role

PAGE = 50


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One line of the list.

    Attributes:
        name: of who is only invited, the address: their account's name is theirs to give.
        roles: held now, or, of who is invited, offered.
    """

    person_id: UUID
    name: str
    email: str
    specialty: str
    roles: tuple[Role, ...]
    units: tuple[str, ...]
    state: MemberState


@dataclass(frozen=True, slots=True)
class RoleLine:
    """One role of a member."""

    membership_id: UUID
    role: Role
    unit: str
    starts_at: datetime
    ends_at: datetime | None
    suspended_at: datetime | None
    is_over: bool


@dataclass(frozen=True, slots=True)
class InvitationLine:
    """An invitation that is neither accepted nor withdrawn."""

    invitation_id: UUID
    person_id: UUID
    email: str
    roles: tuple[Role, ...]
    unit: str
    invited_at: datetime
    expires_at: datetime
    is_over: bool
    code_given: bool


@dataclass(frozen=True, slots=True)
class Member:
    """One member's page."""

    line: MemberLine
    given_name: str
    family_name: str
    title: str
    profession: str
    specialty_code: str
    rpps: str
    roles: tuple[RoleLine, ...]
    invitations: tuple[InvitationLine, ...]


@dataclass(frozen=True, slots=True)
class UnitLine:
    """One unit of an organisation."""

    unit_id: UUID
    name: str
    closed_at: datetime | None
    members: int


def members(
    *,
    organisation_id: UUID,
    at: datetime,
    search: str = "",
    state: MemberState | None = None,
    role: Role | None = None,
    page: int = 1,
) -> list[MemberLine]:
    """A page of members by family name, at most `PAGE` and one more, which says that another page follows. Three
    queries, whatever the number."""
    rows = _persons(organisation_id, at).exclude(standing="")
    if state is not None:
        rows = rows.filter(standing=state.value)
    if role is not None:
        rows = rows.filter(
            Exists(_of(organisation_id).filter(_current(at), role=role))
            | Q(Exists(_invited(organisation_id).filter(roles__contains=[role.value])))
        )
    for word in search.split()[:5]:
        named = Q(family_name__icontains=word) | Q(given_name__icontains=word)
        rows = rows.filter(Q(email__icontains=word) | (named & ~Q(standing=MemberState.INVITED.value)))
    first = (page - 1) * PAGE
    return _lines(rows.order_by("family_name", "given_name", "id")[first : first + PAGE + 1], organisation_id, at)


def member(*, organisation_id: UUID, person_id: UUID, at: datetime, active_only: bool = False) -> Member:
    """One member, with every role that they held here.

    Args:
        active_only: who does not hold a role now is not there.

    Raises:
        MemberNotFound: not a member, and not invited.
    """
    found = _persons(organisation_id, at).filter(id=person_id).exclude(standing="")
    lines = _lines(found, organisation_id, at)
    if not lines or (active_only and lines[0].state is not MemberState.ACTIVE):
        raise MemberNotFound
    line, person = lines[0], found[0]
    only_invited = line.state is MemberState.INVITED
    rows = Membership.objects.filter(organisation_id=organisation_id, person_id=person_id)
    return Member(
        line,
        "" if only_invited else person.given_name,
        "" if only_invited else person.family_name,
        "" if only_invited else person.title,
        "" if only_invited else person.profession,
        "" if only_invited else person.specialty_code,
        "" if only_invited else person.rpps,
        tuple(
            RoleLine(
                row.id,
                Role(row.role),
                row.of_unit.name if row.of_unit else row.unit,
                row.starts_at,
                row.ends_at,
                row.suspended_at,
                row.ends_at is not None and row.ends_at <= at,
            )
            for row in rows.select_related("of_unit").order_by("-starts_at", "role")
        ),
        tuple(
            _invitation(row, at)
            for row in _pending(organisation_id).filter(person_id=person_id).select_related("person", "unit")
        ),
    )


def invitations_to(*, person_id: UUID, at: datetime) -> list[tuple[OrganisationCard, InvitationLine]]:
    """The invitations that a person may accept, with the organisations that sent them."""
    rows = Invitation.objects.filter(person_id=person_id, accepted_at=None, withdrawn_at=None, expires_at__gt=at)
    lines = [(row.organisation_id, _invitation(row, at)) for row in rows.select_related("person", "unit")]
    cards = {
        row.id: OrganisationCard(row.id, row.name, row.city)
        for row in Organisation.objects.filter(id__in=[organisation_id for organisation_id, _line in lines])
    }
    return [(cards[organisation_id], line) for organisation_id, line in lines]


def invitation(*, organisation_id: UUID, invitation_id: UUID, at: datetime) -> InvitationLine:
    """An invitation, for whoever gave the code of its link.

    Raises:
        InvitationNotFound: none that can be accepted.
    """
    row = (
        Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=at)
        .select_related("person", "unit")
        .filter(organisation_id=organisation_id, id=invitation_id)
        .first()
    )
    if row is None:
        raise InvitationNotFound
    return _invitation(row, at)


def suspensions(*, person_id: UUID, at: datetime) -> list[OrganisationCard]:
    """The organisations in which a person's roles are suspended, by name."""
    rows = Membership.objects.filter(_current(at), person_id=person_id, suspended_at__isnull=False)
    found = Organisation.objects.filter(id__in=rows.values("organisation_id")).order_by("name")
    return [OrganisationCard(row.id, row.name, row.city) for row in found]


def units(*, organisation_id: UUID, at: datetime, open_only: bool = False) -> list[UnitLine]:
    """An organisation's units, open ones first, by name, with how many members each has now. Two queries."""
    rows = Unit.objects.filter(organisation_id=organisation_id)
    if open_only:
        rows = rows.filter(closed_at=None)
    inside: dict[UUID | None, set[UUID]] = {}
    for unit_id, person_id in _of_all(organisation_id, at).values_list("unit_id", "person_id"):
        inside.setdefault(unit_id, set()).add(person_id)
    lines = [UnitLine(row.id, row.name, row.closed_at, len(inside.get(row.id, ()))) for row in rows]
    return sorted(lines, key=lambda line: (line.closed_at is not None, line.name.casefold()))


def unit(*, organisation_id: UUID, unit_id: UUID, at: datetime) -> UnitLine:
    """An open unit.

    Raises:
        UnitNotFound
    """
    found = units(organisation_id=organisation_id, at=at, open_only=True)
    line = next((line for line in found if line.unit_id == unit_id), None)
    if line is None:
        raise UnitNotFound
    return line


def _current(at: datetime) -> Q:
    return (Q(ends_at=None) | Q(ends_at__gt=at)) & Q(starts_at__lte=at)


def _of_all(organisation_id: UUID, at: datetime) -> QuerySet[Membership]:
    return Membership.objects.filter(_current(at), organisation_id=organisation_id)


def _of(organisation_id: UUID) -> QuerySet[Membership]:
    return Membership.objects.filter(organisation_id=organisation_id, person_id=OuterRef("id"))


def _pending(organisation_id: UUID) -> QuerySet[Invitation]:
    return Invitation.objects.filter(organisation_id=organisation_id, accepted_at=None, withdrawn_at=None)


def _invited(organisation_id: UUID) -> QuerySet[Invitation]:
    return _pending(organisation_id).filter(person_id=OuterRef("id"))


def _persons(organisation_id: UUID, at: datetime) -> QuerySet[Any]:
    """Everybody, with where they stand in this organisation; empty for nowhere."""
    held = _of(organisation_id)
    now = held.filter(_current(at))
    return Person.objects.annotate(
        standing=Case(
            When(Exists(now.filter(suspended_at=None)), then=Value(MemberState.ACTIVE.value)),
            When(Exists(now), then=Value(MemberState.SUSPENDED.value)),
            When(Exists(held.filter(starts_at__gt=at)), then=Value(MemberState.COMING.value)),
            When(Exists(held), then=Value(MemberState.LEFT.value)),
            When(Exists(_invited(organisation_id)), then=Value(MemberState.INVITED.value)),
            default=Value(""),
            output_field=CharField(),
        )
    )


def _lines(persons: QuerySet[Any], organisation_id: UUID, at: datetime) -> list[MemberLine]:
    found = list(persons)
    ids = [person.id for person in found]
    roles: dict[UUID, list[tuple[str, str]]] = {}
    held = _of_all(organisation_id, at).filter(person_id__in=ids).select_related("of_unit").order_by("role")
    for row in held:
        unit = row.of_unit.name if row.of_unit else row.unit
        roles.setdefault(row.person_id, []).append((row.role, unit))
    offered: dict[UUID, Sequence[str]] = dict(
        _pending(organisation_id).filter(person_id__in=ids).order_by("invited_at").values_list("person_id", "roles")
    )
    return [_line(person, roles.get(person.id, []), offered.get(person.id, ())) for person in found]


def _line(person: Any, held: Sequence[tuple[str, str]], offered: Sequence[str]) -> MemberLine:
    state = MemberState(person.standing)
    only_invited = state is MemberState.INVITED
    return MemberLine(
        person.id,
        person.email if only_invited else person.display_name,
        person.email,
        "" if only_invited else person.specialty,
        tuple(Role(role) for role in (offered if only_invited else [role for role, _unit in held])),
        tuple(dict.fromkeys(unit for _role, unit in held if unit)),
        state,
    )


def _invitation(row: Invitation, at: datetime) -> InvitationLine:
    return InvitationLine(
        row.id,
        row.person_id,
        row.person.email,
        tuple(Role(role) for role in row.roles),
        row.unit.name if row.unit else "",
        row.invited_at,
        row.expires_at,
        row.expires_at <= at,
        row.code_given_at is not None,
    )
