"""Come in by card: a challenge that the card signs, or the certificate that a trusted proxy saw."""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

from telesphore.accounts import actions, queries
from telesphore.accounts.actions import CardAnswer
from telesphore.accounts.formats import agent
from telesphore.accounts.states import Acr
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.web import exchanges
from telesphore.web.access import public
from telesphore.web.agents import speaks_to_agent
from telesphore.web.client_certificates import client_certificate
from telesphore.web.entering import Proof, enter, prove_again, safe_path
from telesphore.web.exchanges import Body
from telesphore.web.rates import Rate, at_most
from telesphore.web.requests import actor_of

CHALLENGE = "card_challenge"
LASTS = timedelta(minutes=2)
CHALLENGES = Rate("card-challenge", most=30, seconds=60)
BY_CARD = Proof("card", Acr.CARD)


@public("the door itself: people come in, or prove again who they are, by their card")
@speaks_to_agent
def sign_in(request: HttpRequest) -> HttpResponse:
    """The page that asks the card."""
    if not queries.cards_open_the_door():
        raise Http404
    return render(request, "accounts/card.html", {"next": safe_path(request, request.GET.get("next", "/"))})


@public("the door itself")
@at_most(CHALLENGES)
@exchanges.exchange(most=1 << 10)
def challenge(request: HttpRequest, body: Body) -> Body:
    """A request to an agent: have the card sign a nonce, which this browser alone may answer, once, for two minutes."""
    nonce, at = secrets.token_bytes(32), now()
    signed = queries.request_for_anybody(
        workstation_id=exchanges.identifier(body, "workstation"),
        claims={"op": "authenticate", "nonce": agent.encoded(nonce)},
        language=get_language() or "fr",
        at=at,
    )
    request.session[CHALLENGE] = {"nonce": nonce.hex(), "until": (at + LASTS).timestamp()}
    return {"request": signed}


@public("the door itself")
@at_most(CHALLENGES)
@exchanges.exchange(most=256 << 10)
def answer(request: HttpRequest, body: Body) -> Body:
    """What the card answered: whoever it is comes in, or has proved again who they are."""
    known = UUID(str(request.user.pk)) if request.user.is_authenticated else None
    to = safe_path(request, str(body.get("next", "/")))
    person_id = actions.recognise_card(
        answer=CardAnswer(
            certificate=exchanges.content(body, "certificate"),
            chain=exchanges.contents(body, "chain", 16),
            algorithm=exchanges.text(body, "algorithm"),
            signature=exchanges.content(body, "signature", 1 << 10),
        ),
        nonce=_take_challenge(request),
        person_id=known,
        actor=actor_of(request),
        at=now(),
    )
    if "workstation" in body:
        actions.note_use(workstation_id=exchanges.identifier(body, "workstation"), actor=actor_of(request), at=now())
    if known:
        prove_again(request, proof=BY_CARD)
        return {"to": to}
    return {"to": enter(request, person_id=person_id, proof=BY_CARD, to=to)["Location"]}


def _take_challenge(request: HttpRequest) -> bytes | None:
    """The nonce that this browser was given, if it still counts; from now on it does not."""
    given = request.session.pop(CHALLENGE, None)
    if given is None or now().timestamp() >= given["until"]:
        return None
    nonce = bytes.fromhex(given["nonce"])
    # Two answers at one moment would both find it in the session: of them, one adds this.
    key = f"card-challenge:{hashlib.sha256(nonce).hexdigest()}"
    return nonce if cache.add(key, 1, int(LASTS.total_seconds()) * 2) else None


@public("the door itself: a trusted proxy says whose certificate it saw")
def sign_in_by_certificate(request: HttpRequest) -> HttpResponse:
    """Come in by the TLS client certificate that a trusted proxy saw; without one, this page does not exist."""
    shown = client_certificate(request)
    if shown is None:
        raise Http404
    to = safe_path(request, request.POST.get("next") or request.GET.get("next", "/"))
    if request.method == "POST":
        return _by_certificate(request, to)
    return render(request, "accounts/certificate.html", {"next": to})


def _by_certificate(request: HttpRequest, to: str) -> HttpResponse:
    shown = client_certificate(request)
    assert shown is not None
    try:
        person_id = actions.recognise_certificate(
            certificate=shown.certificate, chain=shown.chain, actor=actor_of(request), at=now()
        )
    except DomainError as refused:
        context = {"next": to, "refused": refused.sentence}
        return render(request, "accounts/certificate.html", context, status=403)
    return enter(request, person_id=person_id, proof=Proof("certificate", Acr.CARD), to=to)
