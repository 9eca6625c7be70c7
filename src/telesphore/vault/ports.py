"""What the vault needs from outside: a place for bytes, and a master key."""

from collections.abc import Iterator
from typing import BinaryIO, Protocol

from telesphore.kernel.ports import Port


class MasterKey(Protocol):
    """Wraps and unwraps keysets; the key itself never leaves its file's reader or its HSM."""

    @property
    def name(self) -> str:
        """Which key this is, as written beside each wrapped keyset."""

    def wrap(self, plaintext: bytes, context: bytes) -> bytes:
        """Encrypt a keyset; `context` must be given again to unwrap it."""

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Decrypt a keyset.

        Raises:
            WrongMasterKey: this key did not wrap it, or it was altered.
        """


class BlobStore(Protocol):
    """Holds encrypted bytes under names made of lower-case letters, digits, `-` and `/`."""

    def write(self, name: str, content: BinaryIO) -> None:
        """Write all of `content`, durably: a power cut after it returns loses nothing; if it raises, nothing shows."""

    def read(self, name: str) -> BinaryIO:
        """Open for reading from the start.

        Raises:
            BlobMissing: no such name.
        """

    def delete(self, name: str) -> None:
        """Remove; nothing happens when it is not there."""

    def names(self, prefix: str = "") -> Iterator[str]:
        """Every name, with no order promised."""


master_key: Port[MasterKey] = Port("vault.master_key")
store: Port[BlobStore] = Port("vault.store")
