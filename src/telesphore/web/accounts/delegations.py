"""Delegations: given, received, of the whole organisation for an administrator; withdrawn at any time."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from telesphore.accounts import actions, queries
from telesphore.accounts.access import check, may
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.records.states import DocumentType
from telesphore.web.access import fresh, permission
from telesphore.web.accounts.member_forms import DelegationForm, beginning, end
from telesphore.web.choosing import Colleagues
from telesphore.web.requests import actor_of

ASKED = {
    "sign": "signature:recipient:sign",
    "review": "signature:recipient:review",
    "opinion": "signature:recipient:advise",
}


@permission("accounts:delegation:see")
@require_GET
def delegations(request: HttpRequest) -> HttpResponse:
    """Those that concern the reader; for an administrator, all."""
    actor, at = actor_of(request), now()
    manages = may(actor, "accounts:members:manage")
    lines = (
        queries.delegations(organisation_id=actor.organisation, at=at)
        if manages
        else queries.delegations_of(organisation_id=actor.organisation, person_id=actor.person, at=at)
    )
    context = {
        "given": [line for line in lines if manages or line.delegator.person_id == actor.person_id],
        "received": [line for line in lines if not manages and line.delegate.person_id == actor.person_id],
        "manages": manages,
        "gives": manages or may(actor, "accounts:delegation:give"),
    }
    return render(request, "accounts/delegations.html", context)


@permission("accounts:delegation:see")
@fresh
def give(request: HttpRequest) -> HttpResponse:
    """Delegate: one's own acts, or, as an administrator, those of somebody who is away."""
    actor, at = actor_of(request), now()
    manages = may(actor, "accounts:members:manage")
    if not manages:
        check(actor, "accounts:delegation:give")
    form = DelegationForm(
        request.POST or None,
        initial=_asked_for(request),
        delegators=Colleagues(actor.organisation, at) if manages else None,
        colleagues=Colleagues(actor.organisation, at, apart=[actor.person]),
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            actions.give_delegation(
                delegator_id=UUID(data["delegator"]) if manages else actor.person,
                delegate_id=UUID(data["delegate"]),
                permissions=data["permissions"],
                document_types=data["document_types"],
                starts_at=beginning(data["starts_on"]) if data["starts_on"] else at,
                ends_at=end(data["ends_on"]),
                reason=data["reason"],
                actor=actor,
                at=at,
            )
        except DomainError as refused:
            if refused.refusal is Refusal.NOT_FOUND:
                raise
            form.add_error(None, refused.sentence)
        else:
            messages.success(request, _("The delegation is given. Both of them see it, and so does whoever sends."))
            return redirect("delegations")
    context = {"form": form, "manages": manages}
    return render(request, "accounts/delegate.html", context, status=422 if form.errors else 200)


def _asked_for(request: HttpRequest) -> dict[str, list[str]]:
    """What a page that leads here has already in mind: the act that a document asks, and its kind."""
    act, kind = request.GET.get("act", ""), request.GET.get("type", "")
    return {
        "permissions": [ASKED[act], "signature:recipient:decline"] if act in ASKED else [],
        "document_types": [kind] if kind in DocumentType.values else [],
    }


@permission("accounts:delegation:see")
@require_POST
def withdraw(request: HttpRequest, delegation_id: UUID) -> HttpResponse:
    """End a delegation at once."""
    actions.withdraw_delegation(delegation_id=delegation_id, actor=actor_of(request), at=now())
    messages.success(request, _("The delegation is over."))
    return redirect("delegations")
