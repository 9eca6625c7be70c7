"""The patient's pages inside another software's page: the same views, under `/embed/`.

Only the pages of signing are there. They may be framed by the origins that an administrator allowed and that the short
way in names, and by no other. Cookies are of their own: partitioned by the page around, so that they work where those
of third parties do not, and no session of this browser, of a professional or another patient, is seen in a frame.
"""

import re
from collections.abc import Callable
from functools import cached_property
from http.cookies import Morsel
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix, reverse, set_script_prefix

from telesphore.signature.queries import embedding as queries

PREFIX = "/embed"
COOKIES = "embed-"
KEY = "embedding"
"""In the session of who came in by a short way: `<organisation>/<link>`, hexadecimal."""
_TOKEN = re.compile(r"/l/([A-Za-z0-9_-]{43})(/code|/open)?")
_PAGES = re.compile(
    r"/p/(read|document\.pdf|page/\d{1,6}\.(pdf|png)|decide|sign|decline|done|declined|question(/[0-9a-f-]{36}/file)?)?"
)
_STATES = {"patients:done": "signed", "patients:declined": "declined"}

# The standard library knows this attribute from Python 3.14 on.
_reserved: Any = Morsel._reserved  # type: ignore[attr-defined]
_flags: Any = Morsel._flags  # type: ignore[attr-defined]
_reserved.setdefault("partitioned", "Partitioned")
_flags.add("partitioned")


class Frame:
    """What a page knows of the page around it."""

    def __init__(self, request: HttpRequest, place: tuple[UUID, UUID] | None) -> None:
        self._request, self._place = request, place

    @cached_property
    def origins(self) -> tuple[str, ...]:
        """Who may show it."""
        place = self._place
        if place is None and (kept := self._request.session.get(KEY)):
            organisation, _, link = str(kept).partition("/")
            place = UUID(organisation), UUID(link)
        return () if place is None else queries.origins_of(organisation_id=place[0], link_id=place[1])

    @property
    def state(self) -> str:
        """What the page around is told: `signed`, `declined`, or `open`; a refusal says `closed` by itself."""
        match = self._request.resolver_match
        return _STATES.get(match.view_name if match else "", "open")


def frame_of(request: HttpRequest) -> Frame | None:
    """The frame that a request is for; None for a page of our own."""
    found: Frame | None = getattr(request, "embedding", None)
    return found


class EmbeddedMiddleware:
    """Serves the pages of signing under `/embed/` too; all else there does not exist."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info
        inner = path.removeprefix(PREFIX)
        if inner == path or not (place := self._place(inner)):
            return self.get_response(request)
        given = {
            name.removeprefix(COOKIES): value for name, value in request.COOKIES.items() if name.startswith(COOKIES)
        }
        request.COOKIES = given
        request.embedding = Frame(request, place[0])  # type: ignore[attr-defined]  # Requests carry attributes.
        before = get_script_prefix()
        set_script_prefix(f"{PREFIX}/")
        try:
            request.path_info = inner
            response = self.get_response(request)
        finally:
            set_script_prefix(before)
        return _framed(request, response)

    def _place(self, inner: str) -> tuple[tuple[UUID, UUID] | None] | None:
        """Which way in an address names, if it names one; None for what is not served here."""
        if token := _TOKEN.fullmatch(inner):
            found = queries.embedding_of(token[1])
            return (found,) if found else None
        return (None,) if _PAGES.fullmatch(inner) or inner == reverse("set_language") else None


def _framed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    frame = frame_of(request)
    origins = frame.origins if frame else ()
    if origins:
        del response.headers["X-Frame-Options"]
        policy = response.headers.get("Content-Security-Policy", "")
        response.headers["Content-Security-Policy"] = policy.replace(
            "frame-ancestors 'none'", f"frame-ancestors {' '.join(origins)}"
        )
    for name in list(response.cookies):
        morsel = response.cookies.pop(name)
        response.cookies[COOKIES + name] = morsel.value
        own = response.cookies[COOKIES + name]
        for key in ("expires", "max-age", "httponly"):
            own[key] = morsel[key]
        own["path"], own["samesite"], own["secure"], own["partitioned"] = f"{PREFIX}/", "None", True, True
    return response
