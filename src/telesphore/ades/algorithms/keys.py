"""Keys: by which algorithm each signs, and what it signed."""

from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509 import InvalidVersion, load_der_x509_certificate

from telesphore.ades.algorithms.naming import _HASHES, Algorithm, Digest, Scheme
from telesphore.ades.errors import (
    SignatureDoesNotMatch,
    UnknownKeyType,
    WeakAlgorithm,
)


def algorithm_for(certificate: bytes, *, digest: Digest | None = None, pss: bool = False) -> Algorithm:
    """The algorithm with which the key of this certificate signs.

    Args:
        certificate: DER.
        digest: None for the one that fits the key: SHA-256 for RSA and P-256, SHA-384 for P-384.
        pss: RSASSA-PSS rather than PKCS#1 v1.5; of no effect for other keys.

    Raises:
        UnknownKeyType: RSA under 2048 bits or with a small exponent (TS 119 312 §6.2.2.1), another curve than P-256
            and P-384, or anything but RSA, EC and Ed25519.
        WeakAlgorithm: a digest shorter than the curve needs (TS 119 312 §6.2.2.3), or another than SHA-512 for Ed25519.
    """
    key = public_key(certificate)
    match key:
        case rsa.RSAPublicKey():
            if key.key_size < SMALLEST_RSA or key.public_numbers().e < SMALLEST_EXPONENT:
                raise UnknownKeyType
            return Algorithm(Scheme.RSA_PSS if pss else Scheme.RSA_PKCS1, digest or Digest.SHA256)
        case ec.EllipticCurvePublicKey(curve=ec.SECP256R1()):
            return Algorithm(Scheme.ECDSA, digest or Digest.SHA256)
        case ec.EllipticCurvePublicKey(curve=ec.SECP384R1()):
            if digest in (Digest.SHA256, Digest.SHA3_256):
                raise WeakAlgorithm
            return Algorithm(Scheme.ECDSA, digest or Digest.SHA384)
        case ed25519.Ed25519PublicKey():
            if digest not in (None, Digest.SHA512):
                raise WeakAlgorithm
            return Algorithm(Scheme.ED25519, Digest.SHA512)
        case _:
            raise UnknownKeyType


SMALLEST_RSA = 2048
SMALLEST_EXPONENT = 65537


def check(certificate: bytes, algorithm: Algorithm, content: bytes, signature: bytes) -> None:
    """Let pass what the key of this certificate (DER) signed; `content` is what was signed, not its digest.

    Raises:
        SignatureDoesNotMatch: it did not, or its key is of another kind than the algorithm's.
    """
    check_key(public_key(certificate), algorithm, content, signature)


def check_key(key: CertificatePublicKeyTypes, algorithm: Algorithm, content: bytes, signature: bytes) -> None:
    """`check`, with the key at hand.

    Raises:
        SignatureDoesNotMatch: see `check`.
    """
    hashed = _HASHES[algorithm.digest]
    try:
        match algorithm.scheme, key:
            case Scheme.RSA_PKCS1, rsa.RSAPublicKey():
                key.verify(signature, content, padding.PKCS1v15(), hashed)
            case Scheme.RSA_PSS, rsa.RSAPublicKey():
                # Others choose other salts.
                key.verify(signature, content, padding.PSS(padding.MGF1(hashed), padding.PSS.AUTO), hashed)
            case Scheme.ECDSA, ec.EllipticCurvePublicKey():
                key.verify(signature, content, ec.ECDSA(hashed))
            case Scheme.ED25519, ed25519.Ed25519PublicKey():
                key.verify(signature, content)
            case _:
                raise SignatureDoesNotMatch
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        raise SignatureDoesNotMatch from None


PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
"""A key in memory that can sign."""


def sign_with(key: PrivateKey, algorithm: Algorithm, content: bytes) -> bytes:
    """Sign with a key in memory.

    Raises:
        UnknownKeyType: the key is of another kind than the algorithm's.
    """
    hashed = _HASHES[algorithm.digest]
    match algorithm.scheme, key:
        case Scheme.RSA_PKCS1, rsa.RSAPrivateKey():
            return key.sign(content, padding.PKCS1v15(), hashed)
        case Scheme.RSA_PSS, rsa.RSAPrivateKey():
            return key.sign(content, padding.PSS(padding.MGF1(hashed), algorithm.digest.size), hashed)
        case Scheme.ECDSA, ec.EllipticCurvePrivateKey():
            return key.sign(content, ec.ECDSA(hashed))
        case Scheme.ED25519, ed25519.Ed25519PrivateKey():
            return key.sign(content)
        case _:
            raise UnknownKeyType


@lru_cache(maxsize=256)
def public_key(certificate: bytes) -> CertificatePublicKeyTypes:
    """The key in a certificate (DER); kept for the next call, since batches sign and validate with few.

    Raises:
        UnknownKeyType: the certificate or its key can't be read.
    """
    try:
        return load_der_x509_certificate(certificate).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidVersion, UserWarning):
        raise UnknownKeyType from None


def key_of(certificate: bytes) -> tuple[str, int]:
    """Kind and size in bits of the key in a certificate (DER), as a policy names them; unknown kinds bear their type's
    name and 0.

    Raises:
        UnknownKeyType: the certificate or its key can't be read.
    """
    key = public_key(certificate)
    match key:
        case rsa.RSAPublicKey():
            return "rsa", key.key_size
        case ec.EllipticCurvePublicKey():
            return "ec", key.key_size
        case ed25519.Ed25519PublicKey():
            return "ed25519", 256
        case dsa.DSAPublicKey() | ed448.Ed448PublicKey():
            return type(key).__name__, 0
    return type(key).__name__, 0
