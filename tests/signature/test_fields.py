"""Fields that signers fill in: placed with the document, asked, filled with the signature, and closed by it."""

import io
import json
from typing import Any
from uuid import UUID

import pikepdf
import pypdfium2
import pytest
from PIL import ImageChops

from telesphore.ades.verdict.result import Conclusion
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.paper.anchors import cover_anchors
from telesphore.paper.anchors import find_anchors as find_in_pdf
from telesphore.records import actions as records
from telesphore.records.errors import DocumentNotFound
from telesphore.signature import queries
from telesphore.signature.actions import anchors, prepare, sign, view
from telesphore.signature.actions.compose import Composition, Part, Party, PlacedField, StepPlan
from telesphore.signature.actions.fill import initials
from telesphore.signature.actions.send import send_composition
from telesphore.signature.errors import (
    ChoiceWithoutOptions,
    EnvelopeNotFound,
    FieldNotYours,
    FieldsNotFilled,
    FieldsWithoutSignature,
    NoPlaceToSign,
    ValueNotAccepted,
)
from telesphore.signature.models import Envelope, Field, Recipient
from telesphore.signature.states import FieldKind, PartyRole, Purpose, StepKind
from telesphore.vault.queries import unseal_text
from tests.cast import NOBODY, Cast
from tests.papers import asking, blank
from tests.signature.circuits import Token, published, token_of, verdict_on

Box = tuple[float, float, float, float]
TEXT = PlacedField(kind=FieldKind.TEXT, page=0, box=(60, 700, 260, 718), label="Allergies")
AGREES = PlacedField(kind=FieldKind.CHECKBOX, page=0, box=(60, 660, 74, 674), label="J’accepte")
TRANSPORT = PlacedField(
    kind=FieldKind.CHOICE, page=0, box=(60, 620, 200, 638), label="Transport", options=("Taxi", "Ambulance"),
    required=False,
)  # fmt: skip
NAME = PlacedField(kind=FieldKind.NAME, page=0, box=(60, 580, 260, 598))
DAY = PlacedField(kind=FieldKind.DATE, page=0, box=(60, 540, 260, 558))
MARK = PlacedField(kind=FieldKind.INITIALS, page=0, box=(500, 30, 560, 50))
FIRST = PlacedField(kind=FieldKind.SIGNATURE, page=1, box=(60, 60, 260, 120))
AGAIN = PlacedField(kind=FieldKind.SIGNATURE, page=0, box=(300, 60, 500, 120))
GIVEN = PlacedField(kind=FieldKind.TEXT, page=0, box=(300, 700, 500, 718), value="Hôpital de jour")
GIVEN_TICK = PlacedField(kind=FieldKind.CHECKBOX, page=0, box=(300, 660, 314, 674), value="1")
DOSE = PlacedField(kind=FieldKind.TEXT, page=1, box=(60, 700, 260, 718), label="Dose")


def party(person_id: UUID | None, *fields: PlacedField, purpose: Purpose | None = None) -> Party:
    role = PartyRole.PATIENT if person_id is None else PartyRole.PROFESSIONAL
    usual = Purpose.CONSENTS if person_id is None else Purpose.VALIDATES
    return Party(role=role, person_id=person_id, purpose=purpose or usual, fields=fields)


def sent(cast: Cast, *steps: StepPlan, content: bytes | None = None) -> UUID:
    composition = Composition(documents=(Part(document_id=deposited(cast, content)),), steps=steps)
    return send_composition(composition=composition, actor=cast.sylvie, at=now())


def deposited(cast: Cast, content: bytes | None = None) -> UUID:
    return records.deposit(
        patient_id=cast.odile_id, title="Consentement", type_code="59284-0", class_code="52",
        content=content or blank(2), actor=cast.sylvie, at=now(),
    ).document_id  # fmt: skip


def usual(cast: Cast) -> UUID:
    """Odile fills in all kinds, then Dr Lebrun a dose."""
    return sent(
        cast,
        StepPlan(parties=(party(None, TEXT, AGREES, TRANSPORT, NAME, DAY, MARK, FIRST, AGAIN, GIVEN, GIVEN_TICK),)),
        StepPlan(parties=(party(cast.lebrun.person_id, DOSE, purpose=Purpose.VALIDATES),)),
    )


def names(envelope_id: UUID, actor: Actor) -> dict[str, str]:
    """Label → name of all that an actor is asked."""
    return {
        line.label: line.name for line in queries.fields_to_fill(envelope_id=envelope_id, actor=actor, at=now())
    }  # fmt: skip


