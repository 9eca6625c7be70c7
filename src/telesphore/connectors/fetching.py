"""One HTTP exchange within bounds: of time in all, of size, and of the addresses that may be reached.

On httpx's own engine, whose network can be replaced: only there can a deadline hold against an answer that comes one
byte at a time, and an address be looked at after its name was resolved and before it is connected to.
"""

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import httpcore

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class NoAnswer(Exception):
    """What was asked was not had; the message says why in a word, and quotes nothing foreign."""


class AnswerTooLarge(NoAnswer):
    """More bytes than were allowed; reading stopped there."""


class TooSlow(NoAnswer):
    """The time allowed was over."""


class NotAllowed(NoAnswer):
    """The address is not one that may be reached."""


class Refused(NoAnswer):
    """The server answered with another status than 200.

    Attributes:
        status: HTTP's.
    """

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"status {status}")


Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def anywhere(host: str, address: Address) -> bool:
    """For what the operator configured."""
    return True


def public(host: str, address: Address) -> bool:
    """For what foreign bytes name: never this machine, its network or the cloud's own services."""
    inside: Address | None = None
    if isinstance(address, ipaddress.IPv6Address):
        # An IPv4 address may travel inside (RFC 4291 §2.5.5.2, RFC 3056, RFC 6052).
        inside = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inside = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return all(one.is_global and not one.is_multicast for one in (address, inside) if one is not None)


def fetch(
    url: str,
    *,
    seconds: float,
    most: int,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    context: ssl.SSLContext | None = None,
    allowed: Callable[[str, Address], bool] = anywhere,
) -> bytes:
    """What a server answers, POSTed to when there is content. Redirections are not followed, and nothing is kept.

    Args:
        url: http or https.
        seconds: for all of it: name, connection, TLS, question and answer.
        most: bytes of the answer.
        context: who is believed for TLS; the system's when None.
        allowed: whether a host's resolved address may be connected to.

    Raises:
        NoAnswer: one of its kinds.
    """
    network = _Network(monotonic() + seconds, allowed)
    try:
        # Only kept while this runs: the next call makes a connection of its own.
        with httpcore.ConnectionPool(
            ssl_context=context or _system_context(), network_backend=network, max_connections=1
        ) as pool:
            return _exchange(pool, network, url, content, headers or {}, most)
    except (httpcore.TimeoutException, TimeoutError):
        raise TooSlow("timeout") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError):
        raise NoAnswer("connection") from None
    except (ValueError, UnicodeError):
        # A URL that is none, from foreign bytes.
        raise NotAllowed("url") from None


@lru_cache(maxsize=1)
def _system_context() -> ssl.SSLContext:
    """Read once: loading the system's authorities takes longer than an exchange."""
    return ssl.create_default_context()


def _exchange(
    pool: httpcore.ConnectionPool,
    network: "_Network",
    url: str,
    content: bytes | None,
    headers: Mapping[str, str],
    most: int,
) -> bytes:
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise NotAllowed("url")
    sent = {"Host": urlsplit(url).netloc.rpartition("@")[2], "User-Agent": "Telesphore", **headers}
    if content is not None:
        sent["Content-Length"] = str(len(content))
    with pool.stream(
        "GET" if content is None else "POST", url, headers=list(sent.items()), content=content,
        extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), network.left())},
    ) as response:  # fmt: skip
        if response.status != 200:
            raise Refused(response.status)
        parts, size = [], 0
        for part in response.iter_stream():
            size += len(part)
            if size > most:
                raise AnswerTooLarge("size")
            parts.append(part)
        return b"".join(parts)


@dataclass
class _Network(httpcore.NetworkBackend):
    """Connections that share one deadline, and go only where allowed."""

    deadline: float
    allowed: Callable[[str, Address], bool]

    def left(self) -> float:
        left = self.deadline - monotonic()
        if left <= 0:
            raise TooSlow("timeout")
        return left

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = NoAnswer("name")
        for address in _resolve(host, port, self.left()):
            if not self.allowed(host, address):
                raise NotAllowed("address")
            try:
                # By its address, so that the name can't be resolved again to another.
                stream = httpcore.SyncBackend().connect_tcp(
                    str(address), port, self.left(), local_address, socket_options
                )
                return _Stream(stream, self)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


class _Stream(httpcore.NetworkStream):
    """A connection, each wait of which ends at the deadline."""

    def __init__(self, inner: httpcore.NetworkStream, network: _Network) -> None:
        self._inner = inner
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._network.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._network.left())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            stream = self._inner.start_tls(ssl_context, server_hostname, self._network.left())
        except httpcore.ConnectError:
            raise NoAnswer("tls") from None
        return _Stream(stream, self._network)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _resolve(host: str, port: int, seconds: float) -> Sequence[Address]:
    """In a thread that is left behind when it takes too long: the system's resolver has no deadline."""
    found: list[Address] = []

    def resolve() -> None:
        try:
            answers = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        found.extend(dict.fromkeys(ipaddress.ip_address(str(answer[4][0]).partition("%")[0]) for answer in answers))

    thread = threading.Thread(target=resolve, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TooSlow("name")
    return tuple(found)
