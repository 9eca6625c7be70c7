"""What a draft still lacks before it can be sent."""

from datetime import datetime
from uuid import UUID

from telesphore.kernel.actors import Actor
from telesphore.records import access as records_access
from telesphore.signature import access
from telesphore.signature.queries.drafts import content_of
from telesphore.signature.queries.requirements import Missing, facts_for, missing


def gaps_of_draft(*, draft_id: UUID, actor: Actor, at: datetime) -> list[Missing]:
    """Each missing thing of the actor's draft, in the order in which one would mend it.

    Raises:
        DraftNotFound
        RecordNotFound: the patient's record is not open to them any more.
    """
    row = access.draft_of(actor=actor, draft_id=draft_id)
    decision = records_access.decide(actor=actor, patient_id=row.patient_id, at=at)
    composition = content_of(row)
    return missing(composition, facts_for(composition=composition, decision=decision, actor=actor, at=at))
