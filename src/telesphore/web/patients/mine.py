"""The patient's own record, by an account: what awaits them, their documents, who looked, who acts for them.

The same pages serve who represents a patient, and say so.
"""

from collections.abc import Sequence
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from telesphore.accounts import queries as accounts
from telesphore.audit.queries import events
from telesphore.kernel.actors import ActorKind
from telesphore.kernel.clock import now
from telesphore.records import access, actions, queries
from telesphore.records.actions import REPORT, Why
from telesphore.records.queries import Entrance
from telesphore.records.states import SIGNED_PART, Measure
from telesphore.signature import queries as signature
from telesphore.web.access import fresh, patient_account, public, signed_in
from telesphore.web.entrances import came_by_link, choose, current_entrance, entrances_of, leave
from telesphore.web.files import pdf_response
from telesphore.web.patients import session
from telesphore.web.patients.forms import AskForm, ReportForm
from telesphore.web.patients.invited import note_entrance
from telesphore.web.patients.words import Line, told
from telesphore.web.rates import AskedTooOften, Rate, spend
from telesphore.web.requests import actor_of, memberships_of

PURPOSE = "PATRQT"
ASKED = Rate("patient-links", most=5, seconds=600)


@public("the patients' door: it says how to come in, and nothing of anybody")
def sign_in(request: HttpRequest) -> HttpResponse:
    """How a patient comes in: with their account, with the link they received, or with another one that they ask for.

    Whoever asks for a link is answered the same, whether the address is known or not.
    """
    form, asked, status = AskForm(request.POST or None), False, 200
    if request.method == "POST":
        at, status = now(), 422
        if form.is_valid() and spend(request, ASKED, at).left < 0:
            form.add_error(None, AskedTooOften().sentence)
            status = 429
        elif form.is_valid():
            actions.ask_for_link(email=form.cleaned_data["email"], actor=actor_of(request), at=at)
            asked, status = True, 200
    return render(request, "patients/sign_in.html", {"form": form, "asked": asked}, status=status)


@signed_in
def entrances(request: HttpRequest) -> HttpResponse:
    """One record at a time, chosen here; professionals find their way back here too."""
    if request.method == "POST":
        wanted = request.POST.get("entrance", "")
        found = next((one for one in entrances_of(request) if one.row_id.hex == wanted), None)
        if found is not None:
            choose(request, found.row_id)
            note_entrance(request)
            return redirect("patients:home")
    context = {
        "entrances": entrances_of(request),
        "current": current_entrance(request),
        "member": bool(memberships_of(request)),
    }
    return render(request, "patients/entrances.html", context)


@signed_in
@require_POST
def back_to_work(request: HttpRequest) -> HttpResponse:
    """Act as a member of an organisation again."""
    leave(request)
    return redirect("home")


@patient_account
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What awaits the patient, and the few things that they come to do."""
    entrance = _entrance(request)
    waiting = signature.waiting_for_patient(
        organisation_id=entrance.organisation.organisation_id, patient_id=entrance.patient.patient_id
    )
    journeys = signature.journeys_of_patient(
        organisation_id=entrance.organisation.organisation_id, patient_id=entrance.patient.patient_id
    )
    context = {
        **_shell(request, entrance),
        "waiting": waiting,
        "journeys": journeys,
        "stand_ins": queries.stand_ins(
            organisation_id=entrance.organisation.organisation_id, patient_id=entrance.patient.patient_id, at=now()
        )
        if waiting and entrance.kind is ActorKind.PATIENT
        else None,
    }
    return render(request, "patients/home.html", context)


@patient_account
@require_POST
@fresh
def begin_signing(request: HttpRequest, envelope_id: UUID) -> HttpResponse:
    """Read and sign what awaits the patient, without waiting for another link."""
    entrance = _entrance(request)
    waiting = signature.waiting_for_patient(
        organisation_id=entrance.organisation.organisation_id, patient_id=entrance.patient.patient_id
    )
    line = next((line for line in waiting if line.envelope_id == envelope_id), None)
    if line is None or line.link_id is None or not _signs_here(request, entrance):
        return redirect("patients:home")
    session.begin_from_account(request, entrance, link_id=line.link_id, envelope_id=envelope_id, at=now())
    return redirect("patients:read")


@patient_account
@require_POST
@fresh
def begin_taking_back(request: HttpRequest, envelope_id: UUID) -> HttpResponse:
    """Lead to where a signature is taken back; whether it still may be is told there."""
    entrance = _entrance(request)
    lines = signature.journeys_of_patient(
        organisation_id=entrance.organisation.organisation_id, patient_id=entrance.patient.patient_id
    )
    line = next((line for line in lines if line.envelope_id == envelope_id and line.standing == "signed"), None)
    if line is None or line.link_id is None or not _signs_here(request, entrance):
        return redirect("patients:home")
    session.begin_from_account(request, entrance, link_id=line.link_id, envelope_id=envelope_id, at=now())
    return redirect("patients:take-back")


@patient_account
@require_GET
def documents(request: HttpRequest) -> HttpResponse:
    """The documents of the record; seeing the list is an act."""
    entrance, actor, at = _entrance(request), actor_of(request), now()
    decision = actions.open_record(patient_id=entrance.patient.patient_id, purpose=PURPOSE, actor=actor, at=at)
    found = queries.documents(decision=decision, actor=actor)
    return render(request, "patients/documents.html", {**_shell(request, entrance), "documents": found})


@patient_account
@require_GET
def document(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """A document, shown, with a button to keep it."""
    seen = queries.document(document_id=document_id, actor=actor_of(request), at=now())
    consent_id, actor = seen.source_id if seen.source_part == SIGNED_PART else None, actor_of(request)
    context = {
        **_shell(request, _entrance(request)),
        "document": seen,
        "withdrawable": signature.may_withdraw(envelope_id=consent_id, actor=actor, at=now()),
        "asks": signature.asks_to_withdraw(envelope_id=consent_id, actor=actor, at=now()),
    }
    return render(request, "patients/document.html", context)


@patient_account
@require_GET
def document_file(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """A document's file: reading it leaves its trace."""
    opened = actions.open_document(document_id=document_id, purpose=PURPOSE, actor=actor_of(request), at=now())
    return pdf_response(opened.pdf, download="keep" in request.GET)


