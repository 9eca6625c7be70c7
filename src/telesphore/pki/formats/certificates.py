"""Make certificates (RFC 5280; ETSI EN 319 412-2 and -3). None is qualified, and each authority’s name says so.

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
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

_EARLY = timedelta(days=1)
"""An authority is valid from the day before, for clocks that disagree."""

ARC = "2.25.99881065085029236854019442640882189085"
"""Our identifiers' arc: made of a UUID, so that it needs no registrar (ITU-T X.667 §7)."""
POLICY_PATIENT, POLICY_PROFESSIONAL, POLICY_SEAL, POLICY_UNIT, POLICY_RESPONDER = (f"{ARC}.1.{n}" for n in range(1, 6))
POLICY_TIME = f"{ARC}.2.1"
"""Under which the local units stamp: not qualified, accurate to a second."""
ANY_POLICY = "2.5.29.32.0"
NOTICE = "Certificat non qualifié, émis par une autorité locale. Not a qualified certificate (eIDAS)."

_SHORT_TERM = x509.ObjectIdentifier("0.4.0.194121.2.1")
"""id-etsi-ext-valassured-ST-certs (EN 319 412-1 §5.2): its validity is so short that it needs no revocation."""
_DER_NULL = b"\x05\x00"


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


@dataclass(frozen=True, slots=True)
class Places:
    """Where relying parties find what they need: addresses written into a certificate; what is empty is left out.

    Attributes:
        crl: the list that would name this certificate.
        ocsp: who answers for it.
        issuer: the certificate above it.
    """

    crl: str = ""
    ocsp: str = ""
    issuer: str = ""


def new_key() -> ec.EllipticCurvePrivateKey:
    """A fresh P-256 key, in memory."""
    return ec.generate_private_key(ec.SECP256R1())


def make_root(name: x509.Name, *, at: datetime, lasts: timedelta) -> Pair:
    """A root authority, signed by itself."""
    key = new_key()
    extensions = _authority(path_length=1)
    return Pair(_build(name, name, key.public_key(), key, (at - _EARLY, at + lasts), extensions), key)


def make_issuing(
    name: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    root: Pair,
    *,
    at: datetime,
    lasts: timedelta,
    places: Places = Places(),
) -> Pair:
    """An authority under `root`, which issues to people and organisations only; it never outlives its root."""
    extensions = [*_authority(path_length=0), (_policies(ANY_POLICY), False)]
    return Pair(_issue(name, key.public_key(), root, (at - _EARLY, at + lasts), extensions, places), key)


def make_signer(
    name: x509.Name,
    key: PublicKey,
    issuing: Pair,
    *,
    valid: tuple[datetime, datetime],
    policy: str,
    places: Places,
    short_term: bool = False,
) -> bytes:
    """The certificate (DER) of a signer or a seal: its key is for signatures that commit, nothing else (EN 319 412-2
    §4.3.2, type A).

    `short_term` says that its validity stands for revocation (EN 319 412-1 §5.2). It still says who answers for it:
    many validators ask for revocation data all the same.
    """
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage("content_commitment"), True),
        (_policies(policy), False),
    ]
    if short_term:
        extensions.append((x509.UnrecognizedExtension(_SHORT_TERM, _DER_NULL), False))
    return _issue(name, key, issuing, valid, extensions, places)


def make_unit(
    name: x509.Name, key: PublicKey, issuing: Pair, *, valid: tuple[datetime, datetime], used: datetime, places: Places
) -> bytes:
    """The certificate (DER) of a time-stamping unit: its only purpose (RFC 3161 §2.3, EN 319 422 §6).

    `used`: its key stamps until then; what it stamped is good until the certificate ends.
    """
    since = valid[0].replace(microsecond=0)
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage("digital_signature"), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True),
        (x509.PrivateKeyUsagePeriod(since, used.replace(microsecond=0)), False),
        (_policies(POLICY_UNIT), False),
    ]
    return _issue(name, key, issuing, valid, extensions, places)


def make_responder(
    name: x509.Name, key: PublicKey, issuing: Pair, *, valid: tuple[datetime, datetime], places: Places
) -> bytes:
    """The certificate (DER) of an OCSP responder, which is not itself asked about (RFC 6960 §4.2.2.2.1)."""
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage("digital_signature"), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
        (x509.OCSPNoCheck(), False),
        (_policies(POLICY_RESPONDER), False),
    ]
    return _issue(name, key, issuing, valid, extensions, Places(issuer=places.issuer))


def _authority(*, path_length: int) -> list[tuple[x509.ExtensionType, bool]]:
    return [
        (x509.BasicConstraints(ca=True, path_length=path_length), True),
        (_usage("key_cert_sign", "crl_sign"), True),
    ]


def _usage(*allowed: str) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: name in allowed for name in names})


def _policies(policy: str) -> x509.CertificatePolicies:
    notice = [] if policy == ANY_POLICY else [x509.UserNotice(None, NOTICE)]
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(policy), notice or None)])


def _issue(
    name: x509.Name,
    key: PublicKey,
    issuer: Pair,
    valid: tuple[datetime, datetime],
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
    places: Places,
) -> bytes:
    above = x509.load_der_x509_certificate(issuer.certificate)
    since, until = valid
    # A certificate that outlived its issuer would be worth nothing after it, and say otherwise.
    within = (max(since, above.not_valid_before_utc), min(until, above.not_valid_after_utc))
    return _build(name, above.subject, key, issuer.key, within, [*extensions, *_found_at(places)])


def _found_at(places: Places) -> list[tuple[x509.ExtensionType, bool]]:
    extensions: list[tuple[x509.ExtensionType, bool]] = []
    access = [
        x509.AccessDescription(method, x509.UniformResourceIdentifier(address))
        for method, address in (
            (AuthorityInformationAccessOID.OCSP, places.ocsp),
            (AuthorityInformationAccessOID.CA_ISSUERS, places.issuer),
        )
        if address
    ]
    if access:
        extensions.append((x509.AuthorityInformationAccess(access), False))
    if places.crl:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(places.crl)], None, None, None)
        extensions.append((x509.CRLDistributionPoints([point]), False))
    return extensions


def _build(
    name: x509.Name,
    issuer: x509.Name,
    key: PublicKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    valid: tuple[datetime, datetime],
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
) -> bytes:
    since, until = valid
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key)
        # 159 random bits, positive, 20 octets at most (RFC 5280 §4.1.2.2).
        .serial_number(x509.random_serial_number())
        .not_valid_before(since.replace(microsecond=0))
        .not_valid_after(until.replace(microsecond=0))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    certificate = (
        builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.DER)


def as_pem(certificates: Sequence[bytes]) -> bytes:
    """One PEM file of several DER certificates."""
    return b"".join(x509.load_der_x509_certificate(one).public_bytes(Encoding.PEM) for one in certificates)
