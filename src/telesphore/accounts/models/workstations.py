"""Workstations whose card agent is paired with this server."""

from typing import ClassVar

from django.db import models

from telesphore.accounts.models.people import Person
from telesphore.kernel.identifiers import uuid7


class Workstation(models.Model):
    """A paired card agent: a place, used by whoever sits there.

    Attributes:
        public_key: the agent's Ed25519 key, 32 bytes raw.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation_id = models.UUIDField()
    name = models.TextField()
    public_key = models.BinaryField()
    paired_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    paired_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["organisation_id"], name="workstation_by_organisation")]


class Pairing(models.Model):
    """A code shown on a page, to be typed into an agent: once, within ten minutes."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation_id = models.UUIDField()
    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    name = models.TextField()
    code_hash = models.BinaryField()
    """HMAC-SHA-256 of the code's first half under the instance's secret."""
    sealed_key = models.BinaryField(null=True)
    """The key made from the whole code, sealed under the instance's secret; erased once used, or once over."""
    tries = models.PositiveSmallIntegerField(db_default=0)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    workstation = models.ForeignKey(Workstation, models.PROTECT, null=True, related_name="+")
    """What came of it."""

    class Meta:
        indexes: ClassVar = [models.Index(fields=["code_hash"], name="pairing_by_code")]
