"""A PC/SC service of a test's own, with a virtual reader, and virtual cards that go in and out.

pcscd keeps its socket in /run/pcscd: here it runs in a mount namespace where that folder is a test's. The virtual card
speaks vpcd's protocol (each message preceded by its length, two bytes, big-endian) itself: Debian 12's `vicc` needs a
Python module that Debian 12 no longer has.
"""

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
PATIENCE = 15.0
ATR = bytes.fromhex("3b00")


def missing() -> str | None:
    """Why there can be no virtual reader here."""
    if shutil.which("pcscd", path="/usr/sbin:/usr/bin") is None or not DRIVER.exists():
        return "pcscd or its virtual reader (vsmartcard-vpcd) is not installed"
    if subprocess.run(["unshare", "--map-root-user", "--mount", "true"], capture_output=True, check=False).returncode:
        return "this system gives no namespace of one's own (unshare)"
    return None


class VirtualReader:
    """A running pcscd whose one device is a virtual reader (which has two slots); or none, without `readers`."""

    def __init__(self, folder: Path, *, readers: bool = True) -> None:
        self._readers = readers
        self._port = _free_port()
        self._run, configuration = folder / "run", folder / "reader.conf.d"
        self._run.mkdir(parents=True)
        configuration.mkdir()
        if readers:
            (configuration / "vpcd").write_text(
                f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:{self._port}\nLIBPATH {DRIVER}\n'
                f"CHANNELID {self._port}\n"
            )
        self._command = (
            "unshare", "--map-root-user", "--mount", "sh", "-c",
            'mount --bind "$0" /run && PATH="$PATH:/usr/sbin" exec pcscd --foreground --config "$1"',
            str(self._run), str(configuration),
        )  # fmt: skip
        self.plug_in()

    @property
    def environment(self) -> dict[str, str]:
        """Leads a PC/SC client here."""
        return {"PCSCLITE_CSOCK_NAME": str(self._run / "pcscd" / "pcscd.comm")}

    def plug_in(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + PATIENCE
        comm = Path(self.environment["PCSCLITE_CSOCK_NAME"])
        while not (comm.exists() and _listens(self._port) if self._readers else _answers(comm)):
            assert time.monotonic() < until, "pcscd did not start"
            assert self._process.poll() is None, "pcscd ended"
            time.sleep(0.05)

    def unplug(self) -> None:
        """The reader and its service go."""
        self._process.terminate()
        self._process.wait(PATIENCE)

    @contextmanager
    def card(self) -> Iterator[None]:
        """A card in the first slot, until the block ends."""
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE)
        thread = threading.Thread(target=_be_a_card, args=(connection,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE)
            connection.close()


def _answers(place: Path) -> bool:
    """Whether the service takes calls there: its socket is seen a moment before."""
    with socket.socket(socket.AF_UNIX) as caller, suppress(OSError):
        caller.connect(str(place))
        return True
    return False


def _be_a_card(connection: socket.socket) -> None:
    connection.settimeout(None)
    with suppress(OSError):
        while head := _exactly(connection, 2):
            message = _exactly(connection, int.from_bytes(head, "big"))
            if message == b"\x04":
                connection.sendall(len(ATR).to_bytes(2, "big") + ATR)
            elif len(message) > 1:
                # An instruction that this card does not have (ISO 7816-4 §5.6).
                connection.sendall(b"\x00\x02\x6d\x00")


def _exactly(connection: socket.socket, size: int) -> bytes:
    content = b""
    while len(content) < size:
        part = connection.recv(size - len(content))
        if not part:
            return b""
        content += part
    return content


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _listens(port: int) -> bool:
    # To connect would be to insert a card.
    wanted = f":{port:04X}"
    tables = (path.read_text() for path in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")) if path.exists())
    return any(
        line.split()[1].endswith(wanted) and line.split()[3] == "0A"
        for table in tables
        for line in table.splitlines()[1:]
    )
