"""The discussion beside a document: a panel of the envelope's page, and a page of its own without scripts."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.signature import queries
from telesphore.signature.actions import discuss
from telesphore.web.access import permission
from telesphore.web.files import attachment_response
from telesphore.web.rates import AskedTooOften, Rate, spend
from telesphore.web.requests import actor_of
from telesphore.web.signature.writing import WriteForm

WRITES = Rate("thread", most=60, seconds=600)


@permission("signature:envelope:read")
@require_GET
def thread(request: HttpRequest, envelope_id: UUID) -> HttpResponse:
    """The discussion alone: the panel for a script, a page for who has none."""
    return _thread(request, envelope_id)


@permission("signature:thread:write")
@require_POST
def write(request: HttpRequest, envelope_id: UUID) -> HttpResponse:
    """Add an entry."""
    actor, at = actor_of(request), now()
    seen = queries.thread(envelope_id=envelope_id, actor=actor, at=at)
    form = WriteForm(request.POST, request.FILES, circle=seen.circle if seen else ())
    if spend(request, WRITES, at).left < 0:
        form.add_error(None, AskedTooOften().sentence)
    elif form.is_valid():
        try:
            discuss.write(envelope_id=envelope_id, words=form.words(), actor=actor, at=at)
        except DomainError as refused:
            if refused.refusal is Refusal.NOT_FOUND:
                raise
            form.add_error(None, refused.sentence)
        else:
            if request.headers.get("HX-Request"):
                return _thread(request, envelope_id)
            return redirect(f"{reverse('signature:envelope', args=[envelope_id])}#thread")
    return _thread(request, envelope_id, form)


@permission("signature:envelope:read")
@require_POST
def read(request: HttpRequest, envelope_id: UUID) -> HttpResponse:
    """Remember how far the actor has read."""
    actor, at = actor_of(request), now()
    # First, so that who may not read it is told so, whatever they sent.
    queries.thread(envelope_id=envelope_id, actor=actor, at=at)
    try:
        last = UUID(request.POST.get("last", ""))
    except ValueError:
        return HttpResponse(status=400)
    discuss.mark_read(envelope_id=envelope_id, entry_id=last, actor=actor, at=at)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204)
    return redirect(f"{reverse('signature:envelope', args=[envelope_id])}#thread")


@permission("signature:envelope:read")
@require_GET
def attachment(request: HttpRequest, envelope_id: UUID, entry_id: UUID) -> HttpResponse:
    """What is attached to an entry."""
    opened = discuss.open_attachment(envelope_id=envelope_id, entry_id=entry_id, actor=actor_of(request), at=now())
    return attachment_response(opened.content, opened.attached.media_type, opened.attached.name)


def panel(request: HttpRequest, envelope_id: UUID, form: WriteForm | None = None) -> dict[str, Any]:
    """What the panel's template needs."""
    seen = queries.thread(envelope_id=envelope_id, actor=actor_of(request), at=now())
    return {"thread": seen, "thread_form": form or WriteForm(circle=seen.circle if seen else ())}


def _thread(request: HttpRequest, envelope_id: UUID, form: WriteForm | None = None) -> HttpResponse:
    context = panel(request, envelope_id, form)
    if request.headers.get("HX-Request"):
        # As a good answer, so that the panel shows what is to mend.
        return render(request, "signature/parts/thread.html", context)
    context["envelope"] = queries.envelope(envelope_id=envelope_id, actor=actor_of(request), at=now())
    return render(request, "signature/thread.html", context, status=422 if form else 200)
