"""After sending: reviews, opinions, seals, k of n; who acts in another's place; what is told to whom."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection

from telesphore.accounts import actions as accounts
from telesphore.audit.models import Event
from telesphore.jobs import queries as job_queries
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.clock import now
from telesphore.links.models import Link
from telesphore.outbox.models import Notice
from telesphore.records import actions as records
from telesphore.signature import queries
from telesphore.signature.actions import advise, close, review, seal, seal_step, send, sign, tell, view
from telesphore.signature.actions.compose import Composition, Part, Party, StepPlan
from telesphore.signature.errors import (
    AlreadyActed,
    EnvelopeNotFound,
    NoLongerNeeded,
    NotAskedForThat,
    NotAskedToSign,
    NotYourTurn,
    OpinionStopsNothing,
)
from telesphore.signature.models import Envelope, Recipient, Revision
from telesphore.signature.states import (
    EnvelopeState,
    Opinion,
    PartyRole,
    Purpose,
    RecipientState,
    StepKind,
)
from tests.cast import Cast
from tests.papers import blank
from tests.records.test_accounts import last_mail
from tests.signature.circuits import doctor_signs, odile_signs, published, token_of, verdict_on

PATIENT = Party(role=PartyRole.PATIENT, purpose=Purpose.CONSENTS)


def asks(actor: Actor, language: str = "") -> Party:
    """A professional, of whom a step asks something."""
    assert language in ("", "fr", "en")
    return Party(role=PartyRole.PROFESSIONAL, person_id=actor.person_id, purpose=Purpose.VALIDATES, language=language)  # type: ignore[arg-type]  # Checked above.


def step(kind: StepKind, *parties: Party, needed: int | None = None) -> StepPlan:
    return StepPlan(kind=kind, parties=parties, needed=needed)


def through(cast: Cast, *steps: StepPlan, watchers: Sequence[UUID] = (), **more: object) -> UUID:
    """Two blank pages of Odile's, sent by Sylvie through these steps."""
    deposited = records.deposit(
        patient_id=cast.odile_id, title="Consentement", type_code="59284-0", class_code="52", content=blank(2),
        actor=cast.sylvie, at=now(),
    )  # fmt: skip
    composition = Composition(
        documents=(Part(document_id=deposited.document_id),),
        steps=steps,
        watchers=tuple(watchers),
        **more,  # type: ignore[arg-type]
    )
    return send.send_composition(composition=composition, actor=cast.sylvie, at=now())


def states(envelope_id: UUID) -> list[str]:
    """Of the recipients, step by step, and by name within a step."""
    rows = Recipient.objects.filter(envelope_id=envelope_id).order_by("step__position", "state")
    return list(rows.values_list("state", flat=True))


def approve(actor: Actor, envelope_id: UUID, comment: str = "") -> review.Answered:
    return review.approve(envelope_id=envelope_id, comment=comment, actor=actor, at=now())


def opine(
    actor: Actor, envelope_id: UUID, opinion: Opinion = Opinion.UNFAVOURABLE, comment: str = ""
) -> review.Answered:
    return advise.advise(envelope_id=envelope_id, opinion=opinion, comment=comment, actor=actor, at=now())


def told(kind: str, about: UUID) -> int:
    return Notice.objects.filter(kind=kind, about=about).count()


def test_a_review_with_a_comment_then_an_opinion_then_a_signature(cast: Cast) -> None:
    envelope_id = through(
        cast,
        step(StepKind.REVIEW, asks(cast.lebrun)),
        step(StepKind.OPINION, asks(cast.ricaud)),
        step(StepKind.SIGN, PATIENT),
    )
    with pytest.raises(NotYourTurn):
        opine(cast.ricaud, envelope_id)
    assert not approve(cast.lebrun, envelope_id, "Relu avec l'interne.").last
    assert not opine(cast.ricaud, envelope_id, comment="Risque hémorragique.").last
    assert odile_signs(cast, envelope_id).last
    assert states(envelope_id) == [RecipientState.APPROVED, RecipientState.ADVISED, RecipientState.SIGNED]
    first, second, _third = queries.envelope(envelope_id=envelope_id, actor=cast.sylvie, at=now()).steps
    assert (first.kind, first.done, first.recipients[0].comment) == (StepKind.REVIEW, 1, "Relu avec l'interne.")
    assert (second.recipients[0].opinion, second.recipients[0].comment) == ("unfavourable", "Risque hémorragique.")
    written = Recipient.objects.exclude(comment_sealed=None).values_list("comment_sealed", flat=True)
    assert len(written) == 2
    assert not any(word in bytes(sealed) for sealed in written for word in (b"interne", b"Risque"))


