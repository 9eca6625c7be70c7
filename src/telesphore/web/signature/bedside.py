"""The bedside: a professional hands a tablet over, the patient reads and decides, the professional takes it back.

The professional's session is locked meanwhile, so that the tablet opens nothing but this document; unlocking it, by a
new proof of who they are, is how it comes back.
"""

import functools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from telesphore.accounts import actions as accounts
from telesphore.accounts import queries as people
from telesphore.accounts.states import Acr
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.links import actions as links
from telesphore.paper.pictures import page_picture as picture_of
from telesphore.signature import queries
from telesphore.signature.actions import bedside, close, view
from telesphore.signature.actions import sign as signing
from telesphore.signature.errors import AlreadySigned, EnvelopeClosed, NobodyAtBedside, SomeoneSignedMeanwhile
from telesphore.signature.formats.drawing import draw_name, read_drawing
from telesphore.signature.states import BedsideEnd, IdentityDocument
from telesphore.web.access import at_bedside, permission
from telesphore.web.files import pdf_response
from telesphore.web.filling import FillForm
from telesphore.web.presence import BEDSIDE, presence_of
from telesphore.web.refusals import STATUS
from telesphore.web.requests import actor_of, client_of
from telesphore.web.signature.forms import SeenForm


class BedsideMiddleware:
    """Once the professional has proved again who they are, the tablet is theirs: nothing of the patient's stays."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        found = presence_of(request)
        if BEDSIDE in request.session and found is not None and not found.locked(now()):
            bedside_id = UUID(request.session.pop(BEDSIDE))
            bedside.take_back(bedside_id=bedside_id, end=BedsideEnd.RETURNED, actor=actor_of(request), at=now())
        return self.get_response(request)


def _in_words(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """To the page's own script a refusal is a sentence to show: the page stays, and so does what was decided."""

    @functools.wraps(view)
    def answering(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except DomainError as refused:
            if not _by_script(request):
                raise
            return JsonResponse({"why": refused.sentence}, status=STATUS[refused.refusal])

    return answering


def _by_script(request: HttpRequest) -> bool:
    return "application/json" in request.headers.get("Accept", "")


@sensitive_post_parameters("code", "token", "bracelet")
@permission("signature:bedside:open")
def hand_over(request: HttpRequest, envelope_id: UUID) -> HttpResponse:
    """Say how one knows who is in front of one, then hand the tablet over."""
    actor, at = actor_of(request), now()
    seen = queries.for_bedside(envelope_id=envelope_id, actor=actor, at=at)
    form = SeenForm(request.POST or None)
    context = {"envelope": seen, "form": form, "today": at.date(), "token": request.POST.get("token", "")}
    if request.method != "POST":
        return render(request, "signature/bedside_open.html", context)
    try:
        if "send_code" in request.POST:
            link = bedside.send_code(envelope_id=envelope_id, actor=actor, at=at)
            token = link.url.rsplit("/", 1)[-1]
            links.send_code(token=token, actor=actor, at=at)
            return render(request, "signature/bedside_open.html", {**context, "form": SeenForm(), "token": token})
        if form.is_valid():
            return _hand_over(request, envelope_id, form, actor)
    except DomainError as refused:
        if refused.refusal not in (Refusal.INVALID, Refusal.TOO_MANY):
            raise
        form.add_error(None, refused.sentence)
    return render(request, "signature/bedside_open.html", context, status=422)


def _hand_over(request: HttpRequest, envelope_id: UUID, form: SeenForm, actor: Actor) -> HttpResponse:
    at, presence = now(), presence_of(request)
    assert presence is not None
    token, code = request.POST.get("token", "")[:100], form.cleaned_data["code"]
    revealed = links.reveal(token=token, code=code, actor=actor, at=at) if token and code else None
    if revealed is not None and (revealed.purpose, revealed.subject_id) != (bedside.LINK_AT_BEDSIDE, envelope_id):
        raise Http404
    document = form.cleaned_data["document"]
    bedside_id = bedside.hand_over(
        envelope_id=envelope_id,
        seen=bedside.Seen(
            document=IdentityDocument(document) if document else None,
            bracelet=form.cleaned_data["bracelet"],
            code_link_id=revealed.link_id if revealed else None,
        ),
        session_id=presence.session_id,
        session_ends_at=presence.ends_at,
        actor=actor,
        at=at,
    )
    # A crash here leaves a tablet that is still the professional's own: they begin again.
    request.session[BEDSIDE] = bedside_id.hex
    accounts.lock(session_id=presence.session_id, actor=actor, at=at)
    return redirect("signature:bedside-page")


def _holder(request: HttpRequest) -> tuple[queries.AtBedside, Actor]:
    """Who holds this tablet, as the professional recognised them.

    Raises:
        NobodyAtBedside
    """
    presence = presence_of(request)
    if presence is None or BEDSIDE not in request.session:
        raise NobodyAtBedside
    _speak(request.POST.get("language", ""))
    # What one patient decided is never sent as another's, who was handed the same tablet since.
    if request.method == "POST" and request.POST.get("bedside") != request.session[BEDSIDE]:
        raise NobodyAtBedside
    found = queries.at_bedside(bedside_id=UUID(request.session[BEDSIDE]), session_id=presence.session_id, at=now())
    address, client = client_of(request)
    return found, Actor(
        kind=ActorKind.PATIENT,
        organisation_id=found.organisation_id,
        person_id=found.patient_id,
        means=found.means,
        acr=Acr.BEDSIDE,
        session_id=presence.session_id,
        source_address=address,
        client=client,
    )


@at_bedside
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The whole document and the decision on one page: once it is there, it needs no network until the end."""
    found, actor = _holder(request)
    # Of this page alone: the professional's own language stays what it is.
    _speak(request.GET.get("language", "") or found.language)
    return _page(request, found, actor, None)


def _page(
    request: HttpRequest, found: queries.AtBedside, actor: Actor, fill: FillForm | None, status: int = 200
) -> HttpResponse:
    at, language = now(), translation.get_language()[:2]
    envelope = queries.envelope(envelope_id=found.envelope_id, actor=actor, at=at)
    reading = queries.reading(envelope_id=found.envelope_id, language=language, actor=actor, at=at)
    lines = queries.fields_to_fill(envelope_id=found.envelope_id, actor=actor, at=at)
    context = {
        "bedside": found,
        "envelope": envelope,
        "reading": reading,
        "sentence": reading.sentence,
        "fill": fill or FillForm(lines, None),
        "page": 1,
        "organisation": people.organisation_card(found.organisation_id).name,
        "seen_by": people.person_card(found.seen_by).display_name,
        "numbers": range(1, envelope.pages + 1),
        "other_language": "fr" if language == "en" else "en",
    }
    return render(request, "patients/bedside.html", context, status=status)


def _speak(language: str) -> None:
    if language in ("fr", "en"):
        translation.activate(language)


@at_bedside
@require_GET
def document(request: HttpRequest) -> HttpResponse:
    """The file to read, for pdf.js."""
    found, actor = _holder(request)
    return pdf_response(view.view(envelope_id=found.envelope_id, actor=actor, at=now()).pdf)


@at_bedside
@require_GET
def page_picture(request: HttpRequest, number: int) -> HttpResponse:
    """One page as a picture, for a browser without JavaScript."""
    found, actor = _holder(request)
    viewed = view.view(envelope_id=found.envelope_id, actor=actor, at=now())
    try:
        picture = picture_of(viewed.pdf, number - 1)
    except IndexError:
        raise Http404 from None
    return HttpResponse(picture, content_type="image/png", headers={"Cache-Control": "no-store"})


@at_bedside
@require_POST
@_in_words
def sign(request: HttpRequest) -> HttpResponse:
    """The patient signs. Sent again after a cut, it is taken once."""
    try:
        return _sign(request)
    except SomeoneSignedMeanwhile:
        # Perhaps they themselves: the same decision, sent by a page that was being left and by the one that came.
        return _sign(request)


def _sign(request: HttpRequest) -> HttpResponse:
    try:
        found, actor = _holder(request)
        envelope = queries.envelope(envelope_id=found.envelope_id, actor=actor, at=now())
        fill = FillForm(queries.fields_to_fill(envelope_id=envelope.envelope_id, actor=actor, at=now()), request.POST)
        if not fill.is_valid():
            return _unfilled(request, found, actor, fill)
        at = now()
        decided_at = _decided(request, at)
        signing.sign_as_patient(
            envelope_id=found.envelope_id,
            pages_shown=envelope.pages if request.POST.get("read") == "on" else 0,
            drawing=read_drawing(request.POST.get("drawing", "")) or draw_name(request.POST.get("typed", "")[:200]),
            language=translation.get_language()[:2],
            filled=fill.values(),
            decided_at=decided_at,
            actor=actor,
            at=at,
        )
    except (NobodyAtBedside, AlreadySigned) as refused:
        return _once_more(request, BedsideEnd.SIGNED, refused)
    bedside.take_back(bedside_id=found.bedside_id, end=BedsideEnd.SIGNED, actor=actor, at=now(), decided_at=decided_at)
    return _answer(request, BedsideEnd.SIGNED)


@at_bedside
@require_POST
@_in_words
def decline(request: HttpRequest) -> HttpResponse:
    """The patient does not agree, with a reason or without. Sent again after a cut, it is taken once."""
    reason, at = request.POST.get("reason", "")[:2000], now()
    decided_at = _decided(request, at)
    try:
        found, actor = _holder(request)
        close.decline(envelope_id=found.envelope_id, reason=reason, actor=actor, at=at)
    except (NobodyAtBedside, EnvelopeClosed) as refused:
        return _once_more(request, BedsideEnd.DECLINED, refused)
    bedside.take_back(
        bedside_id=found.bedside_id, end=BedsideEnd.DECLINED, actor=actor, at=now(), decided_at=decided_at
    )
    return _answer(request, BedsideEnd.DECLINED)


def _decided(request: HttpRequest, at: datetime) -> datetime | None:
    """When the patient decided: how many milliseconds ago, by a clock of the tablet's that may well be wrong, told by
    ours."""
    ago = request.POST.get("ago", "")
    return at - timedelta(milliseconds=int(ago)) if ago.isascii() and ago.isdigit() and len(ago) < 10 else None


def _unfilled(request: HttpRequest, found: queries.AtBedside, actor: Actor, fill: FillForm) -> HttpResponse:
    if _by_script(request):
        problems = (f"{fill[name].label}: {' '.join(map(str, errors))}" for name, errors in fill.errors.items())
        return JsonResponse({"why": " ".join([_("Your answers are to be completed."), *problems])}, status=422)
    return _page(request, found, actor, fill, status=422)


def _once_more(request: HttpRequest, end: BedsideEnd, refused: DomainError) -> HttpResponse:
    """The answer to what came twice: that it was taken the first time.

    Raises:
        `refused`: it was not.
    """
    presence = presence_of(request)
    if presence is None or BEDSIDE not in request.session or request.POST.get("bedside") != request.session[BEDSIDE]:
        raise refused
    ended = queries.bedside_ended(bedside_id=UUID(request.session[BEDSIDE]), session_id=presence.session_id)
    if ended != end:
        raise refused
    return _answer(request, end)


def _answer(request: HttpRequest, end: BedsideEnd) -> HttpResponse:
    place = f"{reverse('signature:bedside-done')}?{end.value}&language={translation.get_language()[:2]}"
    if _by_script(request):
        return JsonResponse({"done": place})
    return redirect(place)


@at_bedside
@require_GET
def done(request: HttpRequest) -> HttpResponse:
    """It is done: the tablet goes back to who handed it over."""
    presence = presence_of(request)
    if presence is None or BEDSIDE not in request.session:
        raise NobodyAtBedside
    _speak(request.GET.get("language", ""))
    signed = BedsideEnd.SIGNED.value in request.GET
    envelope_id = queries.envelope_at_bedside(bedside_id=UUID(request.session[BEDSIDE]), session_id=presence.session_id)
    return render(request, "patients/bedside_done.html", {"signed": signed, "envelope_id": envelope_id})
