"""Subscriptions, and what was told to them."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from telesphore.kernel.rows import Owned, SameOrganisation, belongs_to
from telesphore.webhooks.states import DeliveryState, What


class Subscription(Owned):
    """An address that wants to know."""

    url = models.TextField()
    events = ArrayField(models.TextField(choices=What))
    secret_sealed = models.BinaryField()
    """Under the organisation's keyset."""
    before_sealed = models.BinaryField(null=True)
    before_until = models.DateTimeField(null=True)
    """The secret before, which signs too until then."""
    made_by = models.UUIDField()
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(url__startswith="https://"), name="subscription_is_to_https"),
        ]


class Delivery(Owned):
    """One event for one address. Nothing of a patient's is in it: the reader asks back, with a token."""

    subscription_id = models.UUIDField()
    subscription = belongs_to(Subscription, "subscription_id")
    event_id = models.UUIDField()
    what = models.TextField(choices=What)
    envelope_id = models.UUIDField()
    happened_at = models.DateTimeField()
    state = models.TextField(choices=DeliveryState, default=DeliveryState.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    why = models.TextField(blank=True)
    """Why the last try failed, in a word."""
    next_try_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="subscription_id", to="webhooks.Subscription", name="delivery_is_to_one_of_its_organisation"
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "subscription_id", "event_id"], name="delivery_of_an_event_is_one"
            ),
            models.CheckConstraint(
                condition=models.Q(state=DeliveryState.WAITING, settled_at=None)
                | (~models.Q(state=DeliveryState.WAITING) & models.Q(settled_at__isnull=False)),
                name="delivery_settled_at_set_exactly_when_settled",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation_id", "happened_at"], name="delivery_newest"),
            models.Index(fields=["settled_at"], name="delivery_by_end"),
        ]
