"""Go on after an act: a step that is complete calls the next one; after the last, the file is sealed."""

from datetime import datetime

from telesphore.jobs import actions as jobs
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.signature import access
from telesphore.signature.actions.call import call_step
from telesphore.signature.facts import EnvelopeMoved
from telesphore.signature.models import Envelope, Recipient, Step
from telesphore.signature.states import ACTED, EnvelopeState


def advance(envelope: Envelope, recipient: Recipient, actor: Actor, at: datetime) -> bool:
    """What follows a recipient's act, in the caller's transaction and under the envelope's lock. True when it was the
    last one: the envelope waits for its seal."""
    jobs.announce(EnvelopeMoved(envelope.organisation_id, envelope.id, "acted", uuid7()))
    step = Step.objects.get(organisation_id=envelope.organisation_id, id=recipient.step_id)
    done = Recipient.objects.filter(organisation_id=envelope.organisation_id, step_id=step.id, state__in=ACTED).count()
    state = EnvelopeState.IN_PROGRESS
    if done >= step.needed and step.completed_at is None:
        step.completed_at = at
        step.save(update_fields=["completed_at"])
        if not call_step(envelope=envelope, position=step.position + 1, actor=actor, at=at):
            state = EnvelopeState.SEALING
            jobs.enqueue("signature:seal", organisation_id=envelope.organisation_id, envelope_id=envelope.id)
    if envelope.state != state:
        access.check_transition(envelope, state)
        envelope.state = state
        envelope.save(update_fields=["state"])
    return state is EnvelopeState.SEALING
