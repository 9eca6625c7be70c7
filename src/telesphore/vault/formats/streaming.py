"""Tink's AES-GCM-HKDF streaming AEAD, as two readers: one gives ciphertext, the other gives plaintext.

Wire format (https://developers.google.com/tink/streaming-aead/aes_gcm_hkdf_streaming):

    header    = length of the header (1 byte) | salt (as long as the derived key) | nonce prefix (7 bytes)
    ciphertext = header | segment 0 | segment 1 | … | last segment
    key       = HKDF-SHA256(key value, salt, info = associated data)
    nonce     = nonce prefix | number of the segment (4 bytes, big-endian) | 1 for the last segment, else 0
    segment   = AES-GCM(key, nonce, plaintext, no associated data), its 16-byte tag last

A segment of ciphertext is as long as the key says, except the last; the header takes its room in segment 0. Tink's own
implementation moves each byte through Python several times; this one hands whole segments to OpenSSL. Tests have Tink
read what this writes, and the reverse.
"""

import hashlib
import io
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from telesphore.vault.formats.keysets import StreamingKey

TAG = 16
PREFIX = 7
_MAX_SEGMENTS = 2**32


class Unreadable(Exception):
    """The ciphertext does not decrypt to what was announced."""


class Truncated(Unreadable):
    """The ciphertext ends before its announced size."""


class Altered(Unreadable):
    """A tag, a size or the hash of the plaintext does not match."""


def header_size(key: StreamingKey) -> int:
    """Bytes before segment 0."""
    return 1 + key.derived_size + PREFIX


def stored_size(key: StreamingKey, size: int) -> int:
    """Size of the ciphertext of `size` bytes of plaintext."""
    room = key.segment_size - TAG
    segments = max(1, -(-(size + header_size(key)) // room))
    return size + header_size(key) + segments * TAG


def _cipher(key: StreamingKey, salt: bytes, associated_data: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), key.derived_size, salt, associated_data).derive(key.value))


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + (b"\x01" if last else b"\x00")


class _Memory:
    """Bytes read as a file, without copying them."""

    def __init__(self, content: bytes) -> None:
        self._content = memoryview(content)

    def read(self, size: int) -> memoryview:
        """At most `size` bytes."""
        part = self._content[:size]
        self._content = self._content[size:]
        return part


