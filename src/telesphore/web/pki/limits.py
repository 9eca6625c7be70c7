"""How often one address may ask what costs us a signature: counted in this process's memory, by the minute."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

View = Callable[..., HttpResponse]

ADDRESSES = 10_000
"""Addresses remembered in one minute; beyond, all the others share one count."""
_MINUTE = 60.0


class _Window:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began = 0.0
        self._counts: Counter[str] = Counter()

    def count(self, address: str) -> int:
        """How often this address has asked since the minute began, this time included."""
        with self._lock:
            moment = time.monotonic()
            if not 0 <= moment - self._began < _MINUTE:
                self._began = moment
                self._counts.clear()
            known = address in self._counts or len(self._counts) < ADDRESSES
            self._counts[address if known else ""] += 1
            return self._counts[address if known else ""]


def at_most(per_minute: int) -> Callable[[View], View]:
    """Answer 429 to an address that asks more often, in each web process."""

    def decorate(view: View) -> View:
        window = _Window()

        @wraps(view)
        def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if window.count(request.META.get("REMOTE_ADDR", "")) > per_minute:
                headers = {"Retry-After": "60"}
                return HttpResponse(b"", status=429, content_type="text/plain; charset=utf-8", headers=headers)
            return view(request, *args, **kwargs)

        return limited

    return decorate
