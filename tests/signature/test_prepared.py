"""Signatures that wait for a card: kept, completed once, dropped when the file moves on."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from telesphore.ades.errors import DamagedPrepared, SignatureDoesNotMatch
from telesphore.ades.verdict.result import Conclusion, Indication
from telesphore.audit import actions as audit
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.signature.actions import close, prepare, seal, view
from telesphore.signature.actions.prepare import ToSign
from telesphore.signature.actions.take import Signed
from telesphore.signature.errors import (
    AlreadySigned,
    EnvelopeClosed,
    EnvelopeExpired,
    EnvelopeNotFound,
    NotYourTurn,
    PreparedDropped,
    PreparedExpired,
    PreparedNotFound,
    PreparedUsed,
    SomeoneSignedMeanwhile,
)
from telesphore.signature.models import Envelope, Prepared, Recipient, Revision, Step
from telesphore.signature.states import PREPARED_TRANSITIONS, PreparedState
from telesphore.vault.queries import read_blob
from tests.cast import NOBODY, Cast
from tests.signature.circuits import ODILE, Token, by, doctor_signs, odile_signs, sent, token_of, verdict_on
from tests.signature.test_races import at_once, refusals


@dataclass(frozen=True)
class Waiting:
    """Odile has signed; Dr Lebrun's signature is prepared."""

    envelope_id: UUID
    card: Token
    asked: ToSign

    @property
    def row(self) -> Prepared:
        return Prepared.objects.get(id=self.asked.prepared_id)

    @property
    def answer(self) -> bytes:
        return self.card.sign(self.asked.to_be_signed)


def prepared(actor: Actor, envelope_id: UUID, card: Token) -> ToSign:
    return prepare.prepare_signature(
        envelope_id=envelope_id, certificate=card.certificate, chain=card.chain, drawing=None, actor=actor, at=now()
    )


def waiting_for(cast: Cast) -> Waiting:
    envelope_id = sent(cast, [ODILE], [by(cast.lebrun)])
    odile_signs(cast, envelope_id)
    card = token_of(cast.lebrun, "Lebrun")
    return Waiting(envelope_id, card, prepared(cast.lebrun, envelope_id, card))


@pytest.fixture
def waiting(cast: Cast) -> Waiting:
    return waiting_for(cast)


def completed(cast: Cast, waiting: Waiting, signature: bytes | None = None, **other: Any) -> Signed:
    answer = waiting.answer if signature is None else signature
    given = {"prepared_id": waiting.asked.prepared_id, "actor": cast.lebrun, "at": now(), "signature": answer, **other}
    return prepare.complete_signature(**given)


def revisions(waiting: Waiting) -> int:
    return Revision.objects.filter(envelope_id=waiting.envelope_id).count()


def test_a_card_is_told_what_it_signs_and_its_answer_completes_the_circuit(cast: Cast, waiting: Waiting) -> None:
    shown = view.view(envelope_id=waiting.envelope_id, actor=cast.lebrun, at=now()).pdf
    assert (waiting.asked.title, waiting.asked.pages) == ("Consentement", 2)
    assert waiting.asked.sha256 == hashlib.sha256(shown).hexdigest()
    assert waiting.asked.expires_at <= Envelope.objects.get(id=waiting.envelope_id).expires_at
    assert completed(cast, waiting).last
    assert waiting.row.state == PreparedState.COMPLETED
    seal.seal(envelope_id=waiting.envelope_id, actor=Actor.system(cast.hospital), at=now())
    sealed = view.view(envelope_id=waiting.envelope_id, actor=cast.lebrun, at=now()).pdf
    assert sealed.startswith(shown)
    verdict = verdict_on(sealed, cast.hospital)
    assert verdict.conclusion is Conclusion.VALID, verdict.findings
    assert [(one.signer.name, one.indication) for one in verdict.signatures] == [
        ("Odile MARCHETTI", Indication.TOTAL_PASSED),
        ("Anne LEBRUN", Indication.TOTAL_PASSED),
        ("Cachet — Centre hospitalier de Montfaucy", Indication.TOTAL_PASSED),
    ]


def test_what_waits_holds_nothing_of_the_file_but_what_is_added(cast: Cast, waiting: Waiting) -> None:
    kept = read_blob(organisation_id=cast.hospital, blob_id=waiting.row.blob_id, limit=10**6)
    shown = view.view(envelope_id=waiting.envelope_id, actor=cast.lebrun, at=now()).pdf
    assert b"%PDF" in shown[:10]
    assert b"%PDF" not in kept.split(b"\n", 2)[2][:100]
    assert shown[-500:] not in kept


