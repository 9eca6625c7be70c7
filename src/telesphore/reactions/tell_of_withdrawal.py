"""When a patient withdraws a consent, the software that subscribed is told: who counts on it must know at once."""

from telesphore.jobs.actions import reacts_to
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.signature.facts import ConsentWithdrawn
from telesphore.webhooks import actions
from telesphore.webhooks.states import What


@reacts_to(ConsentWithdrawn)
def tell_of_withdrawal(fact: ConsentWithdrawn) -> None:
    """Told once per event, however often this runs."""
    actor = Actor.system(fact.organisation_id)
    actions.tell(event_id=fact.event_id, what=What.WITHDRAWN, envelope_id=fact.envelope_id, actor=actor, at=now())
