"""A workstation under test: its cards, its agent, the server that it is paired with, and its holder's fingers."""

import base64
import hashlib
import http.client
import json
import os
import pty
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.certificates import TestAuthority

ROOT = Path(__file__).resolve().parent.parent.parent
SOFTHSM = next(
    (
        place
        for place in map(
            Path,
            (
                "/usr/lib/softhsm/libsofthsm2.so",
                "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
                "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
            ),
        )
        if place.exists()
    ),
    None,
)
PIN = "4021"
PATIENCE = 20.0
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
AUTHORITY = TestAuthority()


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@dataclass
class PairedServer:
    """A server's side of a pairing."""

    origin: str = "https://telesphore.montfaucy.example"
    workstation: str = field(default_factory=lambda: str(uuid4()))
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def request(self, op: str, *, header: object = None, key: Ed25519PrivateKey | None = None, **claims: object) -> str:
        """A request that this server signed. A claim given as None is left out."""
        now = int(time.time())
        said: dict[str, object] = {
            "iss": self.origin, "aud": self.workstation, "iat": now, "exp": now + 120, "jti": secrets.token_hex(8),
            "op": op, "lang": "en",
        }  # fmt: skip
        said = {name: value for name, value in (said | claims).items() if value is not None}
        return self.signed(json.dumps(said), header=header, key=key)

    def signed(self, payload: str, *, header: object = None, key: Ed25519PrivateKey | None = None) -> str:
        head = {"alg": "EdDSA", "typ": "telesphore-agent+jwt"} if header is None else header
        content = f"{base64url(json.dumps(head).encode())}.{base64url(payload.encode())}"
        return f"{content}.{base64url((key or self.key).sign(content.encode()))}"

    def entry(self) -> dict[str, str]:
        """What the agent keeps of it."""
        return {
            "origin": self.origin,
            "workstation": self.workstation,
            "server_key": base64url(self.key.public_key().public_bytes_raw()),
            "private_key": base64url(secrets.token_bytes(32)),
            "paired_at": "2026-01-01T00:00:00+00:00",
        }


@dataclass
class MadeCard:
    """A card that was made: what its holder's server may know of it."""

    label: str
    authentication: bytes
    signature: bytes
    authentication_key: Key
    signature_key: Key

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.signature).hexdigest()


def make_card(tokens: Path, label: str, keys: Sequence[Key], pin: str = PIN) -> MadeCard:
    """A card with an authentication and a signature key, among the tokens of this folder."""
    authentication_key, signature_key = keys
    authentication = AUTHORITY.issue("Anne LEBRUN", authentication_key.public_key(), for_signing=False)
    signature = AUTHORITY.issue("Anne LEBRUN", signature_key.public_key(), for_signing=True)
    described = {
        "library": str(SOFTHSM),
        "label": label,
        "pin": pin,
        "objects": [
            _object("e828bd080f20", "CPS_PRIV_AUT", authentication_key, authentication),
            _object("e828bd080f10", "CPS_PRIV_SIG", signature_key, signature),
        ],
        "chain": [base64.b64encode(AUTHORITY.certificate).decode()],
    }
    subprocess.run(
        [sys.executable, "-m", "tests.agent.card_maker"], input=json.dumps(described), text=True, check=True,
        cwd=ROOT, env={**os.environ, "SOFTHSM2_CONF": str(configuration(tokens))}, timeout=60,
    )  # fmt: skip
    return MadeCard(label, authentication, signature, authentication_key, signature_key)


def _object(identifier: str, label: str, key: Key, certificate: bytes) -> dict[str, str]:
    content = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return {
        "id": identifier, "label": label, "key": base64.b64encode(content).decode(),
        "certificate": base64.b64encode(certificate).decode(),
    }  # fmt: skip


def configuration(tokens: Path) -> Path:
    """SoftHSM2's, with its tokens in this folder."""
    tokens.mkdir(parents=True, exist_ok=True)
    file = tokens.parent / f"{tokens.name}.conf"
    file.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
    return file


