"""What an organisation's own directory has told of its people."""

import hashlib
from dataclasses import astuple, dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from telesphore.accounts.errors import EntryNotFound
from telesphore.accounts.models import DirectoryEntry, Membership

PAGE = 100


@dataclass(frozen=True, slots=True)
class EntryCard:
    """One entry. `roles` are those held here, suspended ones too."""

    entry_id: UUID
    person_id: UUID
    user_name: str
    external_id: str
    given_name: str
    family_name: str
    active: bool
    roles: tuple[str, ...]
    created_at: datetime
    changed_at: datetime

    @property
    def version(self) -> str:
        """Another one for every change of what an entry says; roles change without the directory, too."""
        return hashlib.sha256(repr(astuple(self)).encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries: each that is not None must be equal; user names without regard to case (RFC 7643 §4.1.1)."""

    user_name: str | None = None
    external_id: str | None = None
    entry_id: UUID | None = None
    active: bool | None = None
    role: str | None = None


def entry(*, organisation_id: UUID, entry_id: UUID, at: datetime) -> EntryCard:
    """One entry of an organisation's directory.

    Raises:
        EntryNotFound
    """
    row = _rows(organisation_id).filter(id=entry_id).first()
    if row is None:
        raise EntryNotFound
    return _cards([row], organisation_id, at)[0]


def entries(
    *, organisation_id: UUID, which: EntryFilter, start: int, count: int, at: datetime
) -> tuple[int, list[EntryCard]]:
    """How many entries there are, and up to `count` (at most `PAGE`) from the `start`-th on, counted from 1."""
    rows = _rows(organisation_id)
    if which.user_name is not None:
        rows = rows.filter(person__email=which.user_name.strip().lower())
    if which.external_id is not None:
        rows = rows.filter(external_id=which.external_id)
    if which.entry_id is not None:
        rows = rows.filter(id=which.entry_id)
    if which.active is not None:
        rows = rows.filter(active=which.active)
    if which.role is not None:
        rows = rows.filter(person_id__in=_memberships(organisation_id, at).filter(role=which.role).values("person_id"))
    first = max(start, 1) - 1
    page = list(rows.order_by("id")[first : first + min(max(count, 0), PAGE)])
    return rows.count(), _cards(page, organisation_id, at)


def entries_of_role(*, organisation_id: UUID, role: str, at: datetime) -> set[UUID]:
    """The ids of all entries whose person holds this role here."""
    holders = _memberships(organisation_id, at).filter(role=role).values("person_id")
    return set(_rows(organisation_id).filter(person_id__in=holders).values_list("id", flat=True))


def _rows(organisation_id: UUID) -> "QuerySet[DirectoryEntry]":
    return DirectoryEntry.objects.select_related("person").filter(organisation_id=organisation_id)


def _memberships(organisation_id: UUID, at: datetime) -> "QuerySet[Membership]":
    return Membership.objects.filter(Q(ends_at=None) | Q(ends_at__gt=at), organisation_id=organisation_id)


def _cards(rows: list[DirectoryEntry], organisation_id: UUID, at: datetime) -> list[EntryCard]:
    roles: dict[UUID, set[str]] = {}
    for person_id, role in (
        _memberships(organisation_id, at)
        .filter(person_id__in=[row.person_id for row in rows])
        .values_list("person_id", "role")
    ):
        roles.setdefault(person_id, set()).add(role)
    return [
        EntryCard(
            entry_id=row.id,
            person_id=row.person_id,
            user_name=row.person.email,
            external_id=row.external_id,
            given_name=row.given_name,
            family_name=row.family_name,
            active=row.active,
            roles=tuple(sorted(roles.get(row.person_id, ()))),
            created_at=row.created_at,
            changed_at=row.changed_at,
        )
        for row in rows
    ]
