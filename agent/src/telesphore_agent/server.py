"""The door: HTTP/1.1 on the loopback, for pages of paired origins that carry what their server signed.

Whoever has no business here gets 403, an empty body and not one header that they sent.
"""

import json
import logging
import os
import select
import socket
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from telesphore_agent.errors import Refused
from telesphore_agent.formats import from_base64url, from_json
from telesphore_agent.operations import Operations
from telesphore_agent.protocol import Reader, Request
from telesphore_agent.store import Server, Store, StoreUnsafe

logger = logging.getLogger(__name__)

ADDRESS = "127.0.0.1"
PORTS = (24727, 24728, 24729)
LARGEST_BODY = 2 << 20
MOST_CONNECTIONS = 32
MOST_WATCHES = 8
MOST_REQUESTS_A_MINUTE = 240
READING_SECONDS = 5.0
"""For a whole request to arrive, however slowly its bytes come."""
LINGER_SECONDS = 0.5
CHUNK = 64 << 10
WATCH_SECONDS = 600.0
HEARTBEAT_SECONDS = 15.0
CLOSED = 403


class AgentServer(ThreadingHTTPServer):
    """Listens on the loopback alone.

    Raises:
        OSError: the port is taken.
    """

    daemon_threads = True
    # On Windows it would let another program listen on the same port.
    allow_reuse_address = os.name == "posix"

    def __init__(self, port: int, *, store: Store, operations: Operations) -> None:
        super().__init__((ADDRESS, port), _Door)
        self.store = store
        self.operations = operations
        self.requests = Reader(time.time)
        self.watches = threading.BoundedSemaphore(MOST_WATCHES)
        self._connections = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._recent: deque[float] = deque()
        self._counting = threading.Lock()

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Answer, in threads of its own, until the block ends."""
        thread = threading.Thread(target=self.serve_forever, name="door", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.shutdown()
            thread.join()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset({f"127.0.0.1:{self.port}", f"localhost:{self.port}"})

    def count(self) -> None:
        """
        Raises:
            Refused: `too-many` in a minute.
        """
        now = time.monotonic()
        with self._counting:
            while self._recent and self._recent[0] < now - 60:
                self._recent.popleft()
            if len(self._recent) >= MOST_REQUESTS_A_MINUTE:
                raise Refused("too-many")
            self._recent.append(now)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._connections.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is not news. Of anything else the place is told, not what it was about."""
        error = sys.exception()
        if error is None or isinstance(error, OSError):
            return
        place = traceback.extract_tb(error.__traceback__)[-1]
        logger.error("a request failed: %s in %s", type(error).__name__, place.name)


