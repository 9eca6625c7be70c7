"""A session's life: opened, seen, locked, unlocked, ended.

Whether a session that nobody touches is locked follows from `seen_at`; `locked_at` is for those that their person
locked.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from telesphore.accounts import queries
from telesphore.accounts.errors import SessionNotFound
from telesphore.accounts.models import Session
from telesphore.accounts.queries.presence import key_hash
from telesphore.accounts.states import ENOUGH, SEEN_WITHIN, SHARED_IDLE, Acr, SessionEnd
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor

CLIENT_CHARACTERS = 200


@audit.act("accounts:session:open")
def open_session(
    *,
    person_id: UUID,
    key: str,
    means: str,
    acr: Acr,
    until: datetime | None = None,
    shared_workstation: bool = False,
    actor: Actor,
    at: datetime,
) -> queries.Presence:
    """Let a person in who has proved who they are; traced in each organisation in which they hold a role.

    Args:
        key: the session's key, of which only a hash is kept.
        until: when the identity provider's own session ends; ours never lasts longer.
        shared_workstation: others sit there too, so it is locked after a few minutes.
    """
    limits = queries.limits_of(person_id=person_id, at=at)
    idle = min(limits.idle, SHARED_IDLE) if shared_workstation else limits.idle
    row = Session.objects.create(
        person_id=person_id,
        key_sha256=key_hash(key),
        means=means,
        acr=acr,
        source_address=(actor.source_address or "").replace("\0", ""),
        client=actor.client.replace("\0", "")[:CLIENT_CHARACTERS],
        opened_at=at,
        seen_at=at,
        ends_at=min(at + limits.whole, until or at + limits.whole),
        idle_minutes=idle // timedelta(minutes=1),
    )
    _trace("accounts:session:open", row, actor, at)
    found = queries.presence(key=key)
    assert found is not None
    return found


def touch(*, session_id: UUID, actor: Actor, at: datetime) -> None:
    """Note that its person is there; at most one write a minute, however many requests run side by side."""
    Session.objects.filter(id=session_id, ended_at=None, locked_at=None, seen_at__lte=at - SEEN_WITHIN).update(
        seen_at=at
    )


def change_key(*, session_id: UUID, key: str, actor: Actor, at: datetime) -> None:
    """Follow the session to its new key; the one before opens nothing any more."""
    Session.objects.filter(id=session_id, ended_at=None).update(key_sha256=key_hash(key))


@audit.act("accounts:session:lock")
def lock(*, session_id: UUID, actor: Actor, at: datetime) -> None:
    """Lock it before its time: its person leaves the screen.

    Raises:
        SessionNotFound: it has ended.
    """
    row = _living(Q(id=session_id), at)
    row.locked_at = row.locked_at or at
    row.save(update_fields=["locked_at"])
    _trace("accounts:session:lock", row, actor, at)


@audit.act("accounts:session:unlock")
def unlock(*, session_id: UUID, means: str, actor: Actor, at: datetime) -> None:
    """Its person has proved again who they are, by `means`.

    Raises:
        SessionNotFound: it has ended.
    """
    row = _living(Q(id=session_id), at)
    row.locked_at, row.seen_at = None, at
    row.save(update_fields=["locked_at", "seen_at"])
    _trace("accounts:session:unlock", row, actor, at, again_by=means)


@audit.act("accounts:session:raise")
def raise_level(*, session_id: UUID, means: str, acr: Acr, actor: Actor, at: datetime) -> None:
    """Its person came in by less than enough, and has just set up a way that is enough; else nothing is done.

    Raises:
        SessionNotFound: it has ended.
    """
    row = _living(Q(id=session_id), at)
    if row.acr in ENOUGH or acr not in ENOUGH:
        return
    row.means, row.acr = means, acr
    row.save(update_fields=["means", "acr"])
    _trace("accounts:session:raise", row, actor, at)


@audit.act("accounts:session:close")
def end_session(*, session_id: UUID, person_id: UUID, why: SessionEnd, actor: Actor, at: datetime) -> None:
    """End one session of `person_id`. One that has ended already stays as it ended.

    Raises:
        SessionNotFound: there is none, or it is somebody else's.
    """
    row = Session.objects.select_for_update().filter(id=session_id, person_id=person_id).first()
    if row is None:
        raise SessionNotFound
    _end([row], why, actor, at)


@audit.act("accounts:session:close")
def end_sessions_of(
    *, person_id: UUID, why: SessionEnd, actor: Actor, at: datetime, but: UUID | None = None, means: str | None = None
) -> int:
    """End every session of a person; returns how many.

    Args:
        but: a session that goes on.
        means: only those opened by it, e.g. `psc` when Pro Santé Connect signs the person out, `backup` when the
            backup way ends.
    """
    rows = Session.objects.select_for_update().filter(person_id=person_id, ended_at=None, ends_at__gt=at)
    rows = rows.exclude(id=but) if but else rows
    rows = rows.filter(means=means) if means else rows
    return _end(list(rows), why, actor, at)


def _living(which: Q, at: datetime) -> Session:
    row = Session.objects.select_for_update().filter(which, ended_at=None, ends_at__gt=at).first()
    if row is None:
        raise SessionNotFound
    return row


def _end(rows: list[Session], why: SessionEnd, actor: Actor, at: datetime) -> int:
    living = [row for row in rows if row.ended_at is None]
    for row in living:
        row.ended_at, row.end = at, why.value
        row.save(update_fields=["ended_at", "end"])
        _trace("accounts:session:close", row, actor, at, why=why.value)
    return len(living)


def _trace(action: str, row: Session, actor: Actor, at: datetime, **detail: str) -> None:
    """One event in each organisation in which the session's person holds a role; the actor may be another person."""
    cards = queries.memberships(person_id=row.person_id, at=at)
    known = replace(
        actor,
        person_id=actor.person_id or row.person_id,
        means=actor.means or row.means,
        acr=actor.acr or row.acr,
        session_id=actor.session_id or row.id,
    )
    organisations = {card.organisation.organisation_id for card in cards}
    for seen in [known.within(organisation_id) for organisation_id in organisations] or [known]:
        audit.record(action, actor=seen, subject=row.person_id, at=at, detail={"session": row.id, **detail})
