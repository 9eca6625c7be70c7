"""Read what the vault holds. Nothing here decides who may: the rooms above do, before they ask."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, cast
from uuid import UUID

from tink import TinkError

from telesphore.vault import access, ports
from telesphore.vault.access import Owner
from telesphore.vault.errors import (
    BlobAltered,
    BlobDamaged,
    BlobNotFound,
    BlobSwapped,
    BlobTooLarge,
    BlobTruncated,
    Erased,
    KeysetNotFound,
    TextDamaged,
)
from telesphore.vault.formats import streaming
from telesphore.vault.formats.keysets import StreamingKey
from telesphore.vault.models import Blob, Keyset


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobFacts:
    """What is known of a blob without its key.

    Attributes:
        size: of the plaintext, in bytes.
        sha256: of the plaintext, 32 bytes.
    """

    blob_id: UUID
    organisation_id: UUID
    key_id: UUID
    media_type: str
    size: int
    sha256: bytes
    stored_size: int
    stored_sha256: bytes


def blob_facts(*, organisation_id: UUID, blob_id: UUID) -> BlobFacts:
    """Size, hash and media type of a blob.

    Raises:
        BlobNotFound: no such blob in this organisation.
        Erased: its keyset was destroyed.
    """
    return _facts(_find(organisation_id, blob_id))


def _find(organisation_id: UUID, blob_id: UUID) -> Blob:
    try:
        row = Blob.objects.select_related("keyset").get(organisation_id=organisation_id, id=blob_id)
    except Blob.DoesNotExist:
        raise BlobNotFound from None
    if row.keyset.erased_at is not None:
        raise Erased
    return row


def _facts(row: Blob) -> BlobFacts:
    return BlobFacts(
        blob_id=row.id,
        organisation_id=row.organisation_id,
        key_id=row.key_id,
        media_type=row.media_type,
        size=row.size,
        sha256=bytes(row.sha256 or b""),
        stored_size=row.stored_size,
        stored_sha256=bytes(row.stored_sha256),
    )


def stored_name(organisation_id: UUID, blob_id: UUID) -> str:
    """The name in the store: the organisation, 256 folders by the last byte of the id (random in a UUIDv7), the id."""
    return f"{organisation_id}/{blob_id.hex[-2:]}/{blob_id}"


@contextmanager
def open_blob(*, organisation_id: UUID, blob_id: UUID) -> Iterator[BinaryIO]:
    """Read a blob as a stream, in a `with` block; memory stays at a few MiB whatever the size.

    Every byte is authenticated before it is given, and the end is given only once the hash matches; who stops
    before the end has not verified the rest.

    Raises:
        BlobNotFound: no such blob in this organisation.
        Erased: its keyset was destroyed.
        WrongMasterKey: the keyset can't be unwrapped.
        BlobMissing, BlobTruncated, BlobAltered, BlobSwapped: at opening or while reading, what is stored is damaged.
        StoreAway: the store does not answer.
    """
    row = _find(organisation_id, blob_id)
    with _open(row) as stream:
        yield stream


@contextmanager
def _open(row: Blob) -> Iterator[BinaryIO]:
    owner = Owner(row.organisation_id, row.key_id)
    keys = access.blob_keys(row.keyset)
    with ports.store.get().read(stored_name(row.organisation_id, row.id)) as source:
        yield cast(BinaryIO, _Verified(row, source, keys, owner.blob_context(row.id)))


class _Verified(streaming.DecryptingReader):
    """A decrypting reader that says what is wrong in the vault's words."""

    def __init__(self, row: Blob, source: BinaryIO, keys: tuple[StreamingKey, ...], associated_data: bytes) -> None:
        super().__init__(source, keys, associated_data, stored_size=row.stored_size, sha256=bytes(row.sha256 or b""))
        self._row = row

    def read(self, size: int | None = -1) -> bytes:
        try:
            return super().read(size)
        except streaming.Unreadable as unreadable:
            raise _diagnosis(self._row, unreadable) from None


