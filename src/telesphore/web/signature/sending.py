"""Begin a draft, send it once its summary was read, throw it away, list those that one has."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.records import access as records_access
from telesphore.records import queries as records
from telesphore.signature import queries
from telesphore.signature.actions import compose
from telesphore.signature.actions.compose import Composition
from telesphore.signature.actions.use import referring_doctor
from telesphore.signature.errors import DraftChanged
from telesphore.web.access import permission
from telesphore.web.requests import actor_of
from telesphore.web.signature.arranging import usual
from telesphore.web.signature.composing import Seen, told_changed, version_of


@permission("signature:envelope:send")
@require_POST
def begin(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Begin a draft for a patient, with nothing in it yet."""
    draft_id = compose.begin(patient_id=patient_id, composition=Composition(), actor=actor_of(request), at=now())
    return redirect("signature:compose", draft_id)


@permission("signature:envelope:send")
@require_POST
def send(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Have a document signed, the usual way: when nothing is missing, what follows is read and sent at one press."""
    actor, at = actor_of(request), now()
    document = records.document(document_id=document_id, actor=actor, at=at)
    decision = records_access.decide(actor=actor, patient_id=document.patient.patient_id, at=at)
    composition = usual(document_id, document.type_code, referring_doctor(decision, at))
    draft_id = compose.begin(patient_id=document.patient.patient_id, composition=composition, actor=actor, at=at)
    ready = not Seen(draft_id, actor, at).gaps()
    return redirect("signature:draft-send" if ready else "signature:compose", draft_id)


@permission("signature:envelope:send")
def send_draft(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Who is asked, in which order, how they are told and what they sign; then it is sent."""
    actor, at = actor_of(request), now()
    seen = Seen(draft_id, actor, at)
    if request.method == "POST":
        try:
            envelope_id = compose.send_draft(draft_id=draft_id, version=version_of(request), actor=actor, at=at)
        except DraftChanged:
            return told_changed(request, draft_id)
        except DomainError as refused:
            if refused.refusal is not Refusal.INVALID:
                raise
            messages.warning(request, refused.sentence)
            return redirect("signature:compose", draft_id)
        messages.success(request, _("It is on its way."))
        return redirect("signature:envelope", envelope_id)
    context = {**seen.context(), "steps": seen.summary(), "gaps": seen.gaps()}
    return render(request, "signature/compose_send.html", context)


@permission("signature:envelope:send")
def discard(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Throw a draft away, once one has said so."""
    actor = actor_of(request)
    draft = queries.draft(draft_id=draft_id, actor=actor)
    if request.method == "POST":
        compose.discard(draft_id=draft_id, actor=actor, at=now())
        messages.success(request, _("The draft is thrown away. The record’s documents stay."))
        return redirect("signature:drafts")
    return render(request, "signature/draft_discard.html", {"draft": draft, "patient": draft.patient})


@permission("signature:envelope:send")
@require_GET
def drafts(request: HttpRequest) -> HttpResponse:
    """What one composes and has not sent yet."""
    return render(request, "signature/drafts.html", {"lines": queries.drafts(actor=actor_of(request))})


@permission("signature:envelope:send")
@require_POST
def correct(request: HttpRequest, envelope_id: UUID) -> HttpResponse:
    """Begin the next round of what was declined, withdrawn or expired."""
    draft_id = compose.correct(envelope_id=envelope_id, actor=actor_of(request), at=now())
    return redirect("signature:compose", draft_id)