def test_the_second_completion_is_refused(cast: Cast, waiting: Waiting) -> None:
    answer = waiting.answer
    completed(cast, waiting, answer)
    with pytest.raises(PreparedUsed):
        completed(cast, waiting, answer)
    assert revisions(waiting) == 3


def test_an_answer_given_again_while_it_is_taken_was_used(
    cast: Cast, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, real = waiting.answer, prepare._reopen

    def taken_meanwhile(row: Prepared) -> Any:
        monkeypatch.setattr(prepare, "_reopen", real)
        completed(cast, waiting, answer)
        return real(row)

    monkeypatch.setattr(prepare, "_reopen", taken_meanwhile)
    with pytest.raises(PreparedUsed):
        completed(cast, waiting, answer)
    assert waiting.row.state == PreparedState.COMPLETED
    assert revisions(waiting) == 3


def test_of_two_completions_at_once_one_is_taken(committed_cast: Cast) -> None:
    waiting = waiting_for(committed_cast)
    answer = waiting.answer
    results = at_once(*[lambda: completed(committed_cast, waiting, answer)] * 2)
    assert refusals(results) == [PreparedUsed]
    assert revisions(waiting) == 3


def test_a_revision_added_meanwhile_drops_it(cast: Cast) -> None:
    envelope_id = sent(cast, [by(cast.lebrun), by(cast.ricaud)])
    card = token_of(cast.lebrun, "Lebrun")
    waiting = Waiting(envelope_id, card, prepared(cast.lebrun, envelope_id, card))
    doctor_signs(cast.ricaud, envelope_id, token_of(cast.ricaud, "Ricaud"))
    with pytest.raises(SomeoneSignedMeanwhile):
        completed(cast, waiting)
    assert waiting.row.state == PreparedState.DROPPED
    with pytest.raises(PreparedDropped):
        completed(cast, waiting)
    assert revisions(waiting) == 2
    again = Waiting(envelope_id, card, prepared(cast.lebrun, envelope_id, card))
    assert completed(cast, again).last


def test_what_is_no_longer_what_was_prepared_is_dropped(cast: Cast, waiting: Waiting) -> None:
    answer = waiting.answer
    first = Revision.objects.get(envelope_id=waiting.envelope_id, number=0)
    for change in ({"blob_id": first.blob_id}, {"to_be_signed_sha256": hashlib.sha256(b"another").digest()}):
        asked = prepared(cast.lebrun, waiting.envelope_id, waiting.card)
        Prepared.objects.filter(id=asked.prepared_id).update(**change)
        with pytest.raises(DamagedPrepared):
            completed(cast, waiting, answer, prepared_id=asked.prepared_id)
        assert Prepared.objects.get(id=asked.prepared_id).state == PreparedState.DROPPED
    assert revisions(waiting) == 2


def test_a_file_that_changed_meanwhile_is_not_signed(
    cast: Cast, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = prepare.read_revision
    monkeypatch.setattr(prepare, "read_revision", lambda row: real(row).replace(b"/MediaBox", b"/MediaBax"))
    with pytest.raises(DamagedPrepared):
        completed(cast, waiting)
    assert waiting.row.state == PreparedState.DROPPED


def test_a_signature_that_does_not_match_leaves_it_waiting(cast: Cast, waiting: Waiting) -> None:
    for wrong in (waiting.card.sign(b"something else"), b"", b"\x00" * 256):
        with pytest.raises(SignatureDoesNotMatch):
            completed(cast, waiting, wrong)
    assert waiting.row.state == PreparedState.WAITING
    assert completed(cast, waiting).last


def test_it_expires(cast: Cast, waiting: Waiting) -> None:
    with pytest.raises(PreparedExpired):
        completed(cast, waiting, at=waiting.asked.expires_at)
    assert completed(cast, waiting, at=waiting.asked.expires_at - timedelta(microseconds=1)).last


def test_it_does_not_outlive_its_envelope(cast: Cast, waiting: Waiting) -> None:
    Envelope.objects.update(expires_at=now())
    with pytest.raises(EnvelopeExpired):
        completed(cast, waiting)


def test_what_was_withdrawn_is_not_completed(cast: Cast, waiting: Waiting) -> None:
    close.void(envelope_id=waiting.envelope_id, reason="Mauvais document", actor=cast.sylvie, at=now())
    with pytest.raises(EnvelopeClosed):
        completed(cast, waiting)


def test_whoever_signed_with_another_token_is_told_so(cast: Cast, waiting: Waiting) -> None:
    doctor_signs(cast.lebrun, waiting.envelope_id, waiting.card)
    with pytest.raises((AlreadySigned, EnvelopeClosed)):
        completed(cast, waiting)


def test_preparing_again_drops_the_one_before(cast: Cast, waiting: Waiting) -> None:
    again = prepared(cast.lebrun, waiting.envelope_id, waiting.card)
    with pytest.raises(PreparedDropped):
        completed(cast, waiting)
    assert completed(cast, Waiting(waiting.envelope_id, waiting.card, again)).last


def test_its_owner_gives_it_up(cast: Cast, waiting: Waiting) -> None:
    for _ in range(2):
        prepare.drop_prepared(prepared_id=waiting.asked.prepared_id, actor=cast.lebrun, at=now())
    with pytest.raises(PreparedDropped):
        completed(cast, waiting)
    assert Event.objects.filter(action="signature:recipient:drop-prepared", outcome="done").count() == 1


def test_nobody_else_can_tell_that_it_exists(cast: Cast, waiting: Waiting) -> None:
    answer = waiting.answer
    for actor in (NOBODY, cast.ricaud, cast.cherif, cast.odile, cast.ibrahim, cast.sylvie, Actor.system(cast.hospital)):
        with pytest.raises(PreparedNotFound):
            completed(cast, waiting, answer, actor=actor)
        with pytest.raises(PreparedNotFound):
            prepare.drop_prepared(prepared_id=waiting.asked.prepared_id, actor=actor, at=now())
    with pytest.raises(PreparedNotFound):
        completed(cast, waiting, answer, prepared_id=uuid7())
    for actor in (NOBODY, cast.ricaud, cast.cherif, cast.odile, cast.ibrahim, cast.sylvie):
        with pytest.raises(EnvelopeNotFound):
            prepared(actor, waiting.envelope_id, waiting.card)
    assert waiting.row.state == PreparedState.WAITING


def test_nothing_is_prepared_before_ones_turn(cast: Cast) -> None:
    envelope_id = sent(cast, [ODILE], [by(cast.lebrun)])
    with pytest.raises(NotYourTurn):
        prepared(cast.lebrun, envelope_id, token_of(cast.lebrun, "Lebrun"))
    assert not Prepared.objects.exists()


def test_one_waits_per_recipient(cast: Cast, waiting: Waiting) -> None:
    row = waiting.row
    row.id = uuid7()
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


ACTS: dict[str, Callable[[Cast, Waiting], Any]] = {
    "signature:recipient:prepare": lambda cast, waiting: prepared(cast.lebrun, waiting.envelope_id, waiting.card),
    "signature:recipient:sign": lambda cast, waiting: completed(cast, waiting),
    "signature:recipient:drop-prepared": lambda cast, waiting: prepare.drop_prepared(
        prepared_id=waiting.asked.prepared_id, actor=cast.lebrun, at=now()
    ),
}


class TrailBroken(Exception):
    """The trail can't be written."""


@pytest.mark.parametrize("action", ACTS)
def test_no_act_without_its_trace(cast: Cast, waiting: Waiting, monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    real = audit.record

    def everything() -> list[Any]:
        return [
            sorted(Prepared.objects.values_list("id", "state")),
            sorted(Recipient.objects.values_list("id", "state")),
            sorted(Step.objects.values_list("id", "completed_at"), key=str),
            revisions(waiting),
        ]

    def record(name: str, **fields: Any) -> UUID:
        if name == action:
            raise TrailBroken
        return real(name, **fields)

    before = everything()
    monkeypatch.setattr(audit, "record", record)
    with pytest.raises(TrailBroken):
        ACTS[action](cast, waiting)
    assert everything() == before
    monkeypatch.undo()
    ACTS[action](cast, waiting)
    assert everything() != before


def test_what_has_ended_stays_ended() -> None:
    assert PREPARED_TRANSITIONS[PreparedState.COMPLETED] == PREPARED_TRANSITIONS[PreparedState.DROPPED] == set()
