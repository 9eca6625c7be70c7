"""Cosignatures: a witness says that it saw this head, and that it follows all it saw before (C2SP tlog-cosignature)."""

from dataclasses import dataclass
from datetime import UTC, datetime

from telesphore.audit.formats.notes import ED25519_COSIGNATURE, BadNote, PublicKey, Signature

_TIMESTAMP_BYTES = 8
_SIGNATURE_BYTES = 64
# The last second that a datetime can hold.
_LAST_SECOND = 253402300799


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A checked cosignature."""

    witness: PublicKey
    at: datetime
    line: str


def message(text: str, timestamp: int) -> bytes:
    """What an Ed25519 witness signs: a header, the second at which it signs, the checkpoint's text."""
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()


def check(signature: Signature, text: str, witness: PublicKey) -> Cosignature:
    """Check the witness's signature over the checkpoint `text` (Ed25519, type 0x04).

    Raises:
        BadNote: it is not this witness's, or does not hold.
    """
    if witness.kind != ED25519_COSIGNATURE or not signature.by(witness):
        raise BadNote(f"Not a cosignature of {witness.name}.")
    if len(signature.data) != _TIMESTAMP_BYTES + _SIGNATURE_BYTES:
        raise BadNote("A cosignature is a time and 64 bytes.")
    timestamp = int.from_bytes(signature.data[:_TIMESTAMP_BYTES], "big")
    if timestamp > _LAST_SECOND:
        raise BadNote("The cosignature's time is out of bounds.")
    witness.check(message(text, timestamp), signature.data[_TIMESTAMP_BYTES:])
    return Cosignature(witness, datetime.fromtimestamp(timestamp, UTC), signature.line)
