"""How often one address may ask for something that costs.

A rate is counted for all web processes together, in the cache that they share: that is the database, and one use costs
it a handful of statements. What is cheaper than that (an OCSP answer) is counted in each process's memory instead.
"""

import hashlib
import hmac
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal

View = Callable[..., HttpResponse]

ADDRESSES = 10_000
"""Addresses remembered in memory for one span of a rate; beyond, all the others share one count."""


class AskedTooOften(DomainError):
    """Too many requests came from your network in a short time. Wait a minute, then try again."""

    refusal = Refusal.TOO_MANY
    code = "asked-too-often"


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `most` times within each span of so many seconds.

    Attributes:
        shared: counted for all web processes together; else in each.
    """

    name: str
    most: int
    seconds: int
    shared: bool = True


@dataclass(frozen=True, slots=True)
class Spent:
    """What is left of a rate after one use; `left` below 0 means that it was one too many."""

    rate: Rate
    left: int
    reset: int
    """Seconds until the next span."""

    def tell(self, response: HttpResponse) -> HttpResponse:
        """The same answer, with the rate in its headers (IETF draft ratelimit-headers; RFC 9110 §10.2.3)."""
        response["RateLimit-Policy"] = f'"{self.rate.name}";q={self.rate.most};w={self.rate.seconds}'
        response["RateLimit"] = f'"{self.rate.name}";r={max(self.left, 0)};t={self.reset}'
        if self.left < 0:
            response["Retry-After"] = str(self.reset)
        return response


def spend(request: HttpRequest, rate: Rate, at: datetime) -> Spent:
    """Count one use by the address that asks.

    Two requests of one moment may be counted as one: the bound is against floods, not a ledger.
    """
    span, into = divmod(int(at.timestamp()), rate.seconds)
    asker = _asker(request)
    if rate.shared:
        key = f"rate:{rate.name}:{asker}:{span}"
        used = int(cache.get(key, 0)) + 1
        cache.set(key, used, rate.seconds)
    else:
        with _lock:
            used = _memory.setdefault(rate.name, Memory()).count(asker, span)
    return Spent(rate, rate.most - used, rate.seconds - into)


def at_most(rate: Rate) -> Callable[[View], View]:
    """Answer 429, without a page, to the program that asks more often."""

    def decorate(view: View) -> View:
        @wraps(view)
        def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            spent = spend(request, rate, now())
            if spent.left < 0:
                return spent.tell(HttpResponse(b"", status=429, content_type="text/plain; charset=utf-8"))
            return view(request, *args, **kwargs)

        return limited

    return decorate


class Memory:
    """The uses of one rate in one span, in this process."""

    def __init__(self) -> None:
        self._span = -1
        self._counts: Counter[str] = Counter()

    def count(self, asker: str, span: int) -> int:
        """How often they have asked within this span, this time included."""
        if span != self._span:
            self._span = span
            self._counts.clear()
        known = asker in self._counts or len(self._counts) < ADDRESSES
        self._counts[asker if known else ""] += 1
        return self._counts[asker if known else ""]


_memory: dict[str, Memory] = {}
_lock = threading.Lock()


def _asker(request: HttpRequest) -> str:
    """The address, unreadable; of IPv6 its network, for one customer has a whole one."""
    address = request.META.get("REMOTE_ADDR", "")
    try:
        parsed = ip_address(address)
    except ValueError:
        parsed = None
    if isinstance(parsed, IPv6Address):
        address = str(ip_network(f"{parsed}/64", strict=False))
    return hmac.new(settings.SECRET_KEY.encode(), address.encode(), hashlib.sha256).hexdigest()[:32]
