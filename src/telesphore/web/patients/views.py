"""What the patient sees and does: the landing page, the code, reading, deciding, signing, the copy. Guests too."""

from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from telesphore.accounts import queries as accounts
from telesphore.kernel.actors import ActorKind
from telesphore.kernel.clock import now
from telesphore.links import actions as links
from telesphore.links.errors import CodeAskedTooSoon, CodeExpired, WrongCode
from telesphore.paper.pages import page_alone
from telesphore.paper.pictures import page_picture as picture_of
from telesphore.signature import queries
from telesphore.signature.actions import close, copy, view
from telesphore.signature.actions import sign as signing
from telesphore.signature.actions.read import keep_progress
from telesphore.signature.errors import (
    AlreadySigned,
    FieldNotYours,
    FieldsNotFilled,
    NotReadYet,
    ValueNotAccepted,
)
from telesphore.signature.formats.drawing import BadDrawing, draw_name, read_drawing
from telesphore.web.access import link_session, public, to_authenticate_again
from telesphore.web.entering import recently_authenticated
from telesphore.web.files import pdf_response
from telesphore.web.filling import FillForm
from telesphore.web.patients import session
from telesphore.web.requests import visitor

BEARER = "whoever holds the link sees what it is, and nothing of the document"


@public(BEARER)
@require_GET
def landing(request: HttpRequest, token: str) -> HttpResponse:
    """Says who asks for what; mail gateways open it too, so it consumes nothing and shows nothing."""
    found = links.open_landing(token=token, actor=visitor(request), at=now())
    return _landing(request, token, found)


@public(BEARER)
@require_POST
def send_code(request: HttpRequest, token: str) -> HttpResponse:
    """Sends a code to the phone that the link knows, then asks for it."""
    at = now()
    refusal = None
    try:
        links.send_code(token=token, actor=visitor(request), at=at)
    except CodeAskedTooSoon as refused:
        refusal = refused
    found = links.open_landing(token=token, actor=visitor(request), at=at)
    return _landing(request, token, found, refusal=refusal, status=429 if refusal else 200)


@public(BEARER)
@require_POST
def reveal(request: HttpRequest, token: str) -> HttpResponse:
    """Takes the code; the right one opens the pages behind the link."""
    at = now()
    someone = visitor(request)
    try:
        revealed = links.reveal(token=token, code=request.POST.get("code", "")[:20], actor=someone, at=at)
    except (WrongCode, CodeExpired) as refused:
        found = links.open_landing(token=token, actor=someone, at=at)
        return _landing(request, token, found, refusal=refused, status=422)
    session.begin(request, revealed, at)
    if revealed.purpose in session.LINKS_TO_ACCOUNT:
        return redirect("patients:welcome")
    return redirect("patients:copy" if revealed.purpose == copy.LINK_TO_COPY else "patients:read")


def _landing(
    request: HttpRequest, token: str, found: links.Landing, refusal: Exception | None = None, status: int = 200
) -> HttpResponse:
    organisation = accounts.organisation_card(found.organisation_id).name
    asked = queries.language_asked(
        organisation_id=found.organisation_id, link_id=found.link_id, subject_id=found.subject_id
    )
    session.speak(request, asked)
    context = {
        "token": token,
        "landing": found,
        "organisation": organisation,
        "refusal": refusal,
        "to_copy": found.purpose == copy.LINK_TO_COPY,
        "to_account": found.purpose in session.LINKS_TO_ACCOUNT,
    }
    return render(request, "patients/landing.html", context, status=status)


@link_session
@require_GET
def read(request: HttpRequest) -> HttpResponse:
    """One page of the document at a time, at one's own pace; on the first, what it is and what is asked."""
    visit = session.to_sign(request, now())
    context = _shell(request, visit)
    envelope, seen = context["envelope"], context["shown"]
    page = _page(request, envelope.pages, seen)
    part = next((one for one in envelope.parts if one.first_page <= page <= one.last_page), None)
    context |= {"page": page, "part": part, "numbers": range(1, envelope.pages + 1)}
    return render(request, "patients/read.html", context)


def _page(request: HttpRequest, pages: int, seen: frozenset[int]) -> int:
    """The page asked for, or the first one not yet read."""
    asked = request.GET.get("page", "")
    if asked.isascii() and asked.isdigit() and 1 <= int(asked[:6]) <= pages:
        return int(asked)
    return next(_unread(pages, seen), 1)


