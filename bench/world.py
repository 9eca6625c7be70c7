"""A small world of authorities, for the retention guardian's simulation: certificates, revocation lists and timestamps
at any time asked for. Nothing here is the platform's own code, so that what is proved of it is proved by others.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import new

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from telesphore.ades.verdict.trust import Evidence

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """A new RSA key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def ec_key() -> ec.EllipticCurvePrivateKey:
    """A new key on P-384."""
    return ec.generate_private_key(ec.SECP384R1())


def sign(key: Key, content: bytes, digest: str) -> bytes:
    """PKCS#1 v1.5, or the DER of an ECDSA signature."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(content, padding.PKCS1v15(), HASHES[digest])
    return key.sign(content, ec.ECDSA(HASHES[digest]))


@dataclass
class Authority:
    """Who issues certificates and says which were revoked; its own certificate is signed by itself.

    Attributes:
        crls: how many lists were asked for.
    """

    name: str
    key: Key
    digest: str
    since: datetime
    until: datetime
    certificate: bytes = b""
    revoked: dict[int, datetime] = field(default_factory=dict)
    crls: int = 0
    responder: tuple[Key, bytes] | None = None

    def __post_init__(self) -> None:
        self.certificate = self._build(
            self._subject(), self.key, self.since, self.until, lambda builder: builder.add_extension(
                x509.BasicConstraints(ca=True, path_length=None), critical=True
            ), ca=True,
        )  # fmt: skip

    def _subject(self) -> x509.Name:
        return x509.Name([
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Monde simulé"),
            x509.NameAttribute(NameOID.COMMON_NAME, self.name),
        ])  # fmt: skip

    def _build(
        self, subject: x509.Name, key: Key, since: datetime, until: datetime,
        more: Callable[[x509.CertificateBuilder], x509.CertificateBuilder], *, ca: bool = False,
    ) -> bytes:  # fmt: skip
        usage = x509.KeyUsage(
            digital_signature=not ca, content_commitment=not ca, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=ca, crl_sign=ca, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject())
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(until)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        if not ca:
            answers = x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://simulated.invalid/")
            )
            builder = builder.add_extension(x509.AuthorityInformationAccess([answers]), critical=False)
        return more(builder).sign(self.key, HASHES[self.digest]).public_bytes(Encoding.DER)

    def issue(self, name: str, key: Key, since: datetime, until: datetime, *, timestamping: bool = False) -> bytes:
        """A certificate to sign with, or to timestamp with."""
        subject = x509.Name([
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"), x509.NameAttribute(NameOID.COMMON_NAME, name)
        ])  # fmt: skip

        def more(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
            builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            if timestamping:
                builder = builder.add_extension(
                    x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True
                )
            return builder

        return self._build(subject, key, since, min(until, self.until), more)

    def revoke(self, certificate: bytes, at: datetime) -> None:
        """From now on its lists name this certificate."""
        self.revoked[x509.load_der_x509_certificate(certificate).serial_number] = at

    def crl(self, at: datetime) -> bytes:
        """The list (DER) as it stands; the next comes a week later."""
        self.crls += 1
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._subject())
            .last_update(at)
            .next_update(at + timedelta(days=7))
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .add_extension(x509.CRLNumber(self.crls), critical=False)
        )
        for serial, when in self.revoked.items():
            if when <= at:
                entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when)
                entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
                builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.key, HASHES[self.digest]).public_bytes(Encoding.DER)

    def answer(self, certificate: bytes, at: datetime) -> Evidence:
        """What its responder says (OCSP) of one certificate; good for a week."""
        one = x509.load_der_x509_certificate(certificate)
        when = self.revoked.get(one.serial_number)
        revoked = when is not None and when <= at
        key, responder = self._responder()
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=one, issuer=x509.load_der_x509_certificate(self.certificate), algorithm=hashes.SHA256(),
                cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD, this_update=at,
                next_update=at + timedelta(days=7), revocation_time=when if revoked else None,
                revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, responder)
            .certificates([responder])
        )  # fmt: skip
        said = builder.sign(key, HASHES[self.digest]).public_bytes(Encoding.DER)
        return Evidence(certificates=(responder.public_bytes(Encoding.DER),), ocsps=(said,))

    def _responder(self) -> tuple[Key, x509.Certificate]:
        """Who answers for it, and needs no answer itself (RFC 6960 §4.2.2.2.1)."""
        if self.responder is None:
            key = ec_key()

            def more(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
                usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])
                builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
                return builder.add_extension(usage, critical=False).add_extension(x509.OCSPNoCheck(), critical=False)

            name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{self.name}, réponses")])
            # The library writes the machine's time as producedAt, whatever the simulated one is.
            self.responder = key, self._build(name, key, datetime(2000, 1, 1, tzinfo=UTC), NEVER, more)
        key, certificate = self.responder
        return key, x509.load_der_x509_certificate(certificate)


@dataclass
class TimestampUnit:
    """Gives timestamps (RFC 3161) with one key and one certificate.

    Attributes:
        given: how many it gave.
    """

    authority: Authority
    name: str
    key: Key
    digest: str
    since: datetime
    until: datetime
    certificate: bytes = b""
    given: int = 0

    def __post_init__(self) -> None:
        self.certificate = self.authority.issue(self.name, self.key, self.since, self.until, timestamping=True)

    def stamp(self, imprint: bytes, imprint_digest: str, at: datetime) -> bytes:
        """DER of a TimeStampToken over a digest that was made with `imprint_digest` (as `hashlib` names it)."""
        self.given += 1
        own = asn1_x509.Certificate.load(self.certificate)
        info = tsp.TSTInfo({
            "version": "v1",
            "policy": "1.2.250.1.999.1",
            "message_imprint": {"hash_algorithm": {"algorithm": imprint_digest}, "hashed_message": imprint},
            "serial_number": x509.random_serial_number(),
            "gen_time": at.replace(microsecond=0),
        }).dump()  # fmt: skip
        bound = tsp.ESSCertIDv2({
            "hash_algorithm": {"algorithm": self.digest}, "cert_hash": new(self.digest, self.certificate).digest()
        })  # fmt: skip
        attributes = cms.CMSAttributes([
            cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [new(self.digest, info).digest()]}),
            cms.CMSAttribute({
                "type": "signing_certificate_v2", "values": [tsp.SigningCertificateV2({"certs": [bound]})]
            }),
        ])  # fmt: skip
        scheme = "rsassa_pkcs1v15" if isinstance(self.key, rsa.RSAPrivateKey) else f"{self.digest}_ecdsa"
        signer = cms.SignerInfo({
            "version": "v1",
            "sid": cms.SignerIdentifier({
                "issuer_and_serial_number": {"issuer": own.issuer, "serial_number": own.serial_number}
            }),
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": self.digest}),
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": scheme}),
            "signed_attrs": attributes,
            "signature": sign(self.key, attributes.dump(), self.digest),
        })  # fmt: skip
        signed = cms.SignedData({
            "version": "v3",
            "digest_algorithms": [{"algorithm": self.digest}],
            "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(info)},
            "certificates": [own, asn1_x509.Certificate.load(self.authority.certificate)],
            "signer_infos": [signer],
        })  # fmt: skip
        token: bytes = cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump()
        return token
