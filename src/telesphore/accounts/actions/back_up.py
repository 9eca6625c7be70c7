"""The backup way in: opened by an administrator when Pro Santé Connect or the network is down, ended by itself.

One factor, a code sent to the address that the organisation knows, opens a session that may do little
(`states.BACKUP_SCOPES`), in one organisation, and not beyond the end of the backup way.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _

from telesphore.accounts import access, queries
from telesphore.accounts.errors import BackupCodeWrong, BackupNotFound, BackupOpen, BackupTooLong
from telesphore.accounts.models import BackupAccess, BackupCode, Person
from telesphore.accounts.states import BACKUP_LONGEST
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.links import ports as links
from telesphore.outbox import actions as outbox
from telesphore.outbox.models import Channel

MEANS = "backup+email-code"
CODE_LIFE = timedelta(minutes=10)
CODE_PAUSE = timedelta(seconds=30)
TRIES = 5
CODES = 10
"""Codes sent to one person for one opening."""
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
    _close(BackupAccess.objects.filter(organisation_id=actor.organisation, id=found.access_id), at)
    audit.record("accounts:backup:close", actor=actor, subject=found.access_id, at=at)


@audit.act("accounts:backup:end")
def end_backups(*, actor: Actor, at: datetime) -> int:
    """Close every backup way whose time is over; returns how many. For the worker: nothing is let in by them anyway."""
    return _end_due(BackupAccess.objects.all(), at)


@audit.act("accounts:backup:send-code")
def send_backup_code(*, email: str, actor: Actor, at: datetime) -> None:
    """Send a code to a member of an organisation whose backup way is open; to anybody else, nothing, silently.

    The asker is never told which. Who is a member of several such organisations comes into the first by name.
    """
    person = Person.objects.filter(email=email.strip().lower(), is_active=True).first()
    found = queries.backup_for(person_id=person.id, at=at) if person else None
    if person is None or found is None:
        return
    visitor = actor.within(found.organisation_id)
    # Held so that two requests of one moment don't send two codes.
    BackupAccess.objects.select_for_update().get(organisation_id=found.organisation_id, id=found.access_id)
    sent = list(_codes(found.organisation_id, found.access_id, person.id)[:CODES])
    if len(sent) == CODES or (sent and at - sent[0].sent_at < CODE_PAUSE):
        return
    digits = f"{secrets.randbelow(10**6):06d}"
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


def enter_by_backup(*, email: str, code: str, actor: Actor, at: datetime) -> tuple[UUID, queries.BackupCard]:
    """Exchange the last code sent for the person, and the backup way by which they come in.

    A try is spent, and committed, before the code is looked at: parallel guesses each cost one.

    Raises:
        BackupCodeWrong: for whatever reason, and for an address that nobody has.
    """
    sent = _spend_try(email=email, actor=actor, at=at)
    # A crash here costs one try, never gives one.
    return _check_code(sent=sent, code=code, actor=actor.within(sent.organisation_id), at=at)


@audit.act("accounts:backup:enter")
def _spend_try(*, email: str, actor: Actor, at: datetime) -> BackupCode:
    person = Person.objects.filter(email=email.strip().lower(), is_active=True).first()
    found = queries.backup_for(person_id=person.id, at=at) if person else None
    if person is None or found is None:
        raise BackupCodeWrong
    audit.concerning(subject=person.id)
    sent = _codes(found.organisation_id, found.access_id, person.id).first()
    if sent is None or sent.used_at is not None or at >= sent.expires_at:
        raise BackupCodeWrong
    row = BackupCode.objects.filter(organisation_id=sent.organisation_id, id=sent.id, tries_left__gt=0)
    if not row.update(tries_left=F("tries_left") - 1):
        raise BackupCodeWrong
    return sent


@audit.act("accounts:backup:enter")
def _check_code(*, sent: BackupCode, code: str, actor: Actor, at: datetime) -> tuple[UUID, queries.BackupCard]:
    audit.concerning(subject=sent.person_id)
    row = BackupCode.objects.select_for_update().get(organisation_id=sent.organisation_id, id=sent.id)
    given = "".join(character for character in code if character.isdigit())[:6]
    if row.used_at is not None or not hmac.compare_digest(bytes(row.code_hash), _hash(row.id, given)):
        raise BackupCodeWrong
    found = queries.backup_for(person_id=row.person_id, at=at)
    if found is None or found.access_id != row.access_id:
        raise BackupCodeWrong
    row.used_at = at
    row.save(update_fields=["used_at"])
    audit.record("accounts:backup:enter", actor=actor, subject=row.person_id, at=at)
    return row.person_id, found


def _end_due(rows: "QuerySet[BackupAccess]", at: datetime) -> int:
    """Close those whose time is over, as of their time; who came in by them can do nothing since."""
    due = list(rows.select_for_update().filter(closed_at=None, ends_at__lte=at))
    for row in due:
        _close(row, row.ends_at)
        audit.record("accounts:backup:end", actor=Actor.system(row.organisation_id), subject=row.id, at=at)
    return len(due)


def _close(row: BackupAccess, at: datetime) -> None:
    row.closed_at = at
    row.save(update_fields=["closed_at"])


def _codes(organisation_id: UUID, access_id: UUID, person_id: UUID) -> "QuerySet[BackupCode]":
    """Those sent to one person, the newest first."""
    return BackupCode.objects.filter(
        organisation_id=organisation_id, access_id=access_id, person_id=person_id
    ).order_by("-sent_at", "-id")


def _hash(code_id: UUID, digits: str) -> bytes:
    return hmac.digest(links.code_secret.get(), b"backup" + code_id.bytes + digits.encode(), hashlib.sha256)
