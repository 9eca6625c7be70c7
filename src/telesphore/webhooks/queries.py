"""What is subscribed, and what became of each delivery: for administrators."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.accounts import access
from telesphore.kernel.actors import Actor
from telesphore.webhooks.models import Delivery, Subscription
from telesphore.webhooks.states import SHOWN, DeliveryState, What


@dataclass(frozen=True, slots=True)
class SubscriptionLine:
    """A living subscription; its secret is shown to nobody again."""

    subscription_id: UUID
    url: str
    events: tuple[What, ...]
    made_at: datetime


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One event for one address."""

    delivery_id: UUID
    url: str
    what: What
    envelope_id: UUID
    happened_at: datetime
    state: DeliveryState
    tries: int
    why: str
    next_try_at: datetime | None
    living: bool
    """Whether its subscription still is."""


def subscriptions(*, actor: Actor) -> list[SubscriptionLine]:
    """The living ones of the actor's organisation, the newest first.

    Raises:
        NotAllowed
    """
    access.check(actor, "webhooks:subscription:manage")
    rows = Subscription.objects.filter(organisation_id=actor.organisation, ended_at=None).order_by("-made_at")
    return [SubscriptionLine(row.id, row.url, tuple(map(What, row.events)), row.made_at) for row in rows]


def deliveries(*, actor: Actor) -> list[DeliveryLine]:
    """The newest of the actor's organisation, at most `SHOWN`.

    Raises:
        NotAllowed
    """
    access.check(actor, "webhooks:subscription:manage")
    rows = Delivery.objects.filter(organisation_id=actor.organisation).select_related("subscription")
    return [
        DeliveryLine(
            row.id,
            row.subscription.url,
            What(row.what),
            row.envelope_id,
            row.happened_at,
            DeliveryState(row.state),
            row.tries,
            row.why,
            row.next_try_at,
            row.subscription.ended_at is None,
        )
        for row in rows.order_by("-happened_at", "-id")[:SHOWN]
    ]
