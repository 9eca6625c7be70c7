"""What the evidence page tells of each circuit: all who acted, as who, in which words, at which level and no higher."""

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from telesphore.accounts.states import Acr
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.records import access as records_access
from telesphore.records import actions as records
from telesphore.signature import queries
from telesphore.signature.actions import advise, bedside, recall, results, review, seal, sign
from telesphore.signature.actions.send import send_composition
from telesphore.signature.formats.evidence import Evidence, evidence_pdf
from telesphore.signature.models import Composition, Envelope, Part, Party, PlacedField, Recipient, StepPlan
from telesphore.signature.states import (
    BedsideEnd,
    FieldKind,
    IdentityDocument,
    Opinion,
    PartyRole,
    Purpose,
    StepKind,
)
from tests.cast import Cast
from tests.papers import blank
from tests.records.test_accounts import represent
from tests.signature.circuits import doctor_signs, token_of
from tests.signature.test_delegation import delegated
from tests.signature.test_evidence import EVIDENCE, text_of
from tests.signature.test_guests import FATOU, guest
from tests.signature.test_thread import wrote

NOTE, CONSENT = "11488-4", "59284-0"
ALLERGIES = PlacedField(kind=FieldKind.TEXT, page=0, box=(60, 700, 260, 718), label="Allergies connues")
AGREES = PlacedField(kind=FieldKind.CHECKBOX, page=0, box=(60, 660, 74, 674), label="J’accepte la sédation")
PLACE = PlacedField(kind=FieldKind.SIGNATURE, page=1, box=(60, 60, 260, 120))
PATIENT = Party(role=PartyRole.PATIENT, purpose=Purpose.CONSENTS)


def doctor(actor: Actor, purpose: Purpose | None = Purpose.VALIDATES) -> Party:
    return Party(role=PartyRole.PROFESSIONAL, person_id=actor.person_id, purpose=purpose)


def through(
    cast: Cast,
    *steps: StepPlan,
    titles: tuple[str, ...] = ("Consentement",),
    kind: str = NOTE,
    watchers: tuple[UUID, ...] = (),
) -> UUID:
    documents = [
        records.deposit(
            patient_id=cast.odile_id, title=title, type_code=kind, class_code="52", content=blank(2),
            actor=cast.sylvie, at=now(),
        ).document_id
        for title in titles
    ]  # fmt: skip
    parts = tuple(
        Part(document_id=document_id, title=title) for document_id, title in zip(documents, titles, strict=True)
    )
    composition = Composition(documents=parts, steps=steps, watchers=watchers)
    return send_composition(composition=composition, actor=cast.sylvie, at=now())


def signing(*parties: Party) -> StepPlan:
    return StepPlan(parties=parties)


def signs(envelope_id: UUID, actor: Actor, pages: int = 2, **filled: str) -> None:
    sign.sign_as_patient(envelope_id=envelope_id, pages_shown=pages, drawing=None, actor=actor, at=now(), filled=filled)


def told(cast: Cast, envelope_id: UUID) -> Evidence:
    """Sealed, then told as its page will."""
    system = Actor.system(cast.hospital)
    seal.seal(envelope_id=envelope_id, actor=system, at=now())
    patient = records_access.decide(actor=system, patient_id=cast.odile_id, at=now()).patient
    envelope = Envelope.objects.get(id=envelope_id)
    assert envelope.closed_at is not None
    return results.evidence_about(envelope, patient, queries.title(envelope))


@dataclass
class Told:
    """A page in both languages, and the facts behind it."""

    evidence: Evidence

    def says(self, french: list[str], english: list[str]) -> None:
        for language, expected in (("fr", french), ("en", english)):
            text = text_of(evidence_pdf(self.evidence, language))
            assert [one for one in expected if one not in text] == [], text