def odile_fills(cast: Cast, envelope_id: UUID, **values: str) -> None:
    asked = names(envelope_id, cast.odile)
    filled = {"Allergies": "Pénicilline", "J’accepte": "on"} | values
    sign.sign_as_patient(
        envelope_id=envelope_id, pages_shown=2, drawing=None, actor=cast.odile, at=now(),
        filled={asked[label]: value for label, value in filled.items()},
    )  # fmt: skip


def file_of(cast: Cast, envelope_id: UUID) -> bytes:
    return view.view(envelope_id=envelope_id, actor=cast.sylvie, at=now()).pdf


def values_in(pdf: bytes) -> dict[str, str]:
    with pikepdf.open(io.BytesIO(pdf)) as file:
        return {str(one.T): str(one.V) for one in file.Root.AcroForm.Fields if "/V" in one and one.FT != "/Sig"}


@pytest.fixture
def card(cast: Cast) -> Token:
    return token_of(cast.lebrun, "Lebrun")


def test_each_fills_in_theirs_as_they_sign_and_the_whole_stays_valid(cast: Cast, card: Token) -> None:
    envelope_id = usual(cast)
    before = file_of(cast, envelope_id)
    odile_fills(cast, envelope_id, Transport="Ambulance")
    filled = values_in(file_of(cast, envelope_id))
    assert set(filled.values()) >= {"Pénicilline", "/Yes", "Ambulance", "FERRAND Odile", "OF"}
    assert any(str(now().year) in value for value in filled.values())
    # Twice their name: where it is asked, and beside their second signature.
    assert list(filled.values()).count("FERRAND Odile") == 2
    asked = names(envelope_id, cast.lebrun)
    sign.sign_with_token(
        envelope_id=envelope_id, token=card, drawing=None, actor=cast.lebrun, at=now(), filled={asked["Dose"]: "5 mg"}
    )
    after = file_of(cast, envelope_id)
    assert after.startswith(before)
    assert "5 mg" in values_in(after).values()
    verdict = verdict_on(after, cast.hospital, published(cast.hospital))
    assert verdict.conclusion is Conclusion.VALID, verdict.findings
    assert verdict.pages_compared


def test_what_was_filled_in_is_kept_sealed_with_the_signature_and_nowhere_else(cast: Cast) -> None:
    envelope_id = usual(cast)
    assert not Field.objects.exclude(value_sealed=None).exists()
    odile_fills(cast, envelope_id)
    key_id = Envelope.objects.get(id=envelope_id).key_id
    row = Field.objects.get(envelope_id=envelope_id, kind=FieldKind.TEXT, page=0)
    assert row.value_sealed is not None
    assert b"nicilline" not in bytes(row.value_sealed) + bytes(row.words_sealed)
    opened = unseal_text(
        organisation_id=cast.hospital, key_id=key_id, sealed=bytes(row.value_sealed),
        context=f"signature:field-value:{row.id}",
    )  # fmt: skip
    assert opened == "Pénicilline"
    # Left empty, and of the one who has not signed.
    assert Field.objects.filter(value_sealed=None).count() == 2
    assert "nicilline" not in json.dumps([event.detail for event in Event.objects.all()])


def test_what_the_sender_filled_in_is_on_the_page_and_asked_of_nobody(cast: Cast) -> None:
    envelope_id = usual(cast)
    pdf = file_of(cast, envelope_id)
    page = pypdfium2.PdfDocument(pdf)[0]
    assert "Hôpital de jour" in page.get_textpage().get_text_range()
    assert not Field.objects.filter(box__0=300.0, kind__in=[FieldKind.TEXT, FieldKind.CHECKBOX]).exists()
    picture = page.render(scale=1).to_pil().convert("L")
    assert picture.crop((300, 842 - 674, 314, 842 - 660)).getextrema()[0] < 120


@pytest.mark.parametrize(
    ("filled", "refusal"),
    [
        ({}, FieldsNotFilled),
        ({"Allergies": "   ", "J’accepte": "on"}, FieldsNotFilled),
        ({"Allergies": "aucune", "J’accepte": "off"}, FieldsNotFilled),
        ({"Allergies": "x" * 5000, "J’accepte": "on"}, ValueNotAccepted),
        ({"Allergies": "a\0b", "J’accepte": "on"}, ValueNotAccepted),
        ({"Allergies": "a\ud800b", "J’accepte": "on"}, ValueNotAccepted),
        ({"Allergies": "aucune", "J’accepte": "perhaps"}, ValueNotAccepted),
        ({"Allergies": "aucune", "J’accepte": "on", "Transport": "Avion"}, ValueNotAccepted),
        ({"Allergies": "aucune", "J’accepte": "on", "Dose": "5 mg"}, FieldNotYours),
    ],
)
def test_what_can_not_be_filled_in_is_refused_and_nothing_is_signed(
    cast: Cast, filled: dict[str, str], refusal: type[DomainError]
) -> None:
    envelope_id = usual(cast)
    asked = {**names(envelope_id, cast.odile), "Dose": Field.objects.get(kind=FieldKind.TEXT, page=1).name}
    with pytest.raises(refusal) as refused:
        sign.sign_as_patient(
            envelope_id=envelope_id, pages_shown=2, drawing=None, actor=cast.odile, at=now(),
            filled={asked[label]: value for label, value in filled.items()},
        )  # fmt: skip
    if refusal is FieldsNotFilled:
        assert "Allergies" in refused.value.sentence or "J’accepte" in refused.value.sentence
    assert not Recipient.objects.filter(envelope_id=envelope_id, state="signed").exists()
    assert not Field.objects.exclude(value_sealed=None).exists()


