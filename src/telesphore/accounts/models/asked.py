"""What a program asked, and the answer that it was given: asked again, it gets the same one."""

from typing import ClassVar

from django.db import models

from telesphore.accounts.models.entries import ApiToken
from telesphore.kernel.rows import Owned, SameOrganisation, belongs_to


class Asked(Owned):
    """One request of a token under a key of its own choosing (the header Idempotency-Key); gone after a day."""

    token_id = models.UUIDField()
    token = belongs_to(ApiToken, "token_id")
    key = models.TextField()
    salt = models.BinaryField(max_length=16)
    request_hmac = models.BinaryField(max_length=32)
    """HMAC-SHA-256 of what was asked, under `salt`: the body may be health data, and short."""
    begun_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    """Of the answer; None while it is being made."""
    answer_sealed = models.BinaryField(null=True)
    """Media type and content, JSON, under the organisation's keyset."""

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(column="token_id", to="accounts.ApiToken", name="asked_by_a_token_of_its_organisation"),
            models.UniqueConstraint(fields=["organisation_id", "token_id", "key"], name="asked_once_per_key"),
            models.CheckConstraint(
                condition=models.Q(status=None, answer_sealed=None)
                | models.Q(status__isnull=False, answer_sealed__isnull=False),
                name="asked_has_an_answer_exactly_when_answered",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["begun_at"], name="asked_by_time")]