def test_who_has_no_opinion_says_so_and_the_circuit_goes_on(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.OPINION, asks(cast.ricaud)), step(StepKind.SIGN, PATIENT))
    opine(cast.ricaud, envelope_id, Opinion.ABSTAINED, "Je n’ai pas vu ce patient.")
    (said,) = queries.envelope(envelope_id=envelope_id, actor=cast.sylvie, at=now()).steps[0].recipients
    assert (said.opinion, said.comment) == ("abstained", "Je n’ai pas vu ce patient.")
    assert states(envelope_id) == [RecipientState.ADVISED, RecipientState.WAITING]


def test_the_patient_does_not_read_what_professionals_write_among_themselves(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.OPINION, asks(cast.lebrun)), step(StepKind.SIGN, PATIENT))
    opine(cast.lebrun, envelope_id, comment="Risque hémorragique.")
    seen = queries.envelope(envelope_id=envelope_id, actor=cast.odile, at=now())
    assert (seen.steps[0].recipients[0].opinion, seen.steps[0].recipients[0].comment) == ("", "")


def test_each_is_asked_for_one_thing_and_can_not_do_another(cast: Cast) -> None:
    reviewed = through(cast, step(StepKind.REVIEW, asks(cast.lebrun)), step(StepKind.SIGN, PATIENT))
    with pytest.raises(NotAskedForThat):
        opine(cast.lebrun, reviewed)
    with pytest.raises(NotAskedToSign):
        doctor_signs(cast.lebrun, reviewed, token_of(cast.lebrun, "Lebrun"))
    signed = through(cast, step(StepKind.SIGN, asks(cast.lebrun)))
    with pytest.raises(NotAskedForThat):
        approve(cast.lebrun, signed)
    assert states(signed) == [RecipientState.WAITING]


@pytest.mark.parametrize("act", [approve, opine])
def test_strangers_and_those_who_only_watch_answer_nothing(cast: Cast, act: object) -> None:
    assert callable(act)
    kind = StepKind.REVIEW if act is approve else StepKind.OPINION
    envelope_id = through(cast, step(kind, asks(cast.lebrun)), watchers=[cast.ricaud.person])
    for actor in (
        cast.ricaud,
        cast.cherif,
        cast.sylvie,
        cast.odile,
        cast.ibrahim,
        replace(cast.lebrun, roles=frozenset()),
    ):
        with pytest.raises(EnvelopeNotFound):
            act(actor, envelope_id)
    act(cast.lebrun, envelope_id)
    with pytest.raises(AlreadyActed):
        act(cast.lebrun, envelope_id)


def test_a_refused_review_returns_to_the_sender_with_its_comment_and_can_be_sent_again(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.REVIEW, asks(cast.lebrun)), step(StepKind.SIGN, PATIENT))
    close.decline(envelope_id=envelope_id, reason="Il manque la date.", actor=cast.lebrun, at=now())
    seen = queries.envelope(envelope_id=envelope_id, actor=cast.sylvie, at=now())
    assert (seen.state, seen.reason) == (EnvelopeState.DECLINED, "Il manque la date.")
    assert states(envelope_id) == [RecipientState.DECLINED, RecipientState.RELEASED]
    assert told("signature:declined", envelope_id) == 1
    assert not Link.objects.filter(subject_id=envelope_id).exists()


def test_an_opinion_stops_nothing_not_even_by_being_refused(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.OPINION, asks(cast.lebrun)), step(StepKind.SIGN, PATIENT))
    with pytest.raises(OpinionStopsNothing):
        close.decline(envelope_id=envelope_id, reason="Non.", actor=cast.lebrun, at=now())
    assert Envelope.objects.get(id=envelope_id).state == EnvelopeState.SENT
    opine(cast.lebrun, envelope_id, Opinion.UNFAVOURABLE)
    assert states(envelope_id) == [RecipientState.ADVISED, RecipientState.WAITING]


def test_once_enough_have_acted_the_others_are_asked_no_more(cast: Cast) -> None:
    envelope_id = through(
        cast,
        step(StepKind.SIGN, PATIENT, asks(cast.lebrun), asks(cast.ricaud), needed=1),
        step(StepKind.REVIEW, asks(cast.ricaud)),
    )
    doctor_signs(cast.lebrun, envelope_id, token_of(cast.lebrun, "Lebrun"))
    assert states(envelope_id) == ["released", "released", "signed", "waiting"]
    assert Link.objects.get(subject_id=envelope_id).revoked_at is not None
    assert Notice.objects.filter(kind="signature:release").count() == 2
    with pytest.raises(NoLongerNeeded):
        odile_signs(cast, envelope_id)
    assert approve(cast.ricaud, envelope_id).last