def _diagnosis(row: Blob, unreadable: streaming.Unreadable) -> BlobDamaged:
    """Which damage it is; reads all that is stored once more, to tell whose it is."""
    digest = hashlib.sha256()
    with ports.store.get().read(stored_name(row.organisation_id, row.id)) as source:
        while part := source.read(1 << 20):
            digest.update(part)
    found = digest.digest()
    # The bytes are those that the row names, yet do not open under the row's key: the row was moved.
    misplaced = found == bytes(row.stored_sha256)
    if misplaced or Blob.objects.filter(stored_sha256=found).exists():
        return BlobSwapped()
    return BlobTruncated() if isinstance(unreadable, streaming.Truncated) else BlobAltered()


def read_blob(*, organisation_id: UUID, blob_id: UUID, limit: int) -> bytes:
    """All of a blob in memory.

    Raises:
        BlobTooLarge: it is larger than `limit` bytes.
        Others: as `open_blob`.
    """
    row = _find(organisation_id, blob_id)
    if row.size > limit:
        raise BlobTooLarge(limit=limit)
    with _open(row) as stream:
        return stream.read()


def read_blobs(*, organisation_id: UUID, blob_ids: Iterable[UUID], limit: int) -> Iterator[tuple[UUID, bytes]]:
    """Several small blobs, one after the other, each once; their rows are read in one query.

    Raises:
        As `read_blob`, of one of them.
    """
    wanted = list(dict.fromkeys(blob_ids))
    rows = {
        row.id: row
        for row in Blob.objects.select_related("keyset").filter(organisation_id=organisation_id, id__in=wanted)
    }
    for blob_id in wanted:
        row = rows.get(blob_id)
        if row is None:
            raise BlobNotFound
        if row.keyset.erased_at is not None:
            raise Erased
        if row.size > limit:
            raise BlobTooLarge(limit=limit)
        with _open(row) as stream:
            yield blob_id, stream.read()


def unseal_text(*, organisation_id: UUID, key_id: UUID, sealed: bytes, context: str) -> str:
    """The text that `seal_text` sealed for the same owner and context.

    Raises:
        TextDamaged: altered, or sealed for another owner or context.
        KeysetNotFound, Erased, WrongMasterKey: the key can't be had.
    """
    return _unseal(access.find_keyset(Owner(organisation_id, key_id)), sealed, context)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A text that `seal_text` sealed, under which key and for which context."""

    key_id: UUID
    sealed: bytes
    context: str


def unseal_texts(*, organisation_id: UUID, texts: Sequence[Sealed]) -> list[str]:
    """Several of them, in the order given; the rows of their keys are read in one query. Raises as `unseal_text`."""
    rows = {
        row.id: row
        for row in Keyset.objects.filter(
            organisation_id=organisation_id, id__in={text.key_id for text in texts}, erased_at=None
        )
    }
    # Of a key that is not there, the one query more says what is wrong.
    return [
        _unseal(
            rows.get(text.key_id) or access.find_keyset(Owner(organisation_id, text.key_id)), text.sealed, text.context
        )
        for text in texts
    ]


def _unseal(row: Keyset, sealed: bytes, context: str) -> str:
    cipher = access.text_cipher(row)
    try:
        text: bytes = cipher.decrypt(sealed, Owner(row.organisation_id, row.id).text_context(context))
    except TinkError:
        raise TextDamaged from None
    return text.decode()


def began_at(blob_id: UUID) -> datetime:
    """When the deposit of a blob began: the milliseconds that its id carries (RFC 9562 §5.7)."""
    return datetime.fromtimestamp((blob_id.int >> 80) / 1000, UTC)


def any_keyset() -> bool:
    """Whether a keyset that still opens something exists, in any organisation."""
    return Keyset.objects.filter(erased_at=None).exists()


def organisation_keyset(organisation_id: UUID) -> UUID:
    """The keyset of what belongs to no patient.

    Raises:
        KeysetNotFound: the organisation has none.
    """
    row = Keyset.objects.filter(organisation_id=organisation_id, patient_id=None, erased_at=None).only("id").first()
    if row is None:
        raise KeysetNotFound
    return row.id


def living_keysets() -> Iterator[tuple[UUID, UUID]]:
    """(organisation, keyset) of every keyset not erased."""
    return Keyset.objects.filter(erased_at=None).values_list("organisation_id", "id").iterator()
