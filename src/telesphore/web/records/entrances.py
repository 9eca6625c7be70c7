"""Who comes to a record by an account: the patient, invited here, and those who act for them, recorded here."""

from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.records import actions, queries
from telesphore.records.actions import Basis, Somebody
from telesphore.records.errors import RepresentationNotFound
from telesphore.records.states import Measure
from telesphore.web.access import permission
from telesphore.web.dates import short_date
from telesphore.web.records.forms import EndForm, RepresentationForm
from telesphore.web.requests import actor_of


@permission("records:record:open")
def entrances(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Who may come to this record by an account, and how far each is."""
    actor, at = actor_of(request), now()
    decision = actions.open_record(patient_id=patient_id, purpose="TREAT", actor=actor, at=at)
    context = {
        "patient": queries.card(decision.patient),
        "contact": queries.contact(decision=decision),
        "account": queries.account_of(decision=decision),
        "lines": queries.representations(decision=decision, at=at),
    }
    return render(request, "records/entrances.html", context)


@permission("records:patient:invite")
@require_POST
def invite(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Invite the patient to their account, or once more."""
    try:
        actions.invite_patient(patient_id=patient_id, actor=actor_of(request), at=now())
    except DomainError as refused:
        if refused.refusal is Refusal.NOT_FOUND:
            raise
        messages.warning(request, refused.sentence)
    else:
        messages.success(request, _("The invitation is sent."))
    return redirect("records:entrances", patient_id)


@permission("records:patient:invite")
@require_POST
def end_account(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Close the patient's account on this record."""
    actions.end_account(patient_id=patient_id, actor=actor_of(request), at=now())
    messages.success(request, _("The account is closed. Links that you send keep working."))
    return redirect("records:entrances", patient_id)


@permission("records:representation:manage")
def represent(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Record who acts for the patient, and invite them."""
    actor, at = actor_of(request), now()
    decision = actions.open_record(patient_id=patient_id, purpose="TREAT", actor=actor, at=at)
    documents = [
        (str(line.document_id), f"{line.title}, {short_date(line.created_at)}")
        for line in queries.documents(decision=decision, actor=actor)
    ]
    form = RepresentationForm(request.POST or None, documents=documents)
    if request.method == "POST" and form.is_valid():
        try:
            who, basis = _given(form)
            actions.record_representation(patient_id=patient_id, who=who, basis=basis, actor=actor, at=at)
        except DomainError as refused:
            if refused.refusal is Refusal.NOT_FOUND:
                raise
            form.add_error(None, refused.sentence)
        else:
            messages.success(request, _("%(name)s is recorded.") % {"name": f"{who.given_name} {who.family_name}"})
            return redirect("records:entrances", patient_id)
    context = {"form": form, "patient": queries.card(decision.patient)}
    return render(request, "records/represent.html", context, status=422 if form.errors else 200)


@permission("records:representation:manage")
@require_POST
def invite_again(request: HttpRequest, patient_id: UUID, representation_id: UUID) -> HttpResponse:
    """Send the invitation once more to who acts for the patient."""
    actions.invite_representative_again(representation_id=representation_id, actor=actor_of(request), at=now())
    messages.success(request, _("The invitation is sent."))
    return redirect("records:entrances", patient_id)


@permission("records:representation:manage")
def end(request: HttpRequest, patient_id: UUID, representation_id: UUID) -> HttpResponse:
    """Say that somebody acts for the patient no more."""
    actor, at = actor_of(request), now()
    decision = actions.open_record(patient_id=patient_id, purpose="TREAT", actor=actor, at=at)
    lines = queries.representations(decision=decision, at=at)
    line = next((line for line in lines if line.representation_id == representation_id), None)
    if line is None:
        raise RepresentationNotFound
    form = EndForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.end_representation(
            representation_id=representation_id, reason=form.cleaned_data["reason"], actor=actor, at=at
        )
        messages.success(request, _("It is ended, at once."))
        return redirect("records:entrances", patient_id)
    context = {"form": form, "patient": queries.card(decision.patient), "line": line}
    return render(request, "records/end_representation.html", context, status=422 if form.errors else 200)


def _given(form: RepresentationForm) -> tuple[Somebody, Basis]:
    data = form.cleaned_data
    last_day, document = data["ends_on"], data["document"]
    who = Somebody(
        family_name=data["family_name"], given_name=data["given_name"], email=data["email"], phone=data["phone"]
    )
    basis = Basis(
        measure=Measure(data["measure"]),
        starts_at=_midnight(data["starts_on"]),
        ends_at=_midnight(last_day + timedelta(days=1)) if last_day else None,
        evidence=data["evidence"],
        evidence_document_id=UUID(document) if document else None,
    )
    return who, basis


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, get_default_timezone())
