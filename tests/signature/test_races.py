"""Two at once: each race is forced to its narrowest place, just before the transaction that takes the act."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections

from telesphore.ades.verdict.result import Conclusion, Indication
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.links.models import Link
from telesphore.reactions.file_signed_document import file_signed_document
from telesphore.reactions.send_patient_copy import send_patient_copy
from telesphore.records.models import Document
from telesphore.signature.actions import close, seal, take, view
from telesphore.signature.actions.copy import LINK_TO_COPY
from telesphore.signature.errors import (
    AlreadySigned,
    EnvelopeClosed,
    NoLongerNeeded,
    SomeoneSignedMeanwhile,
)
from telesphore.signature.facts import EnvelopeCompleted
from telesphore.signature.models import Envelope, Recipient, Revision, Step
from telesphore.signature.states import EnvelopeState, RecipientState
from tests.cast import Cast
from tests.signature.circuits import ODILE, by, doctor_signs, odile_signs, published, sent, token_of, verdict_on


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each act returned, or how it was refused; each in a thread and a connection of its own."""

    def run(act: Callable[[], Any]) -> Any:
        try:
            return act()
        except DomainError as refused:
            return refused
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def meet_before(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, count: int = 2) -> None:
    """Make `count` threads wait for one another just before `module.name` returns; later calls pass."""
    real, barrier, calls, lock = getattr(module, name), threading.Barrier(count, timeout=60), [0], threading.Lock()

    def meeting(*args: Any, **kwargs: Any) -> Any:
        result = real(*args, **kwargs)
        with lock:
            calls[0] += 1
            late = calls[0] > count
        if not late:
            barrier.wait()
        return result

    monkeypatch.setattr(module, name, meeting)


