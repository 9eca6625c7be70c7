"""The thread's chain of hashes: what an entry is hashed from, and how a chain is checked, hidden entries included.

`H` is SHA-256, `‖` puts bytes one after another. Version 1, "telesphore-thread-1":

- *content* of an entry: a JSON object with exactly the keys `answers`, `at`, `attachment`, `author`, `body`, `kind`,
  `mentions`, `number`, `pin`, `replaces`, `step`, `visibility`, written canonically: keys sorted, no space, no
  character escaped but those that JSON must (RFC 8259 §7), UTF-8. `at` is UTC with microseconds
  (`2026-11-22T17:00:00.000000Z`); identifiers are UUIDs in their usual text; numbers are whole.
- *commitment* = H("telesphore.thread/entry/v1\\n" ‖ salt ‖ content), the salt being 32 random bytes of this entry
  alone: without it, nobody can guess words and test them against the commitment.
- *hash* = H("telesphore.thread/link/v1\\n" ‖ previous ‖ number as 8 bytes, big-endian ‖ commitment).
- *previous* is the hash of the entry before; of entry 1, the hash of an empty thread:
  H("telesphore.thread/empty/v1\\n" ‖ the 16 bytes of the envelope's UUID).

The *head* is the last entry's hash, or that of the empty thread. Entries are numbered from 1 without a gap. Whoever may
not read an entry gets its commitment in place of salt and content, and checks the same chain: they learn that there is
an entry, and where, nothing else.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

FORMAT = "telesphore-thread-1"
SALT = 32
LONGEST_BODY = 5_000
MOST_ENTRIES = 1_000
MOST_MENTIONS = 20
MOST_ATTACHMENTS = 20
LARGEST_CONTENT = 64 * 2**10
ACROSS = 1_000
"""A pin's place is in thousandths of its page, from the left and from the top."""
KINDS = ("message", "question", "answer", "edit", "answered")
ENDINGS = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}
"""Of attachments: their media types, and how their names end."""
VISIBILITIES = ("professionals", "everyone")
AUTHORS = ("professional", "patient", "representative", "guest")
_AT = "%Y-%m-%dT%H:%M:%S.%fZ"


class BadThread(ValueError):
    """This is not a thread, or not as it was written; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A place on a page, which counts from 0; see `ACROSS`."""

    page: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Attached:
    """A file beside an entry.

    Attributes:
        size: in bytes.
        sha256: hexadecimal.
    """

    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Content:
    """What one entry says.

    Attributes:
        author_id: of a person, of the patient, or of a guest's place among the recipients, by `author_kind`.
        answers, replaces: number of the question, of the entry that is edited.
        step: position of the step that was awaited, from 0; None for none.
        at: aware.
    """

    number: int
    kind: str
    visibility: str
    author_kind: str
    author_id: UUID
    author_name: str
    body: str
    at: datetime
    answers: int | None = None
    replaces: int | None = None
    mentions: tuple[UUID, ...] = ()
    attachment: Attached | None = None
    pin: Pin | None = None
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """One entry as it is exported: `salt` and `content` are None for a reader who may not read it."""

    number: int
    commitment: bytes
    hash: bytes
    salt: bytes | None = None
    content: Content | None = None


def canonical(content: Content) -> bytes:
    """The bytes that an entry is hashed from."""
    attached, pin = content.attachment, content.pin
    return json.dumps(
        {
            "number": content.number,
            "kind": content.kind,
            "visibility": content.visibility,
            "author": {"kind": content.author_kind, "id": str(content.author_id), "name": content.author_name},
            "body": content.body,
            "answers": content.answers,
            "replaces": content.replaces,
            "mentions": [str(one) for one in content.mentions],
            "attachment": attached
            and {
                "name": attached.name,
                "media_type": attached.media_type,
                "size": attached.size,
                "sha256": attached.sha256,
            },
            "pin": pin and {"page": pin.page, "x": pin.x, "y": pin.y},
            "step": content.step,
            "at": content.at.astimezone(UTC).strftime(_AT),
        },
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    ).encode()


