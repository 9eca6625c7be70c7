"""Come in for the first time: the invitation's link, its code, one's name; or accept it signed in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from telesphore.accounts import actions, queries
from telesphore.accounts.errors import SignInToAccept
from telesphore.accounts.states import Acr
from telesphore.kernel.clock import now
from telesphore.links import access as link_access
from telesphore.links import actions as links
from telesphore.links.errors import CodeAskedTooSoon, CodeExpired, LinkNotFound, WrongCode
from telesphore.web.access import link_session, public, signed_in
from telesphore.web.accounts.member_forms import NameForm
from telesphore.web.entering import Proof, enter
from telesphore.web.requests import ORGANISATION_KEY, actor_of, visitor

BEARER = "whoever holds the invitation's link sees which organisation invites, and nothing more"
KEY = "joining"


@public(BEARER)
@require_GET
def landing(request: HttpRequest, token: str) -> HttpResponse:
    """Says who invites; mail gateways open it too, so it consumes nothing."""
    return _landing(request, token)


@public(BEARER)
@require_POST
def send_code(request: HttpRequest, token: str) -> HttpResponse:
    """Sends the code to the phone that the administrator wrote."""
    _open(request, token)
    try:
        links.send_code(token=token, actor=visitor(request), at=now())
    except CodeAskedTooSoon as refused:
        return _landing(request, token, refused, 429)
    return _landing(request, token)


@public(BEARER)
@require_POST
def give_code(request: HttpRequest, token: str) -> HttpResponse:
    """Takes the code; the right one leads to the page that asks for one's name."""
    _open(request, token)
    at = now()
    try:
        revealed = links.reveal(token=token, code=request.POST.get("code", "")[:20], actor=visitor(request), at=at)
    except (WrongCode, CodeExpired) as refused:
        return _landing(request, token, refused, 422)
    actions.note_code_given(
        invitation_id=revealed.subject_id, actor=visitor(request).within(revealed.organisation_id), at=at
    )
    request.session.cycle_key()
    request.session[KEY] = {
        "organisation": revealed.organisation_id.hex,
        "link": revealed.link_id.hex,
        "invitation": revealed.subject_id.hex,
    }
    return redirect("join")


def _open(request: HttpRequest, token: str) -> links.Landing:
    """The link, when an invitation is behind it: another's is not here.

    Raises:
        LinkNotFound, and what `links.open_landing` raises.
    """
    found = links.open_landing(token=token, actor=visitor(request), at=now())
    if found.purpose != actions.LINK_TO_JOIN:
        raise LinkNotFound
    return found


def _landing(request: HttpRequest, token: str, refusal: Exception | None = None, status: int = 200) -> HttpResponse:
    found = _open(request, token)
    context = {
        "token": token,
        "landing": found,
        "organisation": queries.organisation_card(found.organisation_id).name,
        "refusal": refusal,
    }
    return render(request, "accounts/landing.html", context, status=status)


@link_session
def join(request: HttpRequest) -> HttpResponse:
    """One's name, then in: until a passkey or an application is set up, nothing else is open."""
    at = now()
    visit = _visit(request, at)
    line = queries.invitation(organisation_id=visit["organisation"], invitation_id=visit["invitation"], at=at)
    card = queries.person_card(line.person_id)
    known = {"title": card.title, "given_name": card.given_name, "family_name": card.family_name}
    # Who has an account elsewhere is shown nothing of it by a link.
    must_sign_in = queries.has_way_in(person_id=line.person_id, apart_from=visit["organisation"])
    form = NameForm(request.POST or None, initial={} if must_sign_in else known)
    if request.method == "POST" and form.is_valid() and not must_sign_in:
        try:
            person_id = actions.join_by_link(
                invitation_id=visit["invitation"],
                **form.cleaned_data,
                actor=visitor(request).within(visit["organisation"]),
                at=at,
            )
        except SignInToAccept:
            return redirect("join")
        return enter(request, person_id=person_id, proof=Proof("link+code", Acr.LINK_AND_CODE), to="/security/")
    organisation = queries.organisation_card(visit["organisation"]).name
    context = {"form": form, "organisation": organisation, "roles": line.roles, "must_sign_in": must_sign_in}
    return render(request, "accounts/join.html", context, status=422 if form.errors else 200)


def _visit(request: HttpRequest, at: datetime) -> dict[str, Any]:
    """What the code opened, as long as its link lives.

    Raises:
        Http404: nobody came in by a code here.
        LinkRevoked, LinkUsedUp, LinkExpired
    """
    kept = request.session.get(KEY)
    if not kept:
        raise Http404
    visit = {name: UUID(value) for name, value in kept.items()}
    link_access.check_open(
        organisation_id=visit["organisation"], link_id=visit["link"], purpose=actions.LINK_TO_JOIN, at=at
    )
    return visit


@signed_in
@require_POST
def accept(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Accept an invitation with the account that one has; one acts in the new organisation from here on."""
    organisation_id = actions.join(invitation_id=invitation_id, actor=actor_of(request), at=now())
    request.session[ORGANISATION_KEY] = organisation_id.hex
    messages.success(request, _("You are a member from now on."))
    return redirect("home")