def test_two_of_three_must_act(cast: Cast) -> None:
    envelope_id = through(
        cast, step(StepKind.REVIEW, asks(cast.lebrun), asks(cast.ricaud), needed=2), step(StepKind.SIGN, PATIENT)
    )
    approve(cast.ricaud, envelope_id)
    assert states(envelope_id) == ["approved", "waiting", "pending"]
    approve(cast.lebrun, envelope_id)
    assert states(envelope_id)[2] == "waiting"


def test_the_organisation_seals_in_the_middle_and_the_circuit_goes_on(cast: Cast) -> None:
    envelope_id = through(
        cast,
        step(StepKind.SIGN, asks(cast.lebrun)),
        step(StepKind.SEAL),
        step(StepKind.SIGN, PATIENT),
        step(StepKind.SEAL),
    )
    system = Actor.system(cast.hospital)
    assert not doctor_signs(cast.lebrun, envelope_id, token_of(cast.lebrun, "Lebrun")).last
    seen = queries.envelope(envelope_id=envelope_id, actor=cast.sylvie, at=now())
    assert (seen.state, seen.seal) == (EnvelopeState.IN_PROGRESS, queries.SealWait())
    assert queries.sent(actor=cast.sylvie, at=now())[0][0].seal == queries.SealWait()
    for _again in range(2):
        seal_step.seal_step(envelope_id=envelope_id, actor=system, at=now())
    assert Revision.objects.filter(envelope_id=envelope_id).count() == 3
    assert states(envelope_id) == ["signed", "waiting"]
    assert not odile_signs(cast, envelope_id).last
    seal_step.seal_step(envelope_id=envelope_id, actor=system, at=now())
    assert Envelope.objects.get(id=envelope_id).state == EnvelopeState.SEALING
    seal.seal(envelope_id=envelope_id, actor=system, at=now())
    pdf = view.view(envelope_id=envelope_id, actor=cast.sylvie, at=now()).pdf
    verdict = verdict_on(pdf, cast.hospital, published(cast.hospital))
    assert [one.field_name for one in verdict.signatures] == ["Signature1", "Seal1", "Signature2", "Seal2", "Seal"]
    assert str(verdict.conclusion.value) == "valid", verdict.findings
    envelope = Envelope.objects.get(id=envelope_id)
    kinds = [
        queries.kind_of(row, envelope) for row in Revision.objects.filter(envelope_id=envelope_id).order_by("number")
    ]
    assert kinds == ["shown", "signed", "sealed", "signed", "sealed", "sealed"]


def test_a_circuit_may_begin_with_the_seal_which_certifies(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.SEAL), step(StepKind.SIGN, PATIENT))
    assert states(envelope_id) == ["pending"]
    seal_step.seal_step(envelope_id=envelope_id, actor=Actor.system(cast.hospital), at=now())
    assert states(envelope_id) == ["waiting"]
    assert odile_signs(cast, envelope_id).last


def test_a_seal_that_fails_says_why_and_loses_nothing(cast: Cast, stuck: str) -> None:
    envelope_id = through(
        cast, step(StepKind.SIGN, PATIENT), step(StepKind.SEAL), step(StepKind.REVIEW, asks(cast.lebrun))
    )
    odile_signs(cast, envelope_id)

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO jobs_lastfailure (job_id, code, sentence, failed_at)"
            " SELECT id, 'timestamp-unavailable', %s, now() FROM procrastinate_jobs"
            " WHERE task_name = 'signature:seal-step' AND args ->> 'envelope_id' = %s",
            [stuck, str(envelope_id)],
        )
        assert cursor.rowcount == 1
    seen = queries.envelope(envelope_id=envelope_id, actor=cast.sylvie, at=now()).seal
    assert seen is not None
    assert (seen.trouble, seen.stopped) == (stuck, False)
    assert job_queries.troubles_of(names=("signature:seal",), argument="envelope_id", values=[str(envelope_id)]) == {}
    line = next(line for line in queries.sent(actor=cast.sylvie, at=now())[0] if line.envelope_id == envelope_id)
    assert line.seal == seen
    assert queries.stuck(actor=cast.sylvie) == [(envelope_id, line.title, seen)]
    assert (
        queries.stuck(actor=cast.lebrun)
        == queries.stuck(actor=replace(cast.sylvie, organisation_id=cast.elsewhere))
        == []
    )
    seal_step.seal_step(envelope_id=envelope_id, actor=Actor.system(cast.hospital), at=now())
    assert states(envelope_id) == ["signed", "waiting"]


@pytest.fixture
def stuck() -> str:
    return "The time-stamping service does not answer."


