"""Add, rename and remove the ways by which a person signs in.

The rows are those of the sign-in library (`allauth.mfa`), which reads passkeys from them; codes are ours to check
(`actions/prove.py`). Every change locks the person, leaves a trace in each organisation of theirs, and is told to them
by e-mail: what, and when.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from telesphore.accounts import queries
from telesphore.accounts.actions.keep_session import end_sessions_of
from telesphore.accounts.errors import LastWay, TooManyPasskeys, WayNotFound
from telesphore.accounts.formats import codes
from telesphore.accounts.models import Person
from telesphore.accounts.states import SessionEnd
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.links import ports as links
from telesphore.outbox import actions as outbox
from telesphore.outbox.models import Channel

Kind = Authenticator.Type

PASSKEYS = 20
"""As many as one person may have."""
RECOVERY_CODES = 10
NAME_LETTERS = 60

_TOLD = {
    "add:passkey": gettext_noop("A passkey was added."),
    "remove:passkey": gettext_noop("A passkey was removed."),
    "add:totp": gettext_noop("Codes of an application were added."),
    "remove:totp": gettext_noop("Codes of an application were removed."),
    "add:recovery-codes": gettext_noop("New recovery codes were made; the earlier ones no longer work."),
    "add:password": gettext_noop("The password was changed."),
    "remove:password": gettext_noop("The password was removed."),
    "reset": gettext_noop("An administrator removed all your ways to sign in."),
}


@audit.act("accounts:way:add")
def add_passkey(*, person_id: UUID, name: str, credential: dict[str, Any], actor: Actor, at: datetime) -> None:
    """Keep a passkey whose registration the door has checked (Web Authentication Level 3 §7.1).

    Args:
        credential: the browser's answer, as JSON; it holds no secret.

    Raises:
        TooManyPasskeys
    """
    person = lock(person_id)
    if Authenticator.objects.filter(user=person, type=Kind.WEBAUTHN).count() >= PASSKEYS:
        raise TooManyPasskeys
    Authenticator.objects.create(
        user=person,
        type=Kind.WEBAUTHN,
        created_at=at,
        data={"name": name.strip()[:NAME_LETTERS], "credential": credential},
    )
    note("accounts:way:add", "passkey", person=person, actor=actor, at=at)


@audit.act("accounts:way:rename")
def rename_passkey(*, person_id: UUID, passkey_id: int, name: str, actor: Actor, at: datetime) -> None:
    """Give a passkey another name.

    Raises:
        WayNotFound
    """
    person = lock(person_id)
    row = Authenticator.objects.filter(user=person, type=Kind.WEBAUTHN, pk=passkey_id).first()
    if row is None:
        raise WayNotFound
    row.data["name"] = name.strip()[:NAME_LETTERS]
    row.save(update_fields=["data"])
    note("accounts:way:rename", "passkey", person=person, actor=actor, at=at, tell=False)


@audit.act("accounts:way:remove")
def remove_passkey(*, person_id: UUID, passkey_id: int, elsewhere: bool, actor: Actor, at: datetime) -> None:
    """Remove a passkey: it opens nothing any more.

    Args:
        elsewhere: the person can also come in by Pro Santé Connect or a card.

    Raises:
        WayNotFound
        LastWay: the person could not come in any more.
    """
    person = lock(person_id)
    removed, _each = Authenticator.objects.filter(user=person, type=Kind.WEBAUTHN, pk=passkey_id).delete()
    if not removed:
        raise WayNotFound
    _check_still_open(person, elsewhere)
    note("accounts:way:remove", "passkey", person=person, actor=actor, at=at)


@audit.act("accounts:way:add")
def add_totp(*, person_id: UUID, secret: str, step: int, actor: Actor, at: datetime) -> None:
    """Ask, beside the password, for the codes of an application that holds this secret; an earlier one is forgotten.

    Args:
        step: the time step that the person has just proved; its code counts as used.
    """
    person = lock(person_id)
    Authenticator.objects.filter(user=person, type=Kind.TOTP).delete()
    sealed = codes.seal(secret, key=links.code_secret.get(), context=f"totp:{person.id}")
    Authenticator.objects.create(user=person, type=Kind.TOTP, created_at=at, data={"sealed": sealed, "last": step})
    note("accounts:way:add", "totp", person=person, actor=actor, at=at)


@audit.act("accounts:way:remove")
def remove_totp(*, person_id: UUID, elsewhere: bool, actor: Actor, at: datetime) -> None:
    """Ask for no application's codes any more.

    Raises:
        WayNotFound, LastWay
    """
    person = lock(person_id)
    removed, _each = Authenticator.objects.filter(user=person, type=Kind.TOTP).delete()
    if not removed:
        raise WayNotFound
    _check_still_open(person, elsewhere)
    note("accounts:way:remove", "totp", person=person, actor=actor, at=at)


@audit.act("accounts:way:add")
def set_password(*, person_id: UUID, password: str, actor: Actor, at: datetime) -> None:
    """Change the password, which the door has found good enough; sessions opened under the earlier one end."""
    person = lock(person_id)
    person.set_password(password)
    person.save(update_fields=["password"])
    end_sessions_of(person_id=person_id, why=SessionEnd.PASSWORD_CHANGED, but=actor.session_id, actor=actor, at=at)
    note("accounts:way:add", "password", person=person, actor=actor, at=at)


@audit.act("accounts:way:remove")
def remove_password(*, person_id: UUID, elsewhere: bool, actor: Actor, at: datetime) -> None:
    """Forget the password, and the application's codes, which are worth nothing without it.

    Raises:
        WayNotFound, LastWay
    """
    person = lock(person_id)
    if not person.has_usable_password():
        raise WayNotFound
    person.set_unusable_password()
    person.save(update_fields=["password"])
    Authenticator.objects.filter(user=person, type=Kind.TOTP).delete()
    _check_still_open(person, elsewhere)
    note("accounts:way:remove", "password", person=person, actor=actor, at=at)


@audit.act("accounts:way:add")
def make_recovery_codes(*, person_id: UUID, actor: Actor, at: datetime) -> Sequence[str]:
    """New recovery codes, known here and to the person only; the earlier ones no longer work."""
    person = lock(person_id)
    made = [codes.new_recovery_code() for _ in range(RECOVERY_CODES)]
    hashes = [codes.hash_of(code, key=links.code_secret.get(), context=f"recovery:{person.id}") for code in made]
    Authenticator.objects.filter(user=person, type=Kind.RECOVERY_CODES).delete()
    Authenticator.objects.create(user=person, type=Kind.RECOVERY_CODES, created_at=at, data={"hashes": hashes})
    note("accounts:way:add", "recovery-codes", person=person, actor=actor, at=at)
    return made


@audit.act("accounts:way:keep")
def keep_recovery_codes(*, person_id: UUID, actor: Actor, at: datetime) -> None:
    """Note that the person has put their recovery codes away.

    Raises:
        WayNotFound
    """
    person = lock(person_id)
    row = Authenticator.objects.filter(user=person, type=Kind.RECOVERY_CODES).first()
    if row is None:
        raise WayNotFound
    row.data["kept"] = True
    row.save(update_fields=["data"])
    note("accounts:way:keep", "recovery-codes", person=person, actor=actor, at=at, tell=False)


def lock(person_id: UUID) -> Person:
    """The person, whose ways nobody else changes until this transaction ends."""
    return Person.objects.select_for_update().get(id=person_id)


def _check_still_open(person: Person, elsewhere: bool) -> None:
    if not elsewhere and not queries.ways_of(person.id).sufficient:
        raise LastWay


def note(action: str, way: str, *, person: Person, actor: Actor, at: datetime, tell: bool = True) -> None:
    """Leave the trace of a change in each organisation of the person, and tell them, in the caller's transaction."""
    found = queries.memberships(person_id=person.id, at=at)
    seen = [actor.within(card.organisation.organisation_id) for card in found] or [replace(actor, roles=frozenset())]
    for one in seen:
        audit.record(action, actor=one, subject=person.id, at=at, detail={"way": way})
    if tell:
        verb = action.rpartition(":")[2]
        sentence = _TOLD["reset" if verb == "reset" else f"{verb}:{way}"]
        with translation.override(person.language):
            told = _(sentence)
            subject = _("Your ways to sign in have changed")
            text = _(
                "Hello,\n\n%(what)s\n%(when)s.\n\n"
                "If it was you, there is nothing to do. If not, tell your administrator now, and look here: %(url)s\n"
            ) % {"what": told, "when": moment(at), "url": f"{links.base_url.get()}/security/"}
        write_to(person, subject=subject, text=text, kind="accounts:way", actor=actor, at=at)


def moment(at: datetime) -> str:
    """An instant as the current language writes it, with the zone's own time."""
    return date_format(localtime(at), "DATETIME_FORMAT")


def write_to(person: Person, *, subject: str, text: str, kind: str, actor: Actor, at: datetime) -> bool:
    """Queue an e-mail to a person, on behalf of the first of their organisations; who belongs nowhere gets none."""
    organisation = next((card.organisation for card in queries.memberships(person_id=person.id, at=at)), None)
    if organisation is None:
        return False
    outbox.send(
        organisation_id=organisation.organisation_id, channel=Channel.EMAIL, to=person.email, subject=subject,
        text=text, kind=kind, about=person.id, actor=actor.within(organisation.organisation_id), at=at,
    )  # fmt: skip
    return True
