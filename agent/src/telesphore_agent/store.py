"""The servers that this workstation is paired with: one JSON file, which only its owner may read."""

import json
import os
import stat
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from telesphore_agent.formats import from_json

LARGEST = 1 << 20
MOST_SERVERS = 50


class StoreUnsafe(Exception):
    """The file of paired servers can't be trusted."""


@dataclass(frozen=True, slots=True)
class Server:
    """A paired server. Keys are Ed25519, 32 raw bytes in base64url.

    Attributes:
        workstation: what the server calls this workstation (a UUID).
        server_key: the server's public key.
        private_key: ours.
    """

    origin: str
    workstation: str
    server_key: str
    private_key: str
    paired_at: str


def folder() -> Path:
    """Where this system's programs keep what belongs to their user."""
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    return base / "telesphore-agent"


class Store:
    """The file, read anew at each question: a pairing counts at once for an agent that runs."""

    def __init__(self, place: Path | None = None) -> None:
        self.path = (place or folder()) / "servers.json"

    def servers(self) -> list[Server]:
        """
        Raises:
            StoreUnsafe: the file is damaged, or another user could read or write it.
        """
        try:
            with self.path.open("rb") as file:
                if os.name == "posix":
                    status = os.fstat(file.fileno())
                    if status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077:
                        raise StoreUnsafe(f"{self.path} must belong to you and be readable by you alone (mode 0600).")
                content = file.read(LARGEST + 1)
        except FileNotFoundError:
            return []
        try:
            if len(content) > LARGEST:
                raise ValueError("too large")
            return [Server(**entry) for entry in from_json(content)["servers"]]
        except (ValueError, KeyError, TypeError):
            raise StoreUnsafe(f"{self.path} is damaged: remove it, and pair again.") from None

    def find(self, origin: str) -> Server | None:
        return next((server for server in self.servers() if server.origin == origin), None)

    def add(self, server: Server) -> None:
        """Keep this server, in the place of an earlier pairing with it.

        Raises:
            StoreUnsafe: there are too many, or the file can't be trusted.
        """
        others = [other for other in self.servers() if other.origin != server.origin]
        if len(others) >= MOST_SERVERS:
            raise StoreUnsafe(f"This workstation is paired with {MOST_SERVERS} servers already: unpair one.")
        self._write([*others, server])

    def remove(self, origin: str) -> bool:
        """Forget this server; False when it wasn't there."""
        servers = self.servers()
        others = [other for other in servers if other.origin != origin]
        if len(others) == len(servers):
            return False
        self._write(others)
        return True

    def _write(self, servers: list[Server]) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A crash before `replace` leaves the earlier file whole. The temporary file is 0600 from its first byte.
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".servers-")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"servers": [asdict(server) for server in servers]}, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