def _read_exactly(source: BinaryIO | _Memory, size: int) -> bytes | memoryview:
    """`size` bytes, or fewer at the end of `source`."""
    first = source.read(size)
    if len(first) == size or not first:
        return first
    parts = [first]
    missing = size - len(first)
    while missing and (part := source.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


class _Segments(io.BufferedIOBase):
    """A readable file over an iterator of byte strings; a read that is exactly one of them copies nothing."""

    def __init__(self, segments: Iterator[bytes]) -> None:
        self._segments = segments
        self._rest = memoryview(b"")
        self._failure: Exception | None = None

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        """`size` bytes, or fewer at the end; all of it when negative or None."""
        parts: list[memoryview] = []
        missing = sys.maxsize if size is None or size < 0 else size
        while missing:
            self._rest = self._rest or memoryview(self._next())
            if not self._rest:
                break
            parts.append(self._rest[:missing])
            self._rest = self._rest[missing:]
            missing -= len(parts[-1])
        if len(parts) == 1 and isinstance(whole := parts[0].obj, bytes) and len(whole) == len(parts[0]):
            return whole
        return b"".join(parts)

    def _next(self) -> bytes:
        # A generator that failed looks finished: without this, a second read would see a clean end.
        if self._failure is not None:
            raise self._failure
        try:
            return next(self._segments, b"")
        except Exception as failure:
            self._failure = failure
            raise


class _Hash:
    """A SHA-256 of pieces in order; large ones are hashed in a thread, while others encrypt and the disk works.

    Hashing is five times slower than AES-GCM on processors of our time. At most one piece waits, which bounds memory.
    """

    _LARGE = 128 * 1024

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._thread: ThreadPoolExecutor | None = None
        self._running: Future[None] | None = None

    def add(self, piece: bytes | memoryview) -> None:
        """Hash one piece after those before it."""
        self._wait()
        if len(piece) < self._LARGE:
            self._hash.update(piece)
            return
        self._thread = self._thread or ThreadPoolExecutor(1)
        self._running = self._thread.submit(self._hash.update, piece)

    def digest(self) -> bytes:
        """Of all pieces added. The thread ends here, or when the reader is given up and collected."""
        self._wait()
        if self._thread is not None:
            self._thread.shutdown()
            self._thread = None
        return self._hash.digest()

    def _wait(self) -> None:
        if self._running is not None:
            self._running.result()
            self._running = None


class EncryptingReader(_Segments):
    """Reads plaintext from `content`, gives ciphertext; the sizes and hashes are complete once read to the end."""

    def __init__(self, content: bytes | BinaryIO, key: StreamingKey, associated_data: bytes) -> None:
        self.size = 0
        self.stored_size = 0
        self._plain_hash = _Hash()
        self._stored_hash = _Hash()
        super().__init__(self._encrypt(content, key, associated_data))

    @property
    def sha256(self) -> bytes:
        """Of the plaintext read so far."""
        return self._plain_hash.digest()

    @property
    def stored_sha256(self) -> bytes:
        """Of the ciphertext given so far."""
        return self._stored_hash.digest()

    def _encrypt(self, content: bytes | BinaryIO, key: StreamingKey, associated_data: bytes) -> Iterator[bytes]:
        salt, prefix = os.urandom(key.derived_size), os.urandom(PREFIX)
        header = bytes([header_size(key)]) + salt + prefix
        cipher = _cipher(key, salt, associated_data)
        source = _Memory(content) if isinstance(content, bytes) else content
        room = key.segment_size - TAG
        segment = _read_exactly(source, room - len(header))
        for number in range(_MAX_SEGMENTS):
            # A segment says whether it is the last, so the next is read before this one is encrypted.
            following = _read_exactly(source, room)
            self.size += len(segment)
            self._plain_hash.add(segment)
            stored = header + cipher.encrypt(_nonce(prefix, number, not following), segment, None)
            self.stored_size += len(stored)
            self._stored_hash.add(stored)
            yield stored
            if not following:
                return
            segment, header = following, b""
        raise ValueError("Too long for this format.")


class DecryptingReader(_Segments):
    """Reads ciphertext from `source`, gives plaintext, each byte authenticated before it is given.

    The announced sizes and hash are checked too, the hash at the end.

    Raises, while reading:
        Truncated: fewer bytes than `stored_size`.
        Altered: a tag or the hash does not match, or there are more bytes.
    """

    def __init__(
        self,
        source: BinaryIO,
        keys: Sequence[StreamingKey],
        associated_data: bytes,
        *,
        stored_size: int,
        sha256: bytes,
    ) -> None:
        super().__init__(self._decrypt(source, keys, associated_data, stored_size, sha256))

    def _decrypt(
        self, source: BinaryIO, keys: Sequence[StreamingKey], associated_data: bytes, stored_size: int, sha256: bytes
    ) -> Iterator[bytes]:
        left = stored_size
        first = _read_exactly(source, min(left, keys[0].segment_size))
        for key in keys:
            try:
                cipher, prefix, segment = self._open_first(first, key, associated_data, stored_size)
                break
            except InvalidTag:
                continue
        else:
            raise Truncated if len(first) < min(left, keys[0].segment_size) else Altered
        left -= len(first)
        digest = _Hash()
        number = 0
        while True:
            digest.add(segment)
            # The last segment is given only once the whole is known to be right.
            if left == 0 and (source.read(1) or digest.digest() != sha256):
                raise Altered
            if segment:
                yield segment
            if left == 0:
                return
            number += 1
            size = min(left, key.segment_size)
            stored = _read_exactly(source, size)
            if len(stored) < size:
                raise Truncated
            left -= size
            try:
                segment = cipher.decrypt(_nonce(prefix, number, left == 0), stored, None)
            except InvalidTag:
                raise Altered from None

    @staticmethod
    def _open_first(
        first: bytes | memoryview, key: StreamingKey, associated_data: bytes, stored_size: int
    ) -> tuple[AESGCM, bytes, bytes]:
        size = header_size(key)
        if len(first) < size + TAG or first[0] != size:
            raise InvalidTag
        salt, prefix = bytes(first[1 : 1 + key.derived_size]), bytes(first[1 + key.derived_size : size])
        cipher = _cipher(key, salt, associated_data)
        last = len(first) == stored_size
        return cipher, prefix, cipher.decrypt(_nonce(prefix, 0, last), memoryview(first)[size:], None)
