"""How often one may guess a password or a code, so that a stranger can't try many, nor lock a doctor out.

Guesses at one account are counted apart for each browser that has signed in to it before (`devices`), and together for
all others. After five that failed, a minute must pass before each next one; after twenty-five in a day, the day must
pass. Whoever locks the strangers' count of an account therefore locks out no browser of its owner, and no passkey, card
or Pro Santé Connect, which are not guessed. An address that nobody has is counted in the same way.
"""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from zlib import crc32

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.http import HttpRequest

from telesphore.web.accounts import devices
from telesphore.web.rates import Rate, spend

FREE = 5
PAUSE = timedelta(seconds=61)
DAY = timedelta(hours=24)
MOST = 25
"""Within a day. The numbers are those of CNIL's deliberation 2022-100 and of the identification framework (EXI 25)."""

FROM_ONE_ADDRESS = Rate("sign-in-guesses", 60, 600)
"""Of strangers' guesses, at all accounts together."""


class TooManyGuesses(Exception):
    """It is too soon for another guess."""


@dataclass(frozen=True, slots=True)
class Guess:
    """One guess, counted before it is looked at, so that parallel ones each count."""

    key: str
    at: float
    known_device: bool

    def was_right(self) -> None:
        """Take it back; from a known device, forget those that failed before it."""
        with _alone(self.key) as history:
            _keep(self.key, [] if self.known_device else [at for at in history if at != self.at])


def guess(request: HttpRequest, *, kind: str, account: str, at: datetime) -> Guess:
    """Count a guess at an account.

    Args:
        kind: `password`, `code` or `recovery`: each is counted apart.
        account: the e-mail address as typed.

    Raises:
        TooManyGuesses
    """
    device = devices.known(request, account)
    if device is None and spend(request, FROM_ONE_ADDRESS, at).left < 0:
        raise TooManyGuesses
    named = f"{kind}\0{account.strip().lower()}\0{device or 'strangers'}"
    key = f"guess:{hmac.new(settings.SECRET_KEY.encode(), named.encode(), hashlib.sha256).hexdigest()[:40]}"
    with _alone(key) as history:
        if not may_guess(history, at):
            raise TooManyGuesses
        _keep(key, [*history, at.timestamp()])
    return Guess(key, at.timestamp(), device is not None)


def may_guess(history: list[float], at: datetime) -> bool:
    """Whether another guess may be made, after those that failed at these instants, oldest first."""
    recent = [one for one in history if one > (at - DAY).timestamp()]
    if len(recent) >= MOST:
        return False
    return len(recent) < FREE or at.timestamp() - recent[-1] >= PAUSE.total_seconds()


@contextmanager
def _alone(key: str) -> Iterator[list[float]]:
    """The failed guesses under a key, which nobody else changes within the block."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_SPACE, crc32(key.encode()) - 2**31])
        yield list(cache.get(key, []))


_SPACE = 0x67756573
"""Of our advisory locks: nobody else's have it."""


def _keep(key: str, history: list[float]) -> None:
    cache.set(key, history[-MOST:], DAY.total_seconds())
