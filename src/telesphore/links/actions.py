"""Make a link, open its landing page, send a code, reveal what is behind it, revoke it."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.links import access, ports
from telesphore.links.errors import (
    CodeAskedTooSoon,
    CodeExpired,
    CodeIsSpoken,
    LinkBlocked,
    TooManyCodes,
    WrongCode,
)
from telesphore.links.models import Code, Link, Receipt
from telesphore.outbox import actions as outbox
from telesphore.outbox.models import Channel

TRIES = 5
CODE_LIFE = timedelta(minutes=10)
CODE_PAUSE = timedelta(seconds=30)
CODES_PER_LINK = 20


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link just made; `url` is known here and in the notice that carries it, nowhere else."""

    link_id: UUID
    url: str


@dataclass(frozen=True, slots=True)
class Landing:
    """What the bearer of a token may know before giving a code: nothing of the content."""

    organisation_id: UUID
    link_id: UUID
    purpose: str
    subject_id: UUID
    phone_end: str
    language: str
    code_sent: bool


@dataclass(frozen=True, slots=True)
class Revealed:
    """What the bearer of the token and the code has come to."""

    organisation_id: UUID
    link_id: UUID
    purpose: str
    subject_id: UUID
    patient_id: UUID | None


def create(
    *,
    organisation_id: UUID,
    purpose: str,
    subject_id: UUID,
    patient_id: UUID | None,
    phone: str,
    language: str,
    expires_at: datetime,
    way: str = "l",
    actor: Actor,
    at: datetime,
) -> NewLink:
    """Make a link, in the caller's transaction.

    Args:
        phone: where codes go; empty when its code is given by voice (`make_spoken_code`).
        way: the first part of its address, whose pages know what is behind it.
    """
    token = secrets.token_urlsafe(access.TOKEN_BYTES)
    link = Link.objects.create(
        organisation_id=organisation_id,
        token_hash=access.token_hash(token),
        purpose=purpose,
        subject_id=subject_id,
        patient_id=patient_id,
        phone=phone,
        language=language,
        created_at=at,
        expires_at=expires_at,
        tries_left=TRIES,
    )
    audit.record("links:link:create", actor=actor, subject=link.id, patient=patient_id, at=at)
    return NewLink(link.id, f"{ports.base_url.get()}/{way}/{token}")


def make_spoken_code(*, organisation_id: UUID, link_id: UUID, actor: Actor, at: datetime) -> str:
    """Make the code of a link without a phone, in the caller's transaction: six digits, given by voice, which hold as
    long as the link does. They are known here, and nowhere else.
    """
    link = Link.objects.get(organisation_id=organisation_id, id=link_id, phone="")
    digits = f"{secrets.randbelow(10**6):06d}"
    Code.objects.create(
        organisation_id=organisation_id,
        link_id=link_id,
        code_hash=_code_hash(link, digits),
        sent_at=at,
        expires_at=link.expires_at,
    )
    audit.record("links:code:make", actor=actor, subject=link_id, at=at)
    return digits


def open_landing(*, token: str, actor: Actor, at: datetime) -> Landing:
    """Look at a link without consuming anything: mail gateways do it too.

    Raises:
        LinkNotFound, LinkRevoked, LinkUsedUp, LinkExpired, LinkBlocked
    """
    link = access.find(token)
    _open(link=link, actor=actor.within(link.organisation_id), at=at)
    waiting = Code.objects.filter(
        organisation_id=link.organisation_id, link_id=link.id, expires_at__gt=at, used_at=None
    ).exists()
    return Landing(
        link.organisation_id, link.id, link.purpose, link.subject_id, link.phone[-2:], link.language, waiting
    )


@audit.act("links:link:open")
def _open(*, link: Link, actor: Actor, at: datetime) -> None:
    audit.concerning(patient=link.patient_id, subject=link.id)
    access.check_alive(link, at)
    Receipt.objects.create(organisation_id=link.organisation_id, link_id=link.id, kind=Receipt.Kind.OPENED, at=at)
    audit.record("links:link:open", actor=actor, subject=link.id, patient=link.patient_id, at=at)


def send_code(*, token: str, actor: Actor, at: datetime) -> None:
    """Send a new code to the phone that the link knows; the codes before it are worth nothing any more.

    Raises:
        CodeAskedTooSoon, TooManyCodes, CodeIsSpoken, and what `open_landing` raises.
    """
    link = access.find(token)
    _send_code(link_id=link.id, actor=actor.within(link.organisation_id), at=at)


@audit.act("links:code:send")
def _send_code(*, link_id: UUID, actor: Actor, at: datetime) -> None:
    link = Link.objects.select_for_update().get(organisation_id=actor.organisation, id=link_id)
    audit.concerning(patient=link.patient_id, subject=link.id)
    access.check_alive(link, at)
    if not link.phone:
        raise CodeIsSpoken
    sent = list(
        Code.objects.filter(organisation_id=link.organisation_id, link_id=link.id).order_by("-sent_at")[:CODES_PER_LINK]
    )
    if sent and at - sent[0].sent_at < CODE_PAUSE:
        raise CodeAskedTooSoon
    if len(sent) == CODES_PER_LINK:
        raise TooManyCodes
    digits = f"{secrets.randbelow(10**6):06d}"
    Code.objects.create(
        organisation_id=link.organisation_id,
        link_id=link.id,
        code_hash=_code_hash(link, digits),
        sent_at=at,
        expires_at=at + CODE_LIFE,
    )
    with translation.override(link.language):
        text = _("%(code)s is your Telesphore code, valid for 10 minutes. Give it to nobody.") % {"code": digits}
    outbox.send(
        organisation_id=link.organisation_id,
        channel=Channel.SMS,
        to=link.phone,
        subject="",
        text=text,
        kind="links:code",
        about=link.id,
        actor=actor,
        at=at,
    )
    audit.record("links:code:send", actor=actor, subject=link.id, patient=link.patient_id, at=at)


