"""Pro Santé Connect: leave for it, come back from it, choose the activity, be told that a session there is over.

Nothing of the provider's tokens is kept: not in the session, not in a row, not in a log. Signing out here asks nothing
of the provider (no `id_token_hint` is at hand); signing out there ends what was opened here.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from telesphore.accounts import actions, queries
from telesphore.accounts.ports import (
    Activity,
    AnswerNotTrusted,
    IdentityProvider,
    ProviderRefused,
    Recognised,
    identity_provider,
)
from telesphore.accounts.states import PSC_MEANS, Acr
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.web.access import fresh, public, signed_in
from telesphore.web.accounts.asking import FlowNotFound, Purpose, Question, SomebodyElse, StoppedThere, ask, take
from telesphore.web.accounts.ways import PARTS, Part, switched_on
from telesphore.web.entering import Proof, enter, prove_again, safe_path
from telesphore.web.presence import presence_of
from telesphore.web.rates import Rate, at_most
from telesphore.web.refusals import STATUS
from telesphore.web.requests import ORGANISATION_KEY, actor_of

logger = logging.getLogger(__name__)

View = Callable[[HttpRequest], HttpResponse]

RATE = Rate("psc", 300, 60)
"""A hospital comes from one address."""
ENDED_RATE = Rate("psc-ended", 1200, 60)
ACTIVITIES_KEY, ACTIVITY_KEY, TO_KEY = "psc_activities", "psc_activity", "psc_to"
LONGEST_CODE = 4096


def _provider() -> IdentityProvider:
    found = identity_provider.get()
    if found is None:
        raise Http404
    return found


def _tells(view: View) -> View:
    """A refusal is told on a page that names the other ways to come in."""

    @wraps(view)
    def telling(request: HttpRequest) -> HttpResponse:
        try:
            return view(request)
        except DomainError as refused:
            logger.info("psc sign-in refused: %s", refused.code)
            context = {"refusal": refused, "backup_open": queries.any_backup_open(at=now())}
            return render(request, "account/psc_refused.html", context, status=STATUS[refused.refusal])

    return telling


def _leave(request: HttpRequest, purpose: Purpose, to: str) -> HttpResponse:
    """The page that leads there by itself: a form may not be redirected to another site (CSP form-action)."""
    provider, at = _provider(), now()
    address = provider.address(ask(request, purpose, to=to, at=at))
    response = render(request, "account/psc_leaving.html", {"address": address})
    response["Refresh"] = f"0;url={address}"
    return response


@public("the door itself, by Pro Santé Connect")
@require_POST
@never_cache
@at_most(RATE)
@_tells
def start(request: HttpRequest) -> HttpResponse:
    """Leave to come in."""
    return _leave(request, Purpose.ENTER, request.POST.get("next", "/"))


@signed_in
@require_POST
@never_cache
@at_most(RATE)
@_tells
def again(request: HttpRequest) -> HttpResponse:
    """Leave to prove again who one is."""
    return _leave(request, Purpose.AGAIN, request.POST.get("next", "/"))


@signed_in
@fresh
@require_POST
@never_cache
@at_most(RATE)
@_tells
def link(request: HttpRequest) -> HttpResponse:
    """Leave to link one's professional identity to one's account."""
    return _leave(request, Purpose.LINK, "/security/")


@public("where Pro Santé Connect leads people back, with a code that counts once, in the browser that asked")
@require_GET
@never_cache
@at_most(RATE)
@_tells
def back(request: HttpRequest) -> HttpResponse:
    """Come back: the question is taken, the code exchanged, and what was asked for is done."""
    provider, at = _provider(), now()
    question = take(request, request.GET.get("state", ""), at=at)
    if "error" in request.GET:
        raise StoppedThere
    code = request.GET.get("code", "")
    if not 0 < len(code) <= LONGEST_CODE:
        raise ProviderRefused
    found = provider.recognise(code=code, issuer=request.GET.get("iss", ""), asked=question.asked, at=at)
    if question.purpose is Purpose.ENTER:
        return _enter(request, question, found, at)
    session = presence_of(request)
    if question.purpose is Purpose.LINK and session is not None and session.locked(at):
        # Whoever is at a locked screen would link their own identity, and be let in by it.
        raise FlowNotFound
    if question.purpose is Purpose.LINK:
        actions.link_identity(national_id=found.national_id, actor=actor_of(request), at=at)
    elif actions.recognise(national_id=found.national_id, actor=actor_of(request), at=at) != request.user.pk:
        raise SomebodyElse
    prove_again(request, proof=Proof(PSC_MEANS, Acr.EIDAS1, found.until))
    return redirect(safe_path(request, question.to))


def _enter(request: HttpRequest, question: Question, found: Recognised, at: datetime) -> HttpResponse:
    person_id = actions.recognise(national_id=found.national_id, actor=actor_of(request), at=at)
    response = enter(request, person_id=person_id, proof=Proof(PSC_MEANS, Acr.EIDAS1, found.until), to=question.to)
    if found.session:
        # Of use until the session ends: to know whom a logout token that only names the session is about.
        left = max(1, int((found.until - at).total_seconds()))
        cache.set(_session_key(found.session), person_id.hex, left)
    if len(found.activities) > 1:
        request.session[ACTIVITIES_KEY] = [asdict(activity) for activity in found.activities]
        request.session[TO_KEY] = question.to
        return redirect("psc_activity")
    for activity in found.activities:
        _act_in(request, person_id, activity, at)
    return response


@signed_in
@require_http_methods(["GET", "POST"])
def activity(request: HttpRequest) -> HttpResponse:
    """Choose in which of one's activities one acts."""
    offered = [Activity(**one) for one in request.session.get(ACTIVITIES_KEY, [])]
    if not offered:
        return redirect("/")
    if request.method == "POST":
        chosen = request.POST.get("activity", "")
        if chosen.isdecimal() and len(chosen) < 4 and int(chosen) < len(offered):
            del request.session[ACTIVITIES_KEY]
            _act_in(request, UUID(str(request.user.pk)), offered[int(chosen)], now())
            return redirect(safe_path(request, request.session.pop(TO_KEY, "/")))
    return render(request, "account/psc_activity.html", {"activities": offered})


