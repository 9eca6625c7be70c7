"""The patient's questions about what they are asked to sign, and the answers."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from telesphore.accounts import queries as accounts
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.signature import queries
from telesphore.signature.actions import discuss
from telesphore.signature.actions.discuss import Words
from telesphore.signature.formats.thread import LONGEST_BODY, Pin
from telesphore.signature.states import EntryKind
from telesphore.web.access import link_session
from telesphore.web.files import attachment_response
from telesphore.web.patients import session
from telesphore.web.rates import AskedTooOften, Rate, spend

QUESTIONS = Rate("patient-questions", most=20, seconds=600)

HINTS = (
    gettext_lazy("I have not understood."),
    gettext_lazy("What happens if I refuse?"),
    gettext_lazy("I would like to be called back."),
)
"""Questions that are often asked, for who does not know how to begin."""


@link_session
def question(request: HttpRequest) -> HttpResponse:
    """Ask before signing; what was asked, and the answers, stand on the same page."""
    at = now()
    visit = session.to_sign(request, at)
    actor = session.actor_of_visit(request, visit)
    seen = queries.thread(envelope_id=visit.envelope_id, actor=actor, at=at)
    if seen is None:
        raise Http404
    refusal, body = "", request.POST.get("body", "")[: LONGEST_BODY + 1]
    page = _page(request)
    hint = _hint(request)
    if hint:
        # Added to what they wrote; nothing leaves before they say so.
        body = f"{body.strip()} {hint}".strip()
    elif request.method == "POST" and spend(request, QUESTIONS, at).left < 0:
        refusal = AskedTooOften().sentence
    elif request.method == "POST":
        # Of the page that they were reading, its margin: they point at no place of it.
        pin = Pin(page - 1, 960, 40) if page else None
        words = Words(body=body, kind=EntryKind.QUESTION, pin=pin)
        try:
            discuss.write(envelope_id=visit.envelope_id, words=words, actor=actor, at=at)
        except DomainError as refused:
            if refused.refusal is Refusal.NOT_FOUND:
                raise
            refusal = refused.sentence
        else:
            messages.success(request, _("Your question has left. You will be told of the answer by e-mail."))
            return redirect("patients:question")
    context = {
        "thread": seen,
        "envelope": queries.envelope(envelope_id=visit.envelope_id, actor=actor, at=at),
        "organisation": accounts.organisation_card(visit.organisation_id).name,
        "refusal": refusal,
        "body": body if refusal or hint else "",
        "hints": HINTS,
        "page": page,
        "back": page or 0,
    }
    return render(request, "patients/question.html", context, status=422 if refusal else 200)


def _hint(request: HttpRequest) -> str:
    """The words of the suggestion that was pressed; empty when none was."""
    asked = request.POST.get("hint", "")
    return str(HINTS[int(asked)]) if asked in ("0", "1", "2") else ""


def _page(request: HttpRequest) -> int | None:
    """Of the document, counted from 1: the one that they come from."""
    asked = (request.POST if request.method == "POST" else request.GET).get("page", "")
    return int(asked) if asked.isascii() and asked.isdigit() and 0 < int(asked[:6]) < 100_000 else None


@link_session
@require_GET
def attachment(request: HttpRequest, entry_id: UUID) -> HttpResponse:
    """What is attached to an answer."""
    at = now()
    visit = session.to_sign(request, at)
    actor = session.actor_of_visit(request, visit)
    opened = discuss.open_attachment(envelope_id=visit.envelope_id, entry_id=entry_id, actor=actor, at=at)
    return attachment_response(opened.content, opened.attached.media_type, opened.attached.name)