@patient_account
@require_GET
def accesses(request: HttpRequest) -> HttpResponse:
    """Who looked, newest first, a page at a time."""
    entrance, actor = _entrance(request), actor_of(request)
    page = events.accesses_of_patient(
        organisation_id=actor.organisation,
        patient_id=entrance.patient.patient_id,
        after=events.After.parse(request.GET.get("before", "")),
    )
    lines = _told(request, entrance, page.events)
    return render(request, "patients/accesses.html", {**_shell(request, entrance), "lines": lines, "after": page.after})


@patient_account
def report(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Say that one does not recognise an access."""
    entrance, actor = _entrance(request), actor_of(request)
    patient_id = entrance.patient.patient_id
    event = events.access_of_patient(organisation_id=actor.organisation, patient_id=patient_id, event_id=event_id)
    line = next(iter(_told(request, entrance, [event])), None)
    form = ReportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        why = Why(form.cleaned_data["why"])
        actions.report_access(patient_id=patient_id, event_id=event_id, why=why, actor=actor, at=now())
        return redirect("patients:reported")
    context = {**_shell(request, entrance), "line": line, "form": form}
    return render(request, "patients/report.html", context, status=422 if form.errors else 200)


@patient_account
@require_GET
def reported(request: HttpRequest) -> HttpResponse:
    """The report was taken; what happens next."""
    return render(request, "patients/reported.html", _shell(request, _entrance(request)))


@patient_account
@require_GET
def representatives(request: HttpRequest) -> HttpResponse:
    """Who acts for the patient, on what ground, until when."""
    entrance, at = _entrance(request), now()
    decision = access.decide(actor=actor_of(request), patient_id=entrance.patient.patient_id, at=at)
    lines = queries.representations(decision=decision, at=at)
    return render(request, "patients/representatives.html", {**_shell(request, entrance), "lines": lines})


def _entrance(request: HttpRequest) -> Entrance:
    entrance = current_entrance(request)
    assert entrance is not None, "the rule of these pages"
    return entrance


def _signs_here(request: HttpRequest, entrance: Entrance) -> bool:
    # Who came by a link and its code signs by the link of the document.
    return not came_by_link(request)


def _told(request: HttpRequest, entrance: Entrance, found: Sequence[events.Event]) -> list[Line]:
    actor = actor_of(request)
    patient_id = entrance.patient.patient_id
    decision = access.decide(actor=actor, patient_id=patient_id, at=now())
    return list(
        told(
            found,
            people=accounts.person_cards({event.person_id for event in found if event.person_id is not None}),
            titles=queries.titles(
                decision=decision, document_ids={event.subject_id for event in found if event.subject_id is not None}
            ),
            reported=events.subjects(organisation_id=actor.organisation, patient_id=patient_id, action=REPORT),
            reader=actor.person,
            patient_id=patient_id,
        )
    )


def _shell(request: HttpRequest, entrance: Entrance) -> dict[str, object]:
    return {
        "organisation": entrance.organisation.name,
        "entrance": entrance,
        "patient": entrance.patient,
        "own": entrance.kind is ActorKind.PATIENT,
        "measure": Measure(entrance.measure).label if entrance.measure else "",
        "several": len(entrances_of(request)) > 1 or bool(memberships_of(request)),
        "signs_here": _signs_here(request, entrance),
    }
