"""Authorities, and the certificates that they gave."""

from typing import ClassVar

from django.db import models

from telesphore.kernel.rows import Owned, SameOrganisation, belongs_to
from telesphore.pki.states import Profile


class Authority(Owned):
    """An organisation's two levels: a root, which people trust, and the authority under it, which issues.

    Private keys are PKCS#8 PEM, sealed by the vault under the organisation's keyset.
    """

    root = models.BinaryField()
    """DER."""
    root_key_sealed = models.BinaryField()
    issuing = models.BinaryField()
    """DER."""
    issuing_key_sealed = models.BinaryField()
    key_id = models.UUIDField(editable=False)
    established_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation_id"], name="authority_one_per_organisation"),
        ]


class Certificate(Owned):
    """One certificate given. The bytes of a person's are kept in the files that they sign, nowhere else; a seal's are
    kept with its key."""

    authority_id = models.UUIDField()
    authority = belongs_to(Authority, "authority_id")
    profile = models.TextField(choices=Profile)
    serial_number = models.TextField()
    """Of the certificate, hexadecimal."""
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
                    profile=Profile.SEAL, content__isnull=False, key_sealed__isnull=False, key_id__isnull=False
                )
                | models.Q(~models.Q(profile=Profile.SEAL), content=None, key_sealed=None, key_id=None),
                name="certificate_content_kept_exactly_for_seals",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation_id", "profile", "expires_at"], name="certificate_by_profile"),
        ]
