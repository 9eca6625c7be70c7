"""Keysets, blobs, and how far each check of them went."""

from typing import ClassVar

from django.contrib.postgres.indexes import HashIndex
from django.db import models

from telesphore.kernel.identifiers import uuid7
from telesphore.kernel.rows import Owned, SameOrganisation, belongs_to


class Keyset(Owned):
    """The keys of one patient, or of the organisation itself, wrapped by the master key.

    Two Tink keysets, each serialised as a Tink `EncryptedKeyset`: one of streaming AEAD for blobs, one of AEAD for
    short texts. Erasure sets both to null; the row stays as a tombstone.
    """

    patient_id = models.UUIDField(null=True, editable=False)
    master_key = models.TextField()
    """Name of the master key that wrapped both."""
    blob_keys = models.BinaryField(null=True)
    text_keys = models.BinaryField(null=True)
    version = models.PositiveIntegerField(default=1)
    """Counts the changes of the wrapped keys, so that two of them never overwrite one another."""
    created_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(erased_at=None, blob_keys__isnull=False, text_keys__isnull=False)
                | models.Q(erased_at__isnull=False, blob_keys=None, text_keys=None),
                name="keyset_keys_gone_exactly_when_erased",
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "patient_id"],
                condition=models.Q(erased_at=None),
                name="keyset_one_living_per_patient",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["master_key"], name="keyset_by_master_key")]


class Blob(Owned):
    """Facts about one encrypted document; its bytes are in the store, under a name made of both ids."""

    key_id = models.UUIDField(editable=False)
    keyset = belongs_to(Keyset, "key_id")
    media_type = models.TextField()
    size = models.PositiveBigIntegerField()
    sha256 = models.BinaryField(null=True)
    """Of the plaintext; null once erased, because it could still confirm a guess."""
    stored_size = models.PositiveBigIntegerField()
    stored_sha256 = models.BinaryField()
    kept_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(column="key_id", to="vault.Keyset", name="blob_keyset_of_same_organisation"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation_id", "key_id"], name="blob_by_keyset"),
            # Tells to which document a stray file belongs.
            HashIndex(fields=["stored_sha256"], name="blob_by_stored_sha256"),
        ]


class Check(models.Model):
    """One reading of all that the vault holds, and how far it went: an interrupted one goes on from there."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    after_organisation = models.UUIDField(null=True)
    after_blob = models.UUIDField(null=True)
    blobs = models.PositiveBigIntegerField(default=0)
    stored_bytes = models.PositiveBigIntegerField(default=0)
    findings = models.JSONField(default=list)
