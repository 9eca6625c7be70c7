"""Pair workstations' card agents, list them, revoke them."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from telesphore.accounts import actions, queries
from telesphore.accounts.errors import PairingRefused
from telesphore.accounts.formats import agent
from telesphore.kernel.clock import now
from telesphore.web import exchanges
from telesphore.web.access import fresh, permission, public
from telesphore.web.accounts.ways import PARTS, Part
from telesphore.web.agents import speaks_to_agent
from telesphore.web.exchanges import Body
from telesphore.web.rates import Rate, at_most
from telesphore.web.requests import actor_of

PAIRINGS = Rate("agent-pair", most=20, seconds=60)
REQUESTS = Rate("agent-request", most=60, seconds=60)


class WorkstationForm(forms.Form):
    """Where it stands, in its users' words."""

    name = forms.CharField(
        label=gettext_lazy("Name of the workstation"),
        help_text=gettext_lazy("Where it stands, as your colleagues would say it: “Ward 3, nurses’ desk”."),
        max_length=80,
        strip=True,
    )


@permission("accounts:workstation:pair")
@require_GET
@speaks_to_agent
def workstations(request: HttpRequest) -> HttpResponse:
    """The organisation's workstations, and the form to pair another."""
    return _list(request, WorkstationForm())


def _list(request: HttpRequest, form: WorkstationForm, status: int = 200) -> HttpResponse:
    context = {"workstations": queries.workstations(actor=actor_of(request)), "form": form}
    return render(request, "accounts/workstations.html", context, status=status)


@permission("accounts:workstation:pair")
@fresh
@require_POST
@speaks_to_agent
def begin(request: HttpRequest) -> HttpResponse:
    """Show the code, once: the page is not kept, and reloading it asks for another."""
    form = WorkstationForm(request.POST)
    if not form.is_valid():
        return _list(request, form, status=422)
    begun = actions.begin_pairing(name=form.cleaned_data["name"], actor=actor_of(request), at=now())
    context = {
        "pairing": queries.pairing(pairing_id=begun.pairing_id, actor=actor_of(request)),
        "code": agent.shown(begun.code),
        "origin": f"{request.scheme}://{request.get_host()}",
    }
    return render(request, "accounts/pairing.html", context)


@permission("accounts:workstation:pair")
@require_GET
def wait(request: HttpRequest, pairing_id: UUID) -> HttpResponse:
    """The part of the page that says whether the code was typed."""
    pairing = queries.pairing(pairing_id=pairing_id, actor=actor_of(request))
    context = {"pairing": pairing, "over": pairing.tries_over or pairing.expires_at <= now()}
    return render(request, "accounts/pairing_state.html", context)


@permission("accounts:workstation:pair")
@require_POST
def cancel(request: HttpRequest, pairing_id: UUID) -> HttpResponse:
    """End a code that was not typed."""
    actions.cancel_pairing(pairing_id=pairing_id, actor=actor_of(request), at=now())
    return redirect("workstations")


@permission("accounts:workstation:pair")
@fresh
def revoke(request: HttpRequest, workstation_id: UUID) -> HttpResponse:
    """Ask, then sign no more requests for it."""
    actor = actor_of(request)
    if request.method == "POST":
        actions.revoke_workstation(workstation_id=workstation_id, actor=actor, at=now())
        messages.success(request, _("This workstation is no longer paired."))
        return redirect("workstations")
    found = [one for one in queries.workstations(actor=actor) if one.workstation_id == workstation_id and one.yours]
    if not found:
        return redirect("workstations")
    return render(request, "accounts/workstation_revoke.html", {"workstation": found[0]})


def _part(request: HttpRequest) -> dict[str, object]:
    return {"workstations": queries.workstations(actor=actor_of(request))}


PARTS.append(Part("account/parts/workstations.html", _part))


@csrf_exempt  # No browser comes here, and no cookie counts: the code's MAC says who may.
@public("a card agent, which proves by the code's MAC that it was typed there")
@at_most(PAIRINGS)
@exchanges.exchange(most=4 << 10)
def pair(request: HttpRequest, body: Body) -> Body:
    """A card agent's key, taken if the code was typed there (docs/agent.md, Pairing)."""
    try:
        public_key = agent.decoded(exchanges.text(body, "public_key"), 32)
        mac = agent.decoded(exchanges.text(body, "mac"), 32)
    except ValueError:
        raise PairingRefused from None
    paired = actions.pair_workstation(
        code_id=exchanges.text(body, "code_id", agent.HALF).upper(),
        public_key=public_key,
        mac=mac,
        actor=actor_of(request),
        at=now(),
    )
    return {
        "workstation": str(paired.workstation_id),
        "origin": paired.origin,
        "public_key": agent.encoded(paired.public_key),
        "mac": agent.encoded(paired.mac),
    }


@public("whoever is about to sign in by card sees the state of the reader; what is asked tells no more than that")
@at_most(REQUESTS)
@exchanges.exchange(most=1 << 10)
def watch(request: HttpRequest, body: Body) -> Body:
    """A request to an agent: tell what happens at the readers."""
    return {
        "request": queries.request_for_anybody(
            workstation_id=exchanges.identifier(body, "workstation"),
            claims={"op": "watch"},
            language=get_language() or "fr",
            at=now(),
        )
    }