def reviewed(cast: Cast) -> Told:
    """Reviewed by Dr Lebrun, an opinion of Dr Ricaud's, then Odile fills in and signs; two documents."""
    envelope_id = through(
        cast,
        StepPlan(kind=StepKind.REVIEW, parties=(doctor(cast.lebrun, None),)),
        StepPlan(kind=StepKind.OPINION, parties=(doctor(cast.ricaud, None),)),
        signing(PATIENT.model_copy(update={"fields": (ALLERGIES, AGREES, PLACE)})),
        titles=("Endoscopie", "Anesthésie"),
    )
    review.approve(envelope_id=envelope_id, comment="Relu.", actor=cast.lebrun, at=now())
    advise.advise(
        envelope_id=envelope_id, opinion=Opinion.RESERVED, comment="Risque hémorragique.", actor=cast.ricaud, at=now()
    )
    asked = {
        line.label: line.name for line in queries.fields_to_fill(envelope_id=envelope_id, actor=cast.odile, at=now())
    }
    signs(
        envelope_id, cast.odile, 4, **{asked["Allergies connues"]: "Pénicilline", asked["J’accepte la sédation"]: "on"}
    )
    return Told(told(cast, envelope_id))


def test_approvals_opinions_fields_documents_and_steps_are_told_and_no_comment(cast: Cast) -> None:
    page = reviewed(cast)
    page.says(
        [
            "Dr Anne Lebrun, pneumologue – approuve", "A approuvé", "avis réservé", "A donné son avis",
            "Allergies connues (page 1) – Pénicilline", "J’accepte la sédation (page 1) – coché",
            "Anesthésie, pages 3 à 4", "Relecture", "1 personne", "Phrase signée",
            "j’ai lu les 4 pages", "Niveau signature électronique avancée", "aucun message",
        ],
        [
            "Dr Anne Lebrun, pneumologue – approves", "opinion with reservations", "Gave an opinion",
            "Allergies connues (page 1) – Pénicilline", "(page 1) – ticked", "pages 3 to 4", "Review", "1 person",
            "Sentence signed", "Level advanced electronic signature", "no entry",
        ],
    )  # fmt: skip
    assert "hémorragique" not in str(page.evidence)
    assert [(one.act, one.party) for one in page.evidence.signers] == [
        ("approved", "professional"), ("advised", "professional"), ("signed", "patient"),
    ]  # fmt: skip


def by_interpreter(cast: Cast) -> Told:
    """An interpreter signs that they translated; somebody wrote beside the document in between; then Odile signs."""
    envelope_id = through(cast, signing(FATOU), signing(PATIENT), kind=CONSENT)
    signs(envelope_id, guest(cast, envelope_id))
    wrote(envelope_id, cast.sylvie, "Tout est traduit.")
    signs(envelope_id, cast.odile)
    return Told(told(cast, envelope_id))


def test_an_interpreter_is_named_with_their_quality_and_their_own_sentence(cast: Cast) -> None:
    page = by_interpreter(cast)
    page.says(
        ["Fatou Diop, interprète en wolof – a pris connaissance", "Étape 1, interprète", "j’ai traduit les 2 pages",
         "au téléphone qui se termine par 66", "au téléphone qui se termine par 47", "1 message"],
        ["Step 1, interpreter", "to the phone ending in 66", "Certificate issued for this one signature",
         "1 entry"],
    )  # fmt: skip
    assert [one.thread_entries for one in page.evidence.signers] == [0, 1]


def at_bedside(cast: Cast, **seen: object) -> Told:
    """Dr Lebrun sees who Odile is, and hands her a tablet."""
    envelope_id = through(cast, signing(PATIENT))
    session_id = UUID(int=7)
    row_id = bedside.hand_over(
        envelope_id=envelope_id,
        seen=bedside.Seen(**seen),
        session_id=session_id,
        session_ends_at=now() + timedelta(hours=1),
        actor=cast.lebrun,
        at=now(),  # type: ignore[arg-type]  # The test's own words.
    )
    means = queries.at_bedside(bedside_id=row_id, session_id=session_id, at=now()).means
    signs(envelope_id, replace(cast.odile, means=means, acr=Acr.BEDSIDE, session_id=session_id))
    bedside.take_back(bedside_id=row_id, end=BedsideEnd.SIGNED, actor=cast.lebrun, at=now())
    return Told(told(cast, envelope_id))


def test_at_the_bedside_it_says_who_saw_the_patient_and_how(cast: Cast) -> None:
    at_bedside(cast, document=IdentityDocument.PASSPORT, bracelet=cast.odile_id.hex).says(
        ["Identité vue à son chevet par Dr Anne Lebrun : passeport, bracelet scanné",
         "Niveau signature électronique avancée", "Tablette confiée au patient"],
        ["Identity seen at the bedside by Dr Anne Lebrun: passport, bracelet scanned", "Tablet handed to the patient"],
    )  # fmt: skip


