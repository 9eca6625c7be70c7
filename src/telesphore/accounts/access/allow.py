"""What a role allows: the table of permissions, asked without a query."""

from telesphore.accounts.errors import NotAllowed
from telesphore.accounts.states import PERMISSIONS
from telesphore.kernel.actors import Actor, ActorKind


def may(actor: Actor, permission: str) -> bool:
    """Whether the roles that `actor` holds where they act include `permission`, and their scopes do not leave it out.

    Costs two look-ups. It says nothing of one patient or one envelope: whoever owns that row decides.

    Raises:
        KeyError: no such permission; a mistake of ours.
    """
    holders = PERMISSIONS[permission]
    if actor.kind not in (ActorKind.PROFESSIONAL, ActorKind.SOFTWARE) or actor.organisation_id is None:
        return False
    return bool(holders & actor.roles) and (actor.scopes is None or permission in actor.scopes)


def check(actor: Actor, permission: str) -> None:
    """Refuse who may not.

    Raises:
        NotAllowed
    """
    if not may(actor, permission):
        raise NotAllowed