@pytest.mark.parametrize(
    ("kind", "permission", "act"),
    [
        (StepKind.REVIEW, "signature:recipient:review", approve),
        (StepKind.OPINION, "signature:recipient:advise", opine),
    ],
)
def test_a_delegate_reviews_and_advises_and_both_names_stay(
    cast: Cast, kind: StepKind, permission: str, act: object
) -> None:
    assert callable(act)
    envelope_id = through(cast, step(kind, asks(cast.lebrun)))

    def delegated(name: str) -> None:
        accounts.give_delegation(
            delegator_id=cast.lebrun.person, delegate_id=cast.ricaud.person, permissions=[name], document_types=[],
            starts_at=now(), ends_at=now() + timedelta(days=1), reason="leave", actor=cast.lebrun, at=now(),
        )  # fmt: skip

    delegated("signature:recipient:sign")
    with pytest.raises(EnvelopeNotFound):
        act(cast.ricaud, envelope_id)
    assert not queries.envelope(envelope_id=envelope_id, actor=cast.ricaud, at=now()).your_turn
    delegated(permission)
    seen = queries.envelope(envelope_id=envelope_id, actor=cast.ricaud, at=now())
    assert (seen.asks, seen.in_place_of, seen.may_act, seen.may_sign) == (kind, "Dr Anne Lebrun", True, False)
    act(cast.ricaud, envelope_id)
    event = Event.objects.get(action=permission, subject_id=envelope_id, outcome="done")
    assert (event.person_id, event.on_behalf_of, event.ground) == (
        cast.ricaud.person, cast.lebrun.person, "delegation",
    )  # fmt: skip
    (line,) = queries.envelope(envelope_id=envelope_id, actor=cast.sylvie, at=now()).steps[0].recipients
    assert (line.name, line.signed_by) == ("Dr Anne Lebrun", "Dr Thomas Ricaud")


def test_a_watcher_sees_the_envelope_and_its_file_and_nothing_else(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.SIGN, PATIENT), watchers=[cast.ricaud.person])
    seen = queries.envelope(envelope_id=envelope_id, actor=cast.ricaud, at=now())
    assert (seen.is_watcher, seen.asks, seen.watchers) == (True, "", ("Dr Thomas Ricaud",))
    view.view(envelope_id=envelope_id, actor=cast.ricaud, at=now())
    read = Event.objects.filter(action="signature:document:view", subject_id=envelope_id).latest("at")
    assert read.ground == "watcher"
    for act in (
        lambda: close.decline(envelope_id=envelope_id, reason="", actor=cast.ricaud, at=now()),
        lambda: close.void(envelope_id=envelope_id, reason="", actor=cast.ricaud, at=now()),
        lambda: sign.sign_as_patient(envelope_id=envelope_id, pages_shown=2, drawing=None, actor=cast.ricaud, at=now()),
    ):
        with pytest.raises(EnvelopeNotFound):
            act()
    for stranger in (cast.cherif, cast.lebrun, replace(cast.ricaud, kind=ActorKind.PATIENT)):
        with pytest.raises(EnvelopeNotFound):
            queries.envelope(envelope_id=envelope_id, actor=stranger, at=now())


def test_sender_and_watchers_are_told_once_when_it_is_completed_and_not_before(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.SIGN, PATIENT), watchers=[cast.ricaud.person, cast.sylvie.person])
    system = Actor.system(cast.hospital)
    odile_signs(cast, envelope_id)
    tell.tell_completed(envelope_id=envelope_id, actor=system, at=now())
    assert told("signature:completed", envelope_id) == 0
    seal.seal(envelope_id=envelope_id, actor=system, at=now())
    for _again in range(2):
        tell.tell_completed(envelope_id=envelope_id, actor=system, at=now())
    assert (told("signature:completed", envelope_id), told("signature:watched", envelope_id)) == (1, 1)


def test_who_was_awaited_is_told_when_it_is_withdrawn(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.SIGN, PATIENT), step(StepKind.REVIEW, asks(cast.lebrun)))
    close.void(envelope_id=envelope_id, reason="Mauvais document", actor=cast.sylvie, at=now())
    assert states(envelope_id) == ["released", "released"]
    awaited = Recipient.objects.get(envelope_id=envelope_id, patient_id=cast.odile_id)
    assert Notice.objects.filter(kind="signature:release").values_list("about", flat=True).get() == awaited.id


def test_a_recipient_s_language_overrides_their_own(cast: Cast) -> None:
    through(cast, step(StepKind.REVIEW, asks(cast.lebrun, "en")))
    assert "A document awaits your review." in last_mail(cast, "signature:invitation")
