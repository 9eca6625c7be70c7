"""Links, their codes and their receipts."""

from typing import ClassVar

from django.db import models

from telesphore.kernel.rows import InsertOnly, Owned, SameOrganisation, belongs_to


class Link(Owned):
    """A capability: whoever holds its token sees the landing page; whoever has the code too goes in.

    Whether it lives is derived, never stored: not revoked, not expired, not used up, tries left.
    """

    token_hash = models.BinaryField(max_length=32)
    """SHA-256 of the token; the token itself is nowhere at rest but in the encrypted notice that carries it."""
    purpose = models.TextField()
    """What is behind it: `signature:sign`, `signature:copy`, `accounts:join`."""
    subject_id = models.UUIDField()
    patient_id = models.UUIDField(null=True)
    """Whose record is behind it; None for a member's invitation."""
    phone = models.TextField()
    """Where codes go, E.164; empty when the code is given by voice."""
    language = models.CharField(max_length=5)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    used_up_at = models.DateTimeField(null=True)
    tries_left = models.PositiveSmallIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation_id", "token_hash"], name="link_token_held_once"),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("created_at")), name="link_expires_after_its_creation"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["token_hash"], name="link_by_token"),
            models.Index(fields=["organisation_id", "subject_id"], name="link_by_subject"),
        ]


class Code(Owned):
    """A one-time code sent for a link; only the newest one counts."""

    link_id = models.UUIDField()
    link = belongs_to(Link, "link_id")
    code_hash = models.BinaryField(max_length=32)
    """HMAC-SHA-256 under the instance's secret: six digits alone could be guessed from a plain hash."""
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(column="link_id", to="links.Link", name="code_is_for_a_link_of_its_organisation"),
        ]
        indexes: ClassVar = [models.Index(fields=["organisation_id", "link_id", "sent_at"], name="code_by_link")]


class Receipt(Owned, InsertOnly):
    """What became of a link: its landing page was opened, or what is behind it was revealed. Two different things:
    mail gateways open links, only a person with the code reveals."""

    class Kind(models.TextChoices):
        OPENED = "opened"
        REVEALED = "revealed"

    link_id = models.UUIDField()
    link = belongs_to(Link, "link_id")
    kind = models.TextField(choices=Kind)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(column="link_id", to="links.Link", name="receipt_is_for_a_link_of_its_organisation"),
        ]
        indexes: ClassVar = [models.Index(fields=["organisation_id", "link_id", "at"], name="receipt_by_link")]
