"""Pairing: a code on one screen, typed on the other, and each side shows the other that it knows it."""

import base64
import hashlib
import hmac
import json
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from telesphore_agent import commands
from tests.agent.workstation import ROOT, base64url

CODE = "K7WQX-3MZ8P"
Answer = dict[str, Any]


def joined(*fields: bytes) -> bytes:
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


class Told(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def run(home: Path, *arguments: str, language: str = "en_GB.UTF-8") -> Told:
    """What a command says, in this process: starting another takes longer than all that it does."""
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
        patch.setenv("XDG_CONFIG_HOME", str(home))
        patch.setenv("LC_ALL", language)
        status = commands.main(arguments)
    return Told(status, out.getvalue(), err.getvalue())


class Platform:
    """A server's side of docs/agent.md, written apart from the agent's."""

    def __init__(self) -> None:
        self.asked: list[Answer] = []
        self.workstation = str(uuid4())
        self.key = Ed25519PrivateKey.generate()
        self.origin = ""
        self.code = CODE

    def pair(self, asked: Answer) -> tuple[int, Answer]:
        self.asked.append(asked)
        origin = self.origin.encode()
        key = hashlib.scrypt(
            self.code.replace("-", "").encode(), salt=joined(b"telesphore-agent", origin), n=2**14, r=8, p=1, dklen=32
        )
        theirs = _decoded(asked["public_key"])
        expected = hmac.digest(key, joined(b"telesphore-agent pair 1", origin, theirs), "sha256")
        if base64url(expected) != asked["mac"]:
            return 403, {"error": "wrong-code"}
        ours = self.key.public_key().public_bytes_raw()
        proof = joined(b"telesphore-agent paired 1", self.workstation.encode(), origin, ours, theirs)
        return 200, {
            "workstation": self.workstation, "origin": self.origin, "public_key": base64url(ours),
            "mac": base64url(hmac.digest(key, proof, "sha256")),
        }  # fmt: skip


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@contextmanager
def served(answer: Callable[[str, Answer], tuple[int, Any]]) -> Iterator[str]:
    """A server on this machine; `answer` is given the address and the JSON of each POST."""

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, content = answer(self.path, asked)
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            if status == 307:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def platform() -> Iterator[Platform]:
    platform = Platform()
    with served(lambda _path, asked: platform.pair(asked)) as url:
        platform.origin = url
        yield platform


def test_a_code_pairs_and_a_command_forgets(platform: Platform, tmp_path: Path) -> None:
    told = run(tmp_path, "pair", f"{platform.origin}/", CODE.lower())
    assert (told.returncode, told.stderr) == (0, "")
    assert f"paired with {platform.origin}" in told.stdout
    file = tmp_path / "telesphore-agent" / "servers.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (kept,) = json.loads(file.read_text())["servers"]
    assert (kept["origin"], kept["workstation"]) == (platform.origin, platform.workstation)
    assert kept["server_key"] == base64url(platform.key.public_key().public_bytes_raw())
    assert platform.workstation in run(tmp_path, "servers").stdout
    assert run(tmp_path, "unpair", platform.origin).returncode == 0
    assert json.loads(file.read_text()) == {"servers": []}
    assert run(tmp_path, "unpair", platform.origin, language="fr_FR.UTF-8").stdout.startswith(
        "Ce poste n’est pas jumelé"
    )


def test_half_of_the_code_never_travels(platform: Platform, tmp_path: Path) -> None:
    assert run(tmp_path, "pair", platform.origin, CODE).returncode == 0
    (asked,) = platform.asked
    assert asked["code_id"] == "K7WQX"
    assert "3MZ8P" not in json.dumps(asked)
    assert set(asked) == {"code_id", "public_key", "mac"}


def test_pairing_again_takes_the_place_of_the_first(platform: Platform, tmp_path: Path) -> None:
    for _ in range(2):
        platform.workstation = str(uuid4())
        assert run(tmp_path, "pair", platform.origin, CODE).returncode == 0
    assert run(tmp_path, "servers").stdout.count(platform.origin) == 1
    assert platform.workstation in run(tmp_path, "servers").stdout


def test_a_server_that_does_not_know_the_code_is_not_paired(platform: Platform, tmp_path: Path) -> None:
    def impostor(_path: str, asked: Answer) -> tuple[int, Answer]:
        # It answers as if the code were another; it can't tell which it is.
        ours = platform.key.public_key().public_bytes_raw()
        proof = joined(
            b"telesphore-agent paired 1", platform.workstation.encode(), origins[0].encode(), ours,
            _decoded(asked["public_key"]),
        )  # fmt: skip
        return 200, {
            "workstation": platform.workstation, "origin": origins[0], "public_key": base64url(ours),
            "mac": base64url(hmac.digest(bytes(32), proof, "sha256")),
        }  # fmt: skip

    origins: list[str] = []
    with served(impostor) as url:
        origins.append(url)
        told = run(tmp_path, "pair", url, CODE)
    assert (told.returncode, "does not know the code" in told.stderr) == (1, True)
    assert not (tmp_path / "telesphore-agent").exists()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((403, {"error": "wrong-code"}), "does not take this code"),
        ((500, b"oops"), "could not answer"),
        ((307, b""), "could not answer"),
        ((200, b"<html>"), "did not answer as a Telesphore server"),
        ((200, {"workstation": "x"}), "did not answer as a Telesphore server"),
        ((200, b"[" * 60_000), "did not answer as a Telesphore server"),
        ((200, b" " * 70_000 + b"{}"), "did not answer as a Telesphore server"),
    ],
)
def test_whatever_a_server_answers_is_a_sentence(tmp_path: Path, answer: tuple[int, Any], said: str) -> None:
    paths: list[str] = []

    def answered(path: str, _asked: Answer) -> tuple[int, Any]:
        paths.append(path)
        return answer

    with served(answered) as url:
        told = run(tmp_path, "pair", url, CODE)
    assert (told.returncode, said in told.stderr) == (1, True), told.stderr
    assert paths == ["/agents/pair"]


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("http://telesphore.example", CODE, "begins with https://"),
        ("ftp://127.0.0.1", CODE, "begins with https://"),
        ("https://user@telesphore.example", CODE, "is written as"),
        ("https://telesphore.example/path", CODE, "is written as"),
        ("https://telesphore.example.", CODE, "is written as"),
        ("https://telesphore.example:99999", CODE, "is written as"),
        ("https://127.0.0.1:1", "K7WQX-3MZ8", "ten letters and digits"),
        ("https://127.0.0.1:1", "K7WQX-3MZ8I", "ten letters and digits"),
        ("https://127.0.0.1:1", CODE, "can’t be reached"),
    ],
)
def test_what_can_not_be_paired_is_said(tmp_path: Path, url: str, code: str, said: str) -> None:
    told = run(tmp_path, "pair", url, code)
    assert (told.returncode, said in told.stderr) == (1, True), told.stderr


