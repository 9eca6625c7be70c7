"""Sessions: whose, since when, how much longer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.db.models import Q

from telesphore.accounts.models import Membership, Organisation, Session
from telesphore.accounts.states import LIMITS, Limits, Role
from telesphore.audit.queries import events as trail


@dataclass(frozen=True, slots=True)
class Presence:
    """One session.

    Attributes:
        idle: without an act, until it is locked.
        seen_at: the last act, to within a minute.
        locked_at: when its person locked it themselves.
        person_active: whether the account is open.
    """

    session_id: UUID
    person_id: UUID
    means: str
    acr: str
    source_address: str
    client: str
    opened_at: datetime
    seen_at: datetime
    ends_at: datetime
    idle: timedelta
    locked_at: datetime | None
    ended_at: datetime | None
    end: str
    person_active: bool

    def lives(self, at: datetime) -> bool:
        """Whether it opens anything at `at`, be it after unlocking."""
        return self.person_active and self.ended_at is None and at < self.ends_at

    def locked(self, at: datetime) -> bool:
        """Whether its person must prove again who they are: they said so, or were away for too long."""
        return self.locked_at is not None or at - self.seen_at >= self.idle

    def idle_left(self, at: datetime) -> timedelta:
        """How long until it is locked; none when it is."""
        return timedelta() if self.locked(at) else self.seen_at + self.idle - at


def key_hash(key: str) -> bytes:
    """What is kept of a session's key."""
    return sha256(key.encode()).digest()


def presence(*, key: str) -> Presence | None:
    """The session of this key, ended or not, in one query."""
    row = Session.objects.select_related("person").filter(key_sha256=key_hash(key)).first()
    return _presence(row) if row else None


def sessions_of(*, person_id: UUID, at: datetime) -> list[Presence]:
    """A person's living sessions, the newest first."""
    rows = Session.objects.select_related("person").filter(person_id=person_id, ended_at=None, ends_at__gt=at)
    return [_presence(row) for row in rows.order_by("-opened_at")]


@dataclass(frozen=True, slots=True)
class SignIn:
    """One coming in, or an attempt that was refused (`means` and `acr` are empty then)."""

    at: datetime
    refused: bool
    means: str
    acr: str
    source_address: str
    client: str


def sign_ins_of(*, person_id: UUID, since: datetime, limit: int = 20) -> list[SignIn]:
    """A person's latest sign-ins, and those that were refused under their address, the newest first."""
    opened = Session.objects.filter(person_id=person_id, opened_at__gte=since).order_by("-opened_at")[:limit]
    refused = trail.refused_to_nobody(subject_id=person_id, action="accounts:session:refuse", since=since, limit=limit)
    found = [SignIn(row.opened_at, False, row.means, row.acr, row.source_address, row.client) for row in opened]
    found += [SignIn(event.at, True, "", "", event.source_address, event.client) for event in refused]
    return sorted(found, key=lambda sign_in: sign_in.at, reverse=True)[:limit]


def limits_of(*, person_id: UUID, at: datetime) -> Limits:
    """How long a person's session lasts: the shortest of what their roles and organisations say, in two queries.

    What an organisation chose stands for the table's.
    """
    roles = Membership.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=at), person_id=person_id, starts_at__lte=at, suspended_at=None
    ).values_list("organisation_id", "role")
    chosen = {
        organisation.id: organisation
        for organisation in Organisation.objects.filter(id__in={organisation_id for organisation_id, _ in roles})
    }
    found = [organisation_limits(chosen[organisation_id], Role(role)) for organisation_id, role in roles] or [Limits()]
    return Limits(min(limits.idle for limits in found), min(limits.whole for limits in found))


def organisation_limits(organisation: Organisation, role: Role) -> Limits:
    """What one organisation says of one role."""
    usual = LIMITS[role]
    return Limits(
        timedelta(minutes=organisation.idle_minutes) if organisation.idle_minutes else usual.idle,
        timedelta(minutes=organisation.session_minutes) if organisation.session_minutes else usual.whole,
    )


def chosen_limits(*, organisation_id: UUID) -> tuple[int | None, int | None]:
    """Minutes until locked and until ended that an organisation chose; None where it keeps the usual."""
    row = Organisation.objects.get(id=organisation_id)
    return row.idle_minutes, row.session_minutes


def _presence(row: Session) -> Presence:
    return Presence(
        session_id=row.id,
        person_id=row.person_id,
        means=row.means,
        acr=row.acr,
        source_address=row.source_address,
        client=row.client,
        opened_at=row.opened_at,
        seen_at=row.seen_at,
        ends_at=row.ends_at,
        idle=timedelta(minutes=row.idle_minutes),
        locked_at=row.locked_at,
        ended_at=row.ended_at,
        end=row.end,
        person_active=row.person.is_active,
    )
