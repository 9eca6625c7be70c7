"""Let a colleague act in one's place, for some acts, some kinds of documents, between two dates; and end it.

A delegation reaches what awaits its giver, never what others delegated to them: it does not go on.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from telesphore.accounts import access, queries
from telesphore.accounts.errors import (
    DelegateUnfit,
    DelegationNotFound,
    EndsBeforeItStarts,
    MemberNotFound,
    NotForYourBenefit,
    NothingDelegated,
    TooLong,
)
from telesphore.accounts.models import Delegation
from telesphore.accounts.states import DELEGABLE, LONGEST_DELEGATION, PERMISSIONS
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor


@audit.act("accounts:delegation:give")
def give_delegation(
    *,
    delegator_id: UUID,
    delegate_id: UUID,
    permissions: Sequence[str],
    document_types: Sequence[str],
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    actor: Actor,
    at: datetime,
) -> UUID:
    """Delegate as a professional, or, as an administrator, for one who is away.

    Args:
        permissions: of `states.DELEGABLE`.
        document_types: codes as records keep them; empty for every kind.

    Raises:
        NotAllowed, NothingDelegated, DelegateUnfit, NotForYourBenefit, EndsBeforeItStarts, TooLong
        MemberNotFound: the delegator does not work here, or may not do these acts.
    """
    if delegator_id == actor.person_id:
        access.check(actor, "accounts:delegation:give")
    else:
        access.check(actor, "accounts:members:manage")
        if delegate_id == actor.person_id:
            raise NotForYourBenefit
    chosen = sorted(set(permissions))
    if not chosen or not set(chosen) <= set(DELEGABLE):
        raise NothingDelegated
    if ends_at <= max(starts_at, at):
        raise EndsBeforeItStarts
    if ends_at - max(starts_at, at) > LONGEST_DELEGATION:
        raise TooLong
    for person_id, refusal in ((delegator_id, MemberNotFound), (delegate_id, DelegateUnfit)):
        roles = queries.roles_held(organisation_id=actor.organisation, person_id=person_id, at=at)
        if not all(PERMISSIONS[name] & roles for name in chosen):
            raise refusal
    if delegator_id == delegate_id:
        raise DelegateUnfit
    row = Delegation.objects.create(
        organisation_id=actor.organisation,
        delegator_id=delegator_id,
        delegate_id=delegate_id,
        permissions=chosen,
        document_types=sorted(set(document_types)),
        reason=reason,
        starts_at=starts_at,
        ends_at=ends_at,
        given_by=actor.person,
        given_at=at,
    )
    _record("accounts:delegation:give", row, actor, at)
    return row.id


@audit.act("accounts:delegation:withdraw")
def withdraw_delegation(*, delegation_id: UUID, actor: Actor, at: datetime) -> None:
    """End a delegation at once: as either of its two persons, or as an administrator; twice changes nothing.

    Raises:
        NotAllowed, DelegationNotFound
    """
    access.check(actor, "accounts:delegation:see")
    rows = Delegation.objects.select_for_update().filter(organisation_id=actor.organisation, id=delegation_id)
    if not access.may(actor, "accounts:members:manage"):
        rows = rows.filter(Q(delegator_id=actor.person) | Q(delegate_id=actor.person))
    row = rows.first()
    if row is None:
        raise DelegationNotFound
    if row.withdrawn_at is None and row.ends_at > at:
        row.withdrawn_at = at
        row.save(update_fields=["withdrawn_at"])
        _record("accounts:delegation:withdraw", row, actor, at)


def _record(action: str, row: Delegation, actor: Actor, at: datetime) -> None:
    audit.record(
        action,
        actor=actor,
        subject=row.id,
        at=at,
        detail={
            "delegator": row.delegator_id,
            "delegate": row.delegate_id,
            "permissions": row.permissions,
            "document_types": row.document_types,
            "from": row.starts_at.isoformat(),
            "until": row.ends_at.isoformat(),
        },
    )
