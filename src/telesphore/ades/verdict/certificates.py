"""A certificate as validation needs it: read once, nothing asked of it twice."""

import hashlib
import warnings
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtensionOID, NameOID

from telesphore.ades.paths import UNREADABLE
from telesphore.ades.verdict.result import Signer

Parameters = padding.PSS | padding.PKCS1v15 | ec.ECDSA | None
_Kind = TypeVar("_Kind", bound=x509.ExtensionType)
NameKey = tuple[frozenset[tuple[str, str]], ...]

LARGEST = 64 * 2**10
"""Bytes of one certificate."""

_KNOWN = frozenset(
    (
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.ISSUER_ALTERNATIVE_NAME,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.INHIBIT_ANY_POLICY,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.OCSP_NO_CHECK,
        x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3"),  # qcStatements
    )
)
_NO_REVOCATION = (
    x509.ObjectIdentifier("0.4.0.194121.2.1"),  # ETSI EN 319 412-1 §5.2.2, valassured-ST-certs
    x509.ObjectIdentifier("2.5.29.56"),  # RFC 9608, noRevAvail
)
_SHORT = timedelta(days=1)


class Malformed(Exception):
    """These bytes are not a certificate that can be read."""


class Certificate:
    """A certificate and what validation asks of it.

    Attributes:
        der: its bytes.
        subject, issuer: names made comparable (RFC 5280 §7.1: case and inner spaces don't count).
        since, until: both included.
        digest: name of the digest that its issuer signed, as `hashlib` writes it; empty when the scheme has none.
    """

    def __init__(self, der: bytes) -> None:
        """Read it.

        Raises:
            Malformed
        """
        if len(der) > LARGEST:
            raise Malformed
        self.der = der
        try:
            with warnings.catch_warnings():
                # Odd serial numbers and the like: what matters is checked here.
                warnings.simplefilter("ignore", CryptographyDeprecationWarning)
                self.x509 = x509.load_der_x509_certificate(der)
                self.serial = self.x509.serial_number
            self.subject = comparable(self.x509.subject)
            self.issuer = comparable(self.x509.issuer)
            self.since: datetime = self.x509.not_valid_before_utc
            self.until: datetime = self.x509.not_valid_after_utc
            self.key = self.x509.public_key()
            self._extensions = {extension.oid: extension for extension in self.x509.extensions}
        except UNREADABLE:
            raise Malformed from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and self.der == other.der

    def __hash__(self) -> int:
        return hash(self.der)

    def __repr__(self) -> str:
        return f"<Certificate {self.name}>"

    @cached_property
    def sha256(self) -> str:
        """Of its bytes, hexadecimal."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def self_issued(self) -> bool:
        """Same name above and below (RFC 5280 §6.1)."""
        return self.subject == self.issuer

    @cached_property
    def constraints(self) -> x509.BasicConstraints | None:
        """basicConstraints."""
        return self._extension(x509.BasicConstraints)

    @property
    def may_issue(self) -> bool:
        """A CA by its basicConstraints; a version 1 certificate says nothing, and is believed only as an anchor."""
        return self.constraints is not None and self.constraints.ca

    @cached_property
    def usage(self) -> x509.KeyUsage | None:
        """keyUsage; None allows all."""
        return self._extension(x509.KeyUsage)

    @cached_property
    def extended_usage(self) -> frozenset[str] | None:
        """Dotted extendedKeyUsage; None allows all."""
        found = self._extension(x509.ExtendedKeyUsage)
        return None if found is None else frozenset(oid.dotted_string for oid in found)

    @cached_property
    def extended_usage_critical(self) -> bool:
        """Whether extendedKeyUsage is critical."""
        found = self._extensions.get(ExtensionOID.EXTENDED_KEY_USAGE)
        return found is not None and found.critical

    @cached_property
    def name_constraints(self) -> x509.NameConstraints | None:
        """nameConstraints."""
        return self._extension(x509.NameConstraints)

    @cached_property
    def alternative_names(self) -> Sequence[x509.GeneralName]:
        """subjectAltName."""
        found = self._extension(x509.SubjectAlternativeName)
        return () if found is None else tuple(found)

    @cached_property
    def key_identifier(self) -> bytes | None:
        """subjectKeyIdentifier."""
        found = self._extension(x509.SubjectKeyIdentifier)
        return None if found is None else found.digest

    @cached_property
    def issuer_key_identifier(self) -> bytes | None:
        """authorityKeyIdentifier's keyIdentifier."""
        found = self._extension(x509.AuthorityKeyIdentifier)
        return None if found is None else found.key_identifier

    @cached_property
    def revocation_points(self) -> frozenset[str]:
        """Addresses of CRLs."""
        found = self._extension(x509.CRLDistributionPoints)
        return frozenset(
            str(name.value)
            for point in found or ()
            for name in point.full_name or ()
            if isinstance(name, x509.UniformResourceIdentifier)
        )

    @cached_property
    def unknown_critical(self) -> str:
        """Dotted identifier of a critical extension that we don't know; empty for none."""
        for oid, extension in self._extensions.items():
            if extension.critical and oid not in _KNOWN:
                return str(oid.dotted_string)
        return ""

    @cached_property
    def needs_no_revocation(self) -> bool:
        """It says so, or lives for a day at most (ETSI EN 319 411-1 §6.3.9)."""
        return any(oid in self._extensions for oid in _NO_REVOCATION) or self.until - self.since <= _SHORT

    @property
    def checked_by_nobody(self) -> bool:
        """id-pkix-ocsp-nocheck: a responder's own certificate needs no revocation data (RFC 6960 §4.2.2.2.1)."""
        return ExtensionOID.OCSP_NO_CHECK in self._extensions

    @cached_property
    def qualified_statements(self) -> bytes:
        """DER of qcStatements (RFC 3739 §3.2.6); empty for none."""
        found = self._extensions.get(x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3"))
        return found.value.value if found is not None and isinstance(found.value, x509.UnrecognizedExtension) else b""

    @cached_property
    def policies(self) -> frozenset[str]:
        """Dotted certificatePolicies."""
        found = self._extension(x509.CertificatePolicies)
        return frozenset() if found is None else frozenset(one.policy_identifier.dotted_string for one in found)

    @cached_property
    def key_strength(self) -> tuple[str, int]:
        """Kind and bits of the key, as an algorithm policy names them."""
        match self.key:
            case rsa.RSAPublicKey():
                return "rsa", self.key.key_size
            case ec.EllipticCurvePublicKey():
                return "ec", self.key.key_size
            case ed25519.Ed25519PublicKey():
                return "ed25519", 256
        return type(self.key).__name__, 0

    @cached_property
    def digest(self) -> str:
        """What its issuer hashed; Ed25519 hashes with SHA-512 inside."""
        try:
            return digest_name(self.x509.signature_hash_algorithm) or "sha512"
        except UnsupportedAlgorithm:
            return "unknown"

    @cached_property
    def key_bytes(self) -> bytes:
        """DER of SubjectPublicKeyInfo."""
        return self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def issued(self, other: "Certificate") -> bool:
        """Whether this certificate's key verifies the other; names are for the caller to compare."""
        try:
            return verifies(
                self.key,
                other.x509.signature,
                other.x509.tbs_certificate_bytes,
                other.x509.signature_algorithm_parameters,
                other.x509.signature_hash_algorithm,
            )
        except (UnsupportedAlgorithm, ValueError, TypeError):
            return False

    @cached_property
    def name(self) -> str:
        """Whom to say it is: the common name, or given name and surname, or the organisation."""
        common = self._name(NameOID.COMMON_NAME)
        person = " ".join(filter(None, (self._name(NameOID.GIVEN_NAME), self._name(NameOID.SURNAME))))
        return common or person or self._name(NameOID.ORGANIZATION_NAME) or self._name(NameOID.ORGANIZATIONAL_UNIT_NAME)

    def signer(self) -> Signer:
        """As verdicts write it."""
        issuer = self.x509.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
        return Signer(
            name=self.name,
            role=self._name(NameOID.TITLE),
            identifier=self._name(NameOID.SERIAL_NUMBER),
            organisation=self._name(NameOID.ORGANIZATION_NAME),
            certificate=self.der,
            certificate_sha256=self.sha256,
            issuer=str(issuer[0].value) if issuer else "",
        )

    def _name(self, oid: x509.ObjectIdentifier) -> str:
        found = self.x509.subject.get_attributes_for_oid(oid)
        return str(found[0].value) if found else ""

    def _extension(self, kind: type[_Kind]) -> _Kind | None:
        found = self._extensions.get(kind.oid)
        return found.value if found is not None and isinstance(found.value, kind) else None


def comparable(name: x509.Name) -> NameKey:
    """A name as RFC 5280 §7.1 compares it, near enough: case and runs of spaces don't count."""
    return tuple(
        frozenset(
            (attribute.oid.dotted_string, " ".join(str(attribute.value).casefold().split())) for attribute in part
        )
        for part in name.rdns
    )


def digest_name(algorithm: HashAlgorithm | None) -> str:
    """As `hashlib` writes it; empty for none."""
    return "" if algorithm is None else str(algorithm.name).replace("-", "_")


def verifies(
    key: object, signature: bytes, content: bytes, parameters: Parameters, digest: HashAlgorithm | None
) -> bool:
    """Whether a public key verifies a signature; False for kinds of key that we don't know."""
    try:
        match key, parameters:
            case rsa.RSAPublicKey(), padding.PSS() | padding.PKCS1v15() if digest is not None:
                key.verify(signature, content, parameters, digest)
            case ec.EllipticCurvePublicKey(), ec.ECDSA():
                key.verify(signature, content, parameters)
            case ((ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey()), None):
                key.verify(signature, content)
            case _:
                return False
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True


def read(ders: Sequence[bytes]) -> tuple[Certificate, ...]:
    """Those that can be read, once each, in order."""
    found = []
    for der in dict.fromkeys(ders):
        try:
            found.append(Certificate(der))
        except Malformed:
            continue
    return tuple(found)
