"""Taking back what one did, until the next has acted; handing one's place over; correcting an address."""

import io
from dataclasses import replace
from datetime import timedelta

import pytest

from telesphore.ades.algorithms import TS_119_312
from telesphore.ades.verdict.result import Conclusion
from telesphore.ades.verdict.trust import Anchor, AnchorKind, Trust
from telesphore.audit import actions as audit
from telesphore.audit.models import Event
from telesphore.cli.kit import check_kit
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.links.models import Link
from telesphore.outbox.models import Notice
from telesphore.pki import queries as trust
from telesphore.records.models import Patient
from telesphore.signature import queries
from telesphore.signature.actions import close, hand_over, prepare, recall, results, seal, seal_step, view
from telesphore.signature.actions.compose import Party
from telesphore.signature.actions.correct_recipient import Reach, correct_recipient
from telesphore.signature.actions.kit import make_kit
from telesphore.signature.errors import (
    AlreadyInTheStep,
    EnvelopeNotFound,
    NotAnAddress,
    NotAwaited,
    OwnAddress,
    PreparedNotFound,
    RecipientNotFound,
    TooLateToTakeBack,
    UnknownSigner,
)
from telesphore.signature.models import Envelope, Recipient, Revision
from telesphore.signature.states import EnvelopeState, PartyRole, Purpose, StepKind
from tests.cast import Cast
from tests.signature.circuits import doctor_signs, odile_signs, published, token_of, verdict_on
from tests.signature.test_steps import PATIENT, approve, asks, opine, states, step, through


def test_a_review_is_taken_back_and_who_was_called_after_it_is_asked_no_more(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.REVIEW, asks(cast.lebrun)), step(StepKind.SIGN, PATIENT))
    approve(cast.lebrun, envelope_id, "Relu.")
    link = Link.objects.get(subject_id=envelope_id)
    assert queries.envelope(envelope_id=envelope_id, actor=cast.lebrun, at=now()).may_take_back
    recall.take_back(envelope_id=envelope_id, actor=cast.lebrun, at=now())
    assert states(envelope_id) == ["waiting", "pending"]
    assert Envelope.objects.get(id=envelope_id).state == EnvelopeState.SENT
    link.refresh_from_db()
    assert link.revoked_at is not None
    assert Notice.objects.filter(kind="signature:release").count() == 1
    (line,) = queries.envelope(envelope_id=envelope_id, actor=cast.lebrun, at=now()).steps[0].recipients
    assert (line.comment, line.acted_at) == ("", None)
    approve(cast.lebrun, envelope_id)
    assert states(envelope_id) == ["approved", "waiting"]
    assert Link.objects.filter(subject_id=envelope_id, revoked_at=None).count() == 1
    assert odile_signs(cast, envelope_id).last


def test_a_signature_taken_back_leaves_the_file_and_stays_in_the_trail(cast: Cast) -> None:
    envelope_id = through(
        cast,
        step(StepKind.SIGN, asks(cast.lebrun)),
        step(StepKind.SIGN, PATIENT),
        step(StepKind.REVIEW, asks(cast.ricaud)),
    )
    token = token_of(cast.lebrun, "Lebrun")
    doctor_signs(cast.lebrun, envelope_id, token)
    recall.take_back(envelope_id=envelope_id, actor=cast.lebrun, at=now())
    assert states(envelope_id) == ["waiting", "pending", "pending"]
    rows = list(Revision.objects.filter(envelope_id=envelope_id).order_by("number"))
    assert [bytes(row.sha256) == bytes(rows[0].sha256) for row in rows] == [True, False, True]
    assert [row.number for row in queries.revisions_of(organisation_id=cast.hospital, envelope_id=envelope_id)] == [0]
    assert queries.is_unsigned(rows[2])
    events = Event.objects.filter(subject_id=envelope_id, person_id=cast.lebrun.person, outcome="done")
    assert list(events.order_by("at").values_list("action", flat=True)) == [
        "signature:recipient:sign",
        "signature:recipient:recall",
    ]
    # Signed again, it certifies again: the whole is valid, and the evidence and the kit tell of what the file holds.
    doctor_signs(cast.lebrun, envelope_id, token)
    odile_signs(cast, envelope_id)
    recall.take_back(envelope_id=envelope_id, actor=cast.odile, at=now())
    assert states(envelope_id) == ["signed", "waiting", "pending"]
    assert Link.objects.filter(subject_id=envelope_id, revoked_at=None, used_up_at=None).count() == 1
    odile_signs(cast, envelope_id)
    approve(cast.ricaud, envelope_id)
    system = Actor.system(cast.hospital)
    seal.seal(envelope_id=envelope_id, actor=system, at=now())
    verdict = verdict_on(
        view.view(envelope_id=envelope_id, actor=cast.sylvie, at=now()).pdf, cast.hospital, published(cast.hospital)
    )
    assert (verdict.conclusion, len(verdict.signatures)) == (Conclusion.VALID, 3)
    numbers = [row.number for row in queries.revisions_of(organisation_id=cast.hospital, envelope_id=envelope_id)]
    assert numbers == [0, 3, 6, 7]
    results.file_results(envelope_id=envelope_id, actor=system, at=now())


