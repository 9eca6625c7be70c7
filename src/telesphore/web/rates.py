"""How often one address may ask for something that costs: counted in the cache that all web processes share."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from telesphore.kernel.errors import DomainError, Refusal


class AskedTooOften(DomainError):
    """Too many requests came from your network in a short time. Wait a minute, then try again."""

    refusal = Refusal.TOO_MANY
    code = "asked-too-often"


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `most` times within each span of so many seconds."""

    name: str
    most: int
    seconds: int


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
    key = f"rate:{rate.name}:{_asker(request)}:{span}"
    used = int(cache.get(key, 0)) + 1
    cache.set(key, used, rate.seconds)
    return Spent(rate, rate.most - used, rate.seconds - into)


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
