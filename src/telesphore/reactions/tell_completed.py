"""When an envelope is completed, its sender and its watchers are told."""

from telesphore.jobs.actions import reacts_to
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.signature.actions import tell
from telesphore.signature.facts import EnvelopeCompleted


@reacts_to(EnvelopeCompleted)
def tell_completed(fact: EnvelopeCompleted) -> None:
    """Told once, however often this runs."""
    tell.tell_completed(envelope_id=fact.envelope_id, actor=Actor.system(fact.organisation_id), at=now())
