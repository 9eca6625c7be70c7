"""When an envelope is completed, its signed document and its evidence page are filed in the patient's record."""

from telesphore.jobs.actions import reacts_to
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.signature.actions import results
from telesphore.signature.facts import EnvelopeCompleted


@reacts_to(EnvelopeCompleted)
def file_signed_document(fact: EnvelopeCompleted) -> None:
    """Filed once, however often this runs: the record knows the envelope that a document came from."""
    results.file_results(envelope_id=fact.envelope_id, actor=Actor.system(fact.organisation_id), at=now())