def test_a_card_that_answers_later_brings_what_was_filled_in(cast: Cast, card: Token) -> None:
    envelope_id = sent(cast, StepPlan(parties=(party(cast.lebrun.person_id, DOSE, NAME),)))

    def prepared(**more: Any) -> prepare.ToSign:
        return prepare.prepare_signature(
            envelope_id=envelope_id, certificate=card.certificate, chain=card.chain, drawing=None, actor=cast.lebrun,
            at=now(), **more,
        )  # fmt: skip

    with pytest.raises(FieldsNotFilled):
        prepared()
    asked = prepared(filled={names(envelope_id, cast.lebrun)["Dose"]: "5 mg"})
    assert not Field.objects.exclude(value_sealed=None).exists()
    prepare.complete_signature(
        prepared_id=asked.prepared_id, signature=card.sign(asked.to_be_signed), actor=cast.lebrun, at=now()
    )
    assert set(values_in(file_of(cast, envelope_id)).values()) == {"5 mg", "Dr Anne Lebrun"}
    assert not Field.objects.filter(value_sealed=None).exists()


def test_of_a_batch_those_with_something_to_fill_in_stay_and_say_why(cast: Cast, card: Token) -> None:
    asked = sent(cast, StepPlan(parties=(party(cast.lebrun.person_id, DOSE),)))
    plain = sent(cast, StepPlan(parties=(party(cast.lebrun.person_id, NAME, DAY),)))

    class Many(Token):
        def sign_many(self, several: list[bytes]) -> list[bytes]:
            return [self.sign(one) for one in several]

    token: Any = Many(card.certificate, card.chain, card.key)
    batch = sign.sign_batch(envelope_ids=[asked, plain], token=token, actor=cast.lebrun, at=now())
    assert [one.envelope_id for one in batch.signed] == [plain]
    assert isinstance(batch.refused[asked], FieldsNotFilled)
    assert "Dose" in batch.refused[asked].sentence


def test_two_of_one_step_fill_in_theirs_in_any_order(cast: Cast, card: Token) -> None:
    envelope_id = sent(
        cast, StepPlan(parties=(party(None, TEXT), party(cast.lebrun.person_id, DOSE, purpose=Purpose.VALIDATES)))
    )
    sign.sign_with_token(
        envelope_id=envelope_id, token=card, drawing=None, actor=cast.lebrun, at=now(),
        filled={names(envelope_id, cast.lebrun)["Dose"]: "5 mg"},
    )  # fmt: skip
    sign.sign_as_patient(
        envelope_id=envelope_id, pages_shown=2, drawing=None, actor=cast.odile, at=now(),
        filled={names(envelope_id, cast.odile)["Allergies"]: "aucune"},
    )  # fmt: skip
    after = file_of(cast, envelope_id)
    assert set(values_in(after).values()) == {"5 mg", "aucune"}
    assert verdict_on(after, cast.hospital, published(cast.hospital)).conclusion is Conclusion.VALID


@pytest.mark.parametrize(
    ("step", "refusal"),
    [
        (lambda cast: StepPlan(kind=StepKind.REVIEW, parties=(party(cast.lebrun.person_id, TEXT),)),
         FieldsWithoutSignature),
        (lambda cast: StepPlan(parties=(party(None, TEXT.model_copy(update={"page": 2})),)), NoPlaceToSign),
        (lambda cast: StepPlan(parties=(party(None, TEXT.model_copy(update={"part": 1})),)), NoPlaceToSign),
        (lambda cast: StepPlan(parties=(party(None, TEXT.model_copy(update={"box": (560, 700, 760, 718)})),)),
         NoPlaceToSign),
        (lambda cast: StepPlan(parties=(party(None, TEXT.model_copy(update={"box": (60, 700, 62, 718)})),)),
         NoPlaceToSign),
        (lambda cast: StepPlan(parties=(party(None, TRANSPORT.model_copy(update={"options": ("Taxi", "Taxi")})),)),
         ChoiceWithoutOptions),
    ],
    ids=["review", "no such page", "no such document", "beside the page", "too small", "no choice"],
)  # fmt: skip
def test_a_field_that_can_not_be_there_is_not_sent(cast: Cast, step: Any, refusal: type[DomainError]) -> None:
    with pytest.raises(refusal):
        sent(cast, step(cast), StepPlan(parties=(party(cast.lebrun.person_id),)))
    assert not Envelope.objects.exists()


