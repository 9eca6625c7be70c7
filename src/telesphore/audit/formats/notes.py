"""Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint): a text, and the lines of those who signed it."""

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from telesphore.audit.formats.merkle import HASH_BYTES

ED25519 = 0x01
ED25519_COSIGNATURE = 0x04
MAX_NOTE_BYTES = 100_000
MAX_SIGNATURES = 64

_KEY_NAME = re.compile(r"[^\s+]+")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class BadNote(ValueError):
    """A note, a checkpoint, a key or a signature is not what it should be; the message says why."""


def decode_base64(text: str) -> bytes:
    """Bytes of standard base64 (RFC 4648 §4), of which each value has one spelling only.

    Raises:
        BadNote: it is not.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadNote("Not base64.") from None
    if base64.b64encode(data).decode() != text:
        raise BadNote("Not canonical base64.")
    return data


def decode_decimal(text: str) -> int:
    """A number without leading zeroes, below 10^19.

    Raises:
        BadNote: it is not.
    """
    if not _DECIMAL.fullmatch(text):
        raise BadNote("Not a decimal number.")
    return int(text)


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """Four bytes that, with its name, say which key signed: SHA-256(name ‖ 0x0A ‖ kind ‖ public key)[:4]."""
    return sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that we trust: its name, its kind of signature and its 32 bytes (Ed25519, RFC 8032)."""

    name: str
    kind: int
    raw: bytes

    @property
    def id(self) -> bytes:
        """The four bytes before its signatures."""
        return key_id(self.name, self.kind, self.raw)

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.kind]) + self.raw).decode()}"

    @classmethod
    def parse(cls, text: str) -> "PublicKey":
        """A verifier key `name+id+base64(kind ‖ public key)` (C2SP signed-note, verifier keys).

        Raises:
            BadNote: malformed, of a kind that we don't know, or with an id that is not its own.
        """
        name, _, rest = text.strip().partition("+")
        identifier, _, encoded = rest.partition("+")
        data = decode_base64(encoded)
        if not _KEY_NAME.fullmatch(name) or len(data) != 33 or data[0] not in (ED25519, ED25519_COSIGNATURE):
            raise BadNote("Not an Ed25519 verifier key: name+id+base64.")
        key = cls(name, data[0], data[1:])
        if key.id.hex() != identifier:
            raise BadNote("The verifier key's id is not that of its key.")
        return key

    def check(self, message: bytes, signature: bytes) -> None:
        """Check an Ed25519 signature.

        Raises:
            BadNote: it is not this key's over this message.
        """
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            raise BadNote(f"The signature of {self.name} does not hold.") from None


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A key that signs notes."""

    name: str
    seed: bytes

    def __repr__(self) -> str:
        return f"PrivateKey({self.name!r})"

    @property
    def public(self) -> PublicKey:
        """What others check its signatures with."""
        return PublicKey(
            self.name, ED25519, Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        )

    @classmethod
    def generate(cls, name: str) -> "PrivateKey":
        """A new key.

        Raises:
            BadNote: no key can have that name.
        """
        if not _KEY_NAME.fullmatch(name):
            raise BadNote("A key's name has neither spaces nor plus signs.")
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    def encode(self) -> str:
        """`PRIVATE+KEY+name+id+base64(kind ‖ seed)`: the form that Go's note package keeps keys in."""
        data = base64.b64encode(bytes([ED25519]) + self.seed).decode()
        return f"PRIVATE+KEY+{self.name}+{self.public.id.hex()}+{data}"

    @classmethod
    def parse(cls, text: str) -> "PrivateKey":
        """The inverse of `encode`.

        Raises:
            BadNote: malformed; the message tells nothing of the key.
        """
        parts = text.strip().split("+", 4)
        if len(parts) != 5 or parts[:2] != ["PRIVATE", "KEY"] or not _KEY_NAME.fullmatch(parts[2]):
            raise BadNote("Not a log's private key.")
        data = decode_base64(parts[4])
        if len(data) != 33 or data[0] != ED25519:
            raise BadNote("Not an Ed25519 private key.")
        key = cls(parts[2], data[1:])
        if key.public.id.hex() != parts[3]:
            raise BadNote("The private key's id is not that of its key.")
        return key

    def sign(self, text: str) -> str:
        """`text` as a note signed by this key. `text` ends in a newline."""
        _check_text(text)
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        return text + "\n" + signature_line(self.name, self.public.id + signature)


def signature_line(name: str, data: bytes) -> str:
    """`— name base64(key id ‖ signature)`, newline included."""
    return f"— {name} {base64.b64encode(data).decode()}\n"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line, not checked yet."""

    name: str
    key_id: bytes
    data: bytes

    def by(self, key: PublicKey) -> bool:
        """Whether it says that it is of `key`."""
        return self.name == key.name and self.key_id == key.id

    @property
    def line(self) -> str:
        """As written, newline included."""
        return signature_line(self.name, self.key_id + self.data)


def _check_text(text: str) -> None:
    if not text.endswith("\n") or _CONTROL.search(text):
        raise BadNote("A note's text ends in a newline and holds no other control character.")


def parse_signatures(lines: str) -> list[Signature]:
    """Signature lines, each ended by a newline.

    Raises:
        BadNote: malformed, or more than 64 of them.
    """
    if not lines.endswith("\n") or lines.count("\n") > MAX_SIGNATURES:
        raise BadNote("A note has between 1 and 64 signature lines.")
    signatures = []
    for line in lines[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        data = decode_base64(encoded)
        if dash != "—" or not _KEY_NAME.fullmatch(name) or len(data) < 5:
            raise BadNote("A signature line is: — name base64.")
        signatures.append(Signature(name, data[:4], data[4:]))
    return signatures


def parse(note: str) -> tuple[str, list[Signature]]:
    """The text of a note and its signatures, not checked yet.

    Raises:
        BadNote: malformed or over 100,000 bytes.
    """
    if len(note.encode()) > MAX_NOTE_BYTES or _CONTROL.search(note):
        raise BadNote("A note is at most 100,000 bytes of text.")
    text, separator, lines = note.rpartition("\n\n")
    if not separator:
        raise BadNote("A note is a text, an empty line and signatures.")
    return text + "\n", parse_signatures(lines)


def open_note(note: str, key: PublicKey) -> str:
    """The text of a note that `key` signed.

    Raises:
        BadNote: malformed, not signed by that key, or the signature does not hold.
    """
    text, signatures = parse(note)
    own = [signature for signature in signatures if signature.by(key)]
    if not own:
        raise BadNote(f"The note is not signed by {key.name} with the key {key.id.hex()}.")
    for signature in own:
        key.check(text.encode(), signature.data)
    return text


@dataclass(frozen=True, slots=True)
class Head:
    """A tree head: whose log, how many leaves, which root."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """A checkpoint's text, with or without extension lines.

        Raises:
            BadNote: malformed.
        """
        lines = text.removesuffix("\n").split("\n")
        if len(lines) < 3 or not all(lines):
            raise BadNote("A checkpoint is an origin, a size and a root.")
        head = cls(lines[0], decode_decimal(lines[1]), decode_base64(lines[2]))
        if len(head.root) != HASH_BYTES:
            raise BadNote("A checkpoint's root has 32 bytes.")
        return head


def open_checkpoint(note: str, key: PublicKey) -> Head:
    """The head of the log whose key is `key`, from its signed checkpoint.

    Raises:
        BadNote: as `open_note`, or another log's checkpoint.
    """
    head = Head.parse(open_note(note, key))
    if head.origin != key.name:
        raise BadNote(f"The checkpoint is of {head.origin}, the key of {key.name}.")
    return head
