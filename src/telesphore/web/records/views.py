"""The list of one's patients, a record, a document, a deposit."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from telesphore.accounts import queries as accounts
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.paper.ports import ConverterBusy
from telesphore.records import access, actions, queries
from telesphore.records.actions import Identity
from telesphore.records.errors import DocumentNotFound
from telesphore.records.formats import intake
from telesphore.records.states import PAGES, SIGNED_PART, DocumentType, Language
from telesphore.signature import queries as signature
from telesphore.signature.actions import copy
from telesphore.signature.errors import NotAnAddress
from telesphore.web.access import permission
from telesphore.web.choosing import Colleagues
from telesphore.web.dates import short_date
from telesphore.web.files import pdf_response
from telesphore.web.rates import AskedTooOften, Rate, spend
from telesphore.web.records.forms import DepositForm, LanguageForm, PatientForm, TeamForm, WithdrawForm
from telesphore.web.requests import actor_of
from telesphore.web.uploads import contents_of, told_converted

NEW_LINKS = Rate("new-link", most=20, seconds=600)


@permission("records:record:open")
@require_GET
def patients(request: HttpRequest) -> HttpResponse:
    """The records open to the actor, with a search by name."""
    search = request.GET.get("q", "")[:100]
    found = queries.my_patients(actor=actor_of(request), at=now(), search=search)
    return render(request, "records/patients.html", {"patients": found, "search": search, "limit": queries.PAGE})


@permission("records:patient:register")
def register(request: HttpRequest) -> HttpResponse:
    """Open a record for a new patient."""
    form = PatientForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        patient_id = actions.register_patient(
            identity=Identity(
                birth_name=data["birth_name"],
                used_name=data["used_name"],
                given_names=data["given_names"],
                birth_date=data["birth_date"],
                sex=data["sex"],
                birth_place=data["birth_place"],
            ),
            email=data["email"],
            phone=data["phone"],
            language=data["language"],
            actor=actor_of(request),
            at=now(),
        )
        return redirect("records:record", patient_id)
    return render(request, "records/register.html", {"form": form}, status=422 if form.errors else 200)


@permission("records:record:open")
@require_GET
def record(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """A record: identity, timeline of documents, what is on its way, care team, ground of this access."""
    actor, at = actor_of(request), now()
    decision = actions.open_record(patient_id=patient_id, purpose="TREAT", actor=actor, at=at)
    context = {
        "patient": queries.card(decision.patient),
        "today": at.date(),
        "documents": queries.documents(decision=decision, actor=actor),
        "envelopes": signature.envelopes_of_patient(
            organisation_id=decision.patient.organisation_id, patient_id=patient_id
        ),
        "awaited": signature.awaits_patient(organisation_id=decision.patient.organisation_id, patient_id=patient_id),
        "team": queries.care_team(decision=decision, at=at),
        "decision": decision,
        "deposit_form": DepositForm(),
        "language_form": LanguageForm(initial={"language": decision.patient.language}),
        "told_in_french": decision.patient.language not in PAGES,
    }
    return render(request, "records/record.html", context)


@permission("records:patient:register")
@require_POST
def change_language(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Say what a patient speaks best."""
    actor, at = actor_of(request), now()
    actions.open_record(patient_id=patient_id, purpose="TREAT", actor=actor, at=at)
    form = LanguageForm(request.POST)
    if form.is_valid():
        language = Language(form.cleaned_data["language"])
        actions.change_language(patient_id=patient_id, language=language, actor=actor, at=at)
        messages.success(request, _("The patient’s language is changed."))
    else:
        messages.warning(request, _("Choose a language of the list."))
    return redirect("records:record", patient_id)


