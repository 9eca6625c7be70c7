"""A small authority of the suite's own, apart from the one under test, and keys to sign with."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from telesphore.kernel.clock import now

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


@dataclass(frozen=True)
class Signer:
    """A key and its certificate, in memory."""

    certificate: bytes
    chain: tuple[bytes, ...]
    key: Key

    def sign(self, content: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(content, padding.PKCS1v15(), hashes.SHA256())
        return self.key.sign(content, ec.ECDSA(hashes.SHA256()))


class TestAuthority:
    """A root that issues."""

    __test__ = False

    def __init__(self, name: str = "Root of the suite") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._issue(self._name, self._key.public_key(), timedelta(0), authority=True)

    def issue(self, name: str, key: PublicKey, *, age: timedelta = timedelta(0), for_signing: bool = True) -> bytes:
        """A certificate of ten days, made `age` ago."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return self._issue(subject, key, age, authority=False, for_signing=for_signing)

    def signer(self, name: str, key: Key | None = None, *, age: timedelta = timedelta(0)) -> Signer:
        """Someone with an EC key, unless another is given."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        return Signer(self.issue(name, key.public_key(), age=age), (self.certificate,), key)

    def _issue(
        self,
        subject: x509.Name,
        key: PublicKey,
        age: timedelta,
        *,
        authority: bool,
        for_signing: bool = True,
    ) -> bytes:
        since: datetime = now() - age - timedelta(hours=1)
        usage = x509.KeyUsage(
            digital_signature=not authority, content_commitment=for_signing and not authority,
            key_encipherment=False, data_encipherment=False, key_agreement=False, key_cert_sign=authority,
            crl_sign=authority, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(since + timedelta(days=10))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
            .public_bytes(Encoding.DER)
        )
