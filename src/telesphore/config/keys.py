"""The keys that an instance makes at its first start: each room that needs one adds its maker here.

A maker is given the settings, makes its key file unless it is there, and returns the files that it made.
"""

import base64
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from telesphore.config import embedded
from telesphore.config.options import Setting, write_secret

Maker = Callable[[Mapping[str, Setting]], list[Path]]


def _sessions(settings: Mapping[str, Setting]) -> list[Path]:
    path = folder(settings) / "sessions.secret"
    if path.exists():
        return []
    write_secret(path, secrets.token_urlsafe(64))
    return [path]


def _database(settings: Mapping[str, Setting]) -> list[Path]:
    if settings["database"].value != "embedded":
        return []
    return embedded.make_passwords(embedded.cluster(settings["home"].value))


def _agents(settings: Mapping[str, Setting]) -> list[Path]:
    """The key that card agents believe; without it, each workstation would have to be paired again."""
    path = folder(settings) / AGENTS
    if path.exists():
        return []
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    write_secret(path, base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode())
    return [path]


AGENTS = "agents.key"
MAKERS: list[Maker] = [_sessions, _database, _agents]


def folder(settings: Mapping[str, Setting]) -> Path:
    """Where key files lie: mode 0700, in the home."""
    home: Path = settings["home"].value
    return home / "keys"


def make(settings: Mapping[str, Setting]) -> list[Path]:
    """Make every key that is missing; returns the files made."""
    folder(settings).mkdir(mode=0o700, parents=True, exist_ok=True)
    return [path for maker in MAKERS for path in maker(settings)]


def notice(made: list[Path]) -> str:
    """What is said, loudly, when keys were made."""
    lines = "\n".join(f"      {path}" for path in made)
    rule = "=" * 78
    return (
        f"\n{rule}\n  NEW KEYS WERE MADE. BACK THEM UP NOW, away from this machine and from its backups.\n\n{lines}\n\n"
        "  Without them the documents of this instance can be read by nobody, for ever,\n"
        f"  and its trail can't be continued. See docs/operations.md, 'Keys'.\n{rule}\n"
    )
