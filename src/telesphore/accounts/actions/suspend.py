"""Suspend a member's roles, and lift the suspension.

Roles are asked at every request: a suspension holds from the next one, whatever sessions are open; a session that
stays open tells its person that they are suspended. Tokens are taken back for good: a program reads no such page.
"""

from datetime import datetime
from uuid import UUID

from telesphore.accounts import access
from telesphore.accounts.actions.issue_token import revoke_tokens_of
from telesphore.accounts.actions.keep_session import end_sessions_of
from telesphore.accounts.errors import MemberNotFound
from telesphore.accounts.states import Role, SessionEnd
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor


@audit.act("accounts:member:suspend")
def suspend(*, person_id: UUID, actor: Actor, at: datetime) -> None:
    """Take all effect from a member's roles here, until it is lifted; suspending twice changes nothing.

    Raises:
        NotAllowed, NotToYourself, LastAdministrator
        MemberNotFound: they hold no role here.
    """
    access.check_manages(actor)
    access.check_other(actor, person_id)
    access.lock_person(person_id)
    rows = access.held(actor.organisation, person_id, at)
    if not rows.exists():
        raise MemberNotFound
    if rows.filter(role=Role.ADMINISTRATOR).exists():
        access.check_administrator_remains(actor.organisation, without=person_id, at=at)
    revoke_tokens_of(person_id=person_id, organisation_id=actor.organisation, actor=actor, at=at)
    if rows.filter(suspended_at=None).update(suspended_at=at):
        audit.record("accounts:member:suspend", actor=actor, subject=person_id, at=at)


@audit.act("accounts:member:lift")
def lift(*, person_id: UUID, actor: Actor, at: datetime) -> None:
    """Give a suspended member's roles their effect again; nothing happens when none is suspended.

    Raises:
        NotAllowed, NotToYourself
        MemberNotFound: they hold no role here.
    """
    access.check_manages(actor)
    access.check_other(actor, person_id)
    rows = access.held(actor.organisation, person_id, at)
    if not rows.exists():
        raise MemberNotFound
    if rows.exclude(suspended_at=None).update(suspended_at=None):
        audit.record("accounts:member:lift", actor=actor, subject=person_id, at=at)


def shut_out(*, person_id: UUID, why: SessionEnd, actor: Actor, at: datetime) -> None:
    """End a person's sessions, and take back the tokens that they have in the actor's organisation.

    Who works elsewhere too signs in again there. Before their roles end, so that their organisation's trail has it.
    """
    end_sessions_of(person_id=person_id, why=why, actor=actor, at=at)
    revoke_tokens_of(person_id=person_id, organisation_id=actor.organisation, actor=actor, at=at)
