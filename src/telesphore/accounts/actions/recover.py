"""Come back in after losing one's ways to sign in: by a recovery code, or with an administrator's help.

Both lead to a link sent to the person's own address, good once. A recovery code is asked before the link leaves; an
administrator gives the person, by another channel, a code that the link asks for.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db.models import F, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from telesphore.accounts import access, queries
from telesphore.accounts.actions import ways
from telesphore.accounts.actions.keep_session import end_sessions_of
from telesphore.accounts.errors import KnownElsewhere, MemberNotFound, SetUpLinkRefused
from telesphore.accounts.formats import codes
from telesphore.accounts.models import Person, SetUpLink
from telesphore.accounts.states import SessionEnd
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.links import ports as links

AFTER_RECOVERY = timedelta(minutes=15)
AFTER_RESET = timedelta(days=3)
TRIES = 5


@dataclass(frozen=True, slots=True)
class Followed:
    """Who followed a link, and what they have proved by it and by what was asked beside it."""

    person_id: UUID
    means: str


@audit.act("accounts:recovery:send")
def send_recovery_link(*, person_id: UUID, actor: Actor, at: datetime) -> None:
    """To a person who has just given one of their recovery codes, a link by which they set up a new way."""
    person = ways.lock(person_id)
    _send(person, code="", means="recovery-code+link", expires_at=at + AFTER_RECOVERY, actor=actor, at=at)
    _trace("accounts:recovery:send", person, actor, at)


@audit.act("accounts:way:reset")
def reset_ways(*, person_id: UUID, actor: Actor, at: datetime) -> str:
    """Remove all the ways to sign in of a member of the actor's organisation, end their sessions, send them a link.

    Returns:
        The code that the link asks for: to be told to the person, once it is sure that they are who they say.

    Raises:
        NotAllowed, NotToYourself, MemberNotFound
        KnownElsewhere: the link goes to a mailbox that may be the organisation's own.
    """
    access.check(actor, "accounts:members:manage")
    access.check_other(actor, person_id)
    ours = {card.organisation.organisation_id for card in queries.memberships(person_id=person_id, at=at)}
    if actor.organisation not in ours:
        raise MemberNotFound
    person = ways.lock(person_id)
    if access.known_elsewhere(person_id, actor.organisation, at):
        raise KnownElsewhere
    Authenticator.objects.filter(user=person).delete()
    person.set_unusable_password()
    person.save(update_fields=["password"])
    end_sessions_of(person_id=person.id, why=SessionEnd.PASSWORD_CHANGED, actor=actor, at=at)
    ways.note("accounts:way:reset", "all", person=person, actor=actor, at=at)
    code = codes.new_recovery_code()
    _send(person, code=code, means="link+code", expires_at=at + AFTER_RESET, actor=actor, at=at)
    return code


def _send(person: Person, *, code: str, means: str, expires_at: datetime, actor: Actor, at: datetime) -> None:
    token = secrets.token_urlsafe(32)
    # One link at a time: the latest.
    SetUpLink.objects.filter(person=person, used_at=None).delete()
    SetUpLink.objects.create(
        person=person,
        token_sha256=_token_hash(token),
        code_hash=_code_hash(person.id, code) if code else b"",
        means=means,
        tries_left=TRIES,
        made_at=at,
        expires_at=expires_at,
    )
    with translation.override(person.language):
        subject = _("Set up your way to sign in")
        text = _(
            "Hello,\n\nOpen this link to set up a new way to sign in: %(url)s\n\n"
            "It works once, until %(until)s. If you asked for nothing, tell your administrator.\n"
        ) % {"url": f"{links.base_url.get()}/sign-in/set-up/{token}/", "until": ways.moment(expires_at)}
    ways.write_to(person, subject=subject, text=text, kind="accounts:set-up", actor=actor, at=at)


def asks_code(*, token: str, at: datetime) -> bool:
    """Whether following this link asks for a code.

    Raises:
        SetUpLinkRefused: it is used, too old, or never was.
    """
    link = _alive(at).filter(token_sha256=_token_hash(token)).first()
    if link is None:
        raise SetUpLinkRefused
    return bool(link.code_hash)


def follow(*, token: str, code: str, actor: Actor, at: datetime) -> Followed:
    """Exchange the link, and its code if it asks for one, for who the person is. Good once, also in parallel.

    A try is spent, and committed, before the code is looked at.

    Raises:
        SetUpLinkRefused
    """
    if not _alive(at).filter(token_sha256=_token_hash(token)).update(tries_left=F("tries_left") - 1):
        raise SetUpLinkRefused
    return _follow(token=token, code=code, actor=actor, at=at)


@audit.act("accounts:recovery:follow")
def _follow(*, token: str, code: str, actor: Actor, at: datetime) -> Followed:
    link = SetUpLink.objects.select_for_update(of=("self",)).select_related("person").get(
        token_sha256=_token_hash(token)
    )  # fmt: skip
    audit.concerning(subject=link.person_id)
    kept = bytes(link.code_hash)
    if link.used_at or (kept and not hmac.compare_digest(kept, _code_hash(link.person_id, code))):
        raise SetUpLinkRefused
    link.used_at = at
    link.save(update_fields=["used_at"])
    _trace("accounts:recovery:follow", link.person, actor, at)
    return Followed(link.person_id, link.means)


def _alive(at: datetime) -> QuerySet[SetUpLink]:
    return SetUpLink.objects.filter(used_at=None, expires_at__gt=at, tries_left__gt=0, person__is_active=True)


def _trace(action: str, person: Person, actor: Actor, at: datetime) -> None:
    for card in queries.memberships(person_id=person.id, at=at):
        audit.record(action, actor=actor.within(card.organisation.organisation_id), subject=person.id, at=at)


def _token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _code_hash(person_id: UUID, code: str) -> bytes:
    return bytes.fromhex(codes.hash_of(code, key=links.code_secret.get(), context=f"set-up:{person_id}"))
