"""Obtaining keys: the living keyset of an owner, unwrapped, and kept in memory briefly."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
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

T = TypeVar("T")


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
    return _remembered.get(row, "blobs", lambda: keysets.streaming_keys(open_handle(row, "blobs")))


def text_cipher(row: Keyset) -> aead.Aead:
    """The cipher of short texts."""
    return _remembered.get(row, "texts", lambda: open_handle(row, "texts").primitive(aead.Aead))


def forget(owner: Owner) -> None:
    """Drop the owner's keys from this process's memory."""
    _remembered.forget(owner)


class _Remembered:
    """Unwrapped keys, at most `CACHED_AT_MOST` for `CACHED_FOR` seconds each, the least recently used dropped first.

    Keyed by the row's version: a keyset changed by another process is unwrapped anew.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[Owner, str, int], tuple[float, Any]] = OrderedDict()

    def get(self, row: Keyset, kind: str, unwrap_it: Callable[[], T]) -> T:
        """The remembered value, or a new one."""
        place = (Owner(row.organisation_id, row.id), kind, row.version)
        now = time.monotonic()
        with self._lock:
            self._drop_old(now)
            found = self._entries.get(place)
            if found is not None:
                self._entries.move_to_end(place)
                value: T = found[1]
                return value
        value = unwrap_it()
        with self._lock:
            self._entries[place] = (now, value)
            while len(self._entries) > CACHED_AT_MOST:
                self._entries.popitem(last=False)
        return value

    def _drop_old(self, now: float) -> None:
        for place in [place for place, (since, _) in self._entries.items() if now - since > CACHED_FOR]:
            del self._entries[place]

    def forget(self, owner: Owner) -> None:
        """Drop every entry of `owner`."""
        with self._lock:
            for place in [place for place in self._entries if place[0] == owner]:
                del self._entries[place]

    def __len__(self) -> int:
        return len(self._entries)


_remembered = _Remembered()