def test_nothing_is_taken_back_once_the_next_has_acted(cast: Cast) -> None:
    envelope_id = through(
        cast,
        step(StepKind.REVIEW, asks(cast.lebrun), asks(cast.ricaud)),
        step(StepKind.SIGN, PATIENT),
        step(StepKind.OPINION, asks(cast.ricaud)),
    )
    approve(cast.lebrun, envelope_id)
    approve(cast.ricaud, envelope_id)
    with pytest.raises(TooLateToTakeBack):
        recall.take_back(envelope_id=envelope_id, actor=cast.lebrun, at=now())
    assert not queries.envelope(envelope_id=envelope_id, actor=cast.lebrun, at=now()).may_take_back
    recall.take_back(envelope_id=envelope_id, actor=cast.ricaud, at=now())
    # Now the one before is the last again.
    recall.take_back(envelope_id=envelope_id, actor=cast.lebrun, at=now())
    assert states(envelope_id) == ["waiting", "waiting", "pending", "pending"]


def test_nothing_is_taken_back_once_it_is_sealed_or_closed_or_over(cast: Cast) -> None:
    sealing = through(cast, step(StepKind.REVIEW, asks(cast.lebrun)))
    approve(cast.lebrun, sealing)
    closed = through(cast, step(StepKind.REVIEW, asks(cast.lebrun)), step(StepKind.SIGN, PATIENT))
    approve(cast.lebrun, closed)
    close.decline(envelope_id=closed, reason="", actor=cast.odile, at=now())
    step_sealed = through(
        cast, step(StepKind.REVIEW, asks(cast.lebrun)), step(StepKind.SEAL), step(StepKind.SIGN, PATIENT)
    )
    approve(cast.lebrun, step_sealed)
    seal_step.seal_step(envelope_id=step_sealed, actor=Actor.system(cast.hospital), at=now())
    for envelope_id in (sealing, closed, step_sealed):
        with pytest.raises(TooLateToTakeBack):
            recall.take_back(envelope_id=envelope_id, actor=cast.lebrun, at=now())
    over = through(cast, step(StepKind.REVIEW, asks(cast.lebrun)), step(StepKind.SIGN, PATIENT))
    approve(cast.lebrun, over)
    with pytest.raises(TooLateToTakeBack):
        recall.take_back(envelope_id=over, actor=cast.lebrun, at=now() + timedelta(days=31))


def test_a_seal_that_waits_is_not_put_on_what_was_taken_back(cast: Cast) -> None:
    envelope_id = through(
        cast, step(StepKind.SIGN, PATIENT), step(StepKind.SEAL), step(StepKind.REVIEW, asks(cast.lebrun))
    )
    odile_signs(cast, envelope_id)
    recall.take_back(envelope_id=envelope_id, actor=cast.odile, at=now())
    seal_step.seal_step(envelope_id=envelope_id, actor=Actor.system(cast.hospital), at=now())
    assert states(envelope_id) == ["waiting", "pending"]
    assert Revision.objects.filter(envelope_id=envelope_id).count() == 3


def test_those_released_by_an_act_that_is_taken_back_are_asked_again(cast: Cast) -> None:
    envelope_id = through(
        cast, step(StepKind.REVIEW, asks(cast.lebrun), asks(cast.ricaud), needed=1), step(StepKind.SIGN, PATIENT)
    )
    approve(cast.lebrun, envelope_id)
    assert states(envelope_id) == ["approved", "released", "waiting"]
    recall.take_back(envelope_id=envelope_id, actor=cast.lebrun, at=now())
    assert states(envelope_id) == ["waiting", "waiting", "pending"]