def _act_in(request: HttpRequest, person_id: UUID, chosen: Activity, at: datetime) -> None:
    """Keep the activity with the session, as detail of the means; act in its organisation, when that is one of ours."""
    request.session[ACTIVITY_KEY] = asdict(chosen)
    organisation_id = queries.organisation_of(
        person_id=person_id, finess=chosen.finess, legal_finess=chosen.legal_finess, siret=chosen.siret, at=at
    )
    if organisation_id is not None:
        request.session[ORGANISATION_KEY] = organisation_id.hex
    actions.choose_activity(
        finess=chosen.finess or chosen.legal_finess, siret=chosen.siret, actor=actor_of(request), at=at
    )


@public("Pro Santé Connect says, in a token that it signed, that a session is over")
@csrf_exempt
@require_POST
@never_cache
@at_most(ENDED_RATE)
def ended(request: HttpRequest) -> HttpResponse:
    """Back-channel logout (OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8)."""
    provider, at = _provider(), now()
    try:
        said = provider.read_logout(token=request.POST.get("logout_token", ""), at=at)
        if not cache.add(f"psc-logout:{hashlib.sha256(said.token_id.encode()).hexdigest()}", 1, 3600):
            raise AnswerNotTrusted(why="jti")
    except DomainError as refused:
        status = 400 if isinstance(refused, AnswerNotTrusted) else STATUS[refused.refusal]
        return JsonResponse({"error": "invalid_request", "error_description": refused.code}, status=status)
    person_id: str | None = cache.get(_session_key(said.session)) if said.session else None
    actions.end_by_provider(
        person_id=UUID(person_id) if person_id else None,
        # `sub` is `f:<uuid>:<national identifier>`.
        national_id=said.subject.rpartition(":")[2], actor=actor_of(request), at=at,
    )  # fmt: skip
    return HttpResponse(status=200)


def _session_key(session: str) -> str:
    return f"psc-session:{hashlib.sha256(session.encode()).hexdigest()}"


def _part(request: HttpRequest) -> dict[str, Any]:
    identity = queries.professional_identity(person_id=UUID(str(request.user.pk)))
    session = presence_of(request)
    return {
        "psc_on": "psc" in switched_on(), "identity": identity,
        "by_psc": session is not None and session.means == PSC_MEANS,
        "activity": request.session.get(ACTIVITY_KEY) if session is not None and session.means == PSC_MEANS else None,
    }  # fmt: skip


PARTS.append(Part("account/parts/psc.html", _part))
