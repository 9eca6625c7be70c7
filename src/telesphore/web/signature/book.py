"""The signature book: what awaits me, what I did, what I sent; picking what is signed together."""

from collections.abc import Mapping
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from telesphore.accounts import queries as accounts
from telesphore.accounts.access import may
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.signature import queries
from telesphore.signature.actions import digest, review
from telesphore.signature.errors import EnvelopeNotFound
from telesphore.web.access import fresh, permission
from telesphore.web.agents import speaks_to_agent
from telesphore.web.requests import actor_of
from telesphore.web.signature.filters import BookFilters, WayBack, identifier
from telesphore.web.signature.forms import SignForm

PICKED = "signature:picked"
"""Where the session keeps the envelopes that were picked: the page that signs them may be asked for again."""
KEPT = "book"
"""The cookie by which the book opens as it was left: order and filters, never a patient's name."""


@permission("signature:book:open")
@require_GET
def book(request: HttpRequest) -> HttpResponse:
    """What awaits the actor and whom they stand in for; or what they did."""
    actor, at = actor_of(request), now()
    after = identifier(request.GET.get("after", ""))
    if request.GET.get("tab") in ("done", "signed"):
        lines, more = queries.done_by(actor=actor, after=after)
        waiting = queries.count_waiting(actor=actor, at=at)
        done = {"lines": lines, "more": more, "waiting": waiting, "waiting_count": waiting, "today": at}
        return render(request, "signature/done.html", done)
    asked = request.GET or QueryDict(request.COOKIES.get(KEPT, ""))
    filters = BookFilters(asked)
    found = queries.awaiting(actor=actor, at=at, wanted=filters.wanted, after=after)
    filters.offer(found)
    context = {
        "book": found,
        "waiting_count": found.waiting,
        "filters": filters,
        "after": after,
        "today": at,
        "most": queries.MOST_PICKED,
        "may_sign": may(actor, "signature:recipient:sign"),
        "digest": queries.has_digest(actor=actor),
    }
    response = render(request, "signature/book.html", context)
    if request.GET and after is None:
        response.set_cookie(
            KEPT, filters.kept(), max_age=365 * 86400, httponly=True, secure=settings.SECURE, samesite="Lax"
        )
    return response


@permission("signature:envelope:read")
@require_GET
def preview(request: HttpRequest, envelope_id: UUID) -> HttpResponse:
    """One document beside the list: what it is, its pages, and what may be done."""
    actor, at = actor_of(request), now()
    lines = queries.picked(actor=actor, at=at, envelope_ids=[envelope_id])
    if not lines:
        raise EnvelopeNotFound
    line = lines[0]
    context = {
        "line": line,
        "may_sign": may(actor, "signature:recipient:sign"),
        "back": WayBack(request, leaving=True),
        "today": at,
    }
    return render(request, "signature/parts/preview.html", context)


@permission("signature:book:open")
@require_POST
def pick(request: HttpRequest) -> HttpResponse:
    """Keep what is picked: one line, those that are checked, or all that the filters leave; then show the list."""
    actor = actor_of(request)
    if one := identifier(request.POST.get("one", "")):
        chosen = [one]
    elif "all" in request.POST:
        filters = BookFilters(QueryDict(request.POST.get("filters", "")))
        chosen = queries.pick_all(actor=actor, at=now(), wanted=filters.wanted)
    else:
        chosen = [found for value in request.POST.getlist("pick") if (found := identifier(value))]
    request.session[PICKED] = [envelope_id.hex for envelope_id in chosen[: queries.MOST_PICKED]]
    return redirect("signature:agree")


@permission("signature:recipient:sign")
@fresh
@speaks_to_agent
@require_GET
def agree(request: HttpRequest) -> HttpResponse:
    """The list of what was picked, to be seen before one PIN signs it all."""
    return _agree(request, {})


@permission("signature:recipient:review")
@fresh
@require_POST
def approve_picked(request: HttpRequest) -> HttpResponse:
    """Approve the reviews among what was picked: each is an act of its own; those that can't be say why, and stay."""
    actor = actor_of(request)
    chosen = [found for value in request.POST.getlist("pick") if (found := identifier(value))]
    refused: dict[UUID, str] = {}
    for envelope_id in chosen[: queries.MOST_PICKED]:
        try:
            review.approve(envelope_id=envelope_id, comment="", actor=actor, at=now())
        except DomainError as why:
            refused[envelope_id] = why.sentence
    done = len(chosen) - len(refused)
    messages.success(
        request,
        ngettext("%(count)d document is approved.", "%(count)d documents are approved.", done) % {"count": done},
    )
    return _agree(request, refused) if refused else redirect("signature:agree")


def _agree(request: HttpRequest, refused: Mapping[UUID, str]) -> HttpResponse:
    actor, at = actor_of(request), now()
    picked = [UUID(value) for value in request.session.get(PICKED, [])]
    lines = queries.picked(actor=actor, at=at, envelope_ids=picked)
    if not lines:
        return redirect("signature:book")
    context = {
        "reviews": [(line, refused.get(line.envelope_id, "")) for line in lines if line.approvable],
        "lines": [line for line in lines if line.signable],
        "others": [line for line in lines if not line.signable and not line.approvable],
        "gone": len(picked) - len(lines),
        "form": SignForm(),
        "waiting": len(lines),
        "card": signs_by_agent(actor),
        "without_agent": settings.SERVER_TOKENS,
        "today": at,
    }
    return render(request, "signature/agree.html", context)


@permission("signature:book:open")
@require_POST
def choose_digest(request: HttpRequest) -> HttpResponse:
    """Have a message each morning that says how much awaits, or no more."""
    digest.choose(wanted=request.POST.get("wanted") == "yes", actor=actor_of(request), at=now())
    return redirect("signature:book")


@permission("signature:book:open")
@require_GET
def sent(request: HttpRequest) -> HttpResponse:
    """What the actor sent, who is awaited, and who is late."""
    everything = request.GET.get("tab") == "all"
    after = identifier(request.GET.get("after", ""))
    actor, at = actor_of(request), now()
    lines, more = queries.sent(actor=actor, at=at, open_only=not everything, after=after)
    first = after is None
    context = {
        "lines": lines,
        "more": more,
        "everything": everything,
        "undelivered": queries.undelivered(actor=actor, at=at) if first else [],
        "stuck": queries.stuck(actor=actor) if first else [],
        "today": at,
    }
    return render(request, "signature/sent.html", context)


def signs_by_agent(actor: Actor) -> bool:
    """Whether this person may sign, and sits where workstations are paired: the page then asks for the agent."""
    return may(actor, "signature:recipient:sign") and accounts.has_workstations(actor=actor)
