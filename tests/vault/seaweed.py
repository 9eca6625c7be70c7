"""A real SeaweedFS on ports of its own, for the tests that speak S3."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path

from telesphore.connectors.s3.store import Place, S3Store
from telesphore.kernel.errors import DomainError

BINARY = shutil.which("weed") or shutil.which("weed", path=str(Path(sys.executable).parent))
BUCKET, KEY_ID, SECRET = "telesphore-tests", "tests", "tests-secret"


class Seaweed:
    """One server that can be stopped and started again on the same ports and folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = _free_ports(8)
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "s3.json").write_text(
            json.dumps(
                {
                    "identities": [
                        {
                            "name": "tests",
                            "credentials": [{"accessKey": KEY_ID, "secretKey": SECRET}],
                            "actions": ["Admin", "Read", "Write", "List"],
                        }
                    ]
                }
            )
        )

    @property
    def place(self) -> Place:
        """How the connector reaches it."""
        endpoint = f"http://127.0.0.1:{self._ports[6]}"
        return Place(endpoint=endpoint, bucket=BUCKET, region="us-east-1", key_id=KEY_ID, secret=SECRET, prefix="v")

    def start(self) -> None:
        """Start, and wait until the bucket answers (at most 60 s)."""
        names = ("master", "master.grpc", "volume", "volume.grpc", "filer", "filer.grpc", "s3", "s3.grpc")
        ports = [
            f"-{name.split('.')[0]}.port{'.grpc' if '.grpc' in name else ''}={port}"
            for name, port in zip(names, self._ports, strict=True)
        ]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(BINARY), "server", "-s3", f"-s3.config={self._folder / 's3.json'}", f"-dir={self._folder}",
                    "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.volumeSizeLimitMB=256", "-volume.max=20",
                    "-master.telemetry=false", "-master.electionTimeout=1s",
                    "-master.heartbeatInterval=100ms", "-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam=false",
                    *ports,
                ],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while True:
            made = subprocess.run(
                [
                    str(BINARY), "shell", f"-master=127.0.0.1:{self._ports[0]}.{self._ports[1]}",
                    f"-filer=127.0.0.1:{self._ports[4]}.{self._ports[5]}",
                ],
                input=f"s3.bucket.create -name {BUCKET}\ns3.bucket.list\n".encode(),
                capture_output=True, check=False, timeout=30,
            )  # fmt: skip
            if BUCKET.encode() in made.stdout and self._writes():
                return
            if time.monotonic() > deadline or self._process.poll() is not None:
                tail = (self._folder / "log").read_text(errors="replace")[-1500:]
                raise RuntimeError(f"SeaweedFS did not start:\n{made.stdout!r}\n{tail}")
            time.sleep(0.3)

    def _writes(self) -> bool:
        """Whether a write succeeds: the S3 face answers before the volumes are found again."""
        try:
            S3Store(self.place).write("ready", BytesIO(b"ready"))
        except DomainError:
            return False
        return True

    def stop(self) -> None:
        """Kill it."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


@contextmanager
def running() -> Iterator[Seaweed]:
    """A server with an empty bucket."""
    folder = Path(tempfile.mkdtemp(prefix="telesphore-seaweed-"))
    server = Seaweed(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
