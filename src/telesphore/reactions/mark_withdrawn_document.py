"""When a consent is withdrawn, the record says of its signed document that it no longer holds."""

from telesphore.jobs.actions import reacts_to
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.records import actions as records
from telesphore.signature.facts import ConsentWithdrawn


@reacts_to(ConsentWithdrawn)
def mark_withdrawn_document(fact: ConsentWithdrawn) -> None:
    """Marked once, however often this runs; tried again while the signed document is not filed yet."""
    records.withdraw_result(source_id=fact.envelope_id, actor=Actor.system(fact.organisation_id), at=now())