def reveal(*, token: str, code: str, actor: Actor, at: datetime) -> Revealed:
    """Exchange the token and the code for what is behind the link.

    A try is spent, and committed, before the code is looked at: parallel guesses each cost one. The right code gives
    its try back.

    Raises:
        WrongCode: with the tries left.
        CodeExpired: none was sent, or it is too old; costs no try.
        LinkNotFound, LinkRevoked, LinkUsedUp, LinkExpired, LinkBlocked
    """
    link = access.find(token)
    visitor = actor.within(link.organisation_id)
    code_id = _spend_try(link=link, actor=visitor, at=at)
    # A crash here costs the bearer one try, never gives one.
    return _check_code(link=link, code_id=code_id, code=code, actor=visitor, at=at)


@audit.act("links:link:reveal")
def _spend_try(*, link: Link, actor: Actor, at: datetime) -> UUID:
    """Take one try from the link; returns the id of the code that counts."""
    audit.concerning(patient=link.patient_id, subject=link.id)
    access.check_alive(link, at)
    current = (
        Code.objects.filter(organisation_id=link.organisation_id, link_id=link.id).order_by("-sent_at", "-id").first()
    )
    if current is None or current.used_at is not None or at >= current.expires_at:
        raise CodeExpired
    row = Link.objects.filter(organisation_id=link.organisation_id, id=link.id)
    if not row.filter(tries_left__gt=0).update(tries_left=F("tries_left") - 1):
        raise LinkBlocked
    return current.id


@audit.act("links:link:reveal")
def _check_code(*, link: Link, code_id: UUID, code: str, actor: Actor, at: datetime) -> Revealed:
    audit.concerning(patient=link.patient_id, subject=link.id)
    row = Link.objects.filter(organisation_id=link.organisation_id, id=link.id)
    sent = Code.objects.select_for_update().get(organisation_id=link.organisation_id, id=code_id)
    given = "".join(character for character in code if character.isdigit())[:6]
    if sent.used_at is not None:
        raise CodeExpired
    if not hmac.compare_digest(bytes(sent.code_hash), _code_hash(link, given)):
        raise WrongCode(tries_left=row.values_list("tries_left", flat=True).get())
    row.update(tries_left=F("tries_left") + 1)
    sent.used_at = at
    sent.save(update_fields=["used_at"])
    Receipt.objects.create(organisation_id=link.organisation_id, link_id=link.id, kind=Receipt.Kind.REVEALED, at=at)
    audit.record("links:link:reveal", actor=actor, subject=link.id, patient=link.patient_id, at=at)
    return Revealed(link.organisation_id, link.id, link.purpose, link.subject_id, link.patient_id)


@audit.act("links:link:revoke")
def revoke(*, organisation_id: UUID, link_id: UUID, actor: Actor, at: datetime) -> None:
    """Close a link; who is inside is out at the next step. Revoking twice changes nothing."""
    if Link.objects.filter(organisation_id=organisation_id, id=link_id, revoked_at=None).update(revoked_at=at):
        audit.record("links:link:revoke", actor=actor, subject=link_id, at=at)


def revoke_all(*, organisation_id: UUID, purpose: str, subject_id: UUID, actor: Actor, at: datetime) -> None:
    """Close every link for this purpose that has not done its work, those that were retired too, in the caller's
    transaction: what one of them was sent to may have been wrong."""
    leading = Link.objects.filter(
        organisation_id=organisation_id,
        purpose=purpose,
        subject_id=subject_id,
        revoked_at=None,
        used_up_at=None,
    )
    for link_id in list(leading.values_list("id", flat=True)):
        revoke(organisation_id=organisation_id, link_id=link_id, actor=actor, at=at)


def retire(*, organisation_id: UUID, link_id: UUID, until: datetime, actor: Actor, at: datetime) -> None:
    """Let a link end sooner, in the caller's transaction: another takes its place, and who is inside may finish."""
    open_longer = Link.objects.filter(organisation_id=organisation_id, id=link_id, expires_at__gt=until)
    if open_longer.update(expires_at=until):
        audit.record("links:link:retire", actor=actor, subject=link_id, at=at)


def use_up(*, organisation_id: UUID, link_id: UUID, actor: Actor, at: datetime) -> None:
    """Say that a link has done its work, in the caller's transaction."""
    Link.objects.filter(organisation_id=organisation_id, id=link_id, used_up_at=None).update(used_up_at=at)


def use_up_all(*, organisation_id: UUID, purpose: str, subject_id: UUID, actor: Actor, at: datetime) -> None:
    """Say that what these links were for is done, in the caller's transaction: those that were retired lead there no
    longer than the one that took their place."""
    Link.objects.filter(
        organisation_id=organisation_id,
        purpose=purpose,
        subject_id=subject_id,
        revoked_at=None,
        used_up_at=None,
        expires_at__gt=at,
    ).update(used_up_at=at)


def _code_hash(link: Link, digits: str) -> bytes:
    return hmac.digest(ports.code_secret.get(), link.id.bytes + digits.encode(), hashlib.sha256)
