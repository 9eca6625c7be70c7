"""A master key kept as a Tink JSON keyset, in a file that only its owner may read.

The keyset may hold several keys: the primary wraps, all of them unwrap. Rotation adds one and makes it the primary;
a running process sees the file change and reads it anew.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from tink import KeysetHandle, TinkError, aead, json_proto_keyset_format, new_keyset_handle, secret_key_access

from telesphore.vault.errors import MasterKeyMissing, MasterKeyUnusable, RetiredTooSoon, WrongMasterKey
from telesphore.vault.formats import keysets

_RETIRE_AFTER = 3600.0


def create(path: Path) -> None:
    """Write a new master key to a new file of mode 0600, durably.

    Raises:
        FileExistsError: there is one already; it is never overwritten.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = _write(path, new_keyset_handle(keysets.TEXT_TEMPLATE))
    try:
        # A link, unlike a rename, refuses to replace a key that another process made meanwhile.
        path.hardlink_to(temporary)
    finally:
        temporary.unlink()
    _sync(path.parent)


class FileMasterKey:
    """A `vault.ports.MasterKey` read from `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._handle: KeysetHandle | None = None
        self._cipher: aead.Aead = None
        self._load()

    @property
    def name(self) -> str:
        self._load()
        assert self._handle is not None
        return f"file:{self._handle.keyset_info().primary_key_id}"

    def wrap(self, plaintext: bytes, context: bytes) -> bytes:
        self._load()
        wrapped: bytes = self._cipher.encrypt(plaintext, context)
        return wrapped

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        self._load()
        try:
            plaintext: bytes = self._cipher.decrypt(wrapped, context)
        except TinkError:
            raise WrongMasterKey from None
        return plaintext

    def renew(self) -> None:
        with _alone(self._path):
            self._replace(keysets.extended(_read(self._path), keysets.TEXT_TEMPLATE))

    def retire(self, used: set[str], at: datetime) -> int:
        with _alone(self._path):
            if at.timestamp() - self._path.stat().st_mtime < _RETIRE_AFTER:
                raise RetiredTooSoon
            handle = _read(self._path)
            kept = keysets.reduced(
                handle, {int(name.removeprefix("file:")) for name in used if name.startswith("file:")}
            )
            count = keysets.count(handle) - keysets.count(kept)
            if count:
                self._replace(kept)
        return count

    def _replace(self, handle: KeysetHandle) -> None:
        temporary = _write(self._path, handle)
        try:
            temporary.replace(self._path)
        except BaseException:
            temporary.unlink()
            raise
        _sync(self._path.parent)

    def _load(self) -> None:
        """Read the file, if it is not the one read before."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            raise MasterKeyMissing from None
        stamp = (status.st_ino, status.st_mtime_ns)
        with self._lock:
            if stamp != self._stamp:
                self._handle = _read(self._path)
                self._cipher = self._handle.primitive(aead.Aead)
                self._stamp = stamp


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time changes the file."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _read(path: Path) -> KeysetHandle:
    try:
        if path.stat().st_mode & 0o077:
            raise MasterKeyUnusable
        return json_proto_keyset_format.parse(path.read_text(), secret_key_access.TOKEN)
    except FileNotFoundError:
        raise MasterKeyMissing from None
    # The library's message may quote the file: it is not kept.
    except (OSError, ValueError, TinkError):
        raise MasterKeyUnusable from None


def _write(path: Path, handle: KeysetHandle) -> Path:
    """A temporary file beside `path`, forced to disk."""
    temporary = path.with_name(f"{path.name}.{uuid4().hex}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(json_proto_keyset_format.serialize(handle, secret_key_access.TOKEN))
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink()
        raise
    return temporary


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
