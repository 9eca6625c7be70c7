"""Accept an invitation: by its link and code when one has no account yet, else signed in."""

from datetime import datetime
from uuid import UUID

from telesphore.accounts import access, queries
from telesphore.accounts.actions.grant import give
from telesphore.accounts.errors import (
    AlreadyMember,
    InvitationNotFound,
    InvitationNotProved,
    InvitationOver,
    SignInToAccept,
)
from telesphore.accounts.models import Invitation, Unit
from telesphore.accounts.states import Role
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.links import actions as links


@audit.act("accounts:invitation:accept")
def join_by_link(
    *, invitation_id: UUID, given_name: str, family_name: str, title: str, actor: Actor, at: datetime
) -> UUID:
    """Accept as who has just given the link's code, with one's name as one writes it; returns the account.

    `actor` is nobody yet, in the organisation of the link. Who has another way in must sign in by it: else a link, and
    a code that its sender knows, would open somebody's account of another organisation.

    Raises:
        InvitationNotFound, InvitationOver, SignInToAccept, AccountsApart
    """
    row = _lock(invitation_id, actor.organisation, at)
    person = access.lock_person(row.person_id)
    if queries.has_way_in(person_id=person.id, apart_from=row.organisation_id):
        raise SignInToAccept
    person.given_name, person.family_name, person.title = given_name, family_name, title
    person.save(update_fields=["given_name", "family_name", "title"])
    _accept(row, Actor(
        kind=ActorKind.PROFESSIONAL, organisation_id=row.organisation_id, person_id=person.id, means="link+code",
        source_address=actor.source_address, client=actor.client,
    ), at)  # fmt: skip
    return person.id


@audit.act("accounts:invitation:prove")
def note_code_given(*, invitation_id: UUID, actor: Actor, at: datetime) -> None:
    """Note that the link's code was given: from now on the account that is invited may accept, signed in.

    Raises:
        InvitationNotFound, InvitationOver
    """
    row = _lock(invitation_id, actor.organisation, at)
    row.code_given_at = at
    row.save(update_fields=["code_given_at"])
    audit.record("accounts:invitation:prove", actor=actor, subject=row.id, at=at)


@audit.act("accounts:invitation:accept")
def join(*, invitation_id: UUID, actor: Actor, at: datetime) -> UUID:
    """Accept as the person who is signed in; returns the organisation.

    Raises:
        InvitationNotFound: none, or another's.
        InvitationNotProved: nobody gave its code. The account alone may be of whoever reads that mailbox.
        InvitationOver, AccountsApart
    """
    found = Invitation.objects.filter(id=invitation_id, person_id=actor.person).first()
    if found is None:
        raise InvitationNotFound
    access.lock_person(found.person_id)
    row = _lock(invitation_id, found.organisation_id, at)
    if row.code_given_at is None:
        raise InvitationNotProved
    _accept(row, actor.within(found.organisation_id), at)
    return found.organisation_id


def _lock(invitation_id: UUID, organisation_id: UUID, at: datetime) -> Invitation:
    try:
        row = Invitation.objects.select_for_update().get(organisation_id=organisation_id, id=invitation_id)
    except Invitation.DoesNotExist:
        raise InvitationNotFound from None
    if row.accepted_at is not None or row.withdrawn_at is not None or at >= row.expires_at:
        raise InvitationOver
    return row


def _accept(row: Invitation, actor: Actor, at: datetime) -> None:
    access.check_apart(row.person_id, [Role(role) for role in row.roles], at)
    units = Unit.objects.filter(organisation_id=row.organisation_id, closed_at=None)
    still_open = row.unit_id is not None and units.filter(id=row.unit_id).exists()
    for role in row.roles:
        try:
            give(
                person_id=row.person_id,
                organisation_id=row.organisation_id,
                role=Role(role),
                starts_at=at,
                ends_at=None,
                unit_id=row.unit_id if still_open else None,
                actor=actor,
                at=at,
            )
        except AlreadyMember:
            continue
    row.accepted_at = at
    row.save(update_fields=["accepted_at"])
    if row.link_id is not None:
        links.use_up(organisation_id=row.organisation_id, link_id=row.link_id, actor=actor, at=at)
    audit.record("accounts:invitation:accept", actor=actor, subject=row.id, at=at, detail={"roles": row.roles})
