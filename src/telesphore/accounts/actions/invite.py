"""Invite somebody to become a member, send the invitation again, withdraw it.

The invitation is a link by e-mail; its code goes by SMS to the invitee's phone, or by voice from whoever invites them.
The administrator never sees the link, and the mailbox never sees the code: neither can come in alone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from telesphore.accounts import access, queries
from telesphore.accounts.errors import (
    AlreadyInvited,
    AlreadyMember,
    InvitationNotFound,
    InvitationOver,
    NoRole,
    NumberTaken,
    UnitNotFound,
)
from telesphore.accounts.formats.numbers import Rpps
from telesphore.accounts.models import Invitation, Membership, Person, Unit
from telesphore.accounts.states import INVITATION_LIFE, Role
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.links import actions as links
from telesphore.links import queries as link_queries
from telesphore.outbox import actions as outbox
from telesphore.outbox.models import Channel

LINK_TO_JOIN = "accounts:join"


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who is invited, as the administrator knows them; their own account says otherwise when they have one already."""

    email: str
    given_name: str
    family_name: str
    title: str = ""
    profession: str = ""
    specialty_code: str = ""
    specialty: str = ""
    rpps: Rpps | None = None
    phone: str = ""
    language: str = "fr"


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation that leaves.

    Attributes:
        code: to be given by voice, shown once; empty when it goes by SMS.
    """

    invitation_id: UUID
    code: str


@audit.act("accounts:invitation:send")
def invite(
    *, newcomer: Newcomer, roles: Sequence[Role], unit_id: UUID | None = None, actor: Actor, at: datetime
) -> Invited:
    """Invite an address; nothing is given before it is accepted.

    Raises:
        NotAllowed, NotToYourself, NoRole, AlreadyMember, AlreadyInvited, NumberTaken, UnitNotFound
        AccountsApart: of these roles with one another, or with those held here; other organisations' are asked when
            the invitation is accepted.
    """
    access.check(actor, "accounts:members:manage")
    if not roles:
        raise NoRole
    person = access.lock_person(_account_of(newcomer, actor, at))
    access.check_other(actor, person.id)
    access.check_apart(person.id, roles, at, organisation_id=actor.organisation)
    held = queries.roles_held(organisation_id=actor.organisation, person_id=person.id, at=at)
    if set(roles) <= held:
        raise AlreadyMember
    if _open(at).filter(organisation_id=actor.organisation, person_id=person.id).exists():
        raise AlreadyInvited
    if unit_id and not Unit.objects.filter(organisation_id=actor.organisation, id=unit_id, closed_at=None).exists():
        raise UnitNotFound
    row = Invitation.objects.create(
        organisation_id=actor.organisation,
        person=person,
        roles=sorted(set(roles) - held),
        unit_id=unit_id,
        invited_by=actor.person,
        invited_at=at,
        expires_at=at + INVITATION_LIFE,
    )
    code = _send(row, newcomer.phone, actor, at)
    audit.record(
        "accounts:invitation:send",
        actor=actor,
        subject=row.id,
        at=at,
        detail={"person": person.id.hex, "roles": row.roles, "code": "spoken" if code else "sms"},
    )
    return Invited(row.id, code)


def offer(*, person: Person, roles: Collection[Role], actor: Actor, at: datetime) -> None:
    """Invite an account that others know, in the caller's transaction, or have an invitation that waits offer these
    roles. Its code is told by whoever sends it again."""
    row = _open(at).filter(organisation_id=actor.organisation, person_id=person.id).first()
    if row is not None:
        row.roles = sorted(roles)
        row.save(update_fields=["roles"])
        return
    row = Invitation.objects.create(
        organisation_id=actor.organisation, person=person, roles=sorted(roles), invited_by=actor.person, invited_at=at,
        expires_at=at + INVITATION_LIFE,
    )  # fmt: skip
    _send(row, "", actor, at)
    audit.record(
        "accounts:invitation:send", actor=actor, subject=row.id, at=at,
        detail={"person": person.id.hex, "roles": row.roles, "code": "spoken"},
    )  # fmt: skip


@audit.act("accounts:invitation:resend")
def resend(*, invitation_id: UUID, actor: Actor, at: datetime) -> Invited:
    """Send a new link, with a new code and seven days more; the link before leads nowhere any more.

    Raises:
        NotAllowed, InvitationNotFound
        InvitationOver: it was accepted, or withdrawn.
    """
    row = _lock(invitation_id, actor)
    assert row.link_id is not None
    phone = link_queries.phone_of(organisation_id=row.organisation_id, link_id=row.link_id)
    links.revoke(organisation_id=row.organisation_id, link_id=row.link_id, actor=actor, at=at)
    row.expires_at = at + INVITATION_LIFE
    code = _send(row, phone, actor, at)
    audit.record("accounts:invitation:resend", actor=actor, subject=row.id, at=at)
    return Invited(row.id, code)


@audit.act("accounts:invitation:withdraw")
def withdraw_invitation(*, invitation_id: UUID, actor: Actor, at: datetime) -> None:
    """Take an invitation back: a wrong address is mended by withdrawing, and inviting the right one.

    Raises:
        NotAllowed, InvitationNotFound
        InvitationOver: it was accepted, or withdrawn.
    """
    row = _lock(invitation_id, actor)
    assert row.link_id is not None
    links.revoke(organisation_id=row.organisation_id, link_id=row.link_id, actor=actor, at=at)
    row.withdrawn_at = at
    row.save(update_fields=["withdrawn_at"])
    audit.record("accounts:invitation:withdraw", actor=actor, subject=row.id, at=at)


def _lock(invitation_id: UUID, actor: Actor) -> Invitation:
    access.check(actor, "accounts:members:manage")
    try:
        row = Invitation.objects.select_for_update(of=("self",)).get(
            organisation_id=actor.organisation, id=invitation_id
        )
    except Invitation.DoesNotExist:
        raise InvitationNotFound from None
    if row.accepted_at is not None or row.withdrawn_at is not None:
        raise InvitationOver
    return row


def _account_of(newcomer: Newcomer, actor: Actor, at: datetime) -> UUID:
    """The account of this address, made now when there is none; one that exists keeps its own names and number."""
    known = queries.person_of(newcomer.email)
    if known is not None:
        return known
    if newcomer.rpps:
        _free_number(newcomer.rpps, at)
    person = Person.objects.create_user(
        newcomer.email,
        None,
        family_name=newcomer.family_name,
        given_name=newcomer.given_name,
        title=newcomer.title,
        profession=newcomer.profession,
        specialty_code=newcomer.specialty_code,
        specialty=newcomer.specialty,
        rpps=newcomer.rpps.text if newcomer.rpps else "",
        national_id=newcomer.rpps.national_id if newcomer.rpps else "",
        language=newcomer.language,
    )
    audit.record("accounts:person:add", actor=actor, subject=person.id, at=at)
    return person.id


def _free_number(rpps: Rpps, at: datetime) -> None:
    """Take a number back from an account that was invited by mistake, and is of no use: it never joined anything.

    Raises:
        NumberTaken: by an account that is in use, or may yet be.
    """
    holder = Person.objects.select_for_update(no_key=True).filter(national_id=rpps.national_id).first()
    if holder is None:
        return
    joined = Membership.objects.filter(person=holder).exists()
    if joined or holder.last_login or _open(at).filter(person=holder).exists():
        raise NumberTaken
    holder.rpps = holder.national_id = ""
    holder.save(update_fields=["rpps", "national_id"])


def _open(at: datetime) -> QuerySet[Invitation]:
    return Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=at)


def _send(row: Invitation, phone: str, actor: Actor, at: datetime) -> str:
    """A new link leaves by e-mail; returns the code to be spoken, if it is."""
    person = row.person
    link = links.create(
        organisation_id=row.organisation_id,
        purpose=LINK_TO_JOIN,
        subject_id=row.id,
        patient_id=None,
        phone=phone,
        language=person.language,
        expires_at=row.expires_at,
        way="join",
        actor=actor,
        at=at,
    )
    row.link_id, row.code_given_at = link.link_id, None
    row.save(update_fields=["link_id", "code_given_at", "expires_at"])
    code = ""
    if not phone:
        code = links.make_spoken_code(organisation_id=row.organisation_id, link_id=link.link_id, actor=actor, at=at)
    organisation = queries.organisation_card(row.organisation_id).name
    with translation.override(person.language):
        how = (
            _("A code will be sent to your phone when you ask for it.")
            if phone
            else _("Whoever invites you will give you the code of six digits, by phone or in person.")
        )
        subject = _("%(organisation)s invites you to Telesphore") % {"organisation": organisation}
        text = _(
            "Hello,\n\n"
            "%(organisation)s invites you to work with Telesphore.\n\n"
            "Open this link within seven days: %(url)s\n\n"
            "%(how)s The link is yours alone: do not forward it.\n"
        ) % {"organisation": organisation, "url": link.url, "how": how}
    outbox.send(
        organisation_id=row.organisation_id,
        channel=Channel.EMAIL,
        to=person.email,
        subject=subject,
        text=text,
        kind="accounts:invitation",
        about=row.id,
        actor=actor,
        at=at,
    )
    return code