@permission("records:document:deposit")
def deposit(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Deposit a document in a record: the page that follows shows it as it is kept."""
    actor, at = actor_of(request), now()
    decision = actions.open_record(patient_id=patient_id, purpose="TREAT", actor=actor, at=at)
    form = DepositForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            content, *following = contents_of(form.cleaned_data["file"])
            kind = DocumentType(form.cleaned_data["type"])
            deposited = actions.deposit(
                patient_id=patient_id,
                title=form.cleaned_data["title"],
                type_code=kind.value,
                class_code=kind.class_code,
                content=content,
                following=following,
                actor=actor,
                at=at,
            )
        except DomainError as refused:
            if refused.refusal is not Refusal.INVALID and not isinstance(refused, ConverterBusy):
                raise
            form.add_error("file", refused.sentence)
        else:
            messages.success(request, _("The document is in the record."))
            if deposited.converted_from:
                messages.info(request, told_converted(deposited.converted_from))
            for notice in deposited.notices:
                messages.warning(request, intake.explain(notice))
            return redirect("records:document", deposited.document_id)
    context = {"form": form, "patient": queries.card(decision.patient), "today": at.date()}
    return render(request, "records/deposit.html", context, status=422 if form.errors else 200)


@permission("records:team:manage")
def add_to_team(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Add a professional of the organisation to the care team."""
    actor, at = actor_of(request), now()
    decision = actions.open_record(patient_id=patient_id, purpose="TREAT", actor=actor, at=at)
    inside = {line.person.person_id for line in queries.care_team(decision=decision, at=at)}
    colleagues = Colleagues(decision.patient.organisation_id, at, apart=inside)
    form = TeamForm(request.POST or None, colleagues=colleagues)
    if request.method == "POST" and form.is_valid():
        card = accounts.person_card(UUID(form.cleaned_data["professional"]))
        actions.add_to_care_team(
            patient_id=patient_id,
            person_id=card.person_id,
            function=card.specialty,
            reads_documents=True,
            actor=actor,
            at=at,
        )
        messages.success(request, _("%(name)s is in the care team.") % {"name": card.display_name})
        return redirect("records:record", patient_id)
    context = {
        "form": form,
        "patient": queries.card(decision.patient),
        "colleagues": colleagues.any,
        "today": at.date(),
    }
    return render(request, "records/team.html", context, status=422 if form.errors else 200)


@permission("records:document:read")
@require_GET
def document(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """A document, shown."""
    actor, at = actor_of(request), now()
    seen = queries.document(document_id=document_id, actor=actor, at=at)
    return render(
        request,
        "records/document.html",
        {
            "document": seen,
            "patient": seen.patient,
            "today": at.date(),
            "signed": seen.source_part == SIGNED_PART,
        },
    )


@permission("records:document:read")
@require_GET
def document_file(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """A document's file."""
    opened = actions.open_document(document_id=document_id, purpose="TREAT", actor=actor_of(request), at=now())
    return pdf_response(opened.pdf, download="keep" in request.GET)


@permission("records:document:print")
@require_POST
def print_with_proof(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """The pages to print, which whoever holds them can check."""
    at = timezone.localtime(now())
    language = "en" if get_language() == "en" else "fr"
    printed = actions.print_document(document_id=document_id, language=language, actor=actor_of(request), at=at)
    return pdf_response(printed.pdf)


@permission("signature:copy:send")
@require_POST
def send_copy(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Send the patient a new link to what they signed: to read it again, or to withdraw a consent."""
    actor, at = actor_of(request), now()
    seen = queries.document(document_id=document_id, actor=actor, at=at)
    if seen.source_id is None or seen.source_part != SIGNED_PART:
        raise DocumentNotFound
    try:
        if spend(request, NEW_LINKS, at).left < 0:
            raise AskedTooOften
        copy.send_again(envelope_id=seen.source_id, actor=actor, at=at)
    except (NotAnAddress, AskedTooOften) as refused:
        messages.warning(request, refused.sentence)
    else:
        messages.success(request, _("A new link is on its way. The one before works no more."))
    return redirect("records:document", document_id)


@permission("records:document:withdraw")
def withdraw(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Say that a document no longer holds, and which one holds in its place."""
    actor, at = actor_of(request), now()
    seen = queries.document(document_id=document_id, actor=actor, at=at)
    decision = access.decide(actor=actor, patient_id=seen.patient.patient_id, at=at)
    others = [
        (str(line.document_id), f"{line.title}, {short_date(line.created_at)}")
        for line in queries.documents(decision=decision, actor=actor)
        if line.document_id != document_id
    ]
    form = WithdrawForm(request.POST or None, others=others)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["replaced_by"]
        actions.withdraw_document(
            document_id=document_id, replaced_by=UUID(chosen) if chosen else None, actor=actor, at=at
        )
        messages.success(request, _("The document is withdrawn. Its prints say so."))
        return redirect("records:document", document_id)
    context = {"form": form, "document": seen, "patient": seen.patient, "today": at.date()}
    return render(request, "records/withdraw.html", context, status=422 if form.errors else 200)
