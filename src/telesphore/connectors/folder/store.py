"""The vault's store on a local file system.

A write goes to a file under `incoming/`, is forced to disk, then takes its name by a rename, which is forced to disk
too. So a name is seen with all of its bytes or not at all, whatever stops the machine and when.
"""

import errno
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from io import FileIO, RawIOBase
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from telesphore.vault.errors import BlobMissing, StoreAway, StoreFull

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CHUNK = 1 << 20
_WINDOW = 4 << 20
_TOGETHER = 64
"""Files open at once while a batch is written."""


class FolderStore:
    """A `vault.ports.BlobStore` in `root`, which must be on one file system."""

    def __init__(self, root: Path) -> None:
        self._blobs = root / "blobs"
        self._incoming = root / "incoming"
        with _failures():
            root.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in (root, self._blobs, self._incoming):
                _make(folder)

    def write(self, name: str, content: BinaryIO) -> None:
        self.write_many([(name, content)])

    def write_many(self, contents: Sequence[tuple[str, BinaryIO]]) -> None:
        for first in range(0, len(contents), _TOGETHER):
            self._write_together(contents[first : first + _TOGETHER])

    def _write_together(self, contents: Sequence[tuple[str, BinaryIO]]) -> None:
        """All bytes are forced to disk before the first name shows; then each folder is, once for all its names."""
        places = [(self._incoming / uuid4().hex, self._path(name)) for name, _ in contents]
        try:
            with ExitStack() as stack:
                files = []
                for (temporary, final), (_, content) in zip(places, contents, strict=True):
                    with _failures():
                        self._make_folders(final.parent)
                        # Unbuffered: content comes in large pieces already.
                        files.append(stack.enter_context(temporary.open("xb", buffering=0)))
                    _fill(files[-1], content)
                # A file is forced after all are written: what the first one waits for, the others mostly find done.
                for file in files:
                    with _failures():
                        os.fsync(file.fileno())
            with _failures():
                # A crash here leaves files under `incoming/`, which `discard_unfinished` removes. One between two
                # renames leaves some names, each with all its bytes: nobody was told of them, and the sweep takes them.
                for temporary, final in places:
                    temporary.rename(final)
                # Until the folder is forced, a power cut may take the names back; nobody was told yet.
                for folder in {final.parent for _, final in places}:
                    _sync(folder)
        except BaseException:
            for temporary, _ in places:
                temporary.unlink(missing_ok=True)
            raise

    def read(self, name: str) -> BinaryIO:
        with _failures():
            try:
                return self._path(name).open("rb", buffering=0)
            except FileNotFoundError:
                # An unmounted disk is not a lost document.
                if not self._incoming.is_dir():
                    raise StoreAway from None
                raise BlobMissing from None

    def delete(self, name: str) -> None:
        with _failures(), suppress(FileNotFoundError):
            self._path(name).unlink()

    def names(self, prefix: str = "") -> Iterator[str]:
        with _failures():
            for folder, _, files in os.walk(self._blobs, onerror=_raise):
                base = Path(folder).relative_to(self._blobs)
                for file in files:
                    name = (base / file).as_posix()
                    if name.startswith(prefix):
                        yield name

    def discard_unfinished(self, before: datetime) -> int:
        count = 0
        with _failures():
            for path in self._incoming.iterdir():
                with suppress(FileNotFoundError):  # Its writer has just finished.
                    if path.stat().st_mtime < before.timestamp():
                        path.unlink()
                        count += 1
        return count

    def _make_folders(self, folder: Path) -> None:
        """Make the folders between `blobs` and `folder`; never `blobs` itself: its disk may not be mounted."""
        if not folder.is_dir() and folder != self._blobs:
            self._make_folders(folder.parent)
            _make(folder)

    def _path(self, name: str) -> Path:
        return self._blobs / name


def _fill(file: FileIO, content: BinaryIO) -> None:
    """Write all of `content`. Reading it is outside `_failures`: what its source refuses is not the store's doing."""
    written = begun = 0
    while piece := content.read(_CHUNK):
        with _failures():
            _write_whole(file, piece)
            written += len(piece)
            if sys.platform == "linux" and written - begun >= _WINDOW:
                # The disk begins now rather than at `fsync`: it works while the next pieces are encrypted.
                os.posix_fadvise(file.fileno(), begun, written - begun, os.POSIX_FADV_DONTNEED)
                begun = written


def _write_whole(file: RawIOBase, piece: bytes) -> None:
    """One system call may take only a part."""
    view = memoryview(piece)
    while view:
        view = view[file.write(view) :]


@contextmanager
def _failures() -> Iterator[None]:
    """Say in the vault's words what the file system refused."""
    try:
        yield
    except OSError as error:
        raise (StoreFull if error.errno in _FULL else StoreAway) from error


def _raise(error: OSError) -> None:
    raise error


def _make(folder: Path) -> None:
    """Make a folder in one that exists, forced to disk before it is used."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
