"""The signature book: what awaits me; an envelope: read, sign, decline; what I sent."""

import tempfile
from typing import BinaryIO, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET

from telesphore.accounts import queries as accounts
from telesphore.accounts.access import may
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.records import access as records_access
from telesphore.records import queries as records
from telesphore.signature import ports, queries
from telesphore.signature.actions import close, kit, view
from telesphore.signature.actions import send as sending
from telesphore.signature.actions import sign as signing
from telesphore.signature.actions.send import Signer
from telesphore.signature.states import Purpose
from telesphore.web.access import fresh, permission
from telesphore.web.agents import speaks_to_agent
from telesphore.web.files import pdf_response, zip_response
from telesphore.web.requests import actor_of
from telesphore.web.signature.forms import ReasonForm, SendForm, SignForm


@permission("signature:book:open")
@speaks_to_agent
@require_GET
def book(request: HttpRequest) -> HttpResponse:
    """What awaits the actor's signature, and what they signed."""
    actor = actor_of(request)
    tab = "signed" if request.GET.get("tab") == "signed" else "waiting"
    lines = queries.signed_by(actor=actor) if tab == "signed" else queries.book(actor=actor)
    context = {
        "lines": lines,
        "tab": tab,
        "delegated": queries.delegated_book(actor=actor, at=now()) if tab == "waiting" else [],
        "waiting": queries.count_waiting(actor=actor),
        "today": now().date(),
        "card": tab == "waiting" and _signs_by_agent(actor),
    }
    return render(request, "signature/book.html", context)


@permission("signature:book:open")
@require_GET
def sent(request: HttpRequest) -> HttpResponse:
    """What the actor sent, and who is awaited."""
    everything = request.GET.get("tab") == "all"
    lines = queries.sent(actor=actor_of(request), open_only=not everything)
    return render(request, "signature/sent.html", {"lines": lines, "everything": everything, "today": now().date()})


def _signs_by_agent(actor: Actor) -> bool:
    """Whether this person may sign, and sits where workstations are paired: the page then asks for the agent."""
    return may(actor, "signature:recipient:sign") and accounts.has_workstations(actor=actor)


@permission("signature:envelope:read")
@speaks_to_agent
@require_GET
def envelope(request: HttpRequest, envelope_id: UUID) -> HttpResponse:
    """The document, its circuit, and what the actor may do."""
    return _envelope(request, envelope_id, SignForm())


def _envelope(request: HttpRequest, envelope_id: UUID, form: SignForm, status: int = 200) -> HttpResponse:
    actor = actor_of(request)
    seen = queries.envelope(envelope_id=envelope_id, actor=actor, at=now())
    context = {
        "envelope": seen,
        "form": form,
        "today": now().date(),
        "reason_form": ReasonForm(),
        "card": seen.your_turn and seen.may_sign and _signs_by_agent(actor),
        "without_agent": settings.SERVER_TOKENS,
    }
    return render(request, "signature/envelope.html", context, status=status)


@permission("signature:envelope:read")
@require_GET
def envelope_file(request: HttpRequest, envelope_id: UUID) -> HttpResponse:
    """The file as it stands."""
    viewed = view.view(envelope_id=envelope_id, actor=actor_of(request), at=now())
    return pdf_response(viewed.pdf)


@permission("signature:kit:export")
@fresh
@require_GET
def dispute_kit(request: HttpRequest, envelope_id: UUID) -> HttpResponse:
    """All that proves a completed envelope, in one ZIP that is checked without us."""
    # On disk beyond a few megabytes.
    file = tempfile.SpooledTemporaryFile(max_size=8 * 2**20)  # noqa: SIM115 - it is closed once sent.
    try:
        kit.make_kit(envelope_id=envelope_id, actor=actor_of(request), at=now(), out=cast(BinaryIO, file))
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return zip_response(cast(BinaryIO, file), f"preuve-{envelope_id}.zip")


@sensitive_post_parameters("pin", "code")
@permission("signature:recipient:sign")
@fresh
@speaks_to_agent
def sign(request: HttpRequest, envelope_id: UUID) -> HttpResponse:
    """Sign one's step with a card or another token."""
    if request.method != "POST":
        return redirect("signature:envelope", envelope_id)
    form = SignForm(request.POST)
    actor = actor_of(request)
    if form.is_valid():
        try:
            assert actor.person_id is not None
            with ports.token_reader.get().open(person_id=actor.person_id, **form.cleaned_data) as token:
                signing.sign_with_token(envelope_id=envelope_id, token=token, drawing=None, actor=actor, at=now())
        except DomainError as refused:
            if refused.refusal not in (Refusal.INVALID, Refusal.UNAVAILABLE):
                raise
            form.asks_code = isinstance(refused, ports.CodeNeeded | ports.WrongCode)
            form.add_error("code" if form.asks_code else "pin", refused.sentence)
        else:
            messages.success(request, _("It is signed."))
            following = queries.book(actor=actor)
            return redirect("signature:envelope", following[0].envelope_id) if following else redirect("signature:book")
    return _envelope(request, envelope_id, form, status=422)


@permission("signature:recipient:decline")
def decline(request: HttpRequest, envelope_id: UUID) -> HttpResponse:
    """Refuse to sign, saying why."""
    return _with_reason(request, envelope_id, close.decline, "signature/decline.html")


@permission("signature:envelope:void")
def void(request: HttpRequest, envelope_id: UUID) -> HttpResponse:
    """Withdraw what one has sent, saying why."""
    return _with_reason(request, envelope_id, close.void, "signature/void.html")


def _with_reason(request: HttpRequest, envelope_id: UUID, action: object, template: str) -> HttpResponse:
    assert callable(action)
    actor = actor_of(request)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        action(envelope_id=envelope_id, reason=form.cleaned_data["reason"], actor=actor, at=now())
        return redirect("signature:envelope", envelope_id)
    seen = queries.envelope(envelope_id=envelope_id, actor=actor, at=now())
    status = 422 if form.errors else 200
    return render(request, template, {"envelope": seen, "form": form, "today": now().date()}, status=status)


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
