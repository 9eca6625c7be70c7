"""What ties us to the national directory: a person's identifier, an organisation's numbers."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.accounts.models import Organisation, Person
from telesphore.accounts.queries.people import memberships


def organisation_of(*, person_id: UUID, finess: str, legal_finess: str, siret: str, at: datetime) -> UUID | None:
    """The organisation of this FINESS or SIRET number, the site's before the legal entity's, among those in which the
    person holds a role; None when there is none.
    """
    held = [card.organisation.organisation_id for card in memberships(person_id=person_id, at=at)]
    for wanted in ({"finess": finess}, {"siret": siret}, {"finess": legal_finess}):
        if all(wanted.values()):
            found = Organisation.objects.filter(id__in=held, **wanted).order_by("name", "id").first()
            if found is not None:
                return found.id
    return None


@dataclass(frozen=True, slots=True)
class ProfessionalIdentity:
    """What ties an account to the national directory.

    Attributes:
        national_id: empty while nothing does.
        checked_at: when it was last compared with a card, Pro Santé Connect or the directory.
    """

    national_id: str
    checked_at: datetime | None


def professional_identity(*, person_id: UUID) -> ProfessionalIdentity:
    """Of one person, who exists."""
    row = Person.objects.get(id=person_id)
    return ProfessionalIdentity(row.national_id, row.directory_checked_at)