def _unread(pages: int, seen: frozenset[int]) -> Iterator[int]:
    return (number for number in range(1, pages + 1) if number not in seen)


@link_session
@require_POST
def page_read(request: HttpRequest) -> HttpResponse:
    """Remembers that a page was read, and shows the next one."""
    at = now()
    visit = session.to_sign(request, at)
    actor = session.actor_of_visit(request, visit)
    pages = queries.envelope(envelope_id=visit.envelope_id, actor=actor, at=at).pages
    number = request.POST.get("page", "")
    if number.isascii() and number.isdigit() and 1 <= int(number[:6]) <= pages:
        session.mark_read(request, int(number))
        visit = session.to_sign(request, at)
        seen = _seen(visit, queries.reading(envelope_id=visit.envelope_id, language="fr", actor=actor, at=at))
        far = next(_unread(pages, seen), pages + 1) - 1
        keep_progress(envelope_id=visit.envelope_id, pages=far, actor=actor, at=at)
        left = next((one for one in _unread(pages, seen) if one > int(number)), next(_unread(pages, seen), 0))
        following = int(number) + 1 if int(number) < pages else left
        if following:
            return redirect(f"{reverse('patients:read')}?page={following}")
    return redirect("patients:decide")


def _seen(visit: session.Visit, kept: queries.Reading) -> frozenset[int]:
    """Every page read to its end, now or before."""
    return visit.pages_shown | frozenset(range(1, kept.pages_read + 1))


@link_session
@require_GET
def document(request: HttpRequest) -> HttpResponse:
    """The file to read; once one has signed, no copy is given before all have."""
    at = now()
    visit = session.to_sign(request, at)
    viewed = view.view(envelope_id=visit.envelope_id, actor=session.actor_of_visit(request, visit), at=at)
    return pdf_response(viewed.pdf)


@link_session
@require_GET
def page_file(request: HttpRequest, number: int) -> HttpResponse:
    """One page as a PDF of its own: a slow line brings the first page of a long document as soon as that of a short."""
    at = now()
    visit = session.to_sign(request, at)
    viewed = view.view(envelope_id=visit.envelope_id, actor=session.actor_of_visit(request, visit), at=at)
    try:
        return pdf_response(page_alone(viewed.pdf, number - 1))
    except IndexError:
        raise Http404 from None


@link_session
@require_GET
def page_picture(request: HttpRequest, number: int) -> HttpResponse:
    """One page as a picture, for a browser without JavaScript."""
    at = now()
    visit = session.to_sign(request, at)
    viewed = view.view(envelope_id=visit.envelope_id, actor=session.actor_of_visit(request, visit), at=at)
    try:
        picture = picture_of(viewed.pdf, number - 1)
    except IndexError:
        raise Http404 from None
    return HttpResponse(picture, content_type="image/png", headers={"Cache-Control": "no-store"})


@link_session
@require_GET
def decide(request: HttpRequest) -> HttpResponse:
    """Agree, or not: nothing is preselected."""
    visit = session.to_sign(request, now())
    context = _shell(request, visit)
    if next(_unread(context["envelope"].pages, context["shown"]), 0):
        return redirect("patients:read")
    context["numbers"] = range(1, context["envelope"].pages + 1)
    return render(request, "patients/decide.html", context)


@link_session
def sign(request: HttpRequest) -> HttpResponse:
    """The sentence that is signed, a drawing if one likes, and the button."""
    at = now()
    visit = session.to_sign(request, at, after_signing=request.method == "POST")
    if visit.by_account and not recently_authenticated(request):
        return to_authenticate_again(request)
    actor = session.actor_of_visit(request, visit)
    context = _shell(request, visit)
    if request.method != "POST" and context["reading"].stand_ins is not None:
        return redirect("patients:decide")
    refusal = None
    lines = queries.fields_to_fill(envelope_id=visit.envelope_id, actor=actor, at=at)
    fill = FillForm(lines, request.POST if request.method == "POST" else None)
    if request.method == "POST" and fill.is_valid():
        try:
            drawing = read_drawing(request.POST.get("drawing", "")) or draw_name(request.POST.get("typed", "")[:200])
            signing.sign_as_patient(
                envelope_id=visit.envelope_id,
                pages_shown=len(context["shown"]),
                drawing=drawing,
                language=_language(request.POST.get("language", "")),
                actor=actor,
                at=at,
                filled=fill.values(),
            )
            return redirect("patients:done")
        except AlreadySigned:
            return redirect("patients:done")
        except NotReadYet:
            return redirect("patients:read")
        except (BadDrawing, FieldsNotFilled, ValueNotAccepted, FieldNotYours) as refused:
            refusal = refused
    context |= {"refusal": refusal, "fill": fill, "typed": request.POST.get("typed", "")[:200]}
    return render(request, "patients/sign.html", context, status=422 if refusal or fill.errors else 200)