def test_strangers_and_other_recipients_take_nothing_back(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.REVIEW, asks(cast.lebrun)), step(StepKind.SIGN, PATIENT))
    approve(cast.lebrun, envelope_id)
    for stranger in (cast.ricaud, cast.cherif, cast.ibrahim, replace(cast.lebrun, roles=frozenset())):
        with pytest.raises(EnvelopeNotFound):
            recall.take_back(envelope_id=envelope_id, actor=stranger, at=now())
    for other in (cast.sylvie, cast.odile):
        with pytest.raises(TooLateToTakeBack):
            recall.take_back(envelope_id=envelope_id, actor=other, at=now())


def test_the_sender_has_it_back_as_a_draft_as_long_as_nobody_has_acted(cast: Cast) -> None:
    steps = (step(StepKind.OPINION, asks(cast.lebrun)), step(StepKind.SIGN, PATIENT))
    envelope_id = through(cast, *steps, message="Merci.")
    for stranger in (cast.lebrun, cast.ricaud, cast.cherif, cast.odile):
        with pytest.raises(EnvelopeNotFound):
            recall.recall(envelope_id=envelope_id, actor=stranger, at=now())
    draft_id = recall.recall(envelope_id=envelope_id, actor=cast.sylvie, at=now())
    assert Envelope.objects.get(id=envelope_id).state == EnvelopeState.VOIDED
    draft = queries.draft(draft_id=draft_id, actor=cast.sylvie)
    assert (draft.follows_id, draft.composition.message, len(draft.composition.steps)) == (envelope_id, "Merci.", 2)
    acted = through(cast, *steps)
    opine(cast.lebrun, acted)
    with pytest.raises(TooLateToTakeBack):
        recall.recall(envelope_id=acted, actor=cast.sylvie, at=now())


def test_one_hands_one_s_place_over_to_a_colleague_once_and_for_good(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.SIGN, asks(cast.lebrun)), step(StepKind.SIGN, PATIENT))
    token = token_of(cast.lebrun, "Lebrun")
    waiting = prepare.prepare_signature(
        envelope_id=envelope_id, certificate=token.certificate, chain=token.chain, drawing=None, actor=cast.lebrun,
        at=now(),
    )  # fmt: skip
    for refusal, successor in (
        (UnknownSigner, cast.sylvie), (UnknownSigner, cast.cherif), (UnknownSigner, cast.lebrun),
    ):  # fmt: skip
        with pytest.raises(refusal):
            hand_over.hand_over(envelope_id=envelope_id, successor_id=successor.person, actor=cast.lebrun, at=now())
    hand_over.hand_over(envelope_id=envelope_id, successor_id=cast.ricaud.person, actor=cast.lebrun, at=now())
    with pytest.raises(EnvelopeNotFound):
        queries.envelope(envelope_id=envelope_id, actor=cast.lebrun, at=now())
    with pytest.raises(PreparedNotFound):
        prepare.complete_signature(
            prepared_id=waiting.prepared_id, signature=token.sign(waiting.to_be_signed), actor=cast.lebrun, at=now()
        )
    assert Notice.objects.filter(kind="signature:invitation").count() == 2
    doctor_signs(cast.ricaud, envelope_id, token_of(cast.ricaud, "Ricaud"))
    event = Event.objects.get(action="signature:recipient:hand-over", outcome="done")
    assert event.detail == {"from": str(cast.lebrun.person), "to": str(cast.ricaud.person)}
    with pytest.raises(NotAwaited):
        hand_over.hand_over(envelope_id=envelope_id, successor_id=cast.lebrun.person, actor=cast.ricaud, at=now())


def test_only_the_holder_hands_a_place_over_and_not_to_who_is_asked_beside(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.REVIEW, asks(cast.lebrun), asks(cast.ricaud)))
    for stranger in (cast.sylvie, cast.cherif, cast.odile):
        with pytest.raises(EnvelopeNotFound):
            hand_over.hand_over(envelope_id=envelope_id, successor_id=cast.ricaud.person, actor=stranger, at=now())
    with pytest.raises(AlreadyInTheStep):
        hand_over.hand_over(envelope_id=envelope_id, successor_id=cast.ricaud.person, actor=cast.lebrun, at=now())


REACH = Reach("odile@ailleurs.example", "+33639980199")


