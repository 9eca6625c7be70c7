"""Algorithms that sign and digest, how DER names them, and until when each may be relied on (ETSI TS 119 312).

A *policy* is a dated table, not code: what was strong when a file was signed may be weak when it is judged, and the
table can be amended without a new release.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509 import InvalidVersion, load_der_x509_certificate

from telesphore.ades import der
from telesphore.ades.errors import (
    BadPolicy,
    NotDer,
    SignatureDoesNotMatch,
    UnknownAlgorithm,
    UnknownKeyType,
    WeakAlgorithm,
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

    @property
    def fingerprint(self) -> str:
        """Hexadecimal; of tables with the same ends, the same."""
        ends = (sorted(self.digests.items()), sorted(self.keys.items()))
        return hashlib.sha256(repr(ends).encode()).hexdigest()[:16]

    def digest_holds(self, name: str, at: datetime) -> bool:
        """Whether `name` (as `hashlib` writes it) may be relied on at this time."""
        return name in self.digests and _before(at, self.digests[name])

    def key_holds(self, kind: str, bits: int, at: datetime) -> bool:
        """Whether a key of this kind and size may be relied on at this time."""
        fitting = [end for least, end in self.keys.get(kind, ()) if bits >= least]
        return bool(fitting) and _before(at, fitting[-1])

    def check_signing(self, certificate: bytes, algorithm: Algorithm, at: datetime) -> None:
        """Let sign only what the table admits at this time.

        Raises:
            WeakAlgorithm: the certificate's (DER) key or the digest no longer holds.
        """
        if not self.digest_holds(algorithm.digest.value, at) or not self.key_holds(*key_of(certificate), at):
            raise WeakAlgorithm

    @classmethod
    def parse(cls, text: str, *, amends: "AlgorithmPolicy | None" = None) -> "AlgorithmPolicy":
        """A table from TOML, or from JSON when its first character is a brace.

        `name` is required. In `[digests]`, each name has the first day on which it no longer holds, `"no-end"` or
        `"never"`; in `[keys]`, each kind has a list of [smallest size in bits, the same kinds of value], from the
        smallest. A digest or a kind of key that is given replaces that of `amends`; what is not given stays.

        Raises:
            BadPolicy: with what is wrong and where.
        """
        try:
            read = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
        except (ValueError, RecursionError):
            raise BadPolicy(what="it is neither TOML nor JSON") from None
        _only(read, {"name", "digests", "keys"}, "the table")
        name = read.get("name")
        if not isinstance(name, str) or not name.strip():
            raise BadPolicy(what="name: a text is needed, with its date")
        digests = dict(amends.digests) if amends else {}
        keys = dict(amends.keys) if amends else {}
        given = _only(read.get("digests", {}), {digest.value for digest in Digest}, "digests")
        for digest, value in given.items():
            digests.pop(digest, None)
            if value != "never":
                digests[digest] = _end(value, f"digests.{digest}")
        for kind, sizes in _only(read.get("keys", {}), set(_KINDS), "keys").items():
            keys[kind] = _sizes(sizes, f"keys.{kind}")
        return cls(name.strip(), digests, keys)


_KINDS = ("rsa", "ec", "ed25519")


def _only(value: object, names: set[str], where: str) -> dict[str, object]:
    if not isinstance(value, dict) or not value.keys() <= names:
        raise BadPolicy(what=f"{where}: it may hold {', '.join(sorted(names))}")
    return value


def _sizes(value: object, where: str) -> tuple[tuple[int, date | None], ...]:
    found: list[tuple[int, date | None]] = []
    for one in value if isinstance(value, list) else [None]:
        match one:
            case [int(bits), end] if 0 < bits <= 65536 and (not found or bits > found[-1][0]):
                found.append((bits, _end(end, where)))
            case _:
                raise BadPolicy(what=f"{where}: pairs of a size in bits and a day are needed, from the smallest size")
    return tuple(found)


def _end(value: object, where: str) -> date | None:
    if value == "no-end":
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise BadPolicy(what=f"{where}: a day (2029-01-01) or no-end is needed")


def _before(at: datetime, end: date | None) -> bool:
    return end is None or at < datetime(end.year, end.month, end.day, tzinfo=UTC)


TS_119_312 = AlgorithmPolicy(
    name="ETSI TS 119 312 (table of November 2026)",
    digests=dict.fromkeys((digest.value for digest in Digest), None),
    keys={
        # §8.4: certificates of legacy RSA keys (1900 to 2999 bits) end by 2028-12-31.
        "rsa": ((1900, date(2029, 1, 1)), (3000, None)),
        "ec": ((256, None),),
        # Earlier editions are silent on it; RFC 8419 says how it signs CMS.
        "ed25519": ((256, None),),
    },
)
"""SHA-1 and MD5 never hold: an attacker may forge today a file that would seem to date from when they did."""


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
