"""Pairing: a code typed once, which gives each side the other's key. Half of the code never travels."""

import hashlib
import hmac
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from telesphore_agent import VERSION
from telesphore_agent.formats import from_base64url, from_json, joined, to_base64url
from telesphore_agent.store import Server

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LETTERS = 10
PATIENCE = 15.0
LARGEST_ANSWER = 64 << 10
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class NotPaired(Exception):
    """No pairing came of it; the name of the reason, among the words."""


@dataclass(frozen=True, slots=True)
class Code:
    """Ten letters and digits; the first half names it, the whole makes the key."""

    letters: str

    @classmethod
    def parse(cls, text: str) -> "Code":
        """
        Raises:
            NotPaired: it isn't a code.
        """
        letters = "".join(letter for letter in text.upper() if letter not in "- ")
        if len(letters) != CODE_LETTERS or not set(letters) <= set(ALPHABET):
            raise NotPaired("code-malformed")
        return cls(letters)

    @property
    def id(self) -> str:
        return self.letters[: CODE_LETTERS // 2]

    def key(self, origin: str) -> bytes:
        return hashlib.scrypt(
            self.letters.encode(), salt=joined("telesphore-agent", origin), n=1 << 14, r=8, p=1, dklen=32
        )


def origin_of(url: str) -> str:
    """The origin (RFC 6454 §6.2) of an address as people type it; https, but on this machine.

    Raises:
        NotPaired: it isn't the address of a server.
    """
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host = (parts.hostname or "").encode("idna").decode()
        port = parts.port
    except (ValueError, UnicodeError):
        raise NotPaired("address-malformed") from None
    if not host or parts.username or parts.query or parts.fragment or parts.path not in ("", "/") or host.endswith("."):
        raise NotPaired("address-malformed")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in LOCAL):
        raise NotPaired("address-not-https")
    named = f"[{host}]" if ":" in host else host
    usual = {"https": 443, "http": 80}[parts.scheme]
    return f"{parts.scheme}://{named}" + ("" if port in (None, usual) else f":{port}")


def mac(key: bytes, *fields: str | bytes) -> bytes:
    return hmac.digest(key, joined(*fields), "sha256")


def pair(url: str, code_text: str) -> Server:
    """Exchange keys with this server.

    Raises:
        NotPaired: it isn't there, doesn't take the code, or can't show that it knows it.
    """
    origin, code = origin_of(url), Code.parse(code_text)
    key = code.key(origin)
    private_key = Ed25519PrivateKey.generate()
    public_key = private_key.public_key().public_bytes_raw()
    answer = _post(
        f"{origin}/agents/pair",
        {
            "code_id": code.id,
            "public_key": to_base64url(public_key),
            "mac": to_base64url(mac(key, "telesphore-agent pair 1", origin, public_key)),
        },
    )
    try:
        workstation = str(UUID(answer["workstation"]))
        server_key = from_base64url(answer["public_key"])
        expected = mac(key, "telesphore-agent paired 1", workstation, origin, server_key, public_key)
        proved = hmac.compare_digest(expected, from_base64url(answer["mac"]))
        if len(server_key) != 32 or answer["origin"] != origin:
            raise ValueError("not what was asked")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NotPaired("answer-malformed") from None
    if not proved:
        raise NotPaired("server-unproved")
    return Server(
        origin=origin,
        workstation=workstation,
        server_key=to_base64url(server_key),
        private_key=to_base64url(private_key.private_bytes_raw()),
        paired_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any) -> None:
        """A code is for one address."""


def _post(url: str, content: dict[str, str]) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 - its scheme was checked: https, or http to this machine.
        url,
        json.dumps(content).encode(),
        {"Content-Type": "application/json", "User-Agent": f"telesphore-agent/{VERSION}"},
    )
    # A proxy's localhost is another machine.
    handlers = [urllib.request.ProxyHandler({})] if urlsplit(url).hostname in LOCAL else []
    try:
        with urllib.request.build_opener(_NoRedirect(), *handlers).open(request, timeout=PATIENCE) as answer:
            body = answer.read(LARGEST_ANSWER + 1)
    except urllib.error.HTTPError as error:
        error.close()
        raise NotPaired("code-refused" if error.code in (400, 403, 404, 409, 410) else "server-refused") from None
    except (OSError, ValueError):
        raise NotPaired("server-away") from None
    if len(body) > LARGEST_ANSWER:
        raise NotPaired("answer-malformed")
    try:
        return from_json(body)
    except ValueError:
        raise NotPaired("answer-malformed") from None
