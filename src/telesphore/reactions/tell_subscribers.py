"""When an envelope moves on, the software that subscribed is told."""

from telesphore.jobs.actions import reacts_to
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.signature.facts import EnvelopeMoved
from telesphore.webhooks import actions
from telesphore.webhooks.states import What

WHAT = {
    "sent": What.SENT,
    "acted": What.ACTED,
    "completed": What.COMPLETED,
    "declined": What.DECLINED,
    "voided": What.VOIDED,
    "expired": What.EXPIRED,
}


@reacts_to(EnvelopeMoved)
def tell_subscribers(fact: EnvelopeMoved) -> None:
    """Told once per event, however often this runs."""
    actor = Actor.system(fact.organisation_id)
    actions.tell(event_id=fact.event_id, what=WHAT[fact.how], envelope_id=fact.envelope_id, actor=actor, at=now())
