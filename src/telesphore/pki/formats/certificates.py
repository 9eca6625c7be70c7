"""Make certificates. None of these is qualified, and each authority's name says so.

Keys are EC P-256, signatures ECDSA with SHA-256.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

LONGEST_COMMON_NAME = 64
"""RFC 5280 appendix A, ub-common-name."""
_EARLY = timedelta(days=1)
"""An authority is valid from the day before, for clocks that disagree."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate (DER) and its private key."""

    certificate: bytes
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    def key_pem(self) -> str:
        """PKCS#8, in clear: to be sealed at once."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @classmethod
    def load(cls, certificate: bytes, key_pem: str) -> "Pair":
        """What was kept."""
        key = load_pem_private_key(key_pem.encode(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return cls(certificate, key)


def new_key() -> ec.EllipticCurvePrivateKey:
    """A fresh P-256 key, in memory."""
    return ec.generate_private_key(ec.SECP256R1())


def subject(
    common_name: str,
    *,
    given_name: str = "",
    family_name: str = "",
    serial_number: str = "",
    title: str = "",
    organisation: str = "",
) -> x509.Name:
    """A distinguished name, in France; what is empty is left out (EN 319 412-2 §4.2.4 for natural persons)."""
    parts = (
        (NameOID.COUNTRY_NAME, "FR"),
        (NameOID.ORGANIZATION_NAME, organisation),
        (NameOID.TITLE, title),
        (NameOID.GIVEN_NAME, given_name),
        (NameOID.SURNAME, family_name),
        (NameOID.SERIAL_NUMBER, serial_number),
        (NameOID.COMMON_NAME, common_name[:LONGEST_COMMON_NAME]),
    )
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts if value])


def make_root(name: x509.Name, *, at: datetime, lasts: timedelta) -> Pair:
    """A root authority, signed by itself."""
    key = new_key()
    return Pair(_build(name, name, key.public_key(), key, at - _EARLY, at + lasts, path_length=1), key)


def make_issuing(name: x509.Name, root: Pair, *, at: datetime, lasts: timedelta) -> Pair:
    """An authority under `root`, which issues to people and organisations only."""
    key = new_key()
    return Pair(_issue(name, key.public_key(), root, at - _EARLY, at + lasts, path_length=0), key)


def make_signer(name: x509.Name, key: PublicKey, issuing: Pair, *, valid: tuple[datetime, datetime]) -> bytes:
    """The certificate (DER) of a signer or a seal: its key is for signatures that commit, nothing else."""
    return _issue(name, key, issuing, *valid, path_length=None)


def _issue(
    name: x509.Name, key: PublicKey, issuer: Pair, since: datetime, until: datetime, path_length: int | None
) -> bytes:
    above = x509.load_der_x509_certificate(issuer.certificate)
    return _build(name, above.subject, key, issuer.key, since, until, path_length)


def _build(
    name: x509.Name,
    issuer: x509.Name,
    key: PublicKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    since: datetime,
    until: datetime,
    path_length: int | None,
) -> bytes:
    authority = path_length is not None
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(since.replace(microsecond=0))
        .not_valid_after(until.replace(microsecond=0))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=path_length), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.DER)


def as_pem(certificates: Sequence[bytes]) -> bytes:
    """One PEM file of several DER certificates."""
    return b"".join(x509.load_der_x509_certificate(one).public_bytes(Encoding.PEM) for one in certificates)
