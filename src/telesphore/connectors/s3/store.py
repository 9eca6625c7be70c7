"""The vault's store in an S3 bucket.

An object is seen whole or not at all: S3 shows an upload only once it is complete, in one request or in parts. What
"durable" means is the bucket's affair: see `docs/operations.md` for what to ask of it.
"""

import io
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import BinaryIO, cast

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store as Bucket

from telesphore.kernel.errors import DomainError
from telesphore.vault.errors import BlobMissing, StoreAway, StoreFull

_PART = 8 << 20
"""Size of a part in bytes; S3 takes 10,000 parts, so a document may have 80 GB."""
_PARTS_AT_ONCE = 3
_OBJECTS_AT_ONCE = 4
_CHUNK = 1 << 20
# What servers answer when they have no room: HTTP 507 (RFC 4918 §11.5), and the codes of Ceph and SeaweedFS.
_FULL = re.compile(
    r"\b507 Insufficient Storage|QuotaExceeded|InsufficientStorage|InsufficientCapacity|(?i:writable volumes)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the bucket is, and as whom to speak to it.

    Attributes:
        endpoint: https://…, or http://… on a private network: what is stored is encrypted already.
        prefix: what the names in the bucket begin with; empty for nothing.
    """

    endpoint: str
    bucket: str
    region: str
    key_id: str
    secret: str = field(repr=False)
    prefix: str = ""


class S3Store:
    """A `vault.ports.BlobStore` in a bucket."""

    def __init__(self, place: Place) -> None:
        self._bucket = Bucket(
            place.bucket,
            prefix=place.prefix or None,
            endpoint=place.endpoint,
            region=place.region,
            access_key_id=place.key_id,
            secret_access_key=place.secret,
            client_options={
                "allow_http": place.endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=5),
                "read_timeout": timedelta(seconds=30),
                # Of a whole request: a large document on a slow line takes long.
                "timeout": timedelta(hours=1),
            },
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
        )

    def write(self, name: str, content: BinaryIO) -> None:
        parts = _Parts(content)
        first = next(parts)
        try:
            with _failures():
                if len(first) < _PART:
                    obstore.put(self._bucket, name, first, use_multipart=False)
                else:
                    whole = chain([first], parts)
                    obstore.put(self._bucket, name, whole, chunk_size=_PART, max_concurrency=_PARTS_AT_ONCE)
        except DomainError:
            # What the source of `content` refused is not the bucket's doing; the upload was given up.
            if parts.failure is not None:
                raise parts.failure from None
            raise

    def write_many(self, contents: Sequence[tuple[str, BinaryIO]]) -> None:
        # Leaving the block waits for those under way, so that none goes on once the caller was told of a failure.
        with ThreadPoolExecutor(_OBJECTS_AT_ONCE) as threads:
            writes = [threads.submit(self.write, name, content) for name, content in contents]
            try:
                for written in writes:
                    written.result()
            except BaseException:
                threads.shutdown(cancel_futures=True)
                raise

    def read(self, name: str) -> BinaryIO:
        with _failures():
            stream = obstore.get(self._bucket, name).stream(min_chunk_size=_CHUNK)
        return cast(BinaryIO, io.BufferedReader(_Body(stream), _CHUNK))

    def delete(self, name: str) -> None:
        try:
            with _failures():
                obstore.delete(self._bucket, name)
        except BlobMissing:
            pass

    def names(self, prefix: str = "") -> Iterator[str]:
        # S3 itself compares whole folders only, through this library.
        folder = prefix.rpartition("/")[0]
        with _failures():
            for page in obstore.list(self._bucket, folder or None):
                for entry in page:
                    if entry["path"].startswith(prefix):
                        yield entry["path"]

    def discard_unfinished(self, before: datetime) -> int:
        """Nothing: the bucket's lifecycle rule removes unfinished uploads (`AbortIncompleteMultipartUpload`)."""
        return 0


class _Parts(Iterator[bytes]):
    """Content in parts, the last one shorter and perhaps empty; remembers why it could not be read."""

    def __init__(self, content: BinaryIO) -> None:
        self._content = content
        self._ended = False
        self.failure: Exception | None = None

    def __next__(self) -> bytes:
        if self._ended:
            raise StopIteration
        pieces, missing = [], _PART
        try:
            while missing and (piece := self._content.read(missing)):
                pieces.append(piece)
                missing -= len(piece)
        except Exception as failure:
            self.failure = failure
            raise
        self._ended = missing > 0
        return b"".join(pieces)


class _Body(io.RawIOBase):
    """An answer's body as a file."""

    def __init__(self, chunks: "obstore.BytesStream") -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # Typeshed's Buffer.
        while not self._rest:
            with _failures():
                chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


@contextmanager
def _failures() -> Iterator[None]:
    """Say in the vault's words what the bucket refused."""
    try:
        yield
    except FileNotFoundError as error:
        if "NoSuchBucket" in str(error):
            raise StoreAway from error
        raise BlobMissing from error
    except (BaseError, OSError, TimeoutError) as error:
        raise (StoreFull if _FULL.search(str(error)) else StoreAway) from error
