"""The backup way in: opened by an administrator when Pro Santé Connect or the network is down, ended by itself.

One factor, a code sent to the address that the organisation knows, opens a session that may do little
(`states.BACKUP_SCOPES`), in one organisation, and not beyond the end of the backup way.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from telesphore.accounts import access, queries
from telesphore.accounts.actions.keep_session import end_sessions_of
from telesphore.accounts.errors import BackupCodeWrong, BackupNotFound, BackupOpen, BackupTooLong
from telesphore.accounts.models import BackupAccess, BackupCode, Person
from telesphore.accounts.states import BACKUP_LONGEST, BACKUP_MEANS, SessionEnd
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.links import ports as links
from telesphore.outbox import actions as outbox
from telesphore.outbox.models import Channel

CODE_LIFE = timedelta(minutes=10)
DIGITS = 8
TRIES = 5
CODES = 10
"""Codes sent to one person within `CODE_LIFE`: those of one browser are fewer, so that a stranger leaves some."""
SHORTEST_REASON, LONGEST_REASON = 10, 500


@audit.act("accounts:backup:open")
def open_backup(*, reason: str, hours: int, actor: Actor, at: datetime) -> UUID:
    """Open the backup way of the actor's organisation, for so many hours.

    Raises:
        NotAllowed
        BackupTooLong: or without a reason.
        BackupOpen: it is open already.
    """
    access.check(actor, "accounts:backup:switch")
    said = " ".join(reason.split())
    if not timedelta(0) < timedelta(hours=hours) <= BACKUP_LONGEST:
        raise BackupTooLong
    if not SHORTEST_REASON <= len(said) <= LONGEST_REASON:
        raise BackupTooLong
    # One whose time is over may still await the job that closes it.
    _end_due(BackupAccess.objects.filter(organisation_id=actor.organisation), at)
    try:
        with transaction.atomic():
            row = BackupAccess.objects.create(
                organisation_id=actor.organisation, reason=said, opened_by=actor.person, opened_at=at,
                ends_at=at + timedelta(hours=hours),
            )  # fmt: skip
    except IntegrityError:
        raise BackupOpen from None
    audit.record("accounts:backup:open", actor=actor, subject=row.id, at=at, detail={"hours": hours})
    return row.id


@audit.act("accounts:backup:close")
def close_backup(*, actor: Actor, at: datetime) -> None:
    """Close it before its time; who came in by it is out at their next request.

    Raises:
        NotAllowed
        BackupNotFound: it is not open.
    """
    access.check(actor, "accounts:backup:switch")
    found = queries.open_backup(organisation_id=actor.organisation, at=at)
    if found is None:
        raise BackupNotFound
    row = BackupAccess.objects.select_for_update().get(organisation_id=actor.organisation, id=found.access_id)
    audit.record("accounts:backup:close", actor=actor, subject=row.id, at=at)
    _close(row, closed_at=at, actor=actor, at=at)


@audit.act("accounts:backup:end")
def end_backups(*, actor: Actor, at: datetime) -> int:
    """Close every backup way whose time is over; returns how many. For the worker: nothing is let in by them anyway."""
    return _end_due(BackupAccess.objects.all(), at)


@dataclass(frozen=True, slots=True)
class CodeSent:
    """What the browser that asked for a code keeps: where the code is, or would be."""

    organisation_id: UUID
    code_id: UUID


@audit.act("accounts:backup:send-code")
def send_backup_code(*, email: str, actor: Actor, at: datetime) -> CodeSent:
    """Send a code to a member of an organisation whose backup way is open; to anybody else, nothing, silently.

    The asker is never told which. The code counts for the asker alone, so that nobody uses up somebody else's. Who is a
    member of several such organisations comes into the first by name.
    """
    nothing = CodeSent(uuid7(), uuid7())
    person = Person.objects.filter(email=email.strip().lower(), is_active=True).first()
    found = queries.backup_for(person_id=person.id, at=at) if person else None
    if person is None or found is None:
        return nothing
    visitor = actor.within(found.organisation_id)
    audit.concerning(subject=person.id)
    # Held so that requests of one moment are counted.
    BackupAccess.objects.select_for_update().get(organisation_id=found.organisation_id, id=found.access_id)
    lately = BackupCode.objects.filter(
        organisation_id=found.organisation_id, access_id=found.access_id, person_id=person.id,
        sent_at__gt=at - CODE_LIFE,
    )  # fmt: skip
    if lately.count() >= CODES:
        return nothing
    digits = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    code = BackupCode(
        organisation_id=found.organisation_id, access_id=found.access_id, person_id=person.id, sent_at=at,
        expires_at=at + CODE_LIFE, tries_left=TRIES,
    )  # fmt: skip
    code.code_hash = _hash(code.id, digits)
    code.save()
    with translation.override(person.language):
        subject = _("Your code to come in")
        text = _(
            "%(code)s is your code to come in to Telesphore while the usual ways are down. It is valid for 10 minutes, "
            "in the window in which you asked for it. Give it to nobody. If you did not ask for it, tell your "
            "administrator."
        ) % {"code": digits}
    outbox.send(
        organisation_id=found.organisation_id, channel=Channel.EMAIL, to=person.email, subject=subject, text=text,
        kind="accounts:backup-code", about=code.id, actor=visitor, at=at,
    )  # fmt: skip
    audit.record("accounts:backup:send-code", actor=visitor, subject=person.id, at=at)
    return CodeSent(code.organisation_id, code.id)


def enter_by_backup(*, sent: CodeSent, code: str, actor: Actor, at: datetime) -> tuple[UUID, queries.BackupCard]:
    """Exchange the code for the person, and the backup way by which they come in.

    A try is spent, and committed, before the code is looked at: parallel guesses each cost one.

    Raises:
        BackupCodeWrong: for whatever reason, and when none was sent.
    """
    visitor = actor.within(sent.organisation_id)
    _spend_try(sent=sent, actor=visitor, at=at)
    # A crash here costs one try, never gives one.
    return _check_code(sent=sent, code=code, actor=visitor, at=at)


@audit.act("accounts:backup:enter")
def _spend_try(*, sent: CodeSent, actor: Actor, at: datetime) -> None:
    row = BackupCode.objects.filter(organisation_id=sent.organisation_id, id=sent.code_id)
    if not row.filter(used_at=None, expires_at__gt=at, tries_left__gt=0).update(tries_left=F("tries_left") - 1):
        raise BackupCodeWrong


@audit.act("accounts:backup:enter")
def _check_code(*, sent: CodeSent, code: str, actor: Actor, at: datetime) -> tuple[UUID, queries.BackupCard]:
    row = BackupCode.objects.select_for_update().get(organisation_id=sent.organisation_id, id=sent.code_id)
    audit.concerning(subject=row.person_id)
    given = "".join(character for character in code if character.isdigit())[: DIGITS + 1]
    if row.used_at is not None or not hmac.compare_digest(bytes(row.code_hash), _hash(row.id, given)):
        raise BackupCodeWrong
    found = queries.backup_for(person_id=row.person_id, at=at)
    if found is None or found.access_id != row.access_id:
        raise BackupCodeWrong
    row.used_at = at
    row.save(update_fields=["used_at"])
    audit.record("accounts:backup:enter", actor=actor, subject=row.person_id, at=at)
    return row.person_id, found


def _end_due(rows: QuerySet[BackupAccess], at: datetime) -> int:
    """Close those whose time is over, as of their time; who came in by them can do nothing since."""
    due = list(rows.select_for_update().filter(closed_at=None, ends_at__lte=at))
    for row in due:
        system = Actor.system(row.organisation_id)
        audit.record("accounts:backup:end", actor=system, subject=row.id, at=at)
        _close(row, closed_at=row.ends_at, actor=system, at=at)
    return len(due)


def _close(row: BackupAccess, *, closed_at: datetime, actor: Actor, at: datetime) -> None:
    row.closed_at = closed_at
    row.save(update_fields=["closed_at"])
    came_in = BackupCode.objects.filter(organisation_id=row.organisation_id, access_id=row.id, used_at__isnull=False)
    for person_id in came_in.values_list("person_id", flat=True).distinct().order_by("person_id"):
        end_sessions_of(person_id=person_id, why=SessionEnd.BACKUP_OVER, means=BACKUP_MEANS, actor=actor, at=at)


def _hash(code_id: UUID, digits: str) -> bytes:
    return hmac.digest(links.code_secret.get(), b"backup" + code_id.bytes + digits.encode(), hashlib.sha256)
