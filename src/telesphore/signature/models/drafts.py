"""What is composed and not yet sent."""

from typing import ClassVar

from django.db import models

from telesphore.kernel.rows import Owned


class Draft(Owned):
    """An envelope still being composed; sent, it becomes an `Envelope` under the same id, and its row goes."""

    patient_id = models.UUIDField()
    key_id = models.UUIDField()
    sender_id = models.UUIDField()
    content_sealed = models.BinaryField()
    """A `Composition` as JSON, under the patient's keyset."""
    version = models.PositiveIntegerField(default=1)
    """Raised by each change: two windows don't overwrite each other."""
    template_version_id = models.UUIDField(null=True)
    follows_id = models.UUIDField(null=True)
    """The envelope that was declined, voided or expired, and that this one sends again."""
    begun_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organisation_id", "sender_id", "changed_at"], name="draft_by_sender"),
        ]
