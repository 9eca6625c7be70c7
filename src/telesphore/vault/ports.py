"""What the vault needs from outside: a place for bytes, and a master key."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import BinaryIO, Protocol, runtime_checkable

from telesphore.kernel.ports import Port


class MasterKey(Protocol):
    """Wraps and unwraps keysets; the key itself never leaves its file's reader or its HSM."""

    @property
    def name(self) -> str:
        """Which key wraps now, as written beside each wrapped keyset."""

    def wrap(self, plaintext: bytes, context: bytes) -> bytes:
        """Encrypt a keyset (at most 64 KiB); `context` must be given again to unwrap it."""

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Decrypt a keyset.

        Raises:
            WrongMasterKey: this key did not wrap it, or it was altered.
        """


@runtime_checkable
class RenewableMasterKey(MasterKey, Protocol):
    """A master key that can be changed from here. Another kind is changed by its own tools and a setting."""

    def renew(self) -> None:
        """Make a fresh key, which wraps from now on, in every process; the earlier ones still unwrap."""

    def retire(self, used: set[str], at: datetime) -> int:
        """Destroy the keys that are neither in `used` (names) nor the one that wraps now. Returns how many.

        Raises:
            RetiredTooSoon: the last renewal is less than an hour old, so a keyset wrapped before it may still be on
                its way to the database.
        """


class BlobStore(Protocol):
    """Holds encrypted bytes under names made of lower-case letters, digits, `-` and `/`.

    Every method raises `StoreAway` when the store does not answer or fails.
    """

    def write(self, name: str, content: BinaryIO) -> None:
        """Write all of `content`, durably: a power cut after it returns loses nothing; if it raises, nothing shows.

        Raises:
            StoreFull: no room.
        """

    def write_many(self, contents: Sequence[tuple[str, BinaryIO]]) -> None:
        """Write all of a batch, each name with its content, durably: it waits for the disk less often than `write`.

        If it raises, some of the names may show, each with all of its bytes; what they hold is not wanted then.

        Raises:
            StoreFull: no room.
        """

    def read(self, name: str) -> BinaryIO:
        """Open for reading from the start.

        Raises:
            BlobMissing: no such name.
        """

    def delete(self, name: str) -> None:
        """Remove; nothing happens when it is not there."""

    def names(self, prefix: str = "") -> Iterator[str]:
        """Every name that begins with `prefix`, with no order promised; never one that is being written."""

    def discard_unfinished(self, before: datetime) -> int:
        """Remove what writes that were killed before this instant left behind. Returns how many."""


master_key: Port[MasterKey] = Port("vault.master_key")
earlier_master_keys: Port[tuple[MasterKey, ...]] = Port("vault.earlier_master_keys")
"""Keys that may still be needed to unwrap, while an instance moves from one kind of master key to another."""
store: Port[BlobStore] = Port("vault.store")
