"""Every way in which an envelope moves reaches whoever subscribed to it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.reactions.tell_of_withdrawal import tell_of_withdrawal
from telesphore.reactions.tell_subscribers import tell_subscribers
from telesphore.signature.actions import close, expire
from telesphore.signature.facts import ConsentWithdrawn, EnvelopeMoved
from telesphore.signature.models import Envelope
from telesphore.signature.states import StepKind
from telesphore.webhooks import actions
from telesphore.webhooks.models import Delivery
from telesphore.webhooks.states import What
from tests.cast import Cast
from tests.rest.test_tokens import mona
from tests.signature.circuits import ODILE, by, odile_signs, sent
from tests.signature.test_steps import approve, asks, opine, step, through
from tests.signature.test_withdraw import completed, withdrawn

__all__ = ["mona"]
REACTIONS: dict[str, tuple[Callable[[Any], None], type]] = {
    "reactions:tell_subscribers": (tell_subscribers, EnvelopeMoved),
    "reactions:tell_of_withdrawal": (tell_of_withdrawal, ConsentWithdrawn),
}


@pytest.fixture(autouse=True)
def subscribed(cast: Cast, mona: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's software wants all of it; what a worker would do is done at once."""
    actions.subscribe(url="https://dpi.example/", events=tuple(What.values), actor=mona, at=now() - timedelta(hours=1))

    def enqueue(name: str, **given: Any) -> None:
        if name in REACTIONS:
            react, fact = REACTIONS[name]
            react(fact(**given))

    monkeypatch.setattr("telesphore.jobs.actions.enqueue", enqueue)


def told(envelope_id: UUID) -> list[str]:
    return list(Delivery.objects.filter(envelope_id=envelope_id).order_by("id").values_list("what", flat=True))


def test_signing_and_completing(cast: Cast) -> None:
    envelope_id = completed(cast)
    assert told(envelope_id) == ["envelope.sent", "recipient.acted", "envelope.completed"]


def test_a_review_and_an_opinion(cast: Cast) -> None:
    envelope_id = through(
        cast, step(StepKind.REVIEW, asks(cast.lebrun)), step(StepKind.OPINION, asks(cast.lebrun)),
        step(StepKind.SIGN, asks(cast.lebrun)),
    )  # fmt: skip
    approve(cast.lebrun, envelope_id)
    assert told(envelope_id) == ["envelope.sent", "recipient.acted"]
    opine(cast.lebrun, envelope_id)
    assert told(envelope_id) == ["envelope.sent", "recipient.acted", "recipient.acted"]


def test_a_refusal(cast: Cast) -> None:
    envelope_id = sent(cast, [ODILE])
    close.decline(envelope_id=envelope_id, reason="", actor=cast.odile, at=now())
    assert told(envelope_id)[-1] == "envelope.declined"


def test_what_the_sender_takes_back(cast: Cast) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    close.void(envelope_id=envelope_id, reason="", actor=cast.sylvie, at=now())
    assert told(envelope_id) == ["envelope.sent", "envelope.voided"]


def test_what_was_too_late(cast: Cast) -> None:
    envelope_id = sent(cast, [ODILE])
    at = Envelope.objects.get().expires_at + timedelta(seconds=1)
    expire.expire_due(actor=Actor.system(), at=at)
    assert told(envelope_id) == ["envelope.sent", "envelope.expired"]


def test_a_consent_that_is_withdrawn_is_told_of_the_envelope_that_held_it(cast: Cast) -> None:
    envelope_id = completed(cast)
    withdrawn(cast, envelope_id)
    assert told(envelope_id)[-1] == "consent.withdrawn"
    assert Delivery.objects.filter(what="consent.withdrawn").count() == 1


def test_two_withdrawals_are_two_events(cast: Cast) -> None:
    first, second = completed(cast), sent(cast, [ODILE])
    odile_signs(cast, second)
    for envelope_id in (first, first):
        tell_of_withdrawal(ConsentWithdrawn(cast.hospital, envelope_id, envelope_id))
    tell_of_withdrawal(ConsentWithdrawn(cast.hospital, second, second))
    assert Delivery.objects.filter(what="consent.withdrawn").count() == 2
