"""When an envelope is completed, the guardian of retention watches over the proof of its document."""

from telesphore.jobs.actions import reacts_to
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.signature.actions import watch
from telesphore.signature.facts import EnvelopeCompleted


@reacts_to(EnvelopeCompleted)
def watch_proof(fact: EnvelopeCompleted) -> None:
    """Watched once, however often this runs."""
    watch.watch(envelope_id=fact.envelope_id, actor=Actor.system(fact.organisation_id), at=now())
