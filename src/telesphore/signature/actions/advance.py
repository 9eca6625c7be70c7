"""Go on after an act: a step that is complete calls the next one; after the last, the file is sealed."""

from datetime import datetime

from telesphore.jobs import actions as jobs
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.signature import access
from telesphore.signature.actions.call import call_step, release
from telesphore.signature.facts import EnvelopeMoved
from telesphore.signature.models import Envelope, Recipient, Step
from telesphore.signature.states import ACTED, EnvelopeState, StepKind


def advance(envelope: Envelope, recipient: Recipient, actor: Actor, at: datetime) -> bool:
    """What follows a recipient's act, in the caller's transaction and under the envelope's lock. True when it was the
    last one: the envelope waits for its seal."""
    jobs.announce(EnvelopeMoved(envelope.organisation_id, envelope.id, "acted", uuid7()))
    rows = Recipient.objects.filter(organisation_id=envelope.organisation_id, step_id=recipient.step_id)
    beside = list(rows.select_related("step"))
    step, done = beside[0].step, sum(one.state in ACTED for one in beside)
    if done < step.needed or step.completed_at is not None:
        _stand(envelope, EnvelopeState.IN_PROGRESS)
        return False
    return complete_step(envelope, step, actor, at)


def complete_step(envelope: Envelope, step: Step, actor: Actor, at: datetime) -> bool:
    """Enough have acted: those of the step who have not are asked no more, and the circuit goes on. True when this was
    its last step."""
    step.completed_at = at
    step.save(update_fields=["completed_at"])
    release(envelope=envelope, step_id=step.id, actor=actor, at=at)
    more = go_on(envelope=envelope, position=step.position + 1, actor=actor, at=at)
    _stand(envelope, EnvelopeState.IN_PROGRESS if more else EnvelopeState.SEALING)
    return not more


def go_on(*, envelope: Envelope, position: int, actor: Actor, at: datetime) -> bool:
    """Begin the step at this place, in the caller's transaction: its recipients are called, or its seal is asked for.
    False when there is no such step, and the last seal is asked for."""
    step = Step.objects.filter(
        organisation_id=envelope.organisation_id, envelope_id=envelope.id, position=position
    ).first()
    if step is None:
        jobs.enqueue("signature:seal", organisation_id=envelope.organisation_id, envelope_id=envelope.id)
        return False
    if step.kind == StepKind.SEAL:
        # Its job looks for the step that is due: one that was recalled meanwhile does nothing.
        jobs.enqueue("signature:seal-step", organisation_id=envelope.organisation_id, envelope_id=envelope.id)
        return True
    call_step(envelope=envelope, step=step, actor=actor, at=at)
    return True


def _stand(envelope: Envelope, state: EnvelopeState) -> None:
    if envelope.state != state:
        access.check_transition(envelope, state)
        envelope.state = state
        envelope.save(update_fields=["state"])
