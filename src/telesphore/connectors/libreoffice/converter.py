"""The converter: one LibreOffice at a time, in a place made for one file and gone with it.

LibreOffice reads more formats than anybody has checked, so what it runs in decides, not what it promises: bubblewrap
gives it the programs and fonts of the system to read, a folder in memory to write, and nothing else. The file comes in
by a pipe and the PDF goes out by one: neither touches a disk.
"""

import fcntl
import json
import logging
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from telesphore.paper.kinds import Kind
from telesphore.paper.ports import ConverterBusy, NoConverter, NotConverted

logger = logging.getLogger(__name__)

SETTINGS: Final = Path(__file__).with_name("settings.xcu")
MEGABYTE: Final = 2**20

FILTERS: Final = {
    Kind.DOCX: ("docx", "MS Word 2007 XML", "writer"),
    Kind.XLSX: ("xlsx", "Calc MS Excel 2007 XML", "calc"),
    Kind.PPTX: ("pptx", "Impress MS PowerPoint 2007 XML", "impress"),
    Kind.ODT: ("odt", "writer8", "writer"),
    Kind.ODS: ("ods", "calc8", "calc"),
    Kind.ODP: ("odp", "impress8", "impress"),
    Kind.RTF: ("rtf", "Rich Text Format", "writer"),
}
"""The ending, the only filter that may read it, and the program whose PDF it becomes."""

WRITTEN: Final = {
    # Answers are drawn, not asked again; what reads aloud finds its way.
    "ExportFormFields": {"type": "boolean", "value": "false"},
    "UseTaggedPDF": {"type": "boolean", "value": "true"},
}

ROOM: Final = "/tmp"  # noqa: S108 - in memory, its own, and gone with it.
ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "HOME": ROOM, "LANG": "C.UTF-8", "SAL_USE_VCLPLUGIN": "svp"}
SEEN: Final = ("/etc/fonts", "/etc/libreoffice", "/etc/alternatives", "/etc/ld.so.cache", "/var/cache/fontconfig")
"""Of the system's settings, the only ones that it reads."""

# In: the file. Out: the PDF, if there is one. What LibreOffice says goes nowhere: it may quote the file.
SCRIPT: Final = """
set -e
mkdir -p /tmp/profile/user /tmp/out
cp /settings.xcu /tmp/profile/user/registrymodifications.xcu
cat >"/tmp/document.$2"
"$1" -env:UserInstallation=file:///tmp/profile --headless --invisible --norestore --nolockcheck --nologo \
  --nofirststartwizard --nodefault --infilter="$3" --convert-to "$4" --outdir /tmp/out "/tmp/document.$2" \
  </dev/null >/dev/null 2>&1
cat /tmp/out/document.pdf
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one conversion may cost.

    Attributes:
        processor: seconds of processor time; elapsed: seconds on the wall; waited: seconds for those before it.
        memory: bytes of address space, of each process.
        room: bytes of all its files together; written: bytes of one.
    """

    processor: int = 60
    elapsed: float = 60
    waited: float = 20
    memory: int = 4096 * MEGABYTE
    room: int = 768 * MEGABYTE
    written: int = 50 * MEGABYTE


class LibreOffice:
    """Converts with the `soffice` that is on the path, if it can be confined. See `paper.ports.OfficeConverter`.

    Args:
        lock: the file by which all processes of this machine take turns.
    """

    def __init__(self, lock: Path, limits: Limits = Limits()) -> None:
        self._lock = lock
        self._limits = limits

    def convert(self, content: bytes, kind: Kind) -> bytes:
        """A PDF of an office file. Raises as `paper.ports.OfficeConverter.convert`."""
        ending, reader, program = FILTERS[kind]
        wanted = f"pdf:{program}_pdf_Export:{json.dumps(WRITTEN, separators=(',', ':'))}"
        with self._turn():
            answer = self._run(["sh", "-c", SCRIPT, "sh", self._program("soffice"), ending, reader, wanted], content)
        if answer is None or answer.returncode != 0 or not answer.stdout.startswith(b"%PDF-"):
            # Said by what runs at all: else it is not this file's fault.
            self.version()
            logger.warning("%s of %d bytes was not converted", kind.value, len(content))
            raise NotConverted
        return answer.stdout

    def version(self) -> str:
        """What LibreOffice says it is, run confined as it will be: "LibreOffice 7.4.7.2 …".

        Raises:
            NoConverter: it isn't installed, bubblewrap isn't, or they don't run.
        """
        answer = self._run([self._program("soffice"), "-env:UserInstallation=file:///tmp/profile", "--version"], b"")
        if answer is None or answer.returncode != 0 or not answer.stdout.strip():
            raise NoConverter
        return answer.stdout.decode(errors="replace").strip().splitlines()[0]

    @staticmethod
    def installed() -> bool:
        """Whether LibreOffice is there at all."""
        return shutil.which("soffice") is not None

    @staticmethod
    def _program(name: str) -> str:
        found = shutil.which(name)
        if found is None:
            raise NoConverter
        return found

    def _run(self, command: Sequence[str], content: bytes) -> "subprocess.CompletedProcess[bytes] | None":
        """What a command answers where nothing of ours is; None when its time is over, and all that it started gone."""
        limits = self._limits
        bounds = [
            self._program("prlimit"),
            f"--cpu={limits.processor}", f"--as={limits.memory}", f"--fsize={limits.written}", "--core=0",
            "--nofile=512",
        ]  # fmt: skip
        try:
            return subprocess.run(
                [*bounds, self._program("bwrap"), *self._confinement(), *command],
                input=content,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=limits.elapsed,
                env={},
                cwd="/",
                check=False,
            )
        except subprocess.TimeoutExpired:
            # With bubblewrap goes the process namespace, and every process in it.
            return None
        except OSError:
            raise NoConverter from None

    def _confinement(self) -> list[str]:
        words = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
        for name, value in ENVIRONMENT.items():
            words += ["--setenv", name, value]
        words += ["--ro-bind", "/usr", "/usr"]
        for folder in map(Path, ("/bin", "/sbin", "/lib", "/lib32", "/lib64")):
            if folder.is_symlink():
                words += ["--symlink", str(folder.readlink()), str(folder)]
            else:
                words += ["--ro-bind-try", str(folder), str(folder)]
        # LibreOffice's own folder where the system's packages don't put it, and what it is set by.
        home = Path(self._program("soffice")).resolve().parents[1]
        if not home.is_relative_to("/usr"):
            words += ["--ro-bind", str(home), str(home)]
        for place in SEEN:
            words += ["--ro-bind-try", place, place]
        words += ["--proc", "/proc", "--dev", "/dev", "--size", str(self._limits.room), "--tmpfs", ROOM]
        words += ["--ro-bind", str(SETTINGS), "/settings.xcu", "--chdir", ROOM, "--"]
        return words

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One at a time: each takes hundreds of megabytes.

        Raises:
            ConverterBusy: those before it took too long.
        """
        until = time.monotonic() + self._limits.waited
        with self._lock.open("a") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > until:
                        raise ConverterBusy from None
                    time.sleep(0.1)
            # Closing the file gives the turn to the next, also when this process dies.
            yield
