"""The session behind each request: refused once it has ended, locked when nobody touches it, unlocked by a new proof.

Django's session says what a browser holds; ours (`accounts`) says whose presence it is, how they came in, and until
when. A request asks for it once.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _

from telesphore.accounts import actions, queries
from telesphore.accounts.errors import SessionNotFound
from telesphore.accounts.queries import Presence
from telesphore.accounts.states import ENOUGH, SEEN_WITHIN, SessionEnd
from telesphore.kernel.clock import now
from telesphore.web.entering import SHARED, Proof
from telesphore.web.requests import visitor

LOCKED = 423
"""The status of what is refused while a session is locked (RFC 4918 §11.3)."""
HEADER = "X-Telesphore-Locked"
"""Names the page where a locked session is unlocked, for the scripts of a page that is still open."""

WHILE_LOCKED = frozenset({"locked", "session_state", "account_logout", "set_language"})
"""What answers while a session is locked, besides the ways of proving again who one is."""
AT_BEDSIDE = "signature:bedside-"
"""How the names of the pages begin that answer the patient to whom a tablet was handed over: its session is locked."""
BEDSIDE = "bedside"
"""Names, in a browser's session, what was handed over."""
WAYS = "/sign-in/"
"""Where all the ways of proving who one is are."""
NOT_AN_ACT = frozenset({"session_state"})
"""What a page asks by itself: it keeps nobody's session awake."""


def begin(request: HttpRequest, person: Any, proof: Proof) -> None:
    """Open the session of a person who has just come in; the browser's own ends with it."""
    earlier = presence_of(request)
    if earlier is not None:
        _end(request, earlier, SessionEnd.REPLACED)
    found = actions.open_session(
        person_id=person.pk,
        key=request.session.session_key or "",
        means=proof.means,
        acr=proof.acr,
        until=proof.until,
        shared_workstation=bool(request.session.get(SHARED)),
        actor=visitor(request),
        at=now(),
    )
    # The cookie goes with the browser; how long the session lasts is ours to say.
    request.session.set_expiry(0)
    _keep(request, found)


def leave(request: HttpRequest) -> None:
    """End the session of a person who signs out."""
    found = presence_of(request)
    if found is not None:
        _end(request, found, SessionEnd.SIGNED_OUT)


def presence_of(request: HttpRequest) -> Presence | None:
    """The session behind a request; None when nobody has signed in."""
    found: Presence | None = getattr(request, "_presence", None)
    return found


def limits(request: HttpRequest) -> dict[str, object] | None:
    """What a page must know to lock itself: whole seconds until it is locked, and until the session ends."""
    found = presence_of(request)
    if found is None or not request.user.is_authenticated:
        return None
    at = now()
    return {
        "session": found.session_id.hex,
        "idle": _seconds(found.idle),
        "idle_left": _seconds(found.idle_left(at)),
        "left": _seconds(found.ends_at - at),
        "locked": found.locked(at),
    }


class PresenceMiddleware:
    """Finds the session behind each request, and refuses what it may not do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.session.get(SESSION_KEY) or not request.user.is_authenticated:
            return self.get_response(request)
        key, at = request.session.session_key or "", now()
        found = queries.presence(key=key)
        if found is None or not found.lives(at) or str(found.person_id) != str(request.user.pk):
            self._close(request, found, at)
            return self.get_response(request)
        _keep(request, found)
        proofs = len(get_authentication_records(request, request.user))
        page = _name(request)
        if found.locked(at):
            handed_over = page.startswith(AT_BEDSIDE) and BEDSIDE in request.session
            if page not in WHILE_LOCKED and not handed_over and not request.path.startswith(WAYS):
                return refuse_locked(request)
        elif page not in NOT_AN_ACT and at - found.seen_at >= SEEN_WITHIN:
            actions.touch(session_id=found.session_id, actor=visitor(request), at=at)
        response = self.get_response(request)
        if presence_of(request) is found and request.user.is_authenticated:
            self._follow(request, found, key, proofs)
        return response

    def _close(self, request: HttpRequest, found: Presence | None, at: datetime) -> None:
        if found is not None and found.ended_at is None:
            _end(request, found, SessionEnd.LIMIT if at >= found.ends_at else SessionEnd.SUSPENDED)
        request.session.flush()
        request.user = AnonymousUser()
        messages.info(request, _("Your session has ended. Sign in again to go on."))

    def _follow(self, request: HttpRequest, found: Presence, key: str, proofs: int) -> None:
        """After a new proof the session has another key, and is open again."""
        records = get_authentication_records(request, request.user)
        if len(records) > proofs:
            # Whoever knew the key before the proof must not profit by it.
            request.session.cycle_key()
            if found.locked(now()):
                means = str(records[-1].get("type") or records[-1].get("method", ""))
                actions.unlock(session_id=found.session_id, means=means, actor=visitor(request), at=now())
        raised: Proof | None = getattr(request, "_raised", None)
        if raised is not None and found.acr not in ENOUGH:
            actions.raise_level(
                session_id=found.session_id, means=raised.means, acr=raised.acr, actor=visitor(request), at=now()
            )
        if request.session.session_key and request.session.session_key != key:
            actions.change_key(
                session_id=found.session_id, key=request.session.session_key, actor=visitor(request), at=now()
            )


def refuse_locked(request: HttpRequest) -> HttpResponse:
    """The answer while a session is locked: the page that unlocks, or, to a page's own script, a header that names it.

    Nothing of what was asked is done; a page that is still open sends it again once unlocked.
    """
    if request.headers.get("HX-Request") or request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        response = HttpResponse(status=LOCKED)
    else:
        response = locked_page(request, request.path if request.method == "GET" else "")
    response[HEADER] = reverse("locked")
    return response


def locked_page(request: HttpRequest, back: str, form: object = None) -> HttpResponse:
    """The page that unlocks, and leads back to `back`; without one, something was sent that must be sent again."""
    context = {"back": back, "form": form, "bare": True}
    return render(request, "account/locked.html", context, status=LOCKED)


def _keep(request: HttpRequest, found: Presence) -> None:
    request._presence = found  # type: ignore[attr-defined]  # Kept with the request, dies with it.


def _end(request: HttpRequest, found: Presence, why: SessionEnd) -> None:
    try:
        actions.end_session(
            session_id=found.session_id, person_id=found.person_id, why=why, actor=visitor(request), at=now()
        )
    except SessionNotFound:
        # Somebody removed the row meanwhile: nothing is left to end.
        return


def _name(request: HttpRequest) -> str:
    try:
        return resolve(request.path_info).view_name
    except Resolver404:
        return ""


def _seconds(span: timedelta) -> int:
    return max(0, int(span.total_seconds()))
