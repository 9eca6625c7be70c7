"""Give a role."""

from datetime import datetime
from uuid import UUID

from telesphore.accounts.models import Membership
from telesphore.accounts.states import Role
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor


@audit.act("accounts:membership:grant")
def grant_role(*, person_id: UUID, organisation_id: UUID, role: Role, actor: Actor, at: datetime) -> None:
    """Give a person a role in an organisation, from now on; a role already held stays as it is."""
    _membership, made = Membership.objects.get_or_create(
        organisation_id=organisation_id, person_id=person_id, role=role, ends_at=None, defaults={"starts_at": at}
    )
    if made:
        audit.record(
            "accounts:membership:grant",
            actor=actor.within(organisation_id),
            subject=person_id,
            at=at,
            detail={"role": role},
        )
