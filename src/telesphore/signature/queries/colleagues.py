"""What awaits those who leave."""

from uuid import UUID

from telesphore.accounts import access as accounts_access
from telesphore.kernel.actors import Actor
from telesphore.signature.models import Recipient
from telesphore.signature.states import OPEN_STATES, RecipientState


def count_to_hand_over(*, actor: Actor, person_id: UUID) -> int:
    """How many places in open circuits are a member's: a number, which tells nothing of any patient.

    Raises:
        NotAllowed
    """
    accounts_access.check(actor, "accounts:members:manage")
    return Recipient.objects.filter(
        organisation_id=actor.organisation,
        person_id=person_id,
        state__in=(RecipientState.WAITING, RecipientState.PENDING),
        envelope__state__in=OPEN_STATES,
    ).count()
