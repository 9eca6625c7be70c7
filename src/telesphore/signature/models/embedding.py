"""Signing inside another software's page: which pages may, and the short ways in that were made for it."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from telesphore.kernel.rows import Owned, SameOrganisation, belongs_to
from telesphore.signature.models.envelopes import Recipient


class FramingOrigin(Owned):
    """A page's origin that an administrator let show our pages within its own."""

    origin = models.TextField()
    """As browsers write it: `https://host`, with `:port` unless it is 443."""
    made_by = models.UUIDField()
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(origin__startswith="https://"), name="framing_origin_is_https"),
            models.UniqueConstraint(
                fields=["organisation_id", "origin"],
                condition=models.Q(ended_at=None),
                name="framing_origin_is_one",
            ),
        ]


class Embedding(Owned):
    """A way for one awaited recipient into a frame, used once: its own link leads no further than to the code; beyond,
    one is inside by the recipient's link, as if come by it."""

    recipient_id = models.UUIDField()
    recipient = belongs_to(Recipient, "recipient_id")
    link_id = models.UUIDField()
    """The short link, of which the program has the token."""
    recipient_link_id = models.UUIDField()
    """The recipient's own link at that time: when it is revoked, this is worth nothing."""
    origins = ArrayField(models.TextField())
    made_by = models.UUIDField()
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="recipient_id", to="signature.Recipient", name="embedding_is_of_a_recipient_of_its_organisation"
            ),
            models.UniqueConstraint(fields=["organisation_id", "link_id"], name="embedding_is_one_of_its_link"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation_id", "recipient_id", "made_at"], name="embedding_by_recipient")
        ]
