"""When an envelope is completed, the patient gets a link to a copy."""

from telesphore.jobs.actions import reacts_to
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.signature.actions import copy
from telesphore.signature.facts import EnvelopeCompleted


@reacts_to(EnvelopeCompleted)
def send_patient_copy(fact: EnvelopeCompleted) -> None:
    """Sent once: a link made for this purpose is not made again."""
    copy.send_copy(envelope_id=fact.envelope_id, actor=Actor.system(fact.organisation_id), at=now())
