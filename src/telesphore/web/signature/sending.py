"""Send a document to be signed."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.records import access as records_access
from telesphore.records import queries as records
from telesphore.signature.actions import send as sending
from telesphore.signature.actions.send import Signer
from telesphore.signature.states import Purpose
from telesphore.web.access import permission
from telesphore.web.requests import actor_of
from telesphore.web.signature.forms import SendForm


@permission("signature:envelope:send")
def send(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Send a document to be signed: by the patient, then by a professional of the care team."""
    actor, at = actor_of(request), now()
    document = records.document(document_id=document_id, actor=actor, at=at)
    decision = records_access.decide(actor=actor, patient_id=document.patient.patient_id, at=at)
    team = [
        (line.person.person_id, line.person.display_name)
        for line in records.care_team(decision=decision, at=at)
        if line.reads_documents
    ]
    form = SendForm(request.POST or None, professionals=team, initial={"patient_signs": True})
    if request.method == "POST" and form.is_valid():
        try:
            envelope_id = sending.send(
                document_id=document_id,
                steps=_steps(form.cleaned_data["patient_signs"], UUID(form.cleaned_data["professional"])),
                actor=actor,
                at=at,
            )
        except DomainError as refused:
            if refused.refusal is not Refusal.INVALID:
                raise
            form.add_error(None, refused.sentence)
        else:
            messages.success(request, _("It is on its way."))
            return redirect("signature:envelope", envelope_id)
    context = {"form": form, "document": document, "patient": document.patient, "today": at.date()}
    return render(request, "signature/send.html", context, status=422 if form.errors else 200)


def _steps(patient_signs: bool, professional_id: UUID) -> list[list[Signer]]:
    patient = [[Signer(person_id=None, purpose=Purpose.CONSENTS)]] if patient_signs else []
    return [*patient, [Signer(person_id=professional_id, purpose=Purpose.VALIDATES)]]
