"""Digests, schemes, and how DER names them (RFC 4055, RFC 5754, RFC 5758, RFC 8419, RFC 9688)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cryptography.hazmat.primitives import hashes

from telesphore.ades import der
from telesphore.ades.errors import (
    NotDer,
    UnknownAlgorithm,
)


class Digest(StrEnum):
    """A hash function; the value is its name for `hashlib`."""

    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"
    SHA3_256 = "sha3_256"
    SHA3_384 = "sha3_384"
    SHA3_512 = "sha3_512"

    def of(self, *parts: bytes) -> bytes:
        """The digest of these bytes, one after another."""
        state = hashlib.new(self.value)
        for part in parts:
            state.update(part)
        return state.digest()

    @property
    def size(self) -> int:
        """In bytes."""
        return _SIZES[self]

    @property
    def identifier(self) -> bytes:
        """DER of its AlgorithmIdentifier, without parameters (RFC 5754 §2, RFC 9688 §2)."""
        return _DIGEST_IDENTIFIERS[self]

    @classmethod
    def from_identifier(cls, identifier: bytes) -> "Digest":
        """Of the DER of an AlgorithmIdentifier, whose parameters are absent or NULL.

        Raises:
            UnknownAlgorithm: another, a broken one (SHA-1, MD5), or not DER.
        """
        found = _DIGESTS_BY_IDENTIFIER.get(identifier)
        if found is None:
            raise UnknownAlgorithm
        return found


class Scheme(StrEnum):
    """How a key signs; the value is its name in a policy's table."""

    RSA_PKCS1 = "rsa-pkcs1"
    RSA_PSS = "rsa-pss"
    ECDSA = "ecdsa"
    ED25519 = "ed25519"


_NULL = b"\x05\x00"
_DIGEST_OIDS = {
    Digest.SHA256: "2.16.840.1.101.3.4.2.1",
    Digest.SHA384: "2.16.840.1.101.3.4.2.2",
    Digest.SHA512: "2.16.840.1.101.3.4.2.3",
    Digest.SHA3_256: "2.16.840.1.101.3.4.2.8",
    Digest.SHA3_384: "2.16.840.1.101.3.4.2.9",
    Digest.SHA3_512: "2.16.840.1.101.3.4.2.10",
}
_SIZES = {digest: hashlib.new(digest.value).digest_size for digest in Digest}
_DIGEST_IDENTIFIERS = {digest: der.sequence(der.oid(dotted)) for digest, dotted in _DIGEST_OIDS.items()}
_DIGESTS_BY_IDENTIFIER = {
    der.sequence(der.oid(dotted), parameters): digest
    for digest, dotted in _DIGEST_OIDS.items()
    for parameters in (b"", _NULL)
}
_HASHES: Mapping[Digest, hashes.HashAlgorithm] = {
    Digest.SHA256: hashes.SHA256(),
    Digest.SHA384: hashes.SHA384(),
    Digest.SHA512: hashes.SHA512(),
    Digest.SHA3_256: hashes.SHA3_256(),
    Digest.SHA3_384: hashes.SHA3_384(),
    Digest.SHA3_512: hashes.SHA3_512(),
}
_RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
_EC_PUBLIC_KEY = "1.2.840.10045.2.1"
_PSS = "1.2.840.113549.1.1.10"
_MGF1 = "1.2.840.113549.1.1.8"
_ED25519 = "1.3.101.112"
_RSA_OIDS = {
    Digest.SHA256: "1.2.840.113549.1.1.11",
    Digest.SHA384: "1.2.840.113549.1.1.12",
    Digest.SHA512: "1.2.840.113549.1.1.13",
    Digest.SHA3_256: "2.16.840.1.101.3.4.3.14",
    Digest.SHA3_384: "2.16.840.1.101.3.4.3.15",
    Digest.SHA3_512: "2.16.840.1.101.3.4.3.16",
}
_ECDSA_OIDS = {
    Digest.SHA256: "1.2.840.10045.4.3.2",
    Digest.SHA384: "1.2.840.10045.4.3.3",
    Digest.SHA512: "1.2.840.10045.4.3.4",
    Digest.SHA3_256: "2.16.840.1.101.3.4.3.10",
    Digest.SHA3_384: "2.16.840.1.101.3.4.3.11",
    Digest.SHA3_512: "2.16.840.1.101.3.4.3.12",
}


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A scheme and the digest it signs. Ed25519 goes with SHA-512 (RFC 8419 §3.1); PSS uses MGF1 with its digest, and
    a salt of the digest's length (TS 119 312 §6.2)."""

    scheme: Scheme
    digest: Digest

    @property
    def identifier(self) -> bytes:
        """DER of the signature's AlgorithmIdentifier (RFC 4055, RFC 5758, RFC 8419, RFC 9688)."""
        return _SIGNATURE_IDENTIFIERS[self]

    @property
    def digest_identifier(self) -> bytes:
        """DER of the digest's AlgorithmIdentifier."""
        return self.digest.identifier

    @classmethod
    def from_identifiers(cls, signature: bytes, digest: bytes | None = None) -> "Algorithm":
        """Of a SignerInfo's signatureAlgorithm and digestAlgorithm; or, without the second, of a certificate, CRL or
        OCSP response.

        Args:
            signature, digest: DER of AlgorithmIdentifiers.

        Raises:
            UnknownAlgorithm: another, a broken one (SHA-1, MD5), two that don't go together, or not DER.
        """
        hashed = None if digest is None else Digest.from_identifier(digest)
        found = _ALGORITHMS_BY_IDENTIFIER.get(signature)
        if found is None:
            found = _read_algorithm(signature, hashed)
        # RFC 8419 §3.1 fixes Ed25519's digest; for the others the two must say the same.
        if hashed is not None and found.digest is not hashed:
            raise UnknownAlgorithm
        return found

    def __str__(self) -> str:
        return f"{self.scheme.value}-{self.digest.value.replace('_', '-')}"


