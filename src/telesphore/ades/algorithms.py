"""Algorithms that sign and digest, and until when each may be relied on (ETSI TS 119 312).

A *policy* is a dated table, not code: what was strong when a file was signed may be weak when it is judged, and the
table can be amended without a new release.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509 import load_der_x509_certificate


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


class Scheme(StrEnum):
    """How a key signs; the value is its name in a policy's table."""

    RSA_PKCS1 = "rsa-pkcs1"
    RSA_PSS = "rsa-pss"
    ECDSA = "ecdsa"
    ED25519 = "ed25519"


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A scheme and the digest it signs. Ed25519 goes with SHA-512 (RFC 8419 §3.1); PSS uses MGF1 with its digest, and
    a salt of the digest's length (TS 119 312 §6.2)."""

    scheme: Scheme
    digest: Digest


@dataclass(frozen=True, slots=True)
class AlgorithmPolicy:
    """Until when algorithms hold.

    Attributes:
        name: what it is, and its date, for reports.
        digests: name of a digest → first day on which it no longer holds, None when no end is known. What is not in
            the table never holds.
        keys: kind of key (`rsa`, `ec`, `ed25519`) → (smallest size in bits, first day on which keys of that size no
            longer hold), from the smallest size to the largest.
    """

    name: str
    digests: Mapping[str, date | None] = field(repr=False)
    keys: Mapping[str, tuple[tuple[int, date | None], ...]] = field(repr=False)

    def digest_holds(self, name: str, at: datetime) -> bool:
        """Whether `name` (as `hashlib` writes it) may be relied on at this time."""
        return name in self.digests and _before(at, self.digests[name])

    def key_holds(self, kind: str, bits: int, at: datetime) -> bool:
        """Whether a key of this kind and size may be relied on at this time."""
        fitting = [end for least, end in self.keys.get(kind, ()) if bits >= least]
        return bool(fitting) and _before(at, fitting[-1])


def _before(at: datetime, end: date | None) -> bool:
    return end is None or at < datetime(end.year, end.month, end.day, tzinfo=UTC)


def key_of(certificate: bytes) -> tuple[str, int]:
    """Kind and size in bits of the key in a certificate (DER), as a policy names them; unknown kinds bear their type's
    name and 0."""
    key = load_der_x509_certificate(certificate).public_key()
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