def test_a_bracelet_alone_makes_a_simple_signature_and_the_page_says_no_more(cast: Cast) -> None:
    page = at_bedside(cast, bracelet=cast.odile_id.hex)
    page.says(["Niveau signature électronique simple"], ["Level simple electronic signature"])
    for language, word in (("fr", "avancée"), ("en", "advanced")):
        assert word not in text_of(evidence_pdf(page.evidence, language))


def test_of_signatures_whose_level_was_not_told_then_the_page_tells_none() -> None:
    before = replace(EVIDENCE, signers=tuple(replace(one, level="") for one in EVIDENCE.signers))
    for language in ("fr", "en"):
        text = text_of(evidence_pdf(before, language))
        assert re.findall(r"avancée|qualifiée|advanced|qualified|eIDAS", text) == []


def test_a_qualified_signature_is_said_to_be_one_and_the_others_are_not() -> None:
    mixed = replace(EVIDENCE, signers=(replace(EVIDENCE.signers[0], level="qualified"), EVIDENCE.signers[1]))
    text = text_of(evidence_pdf(mixed, "fr"))
    assert text.count("signature électronique qualifiée") == 1
    assert text.count("signature électronique avancée") == 1
    assert "ne sont pas qualifiées" not in text


def by_delegate(cast: Cast) -> Told:
    """Dr Ricaud signs for Dr Lebrun, takes it back, and signs again; Odile has not signed yet."""
    envelope_id = through(cast, signing(doctor(cast.lebrun)), signing(PATIENT))
    delegated(cast)
    token = token_of(cast.ricaud, "Ricaud")
    doctor_signs(cast.ricaud, envelope_id, token)
    recall.take_back(envelope_id=envelope_id, actor=cast.ricaud, at=now())
    doctor_signs(cast.ricaud, envelope_id, token)
    signs(envelope_id, cast.odile)
    return Told(told(cast, envelope_id))


def test_a_delegate_is_named_with_whom_they_stood_in_for_and_what_was_taken_back_is_told(cast: Cast) -> None:
    page = by_delegate(cast)
    page.says(
        ["Dr Thomas Ricaud, oncologue – valide", "Étape 1, par délégation", "À la place de Dr Anne Lebrun",
         "Dr Thomas Ricaud a repris sa signature", "Acte repris"],
        ["Step 1, by delegation", "In the place of Dr Anne Lebrun", "Dr Thomas Ricaud took back their signature"],
    )  # fmt: skip
    assert [(one.who, one.act) for one in page.evidence.taken_back] == [("Dr Thomas Ricaud", "signed")]


def by_representative(cast: Cast) -> Told:
    """Inès, Odile's guardian, signs in her place."""
    envelope_id = through(cast, signing(PATIENT))
    signs(envelope_id, represent(cast, cast.odile_id))
    return Told(told(cast, envelope_id))


def test_a_representative_signs_their_own_sentence_and_is_named_as_such(cast: Cast) -> None:
    by_representative(cast).says(
        ["Inès Ferrand – consent", "Étape 1, représentant", "Représente FERRAND Odile",
         "représente FERRAND Odile, j’ai lu"],
        ["Step 1, representative", "Represents FERRAND Odile"],
    )  # fmt: skip


def test_the_page_that_is_filed_says_what_the_sealed_file_was_found_to_be_worth(cast: Cast) -> None:
    envelope_id = through(cast, signing(PATIENT))
    signs(envelope_id, cast.odile)
    system = Actor.system(cast.hospital)
    seal.seal(envelope_id=envelope_id, actor=system, at=now())
    results.file_results(envelope_id=envelope_id, actor=system, at=now())
    evidence_id = queries.envelope(envelope_id=envelope_id, actor=cast.sylvie, at=now()).evidence_document_id
    assert evidence_id is not None
    page = records.open_document(document_id=evidence_id, purpose="TREAT", actor=cast.lebrun, at=now())
    text = text_of(page.pdf)
    assert "Conclusion Valide" in text
    assert "/verify/" in text
    # The way to the verification page opens nothing: no token, no id.
    assert re.findall(r"https?://\S+", text) == [f"{text.split('À vérifier sur ')[1].split()[0]}"]
    assert Recipient.objects.get(envelope_id=envelope_id).proof
