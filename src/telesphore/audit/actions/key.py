"""The log's private key: a file that only its owner may read, made once."""

import os
from pathlib import Path

from telesphore.audit.errors import LogKeyExposed, LogKeyMissing, LogKeyWrong
from telesphore.audit.formats.notes import BadNote, PrivateKey, PublicKey, open_checkpoint
from telesphore.audit.models import Checkpoint
from telesphore.audit.ports import LOG


def log_key() -> PrivateKey:
    """The key that signs this instance's checkpoints; made when the log has none and has signed nothing.

    Raises:
        LogKeyMissing: checkpoints were signed, and the key is gone.
        LogKeyExposed: other users of the machine may read the file.
        LogKeyWrong: the file holds something else, or a key that did not sign this log.
    """
    log = LOG.get()
    last = Checkpoint.objects.order_by("-size").first()
    if not log.key_file.exists():
        if last:
            raise LogKeyMissing(path=log.key_file)
        _make(log.key_file, log.origin)
    key = read_key(log.key_file)
    if last:
        try:
            open_checkpoint(last.note, key.public)
        except BadNote:
            raise LogKeyWrong(path=log.key_file) from None
    return key


def public_key() -> PublicKey:
    """What this instance's checkpoints are checked with.

    Raises:
        LogKeyMissing, LogKeyExposed, LogKeyWrong: as `log_key`.
    """
    path = LOG.get().key_file
    if not path.exists():
        raise LogKeyMissing(path=path)
    return read_key(path).public


def read_key(path: Path) -> PrivateKey:
    """The key that `path` holds.

    Raises:
        LogKeyExposed, LogKeyWrong: as `log_key`.
    """
    if path.stat().st_mode & 0o077:
        raise LogKeyExposed(path=path)
    try:
        return PrivateKey.parse(path.read_text())
    except (BadNote, UnicodeDecodeError):
        raise LogKeyWrong(path=path) from None


def _make(path: Path, origin: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(PrivateKey.generate(origin).encode() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link never replaces: of two processes that start together, both use the first one's key.
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