def test_nobody_else_sees_or_is_asked_a_signers_fields(cast: Cast) -> None:
    envelope_id = usual(cast)
    assert set(names(envelope_id, cast.lebrun)) == {"Dose"}
    for stranger in (NOBODY, cast.ibrahim, cast.ricaud, cast.cherif, cast.sylvie):
        with pytest.raises((EnvelopeNotFound, ValueError)):
            queries.fields_to_fill(envelope_id=envelope_id, actor=stranger, at=now())


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Dr Anne Lebrun", "AL"), ("FERRAND Odile", "OF"), ("Jean-Pierre Martin", "JPM"), ("LE GALL Yves", "YLG"),
     ("Éléonore d’Ys", "ÉD")],
)  # fmt: skip
def test_initials_are_those_that_one_writes(name: str, expected: str) -> None:
    assert initials(name) == expected


def test_places_that_the_text_asks_for_become_fields_of_those_it_names(cast: Cast) -> None:
    document_id = deposited(
        cast,
        asking(
            "Signature : {{signature:patient}}", "{{initials:professional-1}} and {{date:professional-2}}",
            "{{text:patient:Allergies connues}}", "{{choice:patient:Transport|Taxi|Ambulance}}",
            "{{checkbox:witness:Lu}} {{nonsense:patient}} {{text:nobody}} {{text}}",
        ),
    )  # fmt: skip
    parts = (Part(document_id=document_id),)
    found = anchors.find_anchors(documents=parts, actor=cast.sylvie, at=now())
    assert [(one.party, one.field and one.field.kind.value) for one in found] == [
        ("patient", "signature"), ("professional-1", "initials"), ("professional-2", "date"), ("patient", "text"),
        ("patient", "choice"), ("witness", "checkbox"), ("patient", None), ("nobody", "text"),
    ]  # fmt: skip
    signature, _initials, _date, text, choice, *_others = [one.field for one in found]
    assert signature is not None
    assert text is not None
    assert choice is not None
    assert text.label == "Allergies connues"
    assert choice.options == ("Taxi", "Ambulance")
    # Where it stands: after "Signature : ", hanging from the line.
    left, bottom, _right, top = signature.box
    assert 125 < left < 145
    assert bottom < 700 < top
    composition = Composition(
        documents=parts, steps=(StepPlan(parties=(party(None), party(cast.lebrun.person_id))),)
    )  # fmt: skip
    placed, left_out = anchors.place_anchors(composition, found)
    assert [len(one.fields) for one in placed.parties] == [3, 1]
    assert left_out == ("date:professional-2", "checkbox:witness", "nonsense:patient", "text:nobody")
    assert anchors.place_anchors(placed, found)[0] == placed
    for stranger in (cast.ricaud, cast.cherif, cast.ibrahim):
        with pytest.raises(DocumentNotFound):
            anchors.find_anchors(documents=parts, actor=stranger, at=now())


def test_what_asked_for_a_place_is_not_to_be_seen_any_more() -> None:
    written, empty = asking("Avant {{signature:patient}}", "Suite"), asking("Avant", "Suite")
    covered = cover_anchors(written, find_in_pdf(written))
    before, after, wanted = (
        pypdfium2.PdfDocument(one)[0].render(scale=2).to_pil().convert("RGB") for one in (written, covered, empty)
    )
    place = (2 * 110, 2 * (842 - 716), 2 * 240, 2 * (842 - 692))
    assert ImageChops.difference(before.crop(place), wanted.crop(place)).getbbox() is not None
    # On a coloured ground too, and nothing else moved.
    worst = max(high for _low, high in ImageChops.difference(after.crop(place), wanted.crop(place)).getextrema())
    assert worst <= 2
    rest = (0, 2 * (842 - 690), 1190, 1684)
    assert ImageChops.difference(after.crop(rest), wanted.crop(rest)).getbbox() is None
    assert cover_anchors(empty, find_in_pdf(empty)) is empty


def test_a_document_that_asks_for_places_is_sent_without_the_words_that_ask(cast: Cast) -> None:
    content = asking("{{signature:patient}}", colour="1 1 1")
    envelope_id = sent(cast, StepPlan(parties=(party(None, FIRST.model_copy(update={"page": 0})),)), content=content)
    page = pypdfium2.PdfDocument(file_of(cast, envelope_id))[0]
    assert page.render(scale=1).to_pil().convert("L").getextrema()[0] > 250