class _Door(BaseHTTPRequestHandler):
    server: AgentServer
    protocol_version = "HTTP/1.1"
    _unread = False
    timeout = READING_SECONDS

    # One connection

    def setup(self) -> None:
        self._deadline = threading.Timer(READING_SECONDS, self._cut)
        self._deadline.daemon = True
        self._deadline.start()
        super().setup()

    def finish(self) -> None:
        with suppress(OSError):
            self._linger()
        self._deadline.cancel()
        super().finish()

    def _linger(self) -> None:
        """Take what is left of a body that was refused unread: closed over it, a connection may lose its answer."""
        if not self._unread:
            return
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(LINGER_SECONDS)
        for _ in range(LARGEST_BODY // CHUNK):
            if not self.connection.recv(CHUNK):
                return

    def _cut(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _still_there(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        try:
            return not readable or bool(self.connection.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    # What http.server would say by itself

    def log_message(self, *_arguments: object) -> None:
        """Addresses carry requests: they are in no log."""

    def send_error(self, *_arguments: Any, **_named: Any) -> None:
        self._close()

    def handle_expect_100(self) -> bool:
        self._close()
        return False

    # One request

    def do_GET(self) -> None:
        if self.path == "/who":
            self._serve(lambda paired: self._send(200, {"workstation": paired.workstation}, paired))
        elif self.path.startswith("/watch?"):
            self._serve(self._watch)
        else:
            self._close()

    def do_POST(self) -> None:
        self._unread = True
        if self.path == "/request":
            self._serve(self._answer)
        else:
            self._close()

    def do_OPTIONS(self) -> None:
        if self.path in ("/request", "/who") or self.path.startswith("/watch?"):
            self._serve(self._preflight)
        else:
            self._close()

    def _serve(self, answer: Callable[[Server], None]) -> None:
        """Answer a page of a paired origin that called us by our name."""
        paired = self._paired()
        if paired is None:
            self._close()
            return
        try:
            self.server.count()
            answer(paired)
        except Refused as refused:
            self._send(refused.status, refused.answer(), paired)

    def _paired(self) -> Server | None:
        hosts, origins = self.headers.get_all("Host", []), self.headers.get_all("Origin", [])
        if len(hosts) != 1 or hosts[0] not in self.server.hosts or len(origins) != 1:
            return None
        try:
            return self.server.store.find(origins[0])
        except (StoreUnsafe, OSError) as error:
            logger.error("%s", error)  # noqa: TRY400 - its sentence is all there is to know.
            return None

    def _preflight(self, paired: Server) -> None:
        self._send(
            204,
            None,
            paired,
            {
                "Access-Control-Allow-Methods": "GET, POST",
                "Access-Control-Allow-Headers": "Content-Type",
                "Access-Control-Allow-Private-Network": "true",
                "Access-Control-Max-Age": "600",
            },
        )

    def _answer(self, paired: Server) -> None:
        request = self._read(self._body(), paired)
        if request.operation == "watch":
            raise Refused("bad-request")
        try:
            answer = self.server.operations.answer(request, self._still_there)
        except Refused as refused:
            logger.info("%s for %s: %s", request.operation, paired.origin, refused.code)
            raise
        logger.info("%s for %s: done", request.operation, paired.origin)
        self._send(200, answer, paired)

    def _body(self) -> str:
        lengths = self.headers.get_all("Content-Length", [])
        if (
            self.headers.get_all("Transfer-Encoding")
            or self.headers.get_all("Content-Type", []) != ["application/json"]
            or len(lengths) != 1
            or not (lengths[0].isascii() and lengths[0].isdigit())
            or len(lengths[0]) > len(str(LARGEST_BODY))
            or int(lengths[0]) > LARGEST_BODY
        ):
            raise Refused("bad-request")
        length = int(lengths[0])
        try:
            body = self.rfile.read(length)
            token = from_json(body)["request"]
        except (OSError, ValueError, KeyError):
            raise Refused("bad-request") from None
        self._unread = False
        if len(body) != length or not isinstance(token, str):
            raise Refused("bad-request")
        return token

    def _read(self, token: str, paired: Server) -> Request:
        self._deadline.cancel()
        return self.server.requests.read(
            token,
            origin=paired.origin,
            workstation=paired.workstation,
            server_key=from_base64url(paired.server_key),
        )

    def _watch(self, paired: Server) -> None:
        try:
            ((name, token),) = parse_qsl(self.path.partition("?")[2], strict_parsing=True, max_num_fields=1)
        except ValueError:
            raise Refused("bad-request") from None
        if name != "request" or self._read(token, paired).operation != "watch":
            raise Refused("bad-request")
        if not self.server.watches.acquire(blocking=False):
            raise Refused("too-many")
        try:
            self._head(200, {"Content-Type": "text/event-stream"}, paired)
            self._follow()
        except OSError:
            # The page has gone.
            return
        finally:
            self.server.watches.release()

    def _follow(self) -> None:
        operations, until = self.server.operations, time.monotonic() + WATCH_SECONDS
        version, _ = operations.readers.now()
        self._event()
        spoken = time.monotonic()
        while time.monotonic() < until and self._still_there():
            change = operations.readers.wait(version, 1.0)
            if change is not None:
                version, _ = change
                self._event()
            elif time.monotonic() > spoken + HEARTBEAT_SECONDS:
                self.wfile.write(b":\n\n")
            else:
                continue
            spoken = time.monotonic()

    def _event(self) -> None:
        self.wfile.write(b"event: card\ndata: " + json.dumps(self.server.operations.status()).encode() + b"\n\n")

    # What is sent

    def _close(self) -> None:
        """To whom has no business here."""
        with suppress(OSError):
            self.send_response_only(CLOSED)
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
            self.end_headers()
        self.close_connection = True

    def _head(self, status: int, headers: Mapping[str, str], paired: Server) -> None:
        self.send_response_only(status)
        # From our file, not from their header.
        self.send_header("Access-Control-Allow-Origin", paired.origin)
        self.send_header("Vary", "Origin")
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True

    def _send(self, status: int, content: object, paired: Server, headers: Mapping[str, str] | None = None) -> None:
        body = b"" if content is None else json.dumps(content).encode()
        described = {} if content is None else {"Content-Type": "application/json", "Content-Length": str(len(body))}
        with suppress(OSError):
            self._head(status, described | dict(headers or {}), paired)
            self.wfile.write(body)
