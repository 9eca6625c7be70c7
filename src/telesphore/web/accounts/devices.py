"""Browsers that have signed in before: each keeps a signed mark for a year, and knows for whom it did.

A known browser has its own count of guesses (`throttle`), and its sign-ins are no news to its person. The mark proves
nothing by itself: whoever steals it gains a count of guesses.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from telesphore.accounts import actions
from telesphore.kernel.clock import now
from telesphore.web.accounts.clients import client_words
from telesphore.web.requests import actor_of

COOKIE = "device"
AGE = timedelta(days=365)
PEOPLE = 12
"""Whom one browser remembers; a shared workstation has more, and the latest count."""


def known(request: HttpRequest, email: str) -> str | None:
    """The mark of this browser, if it has signed in with this address before."""
    device, people = _read(request)
    return device if _person(device, email) in people else None


def came_in(request: HttpRequest, person: Any) -> None:
    """Remember that somebody came in here, and tell them when it is the first time."""
    if known(request, person.email) is None:
        visitor = replace(actor_of(request), person_id=person.pk)
        actions.warn_of_new_device(
            person_id=person.pk, client=client_words(request.headers.get("User-Agent", "")), actor=visitor, at=now()
        )
    remember(request, person)


def remember(request: HttpRequest, person: Any) -> None:
    """Remember that somebody came in here; `DeviceMiddleware` gives the browser its mark."""
    device, people = _read(request)
    person_mark = _person(device, person.email)
    kept = [*(one for one in people if one != person_mark), person_mark][-PEOPLE:]
    request._device = (device, kept)  # type: ignore[attr-defined]  # Kept with the request, dies with it.


class DeviceMiddleware:
    """Gives a browser the mark of what `remember` noted."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        noted = getattr(request, "_device", None)
        if noted is not None:
            response.set_cookie(
                COOKIE, signing.dumps(noted, salt=COOKIE), max_age=AGE, secure=settings.SECURE, httponly=True,
                samesite="Lax",
            )  # fmt: skip
        return response


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    """The browser's mark, a new one if it has none, and the people whom it knows."""
    noted: tuple[str, list[str]] | None = getattr(request, "_device", None)
    if noted is not None:
        return noted
    try:
        device, people = signing.loads(request.COOKIES.get(COOKIE, ""), salt=COOKIE, max_age=AGE)
    except (signing.BadSignature, ValueError, TypeError):
        return secrets.token_hex(16), []
    return device, people


def _person(device: str, email: str) -> str:
    named = f"{device}\0{email.strip().lower()}"
    return hmac.new(settings.SECRET_KEY.encode(), named.encode(), hashlib.sha256).hexdigest()[:20]