def parse(encoded: bytes) -> Content:
    """The entry that these bytes say; they must be canonical.

    Raises:
        BadThread
    """
    if len(encoded) > LARGEST_CONTENT:
        raise BadThread("an entry is too large")
    try:
        content = _content(json.loads(encoded))
        same = canonical(content) == encoded
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise BadThread("an entry is malformed") from None
    if not same:
        raise BadThread("an entry is not written as it should be")
    return content


def _content(given: Mapping[str, Any]) -> Content:
    author, attached, pin = given["author"], given["attachment"], given["pin"]
    if given["kind"] not in KINDS or given["visibility"] not in VISIBILITIES or author["kind"] not in AUTHORS:
        raise ValueError
    if len(given["mentions"]) > MOST_MENTIONS or len(given["body"]) > LONGEST_BODY:
        raise ValueError
    return Content(
        number=given["number"],
        kind=given["kind"],
        visibility=given["visibility"],
        author_kind=author["kind"],
        author_id=UUID(author["id"]),
        author_name=author["name"],
        body=given["body"],
        at=datetime.strptime(given["at"], _AT).replace(tzinfo=UTC),
        answers=given["answers"],
        replaces=given["replaces"],
        mentions=tuple(map(UUID, given["mentions"])),
        attachment=attached
        and Attached(attached["name"], attached["media_type"], attached["size"], attached["sha256"]),
        pin=pin and Pin(pin["page"], pin["x"], pin["y"]),
        step=given["step"],
    )


def commitment(salt: bytes, content: bytes) -> bytes:
    """What stands for an entry in the chain; 32 bytes."""
    return hashlib.sha256(b"telesphore.thread/entry/v1\n" + salt + content).digest()


def empty(envelope_id: UUID) -> bytes:
    """The head of a thread without entries; 32 bytes."""
    return hashlib.sha256(b"telesphore.thread/empty/v1\n" + envelope_id.bytes).digest()


def chained(previous: bytes, number: int, committed: bytes) -> bytes:
    """An entry's hash; 32 bytes."""
    return hashlib.sha256(b"telesphore.thread/link/v1\n" + previous + number.to_bytes(8, "big") + committed).digest()


def check(envelope_id: UUID, links: Sequence[Link]) -> bytes:
    """The head, once each entry follows the one before and says what it committed to.

    Raises:
        BadThread: with the number of the entry.
    """
    if len(links) > MOST_ENTRIES:
        raise BadThread("there are too many entries")
    head = empty(envelope_id)
    for number, link in enumerate(links, start=1):
        if link.number != number:
            raise BadThread(f"entry {number} is missing or out of order")
        if link.content is not None:
            if link.salt is None or len(link.salt) != SALT or link.content.number != number:
                raise BadThread(f"entry {number} is malformed")
            if commitment(link.salt, canonical(link.content)) != link.commitment:
                raise BadThread(f"entry {number} has changed")
        head = chained(head, number, link.commitment)
        if head != link.hash:
            raise BadThread(f"entry {number} does not follow the one before")
    return head


def attachment_name(number: int, attached: Attached) -> str:
    """Under which name the dispute kit holds what is attached to an entry."""
    return f"thread/{number:04}.{ENDINGS[attached.media_type]}"


def as_json(envelope_id: UUID, links: Sequence[Link]) -> dict[str, Any]:
    """The chain as the dispute kit holds it."""
    return {
        "format": FORMAT,
        "envelope": str(envelope_id),
        "head": (links[-1].hash if links else empty(envelope_id)).hex(),
        "entries": [
            {"number": link.number, "commitment": link.commitment.hex(), "hash": link.hash.hex()}
            | (
                {"salt": link.salt.hex(), "content": json.loads(canonical(link.content))}
                if link.content is not None and link.salt is not None
                else {}
            )
            for link in links
        ],
    }
