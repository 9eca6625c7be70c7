"""An envelope: read, sign, decline, withdraw."""

import tempfile
from typing import BinaryIO, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET

from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.signature import ports, queries
from telesphore.signature.actions import close, kit, view
from telesphore.signature.actions import sign as signing
from telesphore.signature.errors import FieldNotYours, FieldsNotFilled, ValueNotAccepted
from telesphore.signature.states import RecipientState
from telesphore.web.access import fresh, permission
from telesphore.web.agents import speaks_to_agent
from telesphore.web.files import pdf_response, zip_response
from telesphore.web.filling import FillForm
from telesphore.web.requests import actor_of
from telesphore.web.signature import thread
from telesphore.web.signature.book import signs_by_agent
from telesphore.web.signature.filters import WayBack
from telesphore.web.signature.forms import AdviseForm, ReasonForm, ReviewForm, SignForm


@permission("signature:envelope:read")
@speaks_to_agent
@require_GET
def envelope(request: HttpRequest, envelope_id: UUID) -> HttpResponse:
    """The document, its circuit, and what the actor may do."""
    return _envelope(request, envelope_id, SignForm())


def _envelope(
    request: HttpRequest, envelope_id: UUID, form: SignForm, fill: FillForm | None = None, status: int = 200
) -> HttpResponse:
    actor = actor_of(request)
    seen = queries.envelope(envelope_id=envelope_id, actor=actor, at=now())
    if fill is None and seen.your_turn and seen.may_sign:
        fill = _fill_form(request, envelope_id)
    context = {
        "envelope": seen,
        "form": form,
        "fill": fill,
        "today": now().date(),
        "reason_form": ReasonForm(),
        "review_form": ReviewForm(),
        "advise_form": AdviseForm(),
        "card": seen.your_turn and seen.may_sign and signs_by_agent(actor),
        "without_agent": settings.SERVER_TOKENS,
        "hands_tablet": _awaits_patient(seen)
        and queries.may_hand_tablet_over(envelope_id=envelope_id, actor=actor, at=now()),
        **thread.panel(request, envelope_id),
    }
    return render(request, "signature/envelope.html", context, status=status)


def _awaits_patient(seen: queries.EnvelopeView) -> bool:
    lines = (line for step in seen.steps for line in step.recipients)
    return any(line.is_patient and line.state == RecipientState.WAITING for line in lines)


def _fill_form(request: HttpRequest, envelope_id: UUID) -> FillForm:
    lines = queries.fields_to_fill(envelope_id=envelope_id, actor=actor_of(request), at=now())
    return FillForm(lines, request.POST if request.method == "POST" else None, form_id="sign-form")


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
    form, fill = SignForm(request.POST), _fill_form(request, envelope_id)
    actor = actor_of(request)
    if form.is_valid() & fill.is_valid():
        try:
            assert actor.person_id is not None
            with ports.token_reader.get().open(person_id=actor.person_id, **form.cleaned_data) as token:
                signing.sign_with_token(
                    envelope_id=envelope_id, token=token, drawing=None, actor=actor, at=now(), filled=fill.values()
                )
        except DomainError as refused:
            if refused.refusal not in (Refusal.INVALID, Refusal.UNAVAILABLE):
                raise
            form.asks_code = isinstance(refused, ports.CodeNeeded | ports.WrongCode)
            about_fields = isinstance(refused, FieldsNotFilled | ValueNotAccepted | FieldNotYours)
            form.add_error(None if about_fields else "code" if form.asks_code else "pin", refused.sentence)
        else:
            messages.success(request, _("It is signed."))
            following = queries.book(actor=actor)
            return redirect("signature:envelope", following[0].envelope_id) if following else redirect("signature:book")
    return _envelope(request, envelope_id, form, fill, status=422)


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
        return redirect(WayBack(request).address or reverse("signature:envelope", args=[envelope_id]))
    seen = queries.envelope(envelope_id=envelope_id, actor=actor, at=now())
    status = 422 if form.errors else 200
    context = {"envelope": seen, "form": form, "back": WayBack(request), "today": now().date()}
    return render(request, template, context, status=status)
