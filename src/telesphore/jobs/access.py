"""Who may see stopped work and act on it."""

from uuid import UUID

from telesphore.jobs.errors import JobsNotYours
from telesphore.kernel.actors import Actor, ActorKind


def check_may_operate(actor: Actor) -> UUID | None:
    """The organisation to whose jobs `actor` is limited; None for the operator, who sees all.

    An administrator also sees the platform's own jobs, which belong to no organisation.

    Raises:
        JobsNotYours: neither the operator nor an administrator.
    """
    if actor.kind is ActorKind.SYSTEM:
        return None
    if actor.kind is ActorKind.PROFESSIONAL and "administrator" in actor.roles and actor.organisation_id:
        return actor.organisation_id
    raise JobsNotYours
