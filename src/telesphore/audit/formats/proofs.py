"""Proofs that a person can keep (C2SP tlog-proof): a leaf's place, the path to the root, the signed head.

`check_event` is all that is needed, offline, to check that an event stands in the trail: it uses no tree, no database
and no network.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from telesphore.audit.formats import cosignatures
from telesphore.audit.formats.entries import CORE, DETAIL, Entry, commitment
from telesphore.audit.formats.merkle import HASH_BYTES, BadProof, check_inclusion, leaf_hash
from telesphore.audit.formats.notes import (
    MAX_NOTE_BYTES,
    BadNote,
    Head,
    PublicKey,
    decode_base64,
    decode_decimal,
    open_checkpoint,
    parse,
)

HEADER = "c2sp.org/tlog-proof@v1"
_MAX_HASHES = 64


@dataclass(frozen=True, slots=True)
class Proof:
    """An inclusion proof with the checkpoint that it leads to; `extra` is not authenticated."""

    index: int
    hashes: Sequence[bytes]
    checkpoint: str
    extra: bytes = b""

    def __str__(self) -> str:
        lines = [HEADER]
        if self.extra:
            lines.append(f"extra {base64.b64encode(self.extra).decode()}")
        lines.append(f"index {self.index}")
        lines += [base64.b64encode(step).decode() for step in self.hashes]
        return "\n".join(lines) + "\n\n" + self.checkpoint

    @classmethod
    def parse(cls, text: str) -> "Proof":
        """A proof from its file.

        Raises:
            BadNote: malformed, or over 200,000 bytes.
        """
        if len(text.encode()) > 2 * MAX_NOTE_BYTES:
            raise BadNote("A proof is at most 200,000 bytes.")
        head, _, checkpoint = text.partition("\n\n")
        lines = head.split("\n")
        if lines.pop(0) != HEADER:
            raise BadNote(f"A proof begins with {HEADER}.")
        extra = b""
        if lines and lines[0].startswith("extra "):
            extra = decode_base64(lines.pop(0).removeprefix("extra "))
        if not lines or not lines[0].startswith("index "):
            raise BadNote("A proof says the entry's index.")
        index = decode_decimal(lines.pop(0).removeprefix("index "))
        hashes = [decode_base64(line) for line in lines]
        if len(hashes) > _MAX_HASHES or any(len(step) != HASH_BYTES for step in hashes):
            raise BadNote("A proof holds at most 64 hashes of 32 bytes.")
        return cls(index, hashes, checkpoint, extra)


@dataclass(frozen=True, slots=True)
class Proved:
    """What a proof that held shows.

    Attributes:
        head: the tree head in which the event stands.
        index: the event's place.
        witnesses: the cosignatures that hold, of the witnesses given.
    """

    head: Head
    index: int
    witnesses: Sequence[cosignatures.Cosignature]


def check_entry(proof: Proof, entry: bytes, *, log: PublicKey, witnesses: Sequence[PublicKey] = ()) -> Proved:
    """Check that `entry` stands in the log.

    Raises:
        BadNote: the checkpoint is not the log's, or a known witness's line does not hold.
        BadProof: the path does not lead to the checkpoint's root.
    """
    head = open_checkpoint(proof.checkpoint, log)
    check_inclusion(leaf=leaf_hash(entry), index=proof.index, size=head.size, proof=proof.hashes, root=head.root)
    text, signatures = parse(proof.checkpoint)
    seen = [
        cosignatures.check(signature, text, witness)
        for witness in witnesses
        for signature in signatures
        if signature.by(witness)
    ]
    return Proved(head, proof.index, seen)


def entry_of(event: Mapping[str, Any]) -> Entry:
    """The leaf's entry, from an event as it is handed out.

    `event` holds, for each of `core` and `detail`, either `{"salt": hex, "content": …}`, or `{"commitment": hex}` when
    that part was erased or is not for the holder.

    Raises:
        BadProof: a part is missing or malformed.
    """

    def part(name: str, label: str) -> bytes:
        try:
            given = event[name]
            if "commitment" in given:
                return bytes.fromhex(given["commitment"])
            return commitment(label, bytes.fromhex(given["salt"]), given["content"])
        except (TypeError, KeyError, ValueError):
            raise BadProof(f"The event's {name} is missing or malformed.") from None

    return Entry(part("core", CORE), part("detail", DETAIL))


def check_event(
    proof: Proof, event: Mapping[str, Any], *, log: PublicKey, witnesses: Sequence[PublicKey] = ()
) -> Proved:
    """Check, offline, that `event` (see `entry_of`) stands in the log whose key is `log`.

    Raises:
        BadNote, BadProof: it does not; the message says why.
    """
    return check_entry(proof, bytes(entry_of(event)), log=log, witnesses=witnesses)
