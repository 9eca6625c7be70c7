"""Whose a draft is: its sender's alone."""

from uuid import UUID

from telesphore.kernel.actors import Actor, ActorKind
from telesphore.signature.errors import DraftNotFound
from telesphore.signature.models import Draft


def draft_of(*, actor: Actor, draft_id: UUID, lock: bool = False) -> Draft:
    """The actor's own draft, held until the transaction ends when `lock`.

    Raises:
        DraftNotFound
    """
    if actor.kind not in (ActorKind.PROFESSIONAL, ActorKind.SOFTWARE) or actor.person_id is None:
        raise DraftNotFound
    rows = Draft.objects.select_for_update() if lock else Draft.objects.all()
    try:
        return rows.get(organisation_id=actor.organisation, id=draft_id, sender_id=actor.person_id)
    except Draft.DoesNotExist:
        raise DraftNotFound from None
