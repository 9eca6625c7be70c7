"""What is trusted, how certificates stand, and what signatures are worth by it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography import x509
from django.db.models import QuerySet
from django.utils import formats

from telesphore.ades import validation
from telesphore.ades.validation import SignatureFacts
from telesphore.pki import access
from telesphore.pki.errors import CertificateNotYet, CertificateOver, CertificateRevoked
from telesphore.pki.formats import certificates
from telesphore.pki.formats.revocation import Revoked
from telesphore.pki.models import Authority, Certificate, Revocation, RevocationList
from telesphore.pki.states import Level, Standing


def trust_anchors(organisation_id: UUID) -> list[bytes]:
    """DER of the roots that an organisation trusts: its own, every generation's, once it has issued anything."""
    return _roots(Authority.objects.filter(organisation_id=organisation_id).order_by("generation"))


def all_trust_anchors() -> list[bytes]:
    """DER of the roots of every organisation of this instance."""
    return _roots(Authority.objects.order_by("organisation_id", "generation"))


def _roots(rows: "QuerySet[Authority]") -> list[bytes]:
    return list(dict.fromkeys(bytes(root) for root in rows.values_list("root", flat=True)))


def trust_anchors_pem(organisation_id: UUID) -> bytes:
    """The same, as one PEM file for other people's validators."""
    return certificates.as_pem(trust_anchors(organisation_id))


def inspect_signatures(pdf: bytes, *, organisation_id: UUID, at: datetime) -> tuple[SignatureFacts, ...]:
    """The signatures of a file, by the trust of this organisation, in the order they were made.

    Raises:
        NotSignable: not a PDF that we can read.
    """
    return validation.inspect(pdf, anchors=trust_anchors(organisation_id), at=at)


def inspect_with_all_authorities(pdf: bytes, *, at: datetime) -> tuple[SignatureFacts, ...]:
    """The signatures of a file, by the trust of every organisation of this instance. Raises as `inspect_signatures`."""
    return validation.inspect(pdf, anchors=all_trust_anchors(), at=at)


@dataclass(frozen=True, slots=True)
class CertificateStatus:
    """How a certificate stands.

    Attributes:
        since: from when on: its end, its revocation, its beginning; None when it is good or foreign.
        reason: why it was revoked, as `states.Reason`; empty otherwise.
    """

    standing: Standing
    since: datetime | None = None
    reason: str = ""


def certificate_status(certificate: bytes, *, organisation_id: UUID, at: datetime) -> CertificateStatus:
    """How a certificate (DER) stands at this instant; expiry is told of foreign ones too, revocation of ours only.

    A revocation later than `at` does not count. That of the authority counts as the certificate's own.

    Raises:
        ValueError: it is no certificate.
    """
    parsed = x509.load_der_x509_certificate(certificate)
    if at < parsed.not_valid_before_utc:
        return CertificateStatus(Standing.NOT_YET, parsed.not_valid_before_utc)
    row = Certificate.objects.filter(
        organisation_id=organisation_id,
        serial_number=f"{parsed.serial_number:x}",
        sha256=hashlib.sha256(certificate).digest(),
    ).first()
    if row is not None:
        revoked = revocation_of(row, at)
        if revoked is not None:
            return CertificateStatus(Standing.REVOKED, revoked.at, revoked.reason)
    if at > parsed.not_valid_after_utc:
        return CertificateStatus(Standing.EXPIRED, parsed.not_valid_after_utc)
    return CertificateStatus(Standing.GOOD if row else Standing.FOREIGN)


def check_may_sign(certificate: bytes, *, organisation_id: UUID, at: datetime) -> None:
    """Refuse to sign with a certificate (DER) that is over, or that one of our authorities revoked.

    Raises:
        CertificateNotYet, CertificateOver, CertificateRevoked: with the date, which the sentence says.
        ValueError: it is no certificate.
    """
    status = certificate_status(certificate, organisation_id=organisation_id, at=at)
    refusals = {
        Standing.NOT_YET: CertificateNotYet,
        Standing.EXPIRED: CertificateOver,
        Standing.REVOKED: CertificateRevoked,
    }
    if status.standing in refusals:
        assert status.since is not None
        raise refusals[status.standing](date=formats.date_format(status.since, "DATE_FORMAT"))


def revocation_of(row: Certificate, at: datetime) -> Revocation | None:
    """The first revocation that fells a certificate: its own, or its authority's."""
    rows = Revocation.objects.filter(organisation_id=row.organisation_id, authority_id=row.authority_id, at__lte=at)
    return (rows.filter(certificate_id=row.id) | rows.filter(certificate_id=None)).order_by("at").first()


def latest_list(authority: Authority, level: Level) -> RevocationList | None:
    """The last list that an authority (or the root that it holds) published."""
    return (
        RevocationList.objects.filter(organisation_id=authority.organisation_id, authority_id=authority.id, level=level)
        .order_by("-number")
        .first()
    )


def revoked_by(authority: Authority, level: Level) -> list[Revoked]:
    """All that an authority revoked; for `Level.ROOT`, the issuing authorities that the root which it holds revoked."""
    rows = Revocation.objects.filter(organisation_id=authority.organisation_id).order_by("at")
    if level is Level.ISSUING:
        found = rows.filter(authority_id=authority.id, certificate_id__isnull=False).select_related("certificate")
        return [Revoked(int(row.certificate.serial_number, 16), row.at, row.reason) for row in found if row.certificate]
    found = rows.filter(certificate_id=None, authority__root=bytes(authority.root)).select_related("authority")
    return [
        Revoked(x509.load_der_x509_certificate(bytes(row.authority.issuing)).serial_number, row.at, row.reason)
        for row in found
    ]


def published_list(authority_id: UUID, level: Level) -> RevocationList | None:
    """What is served as an authority's list; for `Level.ROOT`, its root's.

    Raises:
        AuthorityNotFound
    """
    authority = access.find(authority_id)
    if level is Level.ROOT:
        authority = access.holder_of_root(authority)
    return latest_list(authority, level)
