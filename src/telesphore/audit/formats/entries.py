"""What a leaf of the trail commits to, and how: ours, documented here so that anyone can check it.

An *entry* is 65 bytes: 0x01, the commitment to the event's core, the commitment to its detail. A *commitment* is
SHA-256(label ‖ 0x0A ‖ salt ‖ text): `label` names the part, `salt` is 16 random bytes of the part's own, `text` is the
part as canonical JSON (RFC 8785; it holds no fractions and only ASCII names, for which Python's sorted, compact form
is the canonical one). Who has the tree alone learns nothing of an event; who has the text and the salt of one part can
check that part, and need know nothing of the other.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

VERSION = b"\x01"
COMMITMENT_BYTES = 32
CORE, DETAIL = "telesphore.audit/core/v1", "telesphore.audit/detail/v1"

# Made once: `json.dumps` makes one for each call that does not want its defaults.
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(content: Mapping[str, Any]) -> bytes:
    """`content` as canonical JSON (RFC 8785)."""
    return _CANONICAL.encode(content).encode()


def commitment(label: str, salt: bytes, content: Mapping[str, Any]) -> bytes:
    """32 bytes that bind `content` and, without `salt`, tell nothing of it."""
    return sha256(label.encode() + b"\n" + salt + canonical(content)).digest()


@dataclass(frozen=True, slots=True)
class Entry:
    """The two commitments of a leaf."""

    core: bytes
    detail: bytes

    def __bytes__(self) -> bytes:
        return VERSION + self.core + self.detail

    @classmethod
    def parse(cls, data: bytes) -> "Entry":
        """An entry from its 65 bytes.

        Raises:
            ValueError: another length or version.
        """
        if len(data) != 1 + 2 * COMMITMENT_BYTES or not data.startswith(VERSION):
            raise ValueError("Not an entry of this log.")
        return cls(data[1:33], data[33:])
