"""The signature book: what awaits me, what I sent."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from telesphore.accounts import queries as accounts
from telesphore.accounts.access import may
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.signature import queries
from telesphore.web.access import permission
from telesphore.web.agents import speaks_to_agent
from telesphore.web.requests import actor_of


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
        "card": tab == "waiting" and signs_by_agent(actor),
    }
    return render(request, "signature/book.html", context)


@permission("signature:book:open")
@require_GET
def sent(request: HttpRequest) -> HttpResponse:
    """What the actor sent, and who is awaited."""
    everything = request.GET.get("tab") == "all"
    lines = queries.sent(actor=actor_of(request), open_only=not everything)
    return render(request, "signature/sent.html", {"lines": lines, "everything": everything, "today": now().date()})


def signs_by_agent(actor: Actor) -> bool:
    """Whether this person may sign, and sits where workstations are paired: the page then asks for the agent."""
    return may(actor, "signature:recipient:sign") and accounts.has_workstations(actor=actor)
