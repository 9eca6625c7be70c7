"""How bytes and texts are written in the protocol."""

import base64
import binascii
import json
import unicodedata
from typing import Any


def joined(*fields: str | bytes) -> bytes:
    """The fields one after another, each preceded by its length (four bytes, big-endian); texts in UTF-8."""
    parts = [field.encode() if isinstance(field, str) else field for field in fields]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def to_base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Bytes from base64url without padding (RFC 7515 §2).

    Raises:
        ValueError: it isn't, or isn't in its one canonical form.
    """
    try:
        content = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("not base64url") from None
    if to_base64url(content) != text:
        raise ValueError("not canonical base64url")
    return content


def to_base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def from_base64(text: str) -> bytes:
    """Bytes from base64 with padding (RFC 4648 §4).

    Raises:
        ValueError: it isn't.
    """
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("not base64") from None


def from_json(content: bytes | str) -> dict[str, Any]:
    """An object in which no name comes twice.

    Raises:
        ValueError: it isn't.
    """
    try:
        value = json.loads(content, object_pairs_hook=_each_once, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - what anyone sends is a value, not our mistake.
    return value


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name comes twice")
    return value


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def shown(text: str) -> str:
    """The text on one line, without what would hide, turn round or command: control, format and private characters."""
    cleaned = "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in text)
    return " ".join(cleaned.split())
