"""What a composition lacks before it can be sent: each thing named, at its place, and only then."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import translation

from telesphore.accounts.queries import PersonCard
from telesphore.accounts.states import Acr
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.clock import now
from telesphore.outbox.models import Notice
from telesphore.records import access as records_access
from telesphore.records import actions as records
from telesphore.records.actions import Identity
from telesphore.records.queries import Paper
from telesphore.records.states import DocumentType
from telesphore.signature import queries
from telesphore.signature.actions import remind, sign, weigh
from telesphore.signature.actions.compose import Composition, Part, Party, PlacedField, StepPlan
from telesphore.signature.errors import ActIsPast, NotAwaited, NotReady, SignatureTooWeak
from telesphore.signature.models import Envelope, Recipient
from telesphore.signature.queries.requirements import Facts, facts_for, missing
from telesphore.signature.states import (
    FieldKind,
    PartyRole,
    Purpose,
    RecipientState,
    SignatureLevel,
    StepKind,
    least_level,
)
from tests.cast import Cast
from tests.signature.circuits import doctor_signs, token_of
from tests.signature.test_steps import PATIENT, asks, step, through

PAPER, OTHER, OF_ANOTHER, GONE, LETTER = (UUID(int=number) for number in range(1, 6))
ODILE, LEBRUN, SILENT = UUID(int=10), UUID(int=11), UUID(int=12)
NOW = now()


def card(person_id: UUID, email: str) -> PersonCard:
    return PersonCard(person_id, "Dr Anne Lebrun", "Dr", "Anne", "Lebrun", "AL", "pneumologue", "", email, "fr")


FACTS = Facts(
    patient_id=ODILE, email="odile@courriel.example", phone="+33639980147", language="fr", guardian=False,
    represented=False,
    papers={
        PAPER: Paper(ODILE, DocumentType.CONSENT, 2, True),
        OTHER: Paper(ODILE, DocumentType.CONSENT, 1, True),
        OF_ANOTHER: Paper(UUID(int=99), DocumentType.CONSENT, 1, True),
        GONE: Paper(ODILE, DocumentType.CONSENT, 1, False),
        LETTER: Paper(ODILE, DocumentType.DISCHARGE_SUMMARY, 1, True),
    },
    professionals={LEBRUN: card(LEBRUN, "anne@montfaucy.example"), SILENT: card(SILENT, "")}, at=NOW,
)  # fmt: skip
DOCTOR = Party(role=PartyRole.PROFESSIONAL, person_id=LEBRUN, purpose=Purpose.VALIDATES)
GUEST = Party(
    role=PartyRole.INTERPRETER, name="Ana", email="a@b.example", phone="+33639980111", purpose=Purpose.VALIDATES
)
WHOLE = Composition(
    documents=(Part(document_id=PAPER),),
    steps=(StepPlan(parties=(PATIENT,)), StepPlan(parties=(GUEST,)), StepPlan(parties=(DOCTOR,))),
)


def with_step(*parties: Party, **more: Any) -> Composition:
    """The same with one step."""
    return WHOLE.model_copy(update={"steps": (StepPlan(parties=parties, **more),)})


def but(party: Party, **changes: Any) -> Composition:
    return with_step(party.model_copy(update=changes))


def field(**more: Any) -> PlacedField:
    return PlacedField.model_validate({"kind": FieldKind.DATE, "page": 0, "box": (60, 60, 160, 80), **more})


def papers(*identifiers: UUID) -> Composition:
    return WHOLE.model_copy(update={"documents": tuple(Part(document_id=one) for one in identifiers)})


def test_what_lacks_nothing_lacks_nothing() -> None:
    assert missing(WHOLE, FACTS) == []
    assert missing(papers(PAPER, OTHER), FACTS) == []


@pytest.mark.parametrize(
    ("composition", "code", "place"),
    [
        (papers(), "no-document", (None, None)),
        (papers(PAPER, PAPER), "document-twice", (None, None)),
        (papers(OF_ANOTHER), "unknown-document", (None, None)),
        (papers(uuid4()), "unknown-document", (None, None)),
        (papers(GONE), "withdrawn-document", (None, None)),
        (WHOLE.model_copy(update={"steps": ()}), "nobody-to-sign", (None, None)),
        (WHOLE.model_copy(update={"steps": (*WHOLE.steps, StepPlan())}), "nobody-to-sign", (3, None)),
        (with_step(DOCTOR, kind=StepKind.SEAL), "seal-with-people", (0, None)),
        (with_step(DOCTOR, PATIENT, needed=3), "too-many-needed", (0, None)),
        (with_step(DOCTOR, DOCTOR), "twice-in-step", (0, None)),
        (but(DOCTOR, person_id=None), "nobody-chosen", (0, 0)),
        (but(DOCTOR, person_id=uuid4()), "unknown-signer", (0, 0)),
        (but(DOCTOR, person_id=SILENT), "no-email", (0, 0)),
        (but(GUEST, name=""), "no-name", (0, 0)),
        (but(GUEST, phone=""), "no-channel-of-guest", (0, 0)),
        (but(GUEST, email=""), "no-channel-of-guest", (0, 0)),
        (but(DOCTOR, purpose=None), "no-purpose", (0, 0)),
        (but(DOCTOR, purpose=Purpose.CONSENTS), "wrong-purpose", (0, 0)),
        (but(PATIENT, purpose=Purpose.VALIDATES), "wrong-purpose", (0, 0)),
        (but(PATIENT, level=SignatureLevel.QUALIFIED), "level-out-of-reach", (0, 0)),
        (but(DOCTOR, fields=(field(part=1),)), "no-place-to-sign", (0, 0)),
        (but(DOCTOR, fields=(field(page=2),)), "no-place-to-sign", (0, 0)),
        (but(DOCTOR, fields=(field(kind=FieldKind.CHOICE, options=("a", "a")),)), "choice-without-options", (0, 0)),
        (WHOLE.model_copy(update={"due_at": NOW}), "due-date-outside", (None, None)),
        (WHOLE.model_copy(update={"due_at": NOW + timedelta(days=31)}), "due-date-outside", (None, None)),
        (WHOLE.model_copy(update={"act_on": NOW.date() - timedelta(days=1)}), "act-is-past", (None, None)),
    ],
)
def test_each_missing_thing_is_named_at_its_place_and_alone(
    composition: Composition, code: str, place: tuple[int | None, int | None]
) -> None:
    found = missing(composition, FACTS)
    assert [(one.code, (one.step, one.party)) for one in found] == [(code, place)]
    assert found[0].sentence.endswith(".")


@pytest.mark.parametrize(
    ("kind", "party", "codes"),
    [
        (StepKind.REVIEW, PATIENT, ["patient-only-signs"]),
        (StepKind.OPINION, PATIENT, ["patient-only-signs"]),
        (StepKind.REVIEW, DOCTOR.model_copy(update={"fields": (field(),)}), ["fields-without-signature"]),
        (StepKind.REVIEW, DOCTOR.model_copy(update={"purpose": None}), []),
    ],
)
def test_who_reviews_fills_in_nothing_and_is_no_patient(kind: StepKind, party: Party, codes: list[str]) -> None:
    composition = WHOLE.model_copy(update={"steps": (StepPlan(kind=kind, parties=(party,)), *WHOLE.steps)})
    assert [one.code for one in missing(composition, FACTS)] == codes


def test_a_patient_without_mail_or_phone_is_reached_at_the_bedside_alone() -> None:
    for lacking in ({"email": ""}, {"phone": ""}):
        facts = replace(FACTS, **lacking)  # type: ignore[arg-type]  # Two texts.
        assert [one.code for one in missing(WHOLE, facts)] == ["no-channel"]
        assert missing(but(PATIENT, at_bedside=True), facts) == []


def test_a_patient_represented_by_law_needs_who_represents_them() -> None:
    assert [one.code for one in missing(WHOLE, replace(FACTS, guardian=True))] == ["no-representative"]
    assert missing(WHOLE, replace(FACTS, guardian=True, represented=True, email="")) == []


def test_a_patient_who_reads_neither_language_is_told_a_consent_by_an_interpreter() -> None:
    facts = replace(FACTS, language="pt")
    alone = with_step(PATIENT)
    assert [one.code for one in missing(alone, facts)] == ["no-interpreter"]
    assert missing(WHOLE, facts) == []
    assert missing(alone, replace(FACTS, language="en")) == []
    letter = alone.model_copy(update={"documents": (Part(document_id=LETTER),)})
    assert missing(letter, facts) == []


def test_the_day_of_the_act_counts_for_consents_alone() -> None:
    update = {"act_on": NOW.date() - timedelta(days=1)}
    assert missing(with_step(DOCTOR).model_copy(update=update), FACTS) == []
    acknowledged = but(PATIENT, purpose=Purpose.ACKNOWLEDGES).model_copy(update=update)
    assert missing(acknowledged, FACTS) == []


def test_a_minor_is_represented_by_law_and_an_adult_is_not(cast: Cast) -> None:
    born = now().date() - timedelta(days=365 * 12)
    child = records.register_patient(
        identity=Identity(birth_name="Ferrand", given_names="Lou", birth_date=born, sex="F"),
        email="lou@courriel.example", phone="+33639980133", language="fr", actor=cast.sylvie, at=now(),
    )  # fmt: skip
    for patient_id, represented in ((child, True), (cast.odile_id, False)):
        decision = records_access.decide(actor=cast.sylvie, patient_id=patient_id, at=now())
        facts = facts_for(composition=Composition(), decision=decision, actor=cast.sylvie, at=now())
        assert (facts.guardian, facts.represented) == (represented, False)


def test_nothing_leaves_while_something_is_missing(cast: Cast) -> None:
    with pytest.raises(NotReady) as refused:
        through(cast, step(StepKind.REVIEW, PATIENT))
    assert {code for code, _sentence in refused.value.gaps} == {"patient-only-signs"}
    assert not Envelope.objects.exists()


def test_nobody_writes_to_a_patient_to_whom_a_tablet_is_handed_over(cast: Cast) -> None:
    bedside = PATIENT.model_copy(update={"at_bedside": True})
    envelope_id = through(cast, step(StepKind.SIGN, bedside), step(StepKind.SIGN, asks(cast.lebrun)))
    odile = Recipient.objects.get(envelope_id=envelope_id, patient_id=cast.odile_id)
    assert (odile.state, odile.link_id) == (RecipientState.WAITING, None)
    assert not Notice.objects.filter(about=odile.id).exists()
    assert remind.remind_due(actor=Actor.system(), at=now() + timedelta(days=20)) == 0
    with pytest.raises(NotAwaited):
        remind.remind_now(envelope_id=envelope_id, recipient_id=odile.id, actor=cast.sylvie, at=now())
    (line,) = queries.envelope(envelope_id=envelope_id, actor=cast.sylvie, at=now()).steps[0].recipients
    assert (line.at_bedside, line.may_remind, line.may_correct) == (True, False, False)


@pytest.mark.parametrize(
    ("kind", "means", "acr", "level"),
    [
        (ActorKind.PATIENT, "link+code", "", SignatureLevel.ADVANCED),
        (ActorKind.PATIENT, "password", Acr.ONE_FACTOR, SignatureLevel.SIMPLE),
        (ActorKind.PATIENT, "passkey", Acr.PASSKEY, SignatureLevel.ADVANCED),
        (ActorKind.PATIENT, "bedside:bracelet", Acr.BEDSIDE, SignatureLevel.SIMPLE),
        (ActorKind.PATIENT, "bedside:passport+bracelet", Acr.BEDSIDE, SignatureLevel.ADVANCED),
        (ActorKind.PATIENT, "bedside:code", Acr.BEDSIDE, SignatureLevel.ADVANCED),
        (ActorKind.REPRESENTATIVE, "password", Acr.ONE_FACTOR, SignatureLevel.SIMPLE),
        (ActorKind.GUEST, "link+code", Acr.LINK_AND_CODE, SignatureLevel.ADVANCED),
    ],
)
def test_a_signature_without_a_card_is_worth_how_its_signer_was_recognised(
    kind: ActorKind, means: str, acr: str, level: SignatureLevel
) -> None:
    actor = Actor(kind=kind, person_id=ODILE, means=means, acr=acr)
    assert weigh.reached_level(recipient=Recipient(), signed=b"", certificate=b"", actor=actor, at=NOW) == level


def test_a_signature_that_is_weaker_than_what_is_asked_is_not_taken(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.SIGN, PATIENT), step(StepKind.SIGN, asks(cast.lebrun)))
    by_bracelet = replace(cast.odile, means="bedside:bracelet", acr=Acr.BEDSIDE)
    with pytest.raises(SignatureTooWeak):
        sign.sign_as_patient(envelope_id=envelope_id, pages_shown=2, drawing=None, actor=by_bracelet, at=now())
    assert Recipient.objects.get(envelope_id=envelope_id, patient_id=cast.odile_id).state == RecipientState.WAITING
    sign.sign_as_patient(envelope_id=envelope_id, pages_shown=2, drawing=None, actor=cast.odile, at=now())
    proof = Recipient.objects.get(envelope_id=envelope_id, patient_id=cast.odile_id).proof
    assert proof is not None
    assert proof["signature_level"] == SignatureLevel.ADVANCED


def test_a_doctors_token_gives_no_qualified_signature(cast: Cast) -> None:
    qualified = asks(cast.lebrun).model_copy(update={"level": SignatureLevel.QUALIFIED})
    envelope_id = through(cast, step(StepKind.SIGN, qualified))
    with pytest.raises(SignatureTooWeak):
        doctor_signs(cast.lebrun, envelope_id, token_of(cast.lebrun, "Lebrun"))


def test_a_consent_is_not_signed_on_the_day_of_the_act(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.SIGN, PATIENT), act_on=(now() + timedelta(days=3)).date())
    with pytest.raises(ActIsPast):
        sign.sign_as_patient(
            envelope_id=envelope_id, pages_shown=2, drawing=None, actor=cast.odile, at=now() + timedelta(days=4)
        )


def test_the_documentation_shows_the_table_of_least_levels() -> None:
    lines = (Path(__file__).parents[2] / "docs" / "composing.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    with translation.override("en"):
        told = [
            [str(kind.label), least_level(kind, PartyRole.PATIENT).value, least_level(kind, "professional").value]
            for kind in DocumentType
        ]
    assert [row[:3] for row in rows[1:]] == told
    for kind in DocumentType:
        assert {least_level(kind, role) for role in ("patient", "interpreter", "witness")} == {
            least_level(kind, "patient")
        }