def meet_if_they_can(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, seconds: float = 0.7) -> None:
    """Make two threads wait for one another just before `module.name` is called, for no longer than this: where a lock
    keeps the second away, the first goes on alone."""
    real, barrier = getattr(module, name), threading.Barrier(2, timeout=seconds)

    def meeting(*args: Any, **kwargs: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            barrier.wait()
        return real(*args, **kwargs)

    monkeypatch.setattr(module, name, meeting)


def refusals(results: list[Any]) -> list[type]:
    return [type(result) for result in results if isinstance(result, DomainError)]


def signatures(envelope_id: UUID, cast: Cast) -> int:
    """How many intact signatures the file bears, each by the trust of the hospital."""
    pdf = view.view(envelope_id=envelope_id, actor=cast.sylvie, at=now()).pdf
    verdict = verdict_on(pdf, cast.hospital, published(cast.hospital))
    assert verdict.conclusion is Conclusion.VALID, verdict.findings
    assert all(one.indication is Indication.TOTAL_PASSED for one in verdict.signatures)
    return len(verdict.signatures)


def jobs_named(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = %s", [name])
        return int(cursor.fetchone()[0])


def test_two_who_sign_together_sign_one_after_the_other_and_nothing_is_lost(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = committed_cast
    envelope_id = sent(cast, [by(cast.lebrun), by(cast.ricaud)])
    tokens = {actor: token_of(actor, name) for actor, name in ((cast.lebrun, "Lebrun"), (cast.ricaud, "Ricaud"))}
    meet_before(monkeypatch, take, "complete")
    results = at_once(*(lambda actor=actor: doctor_signs(actor, envelope_id, tokens[actor]) for actor in tokens))
    assert refusals(results) == [SomeoneSignedMeanwhile]
    assert Revision.objects.filter(envelope_id=envelope_id).count() == 2
    late = [cast.lebrun, cast.ricaud][[isinstance(result, DomainError) for result in results].index(True)]
    assert doctor_signs(late, envelope_id, tokens[late]).last
    assert signatures(envelope_id, cast) == 2
    assert jobs_named("signature:seal") == 1


def test_one_of_two_suffices_and_the_next_step_is_called_once(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = committed_cast
    envelope_id = sent(cast, [by(cast.lebrun), by(cast.ricaud)], [ODILE])
    Step.objects.filter(envelope_id=envelope_id, position=0).update(needed=1)
    tokens = {actor: token_of(actor, name) for actor, name in ((cast.lebrun, "Lebrun"), (cast.ricaud, "Ricaud"))}
    meet_before(monkeypatch, take, "complete")
    results = at_once(*(lambda actor=actor: doctor_signs(actor, envelope_id, tokens[actor]) for actor in tokens))
    assert refusals(results) == [NoLongerNeeded]
    # The other is asked no more, while the circuit goes on: nobody is called a second time for it.
    late = [cast.lebrun, cast.ricaud][[isinstance(result, DomainError) for result in results].index(True)]
    with pytest.raises(NoLongerNeeded):
        doctor_signs(late, envelope_id, tokens[late])
    assert Link.objects.filter(subject_id=envelope_id).count() == 1
    assert odile_signs(cast, envelope_id).last
    assert signatures(envelope_id, cast) == 2


def test_one_of_two_suffices_and_the_document_is_sealed_once(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = committed_cast
    envelope_id = sent(cast, [by(cast.lebrun), by(cast.ricaud)])
    Step.objects.filter(envelope_id=envelope_id).update(needed=1)
    tokens = {actor: token_of(actor, name) for actor, name in ((cast.lebrun, "Lebrun"), (cast.ricaud, "Ricaud"))}
    meet_before(monkeypatch, take, "complete")
    results = at_once(*(lambda actor=actor: doctor_signs(actor, envelope_id, tokens[actor]) for actor in tokens))
    assert refusals(results) == [EnvelopeClosed]
    assert jobs_named("signature:seal") == 1
    assert Revision.objects.filter(envelope_id=envelope_id).count() == 2


def test_a_double_click_signs_once(committed_cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    cast = committed_cast
    envelope_id = sent(cast, [ODILE], [by(cast.lebrun)])
    meet_before(monkeypatch, take, "complete")
    results = at_once(*[lambda: odile_signs(cast, envelope_id)] * 2)
    assert refusals(results) == [AlreadySigned]
    assert signatures(envelope_id, cast) == 1
    signed = Event.objects.filter(subject_id=envelope_id, action="signature:recipient:sign")
    assert sorted(signed.values_list("outcome", flat=True)) == ["done", "refused"]


def test_a_document_withdrawn_while_it_is_signed_is_not_signed(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = committed_cast
    envelope_id = sent(cast, [ODILE], [by(cast.lebrun)])
    real = take.complete

    def withdrawn_meanwhile(*args: Any, **kwargs: Any) -> bytes:
        close.void(envelope_id=envelope_id, reason="Mauvais document", actor=cast.sylvie, at=now())
        return real(*args, **kwargs)

    monkeypatch.setattr(take, "complete", withdrawn_meanwhile)
    with pytest.raises(EnvelopeClosed):
        odile_signs(cast, envelope_id)
    assert Revision.objects.filter(envelope_id=envelope_id).count() == 1
    assert not Recipient.objects.filter(envelope_id=envelope_id, state=RecipientState.SIGNED).exists()


@pytest.mark.parametrize("turn", range(3))
def test_void_and_sign_together_leave_one_story(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch, turn: int
) -> None:
    cast = committed_cast
    envelope_id = sent(cast, [ODILE])
    together = threading.Barrier(2, timeout=60)
    real = take.complete

    def complete(*args: Any, **kwargs: Any) -> bytes:
        result = real(*args, **kwargs)
        together.wait()
        return result

    def void() -> None:
        together.wait()
        close.void(envelope_id=envelope_id, reason="Mauvais document", actor=cast.sylvie, at=now())

    monkeypatch.setattr(take, "complete", complete)
    results = at_once(lambda: odile_signs(cast, envelope_id), void)
    # Either the last signature was taken, and a document being sealed is not withdrawn; or it was withdrawn first.
    assert refusals(results) == [EnvelopeClosed]
    envelope = Envelope.objects.get(id=envelope_id)
    signed = Recipient.objects.filter(envelope_id=envelope_id, state=RecipientState.SIGNED).count()
    story = (envelope.state, signed, Revision.objects.filter(envelope_id=envelope_id).count())
    assert story in [(EnvelopeState.SEALING, 1, 2), (EnvelopeState.VOIDED, 0, 1)]


def test_a_document_is_sealed_once_by_two_workers(committed_cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    cast = committed_cast
    envelope_id = sent(cast, [ODILE])
    odile_signs(cast, envelope_id)
    meet_before(monkeypatch, seal, "complete")
    system = Actor.system(cast.hospital)
    results = at_once(*[lambda: seal.seal(envelope_id=envelope_id, actor=system, at=now())] * 2)
    assert results == [None, None]
    assert Envelope.objects.get(id=envelope_id).state == EnvelopeState.COMPLETED
    assert signatures(envelope_id, cast) == 2
    for reaction in ("file_signed_document", "send_patient_copy"):
        assert jobs_named(f"reactions:{reaction}") == 1


def test_reactions_run_twice_at_once_file_once_and_send_one_link(committed_cast: Cast) -> None:
    cast = committed_cast
    envelope_id = sent(cast, [ODILE])
    odile_signs(cast, envelope_id)
    seal.seal(envelope_id=envelope_id, actor=Actor.system(cast.hospital), at=now())
    fact = EnvelopeCompleted(cast.hospital, envelope_id)
    acts = [lambda: file_signed_document(fact), lambda: send_patient_copy(fact)] * 2
    assert at_once(*acts) == [None] * 4
    parts = Document.objects.filter(source_id=envelope_id).values_list("source_part", flat=True)
    assert sorted(parts) == ["evidence", "signed"]
    assert Link.objects.filter(subject_id=envelope_id, purpose=LINK_TO_COPY).count() == 1
    for act in acts:
        act()
    assert Document.objects.filter(source_id=envelope_id).count() == 2
    assert Link.objects.filter(subject_id=envelope_id, purpose=LINK_TO_COPY).count() == 1