class Agent:
    """A running agent. With `terminal`, its holder reads and types on a pseudo-terminal."""

    def __init__(
        self,
        home: Path,
        tokens: Path,
        servers: Sequence[PairedServer],
        *options: str,
        terminal: bool = True,
        module: Path | None = SOFTHSM,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.tokens = tokens
        self.server = servers[0] if servers else PairedServer()
        self.home = home
        keep(home, servers)
        self.screen = ""
        self._shown = threading.Condition()
        master, slave = pty.openpty()
        self._master = master
        self._process = subprocess.Popen(
            [sys.executable, "-m", "telesphore_agent", "run", "--port", "0", "--module", str(module),
             *(["--terminal"] if terminal else []), *options],
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env={
                **os.environ, "PYTHONPATH": str(ROOT / "agent" / "src"), "XDG_CONFIG_HOME": str(home),
                "SOFTHSM2_CONF": str(configuration(tokens)), "PCSCLITE_CSOCK_NAME": str(home / "no-pcscd"),
                "LANG": "en_GB.UTF-8", "PYTHONIOENCODING": "utf-8", **(environment or {}),
            },
        )  # fmt: skip
        os.close(slave)
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        self.port = int(self.expect("http://127.0.0.1:", "\n").strip())

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    # On its terminal

    def _read(self) -> None:
        while True:
            try:
                content = os.read(self._master, 65536)
            except OSError:
                content = b""
            with self._shown:
                self.screen += content.decode(errors="replace").replace("\r\n", "\n")
                self._shown.notify_all()
            if not content:
                return

    def expect(self, before: str, after: str = "") -> str:
        """What is shown between these two texts, once both are."""

        def between() -> str | None:
            _, found, rest = self.screen.partition(before)
            if not found or after not in rest:
                return None
            return rest.partition(after)[0] if after else rest

        with self._shown:
            assert self._shown.wait_for(lambda: between() is not None, PATIENCE), f"{before!r} not in {self.screen!r}"
            found = between()
        assert found is not None
        return found

    def expect_times(self, text: str, times: int) -> None:
        with self._shown:
            assert self._shown.wait_for(lambda: self.screen.count(text) >= times, PATIENCE), self.screen

    def type(self, text: str) -> None:
        os.write(self._master, f"{text}\n".encode())

    # At its door

    def send(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """What it answers to a page of its server; `headers` replace those of such a page, "" leaves one out."""
        sent = {"Host": self.host, "Origin": self.server.origin, **(headers or {})}
        if body is not None:
            sent = {"Content-Type": "application/json", "Content-Length": str(len(body)), **sent}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                if value:
                    connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def carry(self, token: str, **headers: str) -> tuple[int, dict[str, Any]]:
        """Carry a request to it, as the page does."""
        status, _, content = self.send("POST", "/request", headers, json.dumps({"request": token}).encode())
        return status, json.loads(content)

    def ask(self, op: str, **claims: object) -> tuple[int, dict[str, Any]]:
        return self.carry(self.server.request(op, **claims))

    def later(self, op: str, **claims: object) -> "Future[tuple[int, dict[str, Any]]]":
        """Ask, and go on: the holder must answer first."""
        future: Future[tuple[int, dict[str, Any]]] = Future()

        def run() -> None:
            try:
                future.set_result(self.ask(op, **claims))
            except BaseException as failure:  # noqa: BLE001 - raised where the test waits.
                future.set_exception(failure)

        threading.Thread(target=run, daemon=True).start()
        return future

    def take_out(self) -> None:
        """Withdraw every card."""
        for token in list(self.tokens.iterdir()):
            shutil.rmtree(token)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)
        self._reading.join(PATIENCE)
        os.close(self._master)


def keep(home: Path, servers: Sequence[PairedServer]) -> None:
    """Write the pairings where the agent looks for them."""
    folder = home / "telesphore-agent"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / "servers.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps({"servers": [server.entry() for server in servers]}))


def document(number: int = 1, algorithm: str = "rsa-pkcs1-sha256", **more: object) -> dict[str, object]:
    """A document of a list to be signed."""
    return {
        "id": f"d{number}", "title": f"Letter {number}", "pages": 2,
        "sha256": hashlib.sha256(b"%d" % number).hexdigest(),
        "to_be_signed": base64.b64encode(b"to be signed %d" % number).decode(), "algorithm": algorithm, **more,
    }  # fmt: skip
