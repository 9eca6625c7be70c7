"""When the proof of a sealed document was extended in its file, the patient's record gives that file from then on."""

from telesphore.jobs.actions import reacts_to
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.signature.actions import results
from telesphore.signature.facts import ProofRenewed


@reacts_to(ProofRenewed)
def file_renewed_document(fact: ProofRenewed) -> None:
    """The record takes a file once, however often this runs."""
    results.file_renewed(envelope_id=fact.envelope_id, actor=Actor.system(fact.organisation_id), at=now())
