"""One's own sessions: whether this one is open, unlocking it, the list of all, ending them."""

from datetime import timedelta
from uuid import UUID

from allauth.core import ratelimit
from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from telesphore.accounts import actions, queries
from telesphore.accounts.states import IDLE_MINUTES, SESSION_MINUTES, SessionEnd
from telesphore.kernel.clock import now
from telesphore.web.access import fresh, permission, public, signed_in
from telesphore.web.accounts.again import AgainForm, has_passkey, try_again
from telesphore.web.accounts.ways import PARTS, Part, switched_on
from telesphore.web.entering import safe_path
from telesphore.web.presence import LOCKED, limits, presence_of
from telesphore.web.requests import actor_of

RECENT = timedelta(days=30)


@public("tells a page that is still open whether its own session is; nobody's but the asker's")
@require_GET
def session_state(request: HttpRequest) -> HttpResponse:
    """Whether the session is open, locked or over, as JSON; asking keeps no session awake."""
    return JsonResponse(limits(request) or {"session": ""})


@signed_in
@require_POST
def session_seen(request: HttpRequest) -> HttpResponse:
    """The person is active on a page that asks nothing of the server: reading, typing."""
    return JsonResponse(limits(request) or {"session": ""})


@signed_in
@require_POST
def lock_session(request: HttpRequest) -> HttpResponse:
    """Lock this session now."""
    session = presence_of(request)
    assert session is not None
    actions.lock(session_id=session.session_id, actor=actor_of(request), at=now())
    return redirect("locked")


@sensitive_post_parameters("password", "code")
@signed_in
@require_http_methods(["GET", "POST"])
def locked(request: HttpRequest) -> HttpResponse:
    """The page that unlocks a session; its part alone, and answers in JSON, for a page that is still open."""
    back = safe_path(request, request.GET.get("next") or request.POST.get("next") or "/")
    if request.method == "GET":
        if request.GET.get("part"):
            return _unlock_part(request, AgainForm(user=request.user))
        session = presence_of(request)
        if session is not None and not session.locked(now()):
            return redirect(back)
        return _locked_page(request, AgainForm(user=request.user), back, status=LOCKED)
    if not ratelimit.consume(request, action="reauthenticate", user=request.user):
        return JsonResponse({"problem": _("Too many tries. Wait a minute, then try again.")}, status=200)
    refused = try_again(request)
    in_page = "application/json" in request.headers.get("Accept", "")
    if refused is None:
        return JsonResponse({"unlocked": True}) if in_page else redirect(back)
    if in_page:
        problems = [str(problem) for errors in refused.errors.values() for problem in errors]
        return JsonResponse({"problem": " ".join(problems)})
    return _locked_page(request, refused, back, status=422)


def _locked_page(request: HttpRequest, form: AgainForm, back: str, status: int) -> HttpResponse:
    return render(request, "account/locked.html", _unlocking(request, form) | {"back": back}, status=status)


def _unlock_part(request: HttpRequest, form: AgainForm) -> HttpResponse:
    return render(request, "account/parts/unlock.html", _unlocking(request, form) | {"in_page": True})


def _unlocking(request: HttpRequest, form: AgainForm) -> dict[str, object]:
    return {"form": form, "passkey": has_passkey(request.user), "ways": switched_on()}


@permission("accounts:session:manage")
@require_GET
def sessions(request: HttpRequest) -> HttpResponse:
    """Where one is signed in, and where one came in lately."""
    return render(request, "account/sessions.html", {"parts": [sessions_part(request), recent_part(request)]})


@permission("accounts:session:manage")
@require_POST
def end_session(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """End one of one's sessions; when it is this one, that is signing out."""
    this = presence_of(request)
    if this is not None and this.session_id == session_id:
        logout(request)
        return redirect("account_login")
    actor = actor_of(request)
    actions.end_session(session_id=session_id, person_id=actor.person, why=SessionEnd.BY_PERSON, actor=actor, at=now())
    messages.success(request, _("This session is ended."))
    return redirect("sessions")


@permission("accounts:session:manage")
@require_POST
def end_all_sessions(request: HttpRequest) -> HttpResponse:
    """End all one's sessions, this one too unless the button says the others."""
    this, actor = presence_of(request), actor_of(request)
    others = request.POST.get("which") == "others"
    count = actions.end_sessions_of(
        person_id=actor.person,
        why=SessionEnd.BY_PERSON,
        but=this.session_id if this else None,
        actor=actor,
        at=now(),
    )
    if not others:
        logout(request)
        return redirect("account_login")
    messages.success(request, _("Your other sessions are ended: %(count)d.") % {"count": count})
    return redirect("sessions")


class LimitsForm(forms.Form):
    """The minutes of an organisation's sessions."""

    idle_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes without an act, until a session is locked"),
        help_text=gettext_lazy("From 1 to 30; 15 when empty. On a workstation that several people share, 5 at most."),
        min_value=IDLE_MINUTES[0],
        max_value=IDLE_MINUTES[-1],
        required=False,
    )
    session_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes from the sign-in, until a session ends"),
        help_text=gettext_lazy("From 15 to 240; 240 when empty."),
        min_value=SESSION_MINUTES[0],
        max_value=SESSION_MINUTES[-1],
        required=False,
    )


@permission("accounts:organisation:manage")
@fresh
@require_http_methods(["GET", "POST"])
def session_limits(request: HttpRequest) -> HttpResponse:
    """How long the organisation's sessions last."""
    actor = actor_of(request)
    idle, whole = queries.chosen_limits(organisation_id=actor.organisation)
    form = LimitsForm(request.POST or None, initial={"idle_minutes": idle, "session_minutes": whole})
    if request.method == "POST" and form.is_valid():
        actions.limit_sessions(**form.cleaned_data, actor=actor, at=now())
        messages.success(request, _("The new limits are kept."))
        return redirect("session_limits")
    return render(request, "account/limits.html", {"form": form}, status=422 if form.errors else 200)


def sessions_part(request: HttpRequest) -> dict[str, object]:
    """For the security page: where one is signed in."""
    actor, at = actor_of(request), now()
    this = presence_of(request)
    return {
        "sessions": queries.sessions_of(person_id=actor.person, at=at),
        "this_session": this.session_id if this else None,
    }


def recent_part(request: HttpRequest) -> dict[str, object]:
    """For the security page: sign-ins of the last month, refused ones included."""
    at = now()
    return {"sign_ins": queries.sign_ins_of(person_id=actor_of(request).person, since=at - RECENT)}


PARTS += [Part("account/parts/sessions.html", sessions_part), Part("account/parts/recent.html", recent_part)]
