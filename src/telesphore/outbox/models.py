"""Notices, one row each."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _lazy

from telesphore.kernel.rows import Owned


class Channel(models.TextChoices):
    """How a notice travels."""

    EMAIL = "email", _lazy("e-mail")
    SMS = "sms", _lazy("SMS")


class Status(models.TextChoices):
    """Where a notice is."""

    WAITING = "waiting", _lazy("waiting")
    SENT = "sent", _lazy("sent")
    FAILED = "failed", _lazy("not delivered")


class Notice(Owned):
    """One message to one recipient. `sealed` holds address, subject and text until it is sent, then nothing."""

    channel = models.TextField(choices=Channel)
    kind = models.TextField()
    """What it is for: `links:code`, `signature:invitation`."""
    about = models.UUIDField()
    """The row that it speaks of."""
    sealed = models.BinaryField(null=True)
    status = models.TextField(choices=Status, default=Status.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    error_code = models.TextField(blank=True)
    queued_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(status=Status.WAITING, settled_at=None, sealed__isnull=False)
                | (~models.Q(status=Status.WAITING) & models.Q(settled_at__isnull=False, sealed=None)),
                name="notice_keeps_its_text_exactly_while_it_waits",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation_id", "about"], name="notice_by_what_it_is_about"),
            models.Index(fields=["organisation_id", "status", "queued_at"], name="notice_by_status"),
        ]