def _pss_identifier(digest: Digest) -> bytes:
    hashed = der.sequence(der.oid(_DIGEST_OIDS[digest]), _NULL)
    parameters = der.sequence(
        der.tlv(0xA0, hashed),
        der.tlv(0xA1, der.sequence(der.oid(_MGF1), hashed)),
        der.tlv(0xA2, der.integer(digest.size)),
    )
    return der.sequence(der.oid(_PSS), parameters)


_SIGNATURE_IDENTIFIERS = {
    Algorithm(Scheme.ED25519, Digest.SHA512): der.sequence(der.oid(_ED25519)),
    **{Algorithm(Scheme.RSA_PKCS1, d): der.sequence(der.oid(o), _NULL) for d, o in _RSA_OIDS.items()},
    **{Algorithm(Scheme.ECDSA, d): der.sequence(der.oid(o)) for d, o in _ECDSA_OIDS.items()},
    **{Algorithm(Scheme.RSA_PSS, d): _pss_identifier(d) for d in Digest},
}
_ALGORITHMS_BY_IDENTIFIER = {identifier: algorithm for algorithm, identifier in _SIGNATURE_IDENTIFIERS.items()}


def _read_algorithm(signature: bytes, hashed: Digest | None) -> Algorithm:
    """What others write otherwise than we do: a bare `rsaEncryption`, parameters absent, PSS with another salt."""
    try:
        name, *parameters = der.whole(signature, der.SEQUENCE)
        dotted = der.read_oid(signature, name)
        if dotted == _PSS and len(parameters) == 1:
            return Algorithm(Scheme.RSA_PSS, _pss_digest(signature, parameters[0]))
        if parameters and der.encoding(signature, parameters[0]) != _NULL:
            raise UnknownAlgorithm
    except (NotDer, ValueError):
        raise UnknownAlgorithm from None
    if dotted == _RSA_ENCRYPTION and hashed is not None:
        return Algorithm(Scheme.RSA_PKCS1, hashed)
    if dotted == _EC_PUBLIC_KEY and hashed is not None:
        return Algorithm(Scheme.ECDSA, hashed)
    for scheme, oids in ((Scheme.RSA_PKCS1, _RSA_OIDS), (Scheme.ECDSA, _ECDSA_OIDS)):
        for digest, of_scheme in oids.items():
            if dotted == of_scheme:
                return Algorithm(scheme, digest)
    raise UnknownAlgorithm


def _pss_digest(data: bytes, parameters: der.Node) -> Digest:
    """RFC 4055 §3.1: both digests must be stated (the defaults are SHA-1) and be one."""
    found = {one[0]: one for one in der.inside(data, parameters, der.SEQUENCE)}
    if not {0xA0, 0xA1} <= found.keys() <= {0xA0, 0xA1, 0xA2, 0xA3}:
        raise UnknownAlgorithm
    (hashed,) = der.children(data, *found[0xA0][2:])
    (mask,) = der.children(data, *found[0xA1][2:])
    function, masked = der.inside(data, mask, der.SEQUENCE)
    digest = Digest.from_identifier(der.encoding(data, hashed))
    if der.read_oid(data, function) != _MGF1 or Digest.from_identifier(der.encoding(data, masked)) is not digest:
        raise UnknownAlgorithm
    return digest
