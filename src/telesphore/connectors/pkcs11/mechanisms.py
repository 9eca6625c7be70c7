"""Which mechanism signs, of those that a token lists (OASIS PKCS#11 3.0 §2.1, §2.3).

The token hashes by itself when it can: some cards must do the last round of the hash themselves. Otherwise it is given
what it would have computed.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Any

from pkcs11.mechanisms import MGF, Mechanism
from pkcs11.util.ec import encode_ecdsa_signature

from telesphore.ades.algorithms import Algorithm, Digest, Scheme
from telesphore.ades.errors import UnknownKeyType

Bytes = Callable[[bytes], bytes]

_HASHES = {
    Digest.SHA256: (Mechanism.SHA256, MGF.SHA256),
    Digest.SHA384: (Mechanism.SHA384, MGF.SHA384),
    Digest.SHA512: (Mechanism.SHA512, MGF.SHA512),
}
_HASH_AND_SIGN = {
    (Scheme.RSA_PKCS1, Digest.SHA256): Mechanism.SHA256_RSA_PKCS,
    (Scheme.RSA_PKCS1, Digest.SHA384): Mechanism.SHA384_RSA_PKCS,
    (Scheme.RSA_PKCS1, Digest.SHA512): Mechanism.SHA512_RSA_PKCS,
    (Scheme.RSA_PSS, Digest.SHA256): Mechanism.SHA256_RSA_PKCS_PSS,
    (Scheme.RSA_PSS, Digest.SHA384): Mechanism.SHA384_RSA_PKCS_PSS,
    (Scheme.RSA_PSS, Digest.SHA512): Mechanism.SHA512_RSA_PKCS_PSS,
    (Scheme.ECDSA, Digest.SHA256): Mechanism.ECDSA_SHA256,
    (Scheme.ECDSA, Digest.SHA384): Mechanism.ECDSA_SHA384,
    (Scheme.ECDSA, Digest.SHA512): Mechanism.ECDSA_SHA512,
    (Scheme.ED25519, Digest.SHA512): Mechanism.EDDSA,
}
_SIGN = {Scheme.RSA_PKCS1: Mechanism.RSA_PKCS, Scheme.RSA_PSS: Mechanism.RSA_PKCS_PSS, Scheme.ECDSA: Mechanism.ECDSA}
_DIGEST_INFO = {
    Digest.SHA256: bytes.fromhex("3031300d060960864801650304020105000420"),
    Digest.SHA384: bytes.fromhex("3041300d060960864801650304020205000430"),
    Digest.SHA512: bytes.fromhex("3051300d060960864801650304020305000440"),
}
"""What comes before the digest in a DigestInfo (RFC 8017 §9.2, note 1)."""


@dataclass(frozen=True, slots=True)
class Way:
    """How to have a token sign.

    Attributes:
        given: from what is to be signed, what the token is given.
        encoded: from what the token answers, the signature as CMS carries it.
    """

    mechanism: Mechanism
    parameter: Any
    given: Bytes
    encoded: Bytes


def choose(algorithm: Algorithm, listed: Container[Mechanism]) -> Way:
    """The way to sign by this algorithm with a token that lists these mechanisms.

    Raises:
        UnknownKeyType: the token has none.
    """
    scheme, digest = algorithm.scheme, algorithm.digest
    parameter: Any = None
    if scheme is Scheme.RSA_PSS:
        parameter = (*_HASHES[digest], digest.size)
    encoded: Bytes = encode_ecdsa_signature if scheme is Scheme.ECDSA else _as_it_is
    mechanism = _HASH_AND_SIGN.get((scheme, digest))
    if mechanism is not None and mechanism in listed:
        return Way(mechanism, parameter, _as_it_is, encoded)
    bare = _SIGN.get(scheme)
    if bare is None or bare not in listed:
        raise UnknownKeyType
    prefix = _DIGEST_INFO[digest] if scheme is Scheme.RSA_PKCS1 else b""
    return Way(bare, parameter, lambda content: prefix + digest.of(content), encoded)


def _as_it_is(content: bytes) -> bytes:
    return content
