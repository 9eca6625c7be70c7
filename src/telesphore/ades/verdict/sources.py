"""What OCSP responses (RFC 6960) and CRLs (RFC 5280 §5) say, as their bytes have it: of whom, by whom, until when."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from asn1crypto import keys
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import SignatureAlgorithmOID

from telesphore.ades.verdict.certificates import Certificate, Parameters, comparable, verifies

WITHOUT_NEXT_UPDATE = timedelta(days=1)
"""How long a source that announces no next one stays fresh."""
_EXPIRED_ON_CRL = x509.ObjectIdentifier("2.5.29.60")
_KNOWN_CRL_EXTENSIONS = frozenset((x509.IssuingDistributionPoint.oid, x509.AuthorityKeyIdentifier.oid))


@dataclass(frozen=True, slots=True)
class Status:
    """What one source says of one certificate.

    Attributes:
        source: DER of the OCSP response or CRL.
        revoked_at: None for a certificate that is not.
        knows_expired_since: certificates that expired after this are still listed; None for none.
        digest, key: what the source's own signature rests on.
    """

    source: bytes
    this_update: datetime
    next_update: datetime | None
    revoked_at: datetime | None
    reason: x509.ReasonFlags | None
    knows_expired_since: datetime | None
    digest: str
    key: tuple[str, int]

    def fresh_at(self, moment: datetime) -> bool:
        """It speaks of this moment: it came after it, or is not yet superseded."""
        if self.this_update >= moment:
            return True
        return moment <= (self.next_update or self.this_update + WITHOUT_NEXT_UPDATE)


def is_about(single: ocsp.OCSPSingleResponse, certificate: Certificate, issuer: Certificate) -> bool:
    name = single.hash_algorithm.name.replace("-", "_")
    if name not in ("sha1", "sha256", "sha384", "sha512"):
        return False
    key = keys.PublicKeyInfo.load(issuer.key_bytes)["public_key"].contents[1:]
    return (
        hashlib.new(name, certificate.x509.issuer.public_bytes(), usedforsecurity=False).digest()
        == single.issuer_name_hash
        and hashlib.new(name, key, usedforsecurity=False).digest() == single.issuer_key_hash
    )


def is_responder(response: ocsp.OCSPResponse, one: Certificate) -> bool:
    if response.responder_key_hash is not None:
        key = keys.PublicKeyInfo.load(one.key_bytes)["public_key"].contents[1:]
        return hashlib.sha1(key, usedforsecurity=False).digest() == response.responder_key_hash
    return response.responder_name is not None and comparable(response.responder_name) == one.subject


def is_signed_by(response: ocsp.OCSPResponse, one: Certificate) -> bool:
    digest = response.signature_hash_algorithm
    parameters: Parameters = None
    if response.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS:
        if digest is None:
            return False
        parameters = padding.PSS(padding.MGF1(digest), padding.PSS.AUTO)
    elif isinstance(one.key, rsa.RSAPublicKey):
        parameters = padding.PKCS1v15()
    elif isinstance(one.key, ec.EllipticCurvePublicKey) and digest is not None:
        parameters = ec.ECDSA(digest)
    return verifies(one.key, response.signature, response.tbs_response_bytes, parameters, digest)


def archive_cutoff(response: ocsp.OCSPResponse) -> datetime | None:
    """RFC 6960 §4.4.4; read for responses about one certificate only."""
    if len(list(response.responses)) != 1:
        return None
    for extension in response.single_extensions:
        if extension.oid == x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1.6") and isinstance(
            extension.value, x509.UnrecognizedExtension
        ):
            return _generalized_time(extension.value.value)
    return None


def expired_since(crl: x509.CertificateRevocationList) -> datetime | None:
    """ExpiredCertsOnCRL (X.509 §9.5.2.6)."""
    for extension in crl.extensions:
        if extension.oid == _EXPIRED_ON_CRL and isinstance(extension.value, x509.UnrecognizedExtension):
            return _generalized_time(extension.value.value)
    return None


def _generalized_time(der: bytes) -> datetime | None:
    """YYYYMMDDHHMMSSZ, as RFC 5280 §4.1.2.5.2 wants it."""
    try:
        return datetime.strptime(der[2:].decode("ascii"), "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def speaks_of(crl: x509.CertificateRevocationList, certificate: Certificate) -> bool:
    """RFC 5280 §6.3.3 (b): this list is a whole one, and this certificate would be on it."""
    for extension in crl.extensions:
        if extension.critical and extension.oid not in _KNOWN_CRL_EXTENSIONS:
            return False
        if isinstance(extension.value, x509.DeltaCRLIndicator):
            return False
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            point = extension.value
            if point.indirect_crl or point.only_contains_attribute_certs or point.only_some_reasons:
                return False
            if (point.only_contains_user_certs and certificate.may_issue) or (
                point.only_contains_ca_certs and not certificate.may_issue
            ):
                return False
            addresses = {
                str(name.value) for name in point.full_name or () if isinstance(name, x509.UniformResourceIdentifier)
            }
            if (point.full_name or point.relative_name) and not addresses & certificate.revocation_points:
                return False
    return True


def crl_reason(entry: x509.RevokedCertificate) -> x509.ReasonFlags | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return None
