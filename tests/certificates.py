"""A small authority of the suite's own, apart from the one under test: certificates, CRLs, OCSP answers, time units."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from telesphore.ades.algorithms import Digest, algorithm_for, sign_with
from telesphore.ades.timestamps import Request, make_token
from telesphore.kernel.clock import now

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey


@dataclass(frozen=True)
class Signer:
    """A key and its certificate, in memory."""

    certificate: bytes
    chain: tuple[bytes, ...]
    key: Key

    def sign(self, content: bytes) -> bytes:
        return sign_with(self.key, algorithm_for(self.certificate), content)


TIME_POLICY = "1.3.6.1.4.1.13762.3"


def token(
    unit: Signer,
    imprint: bytes,
    digest: Digest = Digest.SHA256,
    *,
    at: datetime | None = None,
    nonce: int | None = None,
) -> bytes:
    """A timestamp by this unit over a digest, at this time."""
    return make_token(
        Request(imprint, digest, nonce), certificate=unit.certificate, chain=unit.chain, sign=unit.sign,
        serial=x509.random_serial_number(), at=at or now(), policy=TIME_POLICY,
    )  # fmt: skip


class TestAuthority:
    """A root that issues; or, given an issuer, an authority under it.

    Args:
        born: when its own certificate begins; an hour ago for None.
        days: how long its own certificate lasts.
        url: where its certificates say that its answers are: `url`/crl and `url`/ocsp. None says nothing.
    """

    __test__ = False

    def __init__(
        self,
        name: str = "Root of the suite",
        *,
        issuer: "TestAuthority | None" = None,
        born: datetime | None = None,
        days: float = 10,
        url: str | None = None,
        key: Key | None = None,
    ) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.url = url
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._born = born
        by = issuer or self
        self.certificate = by._issue(self._name, self.key.public_key(), self._since(), days, authority=True)
        self.chain: tuple[bytes, ...] = (self.certificate, *(issuer.chain if issuer else ()))
        """Its own certificate, and those above it."""

    def issue(
        self,
        name: str,
        key: PublicKey,
        *,
        age: timedelta = timedelta(0),
        for_signing: bool = True,
        days: float = 10,
        since: datetime | None = None,
        extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
    ) -> bytes:
        """A certificate of ten days, made `age` ago or at `since`; with these extensions too, and whether critical."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        since = since or self._since() - age
        return self._issue(subject, key, since, days, authority=False, for_signing=for_signing, extensions=extensions)

    def signer(
        self,
        name: str,
        key: Key | None = None,
        *,
        age: timedelta = timedelta(0),
        days: float = 10,
        since: datetime | None = None,
        extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
    ) -> Signer:
        """Someone with an EC key, unless another is given."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        certificate = self.issue(name, key.public_key(), age=age, days=days, since=since, extensions=extensions)
        return Signer(certificate, self.chain, key)

    def unit(
        self,
        name: str = "Time-stamping unit of the suite",
        key: Key | None = None,
        *,
        age: timedelta = timedelta(0),
        days: float = 10,
        since: datetime | None = None,
        usages: Iterable[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.TIME_STAMPING,),
        critical: bool = True,
    ) -> Signer:
        """A time-stamping unit (RFC 3161 §2.3), or something that is not quite one."""
        extensions = [(x509.ExtendedKeyUsage(usages), critical)]
        return self.signer(name, key, age=age, days=days, since=since, extensions=extensions)

    def responder(self, *, since: datetime | None = None, days: float = 10) -> Signer:
        """Someone who may answer OCSP in this authority's stead (RFC 6960 §4.2.2.2)."""
        extensions: list[tuple[x509.ExtensionType, bool]] = [
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False),
            (x509.OCSPNoCheck(), False),
        ]
        return self.signer("Responder of the suite", since=since, days=days, extensions=extensions)

    def crl(
        self,
        revoked: Mapping[bytes, datetime] | None = None,
        *,
        at: datetime | None = None,
        days: float = 7,
        number: int = 1,
    ) -> bytes:
        """A CRL with these certificates (DER) and when they were revoked."""
        at = at or now()
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name)
            .last_update(at)
            .next_update(at + timedelta(days=days))
            .add_extension(x509.CRLNumber(number), critical=False)
        )
        for certificate, when in (revoked or {}).items():
            serial = x509.load_der_x509_certificate(certificate).serial_number
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when).build()
            )
        return builder.sign(self.key, self._hash(self.key)).public_bytes(Encoding.DER)

    def ocsp(
        self,
        certificate: bytes,
        *,
        at: datetime | None = None,
        hours: float = 24,
        revoked_at: datetime | None = None,
        reason: x509.ReasonFlags | None = None,
        responder: Signer | None = None,
    ) -> bytes:
        """An OCSP answer on this certificate (DER): good, unless revoked."""
        at = at or now()
        own = Signer(self.certificate, self.chain[1:], self.key)
        by = responder or own
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=x509.load_der_x509_certificate(certificate),
                issuer=x509.load_der_x509_certificate(self.certificate),
                algorithm=hashes.SHA1(),  # The one that RFC 5019 §2.1.1 fixes for CertID; nothing rests on it.
                cert_status=ocsp.OCSPCertStatus.REVOKED if revoked_at else ocsp.OCSPCertStatus.GOOD,
                this_update=at,
                next_update=at + timedelta(hours=hours),
                revocation_time=revoked_at,
                revocation_reason=reason,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, x509.load_der_x509_certificate(by.certificate))
        )
        if responder is not None:
            builder = builder.certificates([x509.load_der_x509_certificate(responder.certificate)])
        return builder.sign(by.key, self._hash(by.key)).public_bytes(Encoding.DER)

    def _since(self) -> datetime:
        return self._born or now() - timedelta(hours=1)

    @staticmethod
    def _hash(key: Key) -> hashes.SHA256 | None:
        return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()

    def _issue(
        self,
        subject: x509.Name,
        key: PublicKey,
        since: datetime,
        days: float,
        *,
        authority: bool,
        for_signing: bool = True,
        extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
    ) -> bytes:
        usage = x509.KeyUsage(
            digital_signature=not authority, content_commitment=for_signing and not authority,
            key_encipherment=False, data_encipherment=False, key_agreement=False, key_cert_sign=authority,
            crl_sign=authority, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(since + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        if self.url and subject != self._name:
            places = (
                x509.UniformResourceIdentifier(f"{self.url}/crl"),
                x509.UniformResourceIdentifier(f"{self.url}/ocsp"),
            )
            builder = builder.add_extension(
                x509.CRLDistributionPoints([x509.DistributionPoint([places[0]], None, None, None)]), critical=False
            ).add_extension(
                x509.AuthorityInformationAccess(
                    [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, places[1])]
                ),
                critical=False,
            )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.key, self._hash(self.key)).public_bytes(Encoding.DER)
