"""Obtaining keys: the living keyset of an owner, unwrapped, and kept in memory briefly."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tink import KeysetHandle, aead

from telesphore.kernel.ports import PortNotBound
from telesphore.vault import ports
from telesphore.vault.errors import Erased, KeysetNotFound, WrongMasterKey
from telesphore.vault.formats import keysets
from telesphore.vault.formats.keysets import StreamingKey
from telesphore.vault.models import Keyset

CACHED_FOR = 60.0
"""Seconds that an unwrapped keyset stays in memory. Erasure and rotation do not wait for it: the row is read anew."""
CACHED_AT_MOST = 512

TEMPLATES = {"blobs": keysets.BLOB_TEMPLATE, "texts": keysets.TEXT_TEMPLATE}
"""What each of an owner's two keysets is made of."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose keys: a keyset of an organisation."""

    organisation_id: UUID
    key_id: UUID

    def context(self, kind: str) -> bytes:
        """What binds a wrapped keyset of `kind` (`blobs` or `texts`) to its row."""
        return f"telesphore:vault:keyset:{kind}:{self.organisation_id}:{self.key_id}".encode()

    def blob_context(self, blob_id: UUID) -> bytes:
        """What binds the ciphertext of a blob to its row: the associated data of its encryption."""
        return f"telesphore:vault:blob:{self.organisation_id}:{self.key_id}:{blob_id}".encode()

    def text_context(self, context: str) -> bytes:
        """What binds a sealed text to its owner and its place."""
        return f"telesphore:vault:text:{self.organisation_id}:{self.key_id}:{context}".encode()


def unwrap(wrapped: bytes, context: bytes) -> bytes:
    """Unwrap by the master key, or by an earlier one.

    Raises:
        WrongMasterKey: none of them wrapped it.
    """
    try:
        return ports.master_key.get().unwrap(wrapped, context)
    except WrongMasterKey:
        for earlier in _earlier():
            try:
                return earlier.unwrap(wrapped, context)
            except WrongMasterKey:
                continue
        raise


def _earlier() -> "tuple[ports.MasterKey, ...]":
    try:
        return ports.earlier_master_keys.get()
    except PortNotBound:
        return ()


@dataclass(frozen=True, slots=True)
class WrappedKeys:
    """An owner's keys as they are stored, and the name of the master key that wrapped them."""

    master_key: str
    blobs: bytes
    texts: bytes


def wrap(owner: Owner, handles: Mapping[str, KeysetHandle]) -> WrappedKeys:
    """Wrap both keysets by the present master key."""
    master = ports.master_key.get()
    while True:
        name = master.name
        wrapped = {
            kind: keysets.wrapped(handle, wrap=master.wrap, unwrap=master.unwrap, context=owner.context(kind))
            for kind, handle in handles.items()
        }
        # Renewed meanwhile: under a wrong name, the key that wrapped could be retired as unused.
        if master.name == name:
            return WrappedKeys(name, wrapped["blobs"], wrapped["texts"])


def find_keyset(owner: Owner) -> Keyset:
    """The owner's row.

    Raises:
        KeysetNotFound: no such keyset in this organisation.
        Erased: it was destroyed.
    """
    try:
        row = Keyset.objects.get(organisation_id=owner.organisation_id, id=owner.key_id)
    except Keyset.DoesNotExist:
        raise KeysetNotFound from None
    if row.erased_at is not None:
        raise Erased
    return row


def open_handle(row: Keyset, kind: str) -> KeysetHandle:
    """The Tink keyset of a row.

    Raises:
        WrongMasterKey: wrapped by another master key, or altered.
    """
    owner = Owner(row.organisation_id, row.id)
    data = row.blob_keys if kind == "blobs" else row.text_keys
    try:
        return keysets.unwrapped(bytes(data or b""), unwrap=unwrap, context=owner.context(kind))
    except keysets.BadKeyset:
        raise WrongMasterKey from None


def blob_keys(row: Keyset) -> tuple[StreamingKey, ...]:
    """The keys that encrypt blobs; the first encrypts new ones."""
    keys: tuple[StreamingKey, ...] = _obtain(row, "blobs", keysets.streaming_keys)
    return keys


def text_cipher(row: Keyset) -> aead.Aead:
    """The cipher of short texts."""
    return _obtain(row, "texts", lambda handle: handle.primitive(aead.Aead))


def writing_key(owner: Owner) -> StreamingKey:
    """The key that encrypts new blobs, as remembered when it is.

    It may be erased or rotated since: `keep` reads the row, and refuses then; an earlier key still decrypts.

    Raises:
        KeysetNotFound, Erased, WrongMasterKey: the key can't be had.
    """
    keys: tuple[StreamingKey, ...] = _remembered.find(owner, "blobs") or blob_keys(find_keyset(owner))
    return keys[0]


def writing_keys(owners: Iterable[Owner]) -> dict[Owner, StreamingKey]:
    """The key of each owner, as `writing_key`; those not remembered are read in one query.

    Raises:
        KeysetNotFound, Erased, WrongMasterKey: the key of one of them can't be had.
    """
    wanted = set(owners)
    found = {owner: keys for owner in wanted if (keys := _remembered.find(owner, "blobs"))}
    unknown = wanted - found.keys()
    if unknown:
        rows = Keyset.objects.filter(
            organisation_id__in={owner.organisation_id for owner in unknown}, id__in={owner.key_id for owner in unknown}
        )
        for row in rows:
            owner = Owner(row.organisation_id, row.id)
            if owner in unknown and row.erased_at is None:
                found[owner] = blob_keys(row)
    # Of those that are still missing, the one query more says what is wrong.
    return {owner: found[owner][0] if owner in found else writing_key(owner) for owner in wanted}


def _obtain(row: Keyset, kind: str, use: Callable[[KeysetHandle], Any]) -> Any:
    """What the row's keys are used through: remembered if of this version of the row, else unwrapped."""
    owner = Owner(row.organisation_id, row.id)
    found = _remembered.find(owner, kind, row.version)
    if found is None:
        found = use(open_handle(row, kind))
        _remembered.keep(owner, kind, row.version, found)
    return found


def forget(owner: Owner) -> None:
    """Drop the owner's keys from this process's memory."""
    _remembered.forget(owner)


class _Remembered:
    """Unwrapped keys, at most `CACHED_AT_MOST` for `CACHED_FOR` seconds each, the least recently used dropped first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[Owner, str], tuple[float, int, Any]] = OrderedDict()

    def find(self, owner: Owner, kind: str, version: int | None = None) -> Any:
        """What is remembered, of this version of the row when given; None when nothing is."""
        with self._lock:
            oldest = time.monotonic() - CACHED_FOR
            for place in [place for place, (since, _, _) in self._entries.items() if since < oldest]:
                del self._entries[place]
            entry = self._entries.get((owner, kind))
            if entry is None or version not in (None, entry[1]):
                return None
            self._entries.move_to_end((owner, kind))
            return entry[2]

    def keep(self, owner: Owner, kind: str, version: int, value: Any) -> None:
        """Remember."""
        with self._lock:
            self._entries[owner, kind] = (time.monotonic(), version, value)
            self._entries.move_to_end((owner, kind))
            while len(self._entries) > CACHED_AT_MOST:
                self._entries.popitem(last=False)

    def forget(self, owner: Owner) -> None:
        """Drop what is remembered of `owner`."""
        with self._lock:
            for kind in ("blobs", "texts"):
                self._entries.pop((owner, kind), None)

    def __len__(self) -> int:
        return len(self._entries)


_remembered = _Remembered()
