"""Leave an organisation: every role ends, and with them sessions, tokens and delegations."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from telesphore.accounts import access
from telesphore.accounts.actions.grant import end_at
from telesphore.accounts.actions.suspend import shut_out
from telesphore.accounts.errors import MemberNotFound
from telesphore.accounts.models import Delegation
from telesphore.accounts.states import Role, SessionEnd
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor


@audit.act("accounts:member:leave")
def leave(*, person_id: UUID, actor: Actor, at: datetime) -> None:
    """End all that a member holds here, at once. What awaited their signature is handed over by `signature`.

    Raises:
        NotAllowed, LastAdministrator
        MemberNotFound: they hold no role here.
    """
    access.check_manages(actor)
    access.lock_person(person_id)
    rows = list(access.held(actor.organisation, person_id, at))
    if not rows:
        raise MemberNotFound
    if any(row.role == Role.ADMINISTRATOR for row in rows):
        access.check_administrator_remains(actor.organisation, without=person_id, at=at)
    shut_out(person_id=person_id, why=SessionEnd.LEFT, actor=actor, at=at)
    for row in rows:
        end_at(row, at)
    Delegation.objects.filter(
        Q(delegator_id=person_id) | Q(delegate_id=person_id),
        organisation_id=actor.organisation,
        withdrawn_at=None,
        ends_at__gt=at,
    ).update(withdrawn_at=at)
    audit.record(
        "accounts:member:leave", actor=actor, subject=person_id, at=at, detail={"roles": [row.role for row in rows]}
    )
