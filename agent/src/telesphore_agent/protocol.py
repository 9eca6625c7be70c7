"""What a server asks: a compact JWS (RFC 7515, RFC 8037) that is verified, fresh, for this workstation, and new.

Nothing here opens a connection, a file or a window.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from telesphore_agent.errors import Refused
from telesphore_agent.formats import from_base64, from_base64url, from_json, joined, shown

HEADER = {"alg": "EdDSA", "typ": "telesphore-agent+jwt"}
LONGEST_LIFE = 120
SKEW = 60
LONGEST_TOKEN = 2 << 20
MOST_REMEMBERED = 10_000
MOST_DOCUMENTS = 500
LONGEST_TEXT = 500
LONGEST_TO_BE_SIGNED = 64 << 10
MOST_PAGES = 100_000
NONCE_BYTES = 32

OPERATIONS = frozenset({"status", "watch", "certificates", "authenticate", "sign"})
LANGUAGES = frozenset({"fr", "en"})
ALGORITHMS = frozenset({"rsa-pkcs1-sha256", "rsa-pss-sha256", "ecdsa-sha256", "ecdsa-sha384"})


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a list to be signed; `fingerprint` is its SHA-256, hexadecimal."""

    id: str
    title: str
    pages: int
    fingerprint: str
    to_be_signed: bytes
    algorithm: str


@dataclass(frozen=True, slots=True)
class Request:
    """A request that its server signed.

    Attributes:
        nonce: for `authenticate`.
        certificate: for `sign`, the SHA-256 (hexadecimal) of the one that the documents were prepared for.
        purpose: for `sign`, what for, as shown to the holder.
    """

    origin: str
    id: str
    operation: str
    language: str
    expires_at: float
    nonce: bytes = b""
    certificate: str = ""
    purpose: str = ""
    documents: tuple[Document, ...] = ()

    @property
    def to_authenticate(self) -> bytes:
        """What the authentication key signs: never the bytes that somebody chose, nor a form of any other protocol."""
        return joined("telesphore-agent authenticate 1", self.origin, self.nonce)


class Reader:
    """Reads requests, each once.

    Requests made before this reader are refused: what an earlier one took is not remembered.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since = int(clock())
        self._taken: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def read(self, token: str, *, origin: str, workstation: str, server_key: bytes) -> Request:
        """The request, if this server signed it for this workstation, and it comes in time for the first time.

        Raises:
            Refused: `bad-request`, `stale-request`, `replayed-request`, or `too-many`.
        """
        claims = _verified(token, server_key)
        at = self._clock()
        try:
            if claims["iss"] != origin or claims["aud"] != workstation:
                raise ValueError("for another")
            issued_at, expires_at = _number(claims, "iat", 1 << 40), _number(claims, "exp", 1 << 40)
            if not 0 < expires_at - issued_at <= LONGEST_LIFE:
                raise ValueError("lives too long")
            request = _request(claims, expires_at)
        except (ValueError, KeyError, TypeError):
            raise Refused("bad-request") from None
        if issued_at > at + SKEW or expires_at < at - SKEW or issued_at < self._since:
            raise Refused("stale-request")
        self._take(request, at)
        return request

    def _take(self, request: Request, at: float) -> None:
        name = (request.origin, request.id)
        with self._lock:
            for other in [other for other, until in self._taken.items() if until < at]:
                del self._taken[other]
            if name in self._taken:
                raise Refused("replayed-request")
            if len(self._taken) >= MOST_REMEMBERED:
                # Forgetting one would let it come again.
                raise Refused("too-many")
            self._taken[name] = request.expires_at + SKEW + 1


def _verified(token: str, server_key: bytes) -> dict[str, Any]:
    try:
        if len(token) > LONGEST_TOKEN:
            raise ValueError("too long")
        header, payload, signature = token.split(".")
        if from_json(from_base64url(header)) != HEADER:
            raise ValueError("another kind of token")
        Ed25519PublicKey.from_public_bytes(server_key).verify(
            from_base64url(signature), f"{header}.{payload}".encode("ascii")
        )
        return from_json(from_base64url(payload))
    except (ValueError, InvalidSignature):
        raise Refused("bad-request") from None


def _request(claims: Mapping[str, Any], expires_at: int) -> Request:
    operation = _one_of(claims, "op", OPERATIONS)
    nonce, certificate, purpose = b"", "", ""
    documents: tuple[Document, ...] = ()
    if operation == "authenticate":
        nonce = from_base64url(_text(claims, "nonce"))
        if len(nonce) != NONCE_BYTES:
            raise ValueError("nonce")
    if operation == "sign":
        certificate = _fingerprint(claims, "certificate")
        purpose = shown(_text(claims, "purpose"))
        documents = _documents(claims["documents"])
    return Request(
        origin=claims["iss"],
        id=_text(claims, "jti"),
        operation=operation,
        language=_one_of(claims, "lang", LANGUAGES),
        expires_at=expires_at,
        nonce=nonce,
        certificate=certificate,
        purpose=purpose,
        documents=documents,
    )


def _documents(entries: Any) -> tuple[Document, ...]:
    if not isinstance(entries, list) or not 1 <= len(entries) <= MOST_DOCUMENTS:
        raise ValueError("documents")
    documents = tuple(_document(entry) for entry in entries)
    if len({document.id for document in documents}) != len(documents):
        raise ValueError("one document comes twice")
    return documents


def _document(entry: Any) -> Document:
    to_be_signed = from_base64(entry["to_be_signed"])
    title = shown(_text(entry, "title"))
    if not 0 < len(to_be_signed) <= LONGEST_TO_BE_SIGNED or not title:
        raise ValueError("document")
    return Document(
        id=_text(entry, "id"),
        title=title,
        pages=_number(entry, "pages", MOST_PAGES),
        fingerprint=_fingerprint(entry, "sha256"),
        to_be_signed=to_be_signed,
        algorithm=_one_of(entry, "algorithm", ALGORITHMS),
    )


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values[name]
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT:
        raise ValueError(name)
    return value


def _one_of(values: Mapping[str, Any], name: str, allowed: frozenset[str]) -> str:
    value = _text(values, name)
    if value not in allowed:
        raise ValueError(name)
    return value


def _number(values: Mapping[str, Any], name: str, most: int) -> int:
    value = values[name]
    # True is an int in Python, and is no number here.
    if type(value) is not int or not 0 < value <= most:
        raise ValueError(name)
    return value


def _fingerprint(values: Mapping[str, Any], name: str) -> str:
    value = _text(values, name)
    if len(value) != 64 or not set(value) <= set("0123456789abcdef"):
        raise ValueError(name)
    return value
