"""When a withdrawal is completed, the consent that it withdraws is marked, should that have been lost before."""

from telesphore.jobs.actions import reacts_to
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.signature.actions import withdraw
from telesphore.signature.facts import EnvelopeCompleted


@reacts_to(EnvelopeCompleted)
def mark_withdrawn_consent(fact: EnvelopeCompleted) -> None:
    """Nothing for an envelope that withdraws nothing, or whose consent is marked already."""
    withdraw.mark_withdrawn(withdrawal_id=fact.envelope_id, actor=Actor.system(fact.organisation_id), at=now())