def test_a_corrected_address_gets_a_new_link_and_the_old_one_is_dead(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.SIGN, PATIENT))
    place = Recipient.objects.get(envelope_id=envelope_id)
    correct_recipient(envelope_id=envelope_id, recipient_id=place.id, reach=REACH, actor=cast.sylvie, at=now())
    first, second = Link.objects.filter(subject_id=envelope_id).order_by("created_at")
    assert (first.revoked_at is None, second.revoked_at) == (False, None)
    assert second.phone == REACH.phone
    patient = Patient.objects.get(id=cast.odile_id)
    assert (patient.email, patient.phone) == (REACH.email, REACH.phone)
    place.refresh_from_db()
    assert place.link_id == second.id


def test_a_guest_s_address_is_corrected_where_it_is_sealed(cast: Cast) -> None:
    interpreter = Party(
        role=PartyRole.INTERPRETER, name="Ana Sousa", email="ana@faux.example", phone="+33639980166",
        quality="interprète en portugais", purpose=Purpose.ACKNOWLEDGES,
    )  # fmt: skip
    envelope_id = through(cast, step(StepKind.SIGN, PATIENT), step(StepKind.SIGN, interpreter))
    row = Envelope.objects.get(id=envelope_id)
    place = Recipient.objects.get(envelope_id=envelope_id, role=PartyRole.INTERPRETER)
    correct_recipient(envelope_id=envelope_id, recipient_id=place.id, reach=REACH, actor=cast.sylvie, at=now())
    place.refresh_from_db()
    card = queries.guests_of([(row, place)])[place.id]
    assert (card.name, card.email, card.phone, card.quality) == (
        "Ana Sousa", REACH.email, REACH.phone, "interprète en portugais",
    )  # fmt: skip
    assert Patient.objects.get(id=cast.odile_id).email != REACH.email


def test_an_address_is_corrected_by_the_sender_alone_and_never_to_their_own(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.SIGN, PATIENT), step(StepKind.REVIEW, asks(cast.lebrun)))
    patient_place, doctor_place = Recipient.objects.filter(envelope_id=envelope_id).order_by("step__position")

    def correct(actor: Actor, place: Recipient, reach: Reach) -> None:
        correct_recipient(envelope_id=envelope_id, recipient_id=place.id, reach=reach, actor=actor, at=now())

    for stranger in (cast.lebrun, cast.ricaud, cast.cherif, cast.odile):
        with pytest.raises(EnvelopeNotFound):
            correct(stranger, patient_place, REACH)
    with pytest.raises(RecipientNotFound):
        correct(cast.sylvie, doctor_place, REACH)
    for email in ("sylvie.courtois@montfaucy.example", "Anne.Lebrun@montfaucy.example"):
        with pytest.raises(OwnAddress):
            correct(cast.sylvie, patient_place, replace(REACH, email=email))
    for wrong in (Reach("odile", REACH.phone), Reach(REACH.email, "0639980199"), Reach("@x.y", REACH.phone)):
        with pytest.raises(NotAnAddress):
            correct(cast.sylvie, patient_place, wrong)
    assert Link.objects.filter(subject_id=envelope_id).count() == 1
    odile_signs(cast, envelope_id)
    with pytest.raises(NotAwaited):
        correct(cast.sylvie, patient_place, REACH)


def test_the_kit_of_a_document_whose_signature_was_taken_back_proves_itself(cast: Cast) -> None:
    envelope_id = through(
        cast, step(StepKind.SIGN, PATIENT), step(StepKind.SEAL), step(StepKind.SIGN, asks(cast.lebrun))
    )
    system = Actor.system(cast.hospital)
    odile_signs(cast, envelope_id)
    recall.take_back(envelope_id=envelope_id, actor=cast.odile, at=now())
    odile_signs(cast, envelope_id)
    seal_step.seal_step(envelope_id=envelope_id, actor=system, at=now())
    doctor_signs(cast.lebrun, envelope_id, token_of(cast.lebrun, "Lebrun"))
    seal.seal(envelope_id=envelope_id, actor=system, at=now())
    results.file_results(envelope_id=envelope_id, actor=system, at=now())
    while audit.seal_once(at=now()).more:
        pass
    out = io.BytesIO()
    make_kit(envelope_id=envelope_id, actor=cast.sylvie, at=now(), out=out)
    anchors = [Anchor(root, AnchorKind.LOCAL) for root in trust.trust_anchors(cast.hospital)]
    out.seek(0)
    assert check_kit(out, Trust(anchors, TS_119_312), at=now()).problem == ""
