"""How often one token may ask: counted for all web processes together, told in the headers of each answer."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.core.cache import cache
from django.http import HttpResponse

from telesphore.kernel.errors import DomainError, Refusal

MOST = 600
SECONDS = 60


class TokenAskedTooOften(DomainError):
    """This token was used too often in a short time. Wait for the seconds that Retry-After says."""

    refusal: ClassVar[Refusal] = Refusal.TOO_MANY
    code: ClassVar[str] = "token-asked-too-often"


@dataclass(frozen=True, slots=True)
class Spent:
    """What is left after one use; below 0 it was one too many. `reset`: seconds until the next span."""

    left: int
    reset: int

    def refusal(self) -> DomainError:
        """What to say to whoever asks too often."""
        return TokenAskedTooOften()

    def tell(self, response: HttpResponse) -> HttpResponse:
        """The same answer, with the rate in its headers (IETF draft ratelimit-headers; RFC 9110 §10.2.3)."""
        response["RateLimit-Policy"] = f'"token";q={MOST};w={SECONDS}'
        response["RateLimit"] = f'"token";r={max(self.left, 0)};t={self.reset}'
        if self.left < 0:
            response["Retry-After"] = str(self.reset)
        return response


def spend(asker: str, at: datetime) -> Spent:
    """Count one use by a token, or by an address that has none. Two uses of one moment may count as one."""
    span, into = divmod(int(at.timestamp()), SECONDS)
    key = f"rate:rest:{hashlib.sha256(asker.encode()).hexdigest()[:32]}:{span}"
    used = int(cache.get(key, 0)) + 1
    cache.set(key, used, SECONDS)
    return Spent(MOST - used, SECONDS - into)
