"""Authorities, the certificates that they gave, what was revoked, and the lists that say so."""

from typing import ClassVar

from django.db import models

from telesphore.kernel.rows import InsertOnly, Owned, SameOrganisation, belongs_to
from telesphore.pki.states import OWN_KEYS, Level, Profile, Reason


class Authority(Owned):
    """One generation of an organisation's two levels: a root, which people trust, and the authority under it, which
    issues. The newest generation issues; the earlier ones answer for what they issued. Several may have one root.

    Private keys are PKCS#8 PEM, sealed by the vault under the organisation's keyset.
    """

    generation = models.IntegerField(db_default=1)
    organisation_name = models.TextField(db_default="")
    """As written into certificates, when the ceremony gave it."""
    organisation_identifier = models.TextField(db_default="")
    """With its semantics (EN 319 412-1 §5.1.4): `NTRFR-123456789`."""
    root = models.BinaryField()
    """DER."""
    root_key_sealed = models.BinaryField(null=True)
    """Kept with the first generation of its root; None once it was removed."""
    issuing = models.BinaryField()
    """DER."""
    issuing_key_sealed = models.BinaryField()
    key_id = models.UUIDField(editable=False)
    established_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation_id", "generation"], name="authority_one_per_generation"),
        ]
        # Their public addresses name them without their organisation.
        indexes: ClassVar = [models.Index(fields=["id"], name="authority_by_id")]


class Certificate(Owned):
    """One certificate given. The bytes of a person's are kept in the files that they sign, nowhere else; those whose
    key the platform holds are kept with their key."""

    authority_id = models.UUIDField()
    authority = belongs_to(Authority, "authority_id")
    profile = models.TextField(choices=Profile)
    serial_number = models.TextField()
    """Of the certificate, hexadecimal."""
    holder_id = models.UUIDField(null=True)
    """The member whom it is of, when it is known."""
    sha256 = models.BinaryField(max_length=32)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    content = models.BinaryField(null=True)
    """DER."""
    key_sealed = models.BinaryField(null=True)
    key_id = models.UUIDField(null=True)

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="authority_id", to="pki.Authority", name="certificate_is_by_an_authority_of_its_organisation"
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "serial_number"], name="certificate_serial_number_given_once"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    profile__in=OWN_KEYS, content__isnull=False, key_sealed__isnull=False, key_id__isnull=False
                )
                | models.Q(~models.Q(profile__in=OWN_KEYS), content=None, key_sealed=None, key_id=None),
                name="certificate_content_kept_exactly_when_its_key_is",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation_id", "profile", "expires_at"], name="certificate_by_profile"),
        ]


class Revocation(Owned, InsertOnly):
    """A certificate that no longer holds, from an instant on, for good.

    Without `certificate_id` it is the authority's own certificate, which its root revoked.
    """

    authority_id = models.UUIDField()
    authority = belongs_to(Authority, "authority_id")
    certificate_id = models.UUIDField(null=True)
    certificate = belongs_to(Certificate, "certificate_id", null=True)
    reason = models.TextField(choices=Reason)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="authority_id", to="pki.Authority", name="revocation_is_by_an_authority_of_its_organisation"
            ),
            SameOrganisation(
                column="certificate_id", to="pki.Certificate", name="revocation_is_of_a_certificate_of_its_organisation"
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "certificate_id"],
                condition=models.Q(certificate_id__isnull=False),
                name="revocation_of_a_certificate_happens_once",
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "authority_id"],
                condition=models.Q(certificate_id=None),
                name="revocation_of_an_authority_happens_once",
            ),
        ]


class RevocationList(Owned, InsertOnly):
    """A list that was published: an issuing authority's, or (kept with its first generation) a root's."""

    authority_id = models.UUIDField()
    authority = belongs_to(Authority, "authority_id")
    level = models.TextField(choices=Level)
    number = models.BigIntegerField()
    made_at = models.DateTimeField()
    next_update = models.DateTimeField()
    entries = models.IntegerField()
    """How many revocations it names."""
    content = models.BinaryField()
    """DER."""

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="authority_id", to="pki.Authority", name="revocation_list_is_by_an_authority_of_its_organisation"
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "authority_id", "level", "number"], name="revocation_list_number_given_once"
            ),
        ]


class TimestampCounter(Owned):
    """An organisation's time-stamps: how many were made, and when the last was."""

    made = models.BigIntegerField()
    last_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation_id"], name="timestamp_counter_one_per_organisation"),
        ]
