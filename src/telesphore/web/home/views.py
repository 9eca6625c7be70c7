"""The home page."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from telesphore.accounts import queries as accounts
from telesphore.accounts.states import CLINICAL_ROLES
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.records import queries as records
from telesphore.signature import queries as signature
from telesphore.web.access import signed_in
from telesphore.web.entrances import entrances_of, in_a_record
from telesphore.web.requests import actor_of, current_membership, memberships_of


@signed_in
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What awaits the person, what they await from others, and the few things that they come to do."""
    if in_a_record(request):
        return redirect("patients:home")
    if not memberships_of(request) and entrances_of(request):
        return redirect("patients:entrances")
    actor, at = actor_of(request), now()
    carer = bool(actor.roles & CLINICAL_ROLES)
    context = {
        "carer": carer,
        "membership": current_membership(request),
        "waiting": signature.count_waiting(actor=actor, at=at) if carer else 0,
        "first_waiting": signature.first_waiting(actor=actor, at=at) if carer else None,
        "sent": signature.sent(actor=actor, at=at)[0][:5] if carer else [],
        "patients": records.my_patients(actor=actor, at=at)[:5] if carer else [],
        "delegated": signature.delegated_book(actor=actor, at=at) if carer else [],
        "away": _away(actor, at) if carer else [],
        "invitations": accounts.invitations_to(person_id=actor.person, at=at),
        "today": at,
    }
    return render(request, "home.html", context)


def _away(actor: Actor, at: datetime) -> list[accounts.DelegationLine]:
    """The delegations that hold now, given by the reader."""
    lines = accounts.delegations_of(organisation_id=actor.organisation, person_id=actor.person, at=at)
    return [line for line in lines if line.state == "current" and line.delegator.person_id == actor.person_id]
