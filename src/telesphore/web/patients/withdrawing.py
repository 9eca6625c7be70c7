"""Withdraw a consent: from the link to one's copy, or from one's account."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from telesphore.accounts import queries as accounts
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.records import queries as records
from telesphore.records.errors import DocumentNotFound
from telesphore.signature import queries
from telesphore.signature.actions import withdraw
from telesphore.signature.formats.drawing import BadDrawing, read_drawing
from telesphore.web.access import fresh, link_session, patient_account, public
from telesphore.web.patients import session
from telesphore.web.requests import actor_of

REASON = 2000


@link_session
def by_link(request: HttpRequest) -> HttpResponse:
    """Withdraw the consent whose copy the link leads to."""
    visit = session.to_copy(request, now())
    return _withdraw(request, visit.envelope_id, session.actor_of_visit(request, visit), "patients:copy")


@patient_account
@fresh
def by_account(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Withdraw the consent that this signed document of one's record is."""
    actor = actor_of(request)
    seen = records.document(document_id=document_id, actor=actor, at=now())
    if seen.source_id is None:
        raise DocumentNotFound
    return _withdraw(request, seen.source_id, actor, "patients:documents")


def _withdraw(request: HttpRequest, envelope_id: UUID, actor: Actor, back: str) -> HttpResponse:
    at, refusal = now(), None
    consent = queries.consent(envelope_id=envelope_id, actor=actor, at=at)
    if request.method == "POST":
        try:
            drawing = read_drawing(request.POST.get("drawing", ""))
            reason = request.POST.get("reason", "").strip()[:REASON]
            withdraw.withdraw(envelope_id=envelope_id, reason=reason, drawing=drawing, actor=actor, at=at)
        except BadDrawing as refused:
            refusal = refused
        else:
            return redirect("patients:withdrawn")
    context = {
        "consent": consent,
        "organisation": accounts.organisation_card(actor.organisation).name,
        "refusal": refusal,
        "back": back,
    }
    return render(request, "patients/withdraw.html", context, status=422 if refusal else 200)


@public("says that a withdrawal was taken, and nothing else")
@require_GET
def withdrawn(request: HttpRequest) -> HttpResponse:
    """The consent is withdrawn; what happens next."""
    session.speak_on(request)
    return render(request, "patients/withdrawn.html")
