"""Who may reach an endpoint: every view states a rule, and one without a rule is refused.

The rule is the outermost decorator of a view, or an entry of `FOREIGN` for the views of a library. It is written on
the view as `access_rule`, which the tests walk and the documentation lists.
"""

import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from telesphore.accounts import queries as accounts
from telesphore.accounts.access import may
from telesphore.accounts.states import BACKUP_MEANS, ENOUGH, PERMISSIONS
from telesphore.audit import actions as audit
from telesphore.kernel.clock import now
from telesphore.web.entering import recently_authenticated
from telesphore.web.entrances import came_by_link, current_entrance, entrances_of
from telesphore.web.requests import actor_of

View = Callable[..., HttpResponse]

FOREIGN = {
    "account_logout": "public: leaving is open to all",
    "account_reauthenticate": "signed in",
    "set_language": "public: the language of the pages",
}
"""Rules of the views that a library gives us, by the name of their address."""

TO_SET_UP = frozenset(
    {
        "account_change_password",
        "account_reauthenticate",
        "mfa_activate_totp",
        "passkey-add",
        "passkey-begin",
        "passkey-prove",
        "passkey-prove-again",
        "set-up",
    }
)
"""Where a member goes who came in by too little, and has no way yet to come in by more: to set one up, and out."""


ANYBODYS = frozenset({"account_logout", "set_language"})
"""What the session's level does not matter for."""


class EndpointWithoutRule(PermissionDenied):
    """A view that states no rule is reachable by nobody."""


def _ruled(view: View, rule: str) -> View:
    view.access_rule = rule  # type: ignore[attr-defined]  # Functions carry attributes.
    return view


def public(why: str) -> Callable[[View], View]:
    """Open to all, for a stated reason."""
    return lambda view: _ruled(view, f"public: {why}")


def signed_in(view: View) -> View:
    """Open to every person who has signed in, whatever their role."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return to_sign_in(request)
        return view(request, *args, **kwargs)

    return _ruled(guarded, "signed in")


def permission(name: str) -> Callable[[View], View]:
    """Open to members whose roles hold this permission in the organisation that they act in.

    Raises:
        KeyError: the table has no such permission; a mistake of ours, found at start.
    """
    if name not in PERMISSIONS:
        raise KeyError(name)

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            if not may(actor_of(request), name):
                _trace_refusal(request)
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return _ruled(guarded, f"permission: {name}")

    return decorate


def _trace_refusal(request: HttpRequest) -> None:
    page = request.resolver_match.view_name if request.resolver_match else ""
    audit.record(
        "web:page:open", actor=actor_of(request), at=now(), outcome=audit.Outcome.REFUSED, detail={"page": page}
    )


def patient_account(view: View) -> View:
    """Open to who has signed in and acts in a record: the patient whose it is, or who represents them."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return to_sign_in(request)
        if current_entrance(request) is None:
            if entrances_of(request):
                return redirect("patients:entrances")
            _trace_refusal(request)
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return _ruled(guarded, "patient: signed in for a record")


def fresh(view: View) -> View:
    """Right under the rule: whoever comes must have proved who they are within the last five minutes.

    Others are sent to do so, and come back to the page that they asked for, or came from.
    """

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if recently_authenticated(request):
            return view(request, *args, **kwargs)
        return to_authenticate_again(request)

    guarded.asks_freshness = True  # type: ignore[attr-defined]  # Functions carry attributes.
    return guarded


def link_session(view: View) -> View:
    """Open to who came in through a link and its code; the view finds the visit, which refuses all others."""
    return _ruled(view, "link and code")


def at_bedside(view: View) -> View:
    """Open to the patient who holds a tablet that was handed over; the view finds who, which refuses all others."""
    return _ruled(view, "bedside")


def demonstration(view: View) -> View:
    """Open to all, in a demonstration; elsewhere it does not exist."""
    from django.http import Http404

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.DEMONSTRATION:
            raise Http404
        return view(request, *args, **kwargs)

    return _ruled(guarded, "demonstration only")


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page, which leads back here when here can be shown again."""
    if request.headers.get("HX-Request"):
        response = HttpResponse(status=204)
        response["HX-Redirect"] = settings.LOGIN_URL
        return response
    back = request.get_full_path() if request.method == "GET" else "/"
    return redirect_to_login(urlsplit(back).path, login_url=settings.LOGIN_URL)


def to_authenticate_again(request: HttpRequest) -> HttpResponse:
    """The page where one proves again who one is; it leads back to the page asked for, or to where a form was sent."""
    back = request.path
    if request.method != "GET":
        came_from = urlsplit(request.headers.get("Referer", ""))
        back = came_from.path if came_from.netloc == request.get_host() else "/"
    address = f"{reverse('account_reauthenticate')}?{urlencode({'next': back})}"
    if request.headers.get("HX-Request"):
        response = HttpResponse(status=204)
        response["HX-Redirect"] = address
        return response
    return redirect(address)


class AccessMiddleware:
    """Refuses a view without a rule, and, outside a demonstration, whoever came in by less than enough.

    Who has no way yet to come in by more sets one up, and goes on. Who has one comes in again by it: the session may be
    of somebody who knew an initial password, and stayed.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        match = request.resolver_match
        assert match is not None
        if rule_of(view, match.view_name) is None:
            raise EndpointWithoutRule
        if (
            request.user.is_authenticated
            and not settings.DEMONSTRATION
            and not _came_in_by_enough(request)
            and not _patient_by_link(request, match.view_name)
            and match.view_name not in ANYBODYS
        ):
            if accounts.ways_of(UUID(str(request.user.pk))).sufficient:
                logout(request)
                return to_sign_in(request)
            if match.view_name not in TO_SET_UP:
                return redirect("set-up")
        return None


def rule_of(view: View, name: str) -> str | None:
    """The rule of a view, by itself or as a library's view of that name; None when it has none."""
    return getattr(view, "access_rule", None) or FOREIGN.get(name)


def _came_in_by_enough(request: HttpRequest) -> bool:
    session = getattr(request, "_presence", None)
    # By the backup way little is open, and what is has its own bounds (`web/backup.py`).
    return session is not None and (session.acr in ENOUGH or session.means == BACKUP_MEANS)


def _patient_by_link(request: HttpRequest, name: str) -> bool:
    # Whose phone knows no passkey comes by link and code each time: to the patients' pages, and nowhere else.
    return name.startswith("patients:") and came_by_link(request)
