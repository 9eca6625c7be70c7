"""What is told, and the life of a delivery."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _


class What(models.TextChoices):
    """What happened to an envelope."""

    SENT = "envelope.sent", _("sent")
    ACTED = "recipient.acted", _("a recipient acted")
    COMPLETED = "envelope.completed", _("completed")
    DECLINED = "envelope.declined", _("declined")
    VOIDED = "envelope.voided", _("withdrawn")
    EXPIRED = "envelope.expired", _("expired")
    WITHDRAWN = "consent.withdrawn", _("consent withdrawn by the patient")


class DeliveryState(models.TextChoices):
    """Where a delivery is."""

    WAITING = "waiting", _("waiting")
    DELIVERED = "delivered", _("delivered")
    DEAD = "dead", _("given up")


MOST_SUBSCRIPTIONS = 20
"""Living ones of one organisation."""

DELAYS = tuple(
    timedelta(seconds=seconds) for seconds in (10, 60, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 24 * 3600, 24 * 3600)
)
"""Before each new try: ten tries in almost three days."""

OVERLAP = timedelta(hours=24)
"""During which the secret before signs too."""

KEPT = timedelta(days=90)
"""How long a settled delivery is kept."""

SHOWN = 50
"""Deliveries on the page, the newest first."""
