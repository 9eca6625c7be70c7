"""The backup way: whether it is open, for whom, and what came of it."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from telesphore.accounts.models import BackupAccess, BackupCode, Membership, Organisation
from telesphore.accounts.queries.people import PersonCard, person_cards
from telesphore.accounts.states import BACKUP_MEANS
from telesphore.audit import queries as audit


@dataclass(frozen=True, slots=True)
class BackupCard:
    """One opening of an organisation's backup way.

    Attributes:
        ended_at: when it was closed, or ended by itself; None while it is open.
    """

    organisation_id: UUID
    access_id: UUID
    reason: str
    opened_by: UUID
    opened_at: datetime
    ends_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class BackupUse:
    """What one person did by the backup way."""

    person: PersonCard
    entries: int
    acts: int


def open_backup(*, organisation_id: UUID, at: datetime) -> BackupCard | None:
    """The backup way of an organisation, when it is open at `at`."""
    row = _open(at).filter(organisation_id=organisation_id).first()
    return _card(row, at) if row else None


def backup_for(*, person_id: UUID, at: datetime) -> BackupCard | None:
    """The open backup way of an organisation in which this person holds a role at `at`; the first by name."""
    held = Membership.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=at), person_id=person_id, person__is_active=True, starts_at__lte=at,
        suspended_at=None,
    ).values("organisation_id")  # fmt: skip
    rows = {row.organisation_id: row for row in _open(at).filter(organisation_id__in=held)}
    first = Organisation.objects.filter(id__in=rows).order_by("name", "id").first()
    return _card(rows[first.id], at) if first else None


def any_backup_open(*, at: datetime) -> bool:
    """Whether the sign-in page has a backup way to name."""
    return _open(at).exists()


def backups(*, organisation_id: UUID, at: datetime) -> list[BackupCard]:
    """The last 50 openings, the newest first."""
    rows = BackupAccess.objects.filter(organisation_id=organisation_id).order_by("-opened_at")[:50]
    return [_card(row, at) for row in rows]


def backup_report(*, organisation_id: UUID, card: BackupCard, at: datetime) -> list[BackupUse]:
    """Who came in by one opening, how often, and how many acts the trail has of them; by family name."""
    counted = audit.acts_by_means(
        organisation_id=organisation_id, means=BACKUP_MEANS, since=card.opened_at, until=card.ended_at or at
    )
    entries = Counter(
        BackupCode.objects.filter(
            organisation_id=organisation_id, access_id=card.access_id, used_at__isnull=False
        ).values_list("person_id", flat=True)
    )
    people = person_cards({*counted, *entries})
    uses = [BackupUse(people[person], entries[person], counted.get(person, 0)) for person in people]
    return sorted(uses, key=lambda use: (use.person.family_name, use.person.given_name))


def _open(at: datetime) -> QuerySet[BackupAccess]:
    return BackupAccess.objects.filter(closed_at=None, opened_at__lte=at, ends_at__gt=at)


def _card(row: BackupAccess, at: datetime) -> BackupCard:
    ended = row.closed_at or (row.ends_at if row.ends_at <= at else None)
    return BackupCard(row.organisation_id, row.id, row.reason, row.opened_by, row.opened_at, row.ends_at, ended)
