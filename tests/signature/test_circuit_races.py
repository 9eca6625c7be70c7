"""Two at once, after sending: the last step, a reminder, a recall, the end of time; one story stays."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.links.models import Link
from telesphore.outbox.models import Notice
from telesphore.signature.actions import recall, remind, review, seal_step, take
from telesphore.signature.errors import NotYourTurn, TooLateToTakeBack
from telesphore.signature.models import Envelope, Recipient, Revision
from telesphore.signature.states import EnvelopeState, StepKind
from tests.cast import Cast
from tests.signature.circuits import doctor_signs, odile_signs, token_of
from tests.signature.test_races import at_once, jobs_named, meet_before, meet_if_they_can, refusals
from tests.signature.test_steps import PATIENT, approve, asks, states, step, through


def test_two_who_approve_the_last_step_together_complete_it_once(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = committed_cast
    envelope_id = through(cast, step(StepKind.REVIEW, asks(cast.lebrun), asks(cast.ricaud)))
    meet_if_they_can(monkeypatch, review, "advance")
    results = at_once(lambda: approve(cast.lebrun, envelope_id), lambda: approve(cast.ricaud, envelope_id))
    assert refusals(results) == []
    assert sorted(result.last for result in results) == [False, True]
    assert Envelope.objects.get(id=envelope_id).state == EnvelopeState.SEALING
    assert jobs_named("signature:seal") == 1


def test_a_reminder_and_the_last_act_together_remind_of_nothing_that_is_done(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = committed_cast
    envelope_id = through(cast, step(StepKind.REVIEW, asks(cast.lebrun)))
    place = Recipient.objects.get(envelope_id=envelope_id)
    real = remind.lock

    def acted_first(*, actor: Actor, envelope_id: object) -> Envelope:
        # The reminder was found due; before it holds the envelope, the recipient acts.
        at_once(lambda: approve(cast.lebrun, place.envelope_id))
        return real(actor=actor, envelope_id=place.envelope_id)

    monkeypatch.setattr(remind, "lock", acted_first)
    later = now() + timedelta(days=4)
    assert remind.remind_due(actor=Actor.system(), at=later) == 0
    assert states(envelope_id) == ["approved"]
    assert not Notice.objects.filter(kind="signature:reminder").exists()


def test_taking_back_and_the_next_one_s_act_together_leave_one_story(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = committed_cast
    envelope_id = through(cast, step(StepKind.SIGN, asks(cast.lebrun)), step(StepKind.SIGN, PATIENT))
    doctor_signs(cast.lebrun, envelope_id, token_of(cast.lebrun, "Lebrun"))
    together, real = threading.Barrier(2, timeout=60), take.complete

    def complete(*args: Any, **kwargs: Any) -> bytes:
        result = real(*args, **kwargs)
        together.wait()
        return result

    def take_back() -> None:
        together.wait()
        recall.take_back(envelope_id=envelope_id, actor=cast.lebrun, at=now())

    monkeypatch.setattr(take, "complete", complete)
    results = at_once(lambda: odile_signs(cast, envelope_id), take_back)
    (refused,) = refusals(results)
    revisions = Revision.objects.filter(envelope_id=envelope_id).count()
    if refused is NotYourTurn:
        assert (states(envelope_id), revisions) == (["waiting", "pending"], 3)
        assert not Link.objects.filter(subject_id=envelope_id, revoked_at=None).exists()
    else:
        assert refused is TooLateToTakeBack
        assert (states(envelope_id), revisions) == (["signed", "signed"], 3)


def test_a_step_is_sealed_once_by_two_workers(committed_cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    cast = committed_cast
    envelope_id = through(cast, step(StepKind.SEAL), step(StepKind.REVIEW, asks(cast.lebrun)))
    meet_before(monkeypatch, seal_step, "complete")
    system = Actor.system(cast.hospital)
    results = at_once(*[lambda: seal_step.seal_step(envelope_id=envelope_id, actor=system, at=now())] * 2)
    assert results == [None, None]
    assert Revision.objects.filter(envelope_id=envelope_id).count() == 2
    assert Notice.objects.filter(kind="signature:invitation").count() == 1