def _language(asked: str) -> str:
    """In which the sentence was shown."""
    return asked if asked in ("fr", "en") else (get_language() or "fr")[:2]


@link_session
def decline(request: HttpRequest) -> HttpResponse:
    """Say no, with a reason or without."""
    at = now()
    visit = session.to_sign(request, at)
    actor = session.actor_of_visit(request, visit)
    if request.method == "POST":
        close.decline(envelope_id=visit.envelope_id, reason=request.POST.get("reason", "")[:2000], actor=actor, at=at)
        session.leave(request)
        return redirect("patients:declined")
    return render(request, "patients/decline.html", _shell(request, visit))


@public("says that a refusal was taken, and nothing else")
@require_GET
def declined(request: HttpRequest) -> HttpResponse:
    """Your refusal was taken; what happens next."""
    session.speak_on(request)
    return render(request, "patients/declined.html")


@link_session
@require_GET
def done(request: HttpRequest) -> HttpResponse:
    """It is signed; who knows; what comes next."""
    visit = session.to_sign(request, now(), after_signing=True)
    return render(request, "patients/done.html", _shell(request, visit))


@link_session
@require_GET
def copy_page(request: HttpRequest) -> HttpResponse:
    """The completed document, shown, with a button to keep it."""
    visit = session.to_copy(request, now())
    envelope = queries.envelope(envelope_id=visit.envelope_id, actor=session.actor_of_visit(request, visit), at=now())
    actor = session.actor_of_visit(request, visit)
    withdrawable = queries.may_withdraw(envelope_id=visit.envelope_id, actor=actor, at=now())
    context = {
        **_shell(request, visit),
        "envelope": envelope,
        "withdrawable": withdrawable,
        "asks": queries.asks_to_withdraw(envelope_id=visit.envelope_id, actor=actor, at=now()),
    }
    return render(request, "patients/copy.html", context)


@link_session
@require_GET
def copy_file(request: HttpRequest) -> HttpResponse:
    """The completed document's file."""
    at = now()
    visit = session.to_copy(request, at)
    opened = copy.open_copy(envelope_id=visit.envelope_id, actor=session.actor_of_visit(request, visit), at=at)
    return pdf_response(opened.pdf, download="keep" in request.GET)


@link_session
@require_POST
def print_copy(request: HttpRequest) -> HttpResponse:
    """The completed document to print, with its proof."""
    at = now()
    visit = session.to_copy(request, at)
    printed = copy.print_copy(
        envelope_id=visit.envelope_id,
        language="en" if get_language() == "en" else "fr",
        actor=session.actor_of_visit(request, visit),
        at=timezone.localtime(at),
    )
    return pdf_response(printed.pdf)


def _shell(request: HttpRequest, visit: session.Visit) -> dict[str, Any]:
    """What the pages of a document to sign, or of its copy, all need."""
    actor, at = session.actor_of_visit(request, visit), now()
    acts_for = actor.kind is ActorKind.REPRESENTATIVE
    kept = queries.reading(envelope_id=visit.envelope_id, language=_language(""), actor=actor, at=at)
    return {
        # Asked for by the pages that show it only.
        "thread": SimpleLazyObject(lambda: queries.thread(envelope_id=visit.envelope_id, actor=actor, at=now())),
        "organisation": accounts.organisation_card(visit.organisation_id).name,
        "representative": accounts.person_card(actor.person).display_name if acts_for else "",
        "envelope": queries.envelope(envelope_id=visit.envelope_id, actor=actor, at=at),
        "reading": kept,
        "sentence": kept.sentence,
        "shown": _seen(visit, kept),
    }