def test_a_damaged_file_of_pairings_says_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "telesphore-agent"
    folder.mkdir(mode=0o700)
    file = folder / "servers.json"
    file.touch(mode=0o600)
    file.write_text('{"servers": [{"origin": 1}]}')
    told = run(tmp_path, "servers")
    assert (told.returncode, "pair again" in told.stderr) == (1, True)


def test_without_a_terminal_or_a_screen_it_says_so(tmp_path: Path) -> None:
    for option, said in ((["--terminal"], "needs a real terminal"), ([], "No window can open here")):
        told = subprocess.run(
            [sys.executable, "-m", "telesphore_agent", "run", *option], capture_output=True, text=True, check=False,
            timeout=60, stdin=subprocess.DEVNULL,
            env={
                "PYTHONPATH": str(ROOT / "agent" / "src"), "HOME": str(tmp_path), "LC_ALL": "en_GB.UTF-8",
                "PYTHONIOENCODING": "utf-8",
            },
        )  # fmt: skip
        assert (told.returncode, said in told.stderr) == (1, True)


def test_the_agent_is_apart_from_the_platform() -> None:
    for path in (ROOT / "agent" / "src").rglob("*.py"):
        text = path.read_text()
        assert "import telesphore." not in text, path
        assert "from telesphore." not in text, path
        assert "from telesphore import" not in text, path
