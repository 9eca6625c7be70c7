"""Web servers on this machine that answer as a test says, badly if it says so."""

import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Asked:
    """One request that came."""

    method: str
    path: str
    headers: dict[str, str]
    content: bytes


@dataclass
class Answer:
    """What to answer.

    Attributes:
        wait: seconds before the first byte.
        drip: seconds between one byte and the next; None for all at once.
        endless: go on for ever.
        cut: close the connection without an answer.
    """

    content: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0
    drip: float | None = None
    endless: bool = False
    cut: bool = False


@dataclass
class Server:
    """A server that runs, and what was asked of it."""

    url: str
    asked: list[Asked]


@contextlib.contextmanager
def serve(answer: Callable[[Asked], Answer | bytes], *, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server on a port of the system's choice, for as long as the block lasts."""
    asked: list[Asked] = []
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.close_connection = True
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            one = Asked(self.command, self.path, dict(self.headers.items()), content)
            asked.append(one)
            given = answer(one)
            said = given if isinstance(given, Answer) else Answer(given)
            over.wait(said.wait)
            if said.cut:
                return
            with contextlib.suppress(OSError):
                self._write(said)

        def _write(self, said: Answer) -> None:
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            if not said.endless:
                self.send_header("Content-Length", str(len(said.content)))
            self.end_headers()
            if said.drip is not None:
                for byte in said.content:
                    self.wfile.write(bytes([byte]))
                    if over.wait(said.drip):
                        return
            else:
                self.wfile.write(said.content)
            while said.endless and not over.is_set():
                self.wfile.write(bytes(10_000))

        do_GET = _answer  # noqa: N815 - the library's names.
        do_POST = _answer  # noqa: N815 - the library's names.

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # A client that hangs up is meant to.
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Server(f"http{'s' if tls else ''}://localhost:{server.server_address[1]}", asked)
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def took(begun: float) -> float:
    """Seconds since `time.monotonic()` gave this."""
    return time.monotonic() - begun
