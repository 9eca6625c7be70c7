"""Give the opinion that one is asked for (avis complémentaire): whatever it says, it stops nothing."""

from datetime import datetime
from uuid import UUID

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.signature.actions.review import Answered, answer
from telesphore.signature.states import Opinion, StepKind


@audit.act("signature:recipient:advise")
def advise(*, envelope_id: UUID, opinion: Opinion, comment: str, actor: Actor, at: datetime) -> Answered:
    """Give an opinion, in one's own place or that of whoever delegated it.

    Raises:
        EnvelopeNotFound, NotAskedForThat, AlreadyActed, EnvelopeClosed, EnvelopeExpired, NoLongerNeeded, NotYourTurn
    """
    return answer(StepKind.OPINION, envelope_id=envelope_id, opinion=opinion, comment=comment, actor=actor, at=at)
