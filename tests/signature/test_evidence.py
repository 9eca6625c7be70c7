"""The evidence page: what it says, in both languages, and that it is filed once with the signed document."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pypdfium2
import pytest

from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.records import actions as records
from telesphore.records import queries as record_queries
from telesphore.records.models import Document
from telesphore.signature.actions import send
from telesphore.signature.actions.results import file_results
from telesphore.signature.actions.write import Place
from telesphore.signature.errors import EnvelopeClosed, EnvelopeNotFound
from telesphore.signature.formats.evidence import (
    EventEvidence,
    Evidence,
    RevisionEvidence,
    SignerEvidence,
    evidence_pdf,
    evidence_title,
)
from telesphore.signature.models import Envelope, Recipient, Revision
from telesphore.signature.queries import last_revision
from telesphore.signature.states import EnvelopeState, Purpose, RecipientState
from telesphore.vault import actions as vault
from tests.cast import Cast
from tests.papers import blank

AT = datetime(2026, 11, 22, 8, 41, 7, tzinfo=UTC)
SHOWN, SIGNED, SEALED = (hashlib.sha256(name).hexdigest() for name in (b"shown", b"signed", b"sealed"))
CERTIFICATE = hashlib.sha256(b"certificate").hexdigest()

ODILE = SignerEvidence(
    step=1, name="FERRAND Odile", role="", purpose="consents", is_patient=True, means="link+code", phone_ending="47",
    asked_at=AT, opened_at=AT, revealed_at=AT, signed_at=AT + timedelta(minutes=9), source_address="192.0.2.14",
    client="Firefox", shown_sha256=SHOWN, certificate_sha256=CERTIFICATE, party="patient", level="advanced",
)  # fmt: skip
LEBRUN = SignerEvidence(
    step=2, name="Dr LEBRUN Anne", role="pneumologue", purpose="validates", is_patient=False, means="password+totp",
    phone_ending="", asked_at=AT, opened_at=None, revealed_at=None, signed_at=AT + timedelta(minutes=20),
    source_address="", client="", shown_sha256=SIGNED, certificate_sha256=CERTIFICATE, level="advanced",
)  # fmt: skip
EVIDENCE = Evidence(
    organisation="Centre hospitalier de Montfaucy",
    title="Consentement à l’endoscopie",
    patient="FERRAND Odile",
    envelope_id=UUID(int=7),
    pages=3,
    sender="Sylvie Courtois",
    sent_at=AT,
    completed_at=AT + timedelta(hours=1),
    revisions=(
        RevisionEvidence(0, "shown", "", SHOWN, AT),
        RevisionEvidence(1, "signed", "FERRAND Odile", SIGNED, AT, "B-T"),
        RevisionEvidence(2, "sealed", "", SEALED, AT, "B-LTA"),
    ),
    signers=(ODILE, LEBRUN),
    events=(EventEvidence(AT, "signature:envelope:send", "Sylvie Courtois", UUID(int=8)),),
)


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    text = " ".join(page.get_textpage().get_text_bounded() for page in document)
    document.close()
    return " ".join(text.replace("\u00a0", " ").split())


def spaced(value: str) -> str:
    return " ".join(value[start : start + 8] for start in range(0, 64, 8))


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "fr",
            [
                "téléphone qui se termine par 47",
                "consent",
                "mot de passe et code à usage unique",
                "ne sont pas qualifiées",
                "Signé par FERRAND Odile, niveau PAdES B-T",
                "Scellé par l’établissement, niveau PAdES B-LTA",
            ],
        ),
        ("en", ["phone ending in 47", "consents", "password and one-time code", "not qualified"]),
    ],
)
def test_the_page_says_who_signed_how_and_what(language: str, sentences: list[str]) -> None:
    pdf = evidence_pdf(EVIDENCE, language)
    text = text_of(pdf)
    names = ["FERRAND Odile", "Dr LEBRUN Anne, pneumologue", "192.0.2.14", "22/11/2026 08:50:07", str(UUID(int=8))]
    for expected in [*sentences, *names, *map(spaced, (SHOWN, SIGNED, SEALED, CERTIFICATE))]:
        assert expected in text
    assert evidence_pdf(EVIDENCE, language) == pdf


def test_a_language_that_we_do_not_speak_gets_french() -> None:
    assert evidence_pdf(EVIDENCE, "de") == evidence_pdf(EVIDENCE, "fr")
    assert evidence_title("Bilan", "de") == "Preuve : Bilan"


def test_markup_in_a_title_or_a_client_stays_text() -> None:
    odd = replace(EVIDENCE, title='#panic("x") *gras* $1$', signers=(replace(ODILE, client="curl </b> #eval()"),))
    text = text_of(evidence_pdf(odd, "fr"))
    assert '#panic("x") *gras* $1$' in text
    assert "curl </b> #eval()" in text


def completed(cast: Cast) -> tuple[UUID, bytes]:
    """Odile's envelope, signed by her, completed; and its last revision."""
    at = now()
    deposited = records.deposit(
        patient_id=cast.odile_id, title="Consentement", type_code="59284-0", class_code="52", content=blank(3),
        actor=cast.sylvie, at=at,
    )  # fmt: skip
    signer = send.Signer(person_id=None, purpose=Purpose.CONSENTS, place=Place(2, (60, 60, 260, 120)))
    envelope_id = send.send(document_id=deposited.document_id, steps=[[signer]], actor=cast.sylvie, at=at)
    envelope = Envelope.objects.get(id=envelope_id)
    recipient = Recipient.objects.get(envelope_id=envelope_id)
    recipient.state, recipient.signed_at = RecipientState.SIGNED, at
    recipient.proof = {"means": "link+code", "source_address": "192.0.2.14", "client": "Firefox",
                       "shown_sha256": SHOWN, "certificate_sha256": CERTIFICATE}  # fmt: skip
    recipient.save()
    pdf = blank(3) + b"\n% sealed\n"
    stored = vault.deposit(
        organisation_id=cast.hospital, key_id=envelope.key_id, media_type="application/pdf", content=pdf
    )
    Revision.objects.create(
        organisation_id=cast.hospital, envelope_id=envelope_id, number=1, sha256=stored.sha256, at=at,
        blob_id=vault.keep(stored, actor=cast.sylvie, at=at), recipient_id=recipient.id,
    )  # fmt: skip
    envelope.state, envelope.closed_at = EnvelopeState.COMPLETED, at
    envelope.save()
    return envelope_id, pdf


def test_the_signed_document_and_its_evidence_are_filed_once_each(cast: Cast) -> None:
    envelope_id, sealed = completed(cast)
    system = Actor.system(cast.hospital)
    file_results(envelope_id=envelope_id, actor=system, at=now())
    filed = record_queries.results_of(organisation_id=cast.hospital, source_id=envelope_id)
    file_results(envelope_id=envelope_id, actor=system, at=now())
    assert record_queries.results_of(organisation_id=cast.hospital, source_id=envelope_id) == filed
    assert set(filed) == {"signed", "evidence"}
    assert Document.objects.filter(source_id=envelope_id).count() == 2

    signed, evidence = (
        records.open_document(document_id=filed[part], purpose="TREAT", actor=cast.lebrun, at=now())
        for part in ("signed", "evidence")
    )
    assert signed.pdf == sealed
    assert (signed.title, evidence.title) == ("Consentement", "Preuve : Consentement")
    text = text_of(evidence.pdf)
    last = last_revision(organisation_id=cast.hospital, envelope_id=envelope_id)
    for expected in ("FERRAND Odile", "se termine par 47", spaced(bytes(last.sha256).hex()), str(envelope_id), "Envoi"):
        assert expected in text
    row = Document.objects.get(id=filed["evidence"])
    assert (row.type_code, row.class_code) == ("59284-0", "52")


def test_a_run_cut_between_the_two_is_finished_by_the_next(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    envelope_id, _sealed = completed(cast)
    system = Actor.system(cast.hospital)
    with monkeypatch.context() as crash:
        crash.setattr("telesphore.signature.actions.results.evidence_pdf", _crash)
        with pytest.raises(KeyboardInterrupt):
            file_results(envelope_id=envelope_id, actor=system, at=now())
    assert set(record_queries.results_of(organisation_id=cast.hospital, source_id=envelope_id)) == {"signed"}
    file_results(envelope_id=envelope_id, actor=system, at=now())
    assert set(record_queries.results_of(organisation_id=cast.hospital, source_id=envelope_id)) == {
        "signed",
        "evidence",
    }


def _crash(*_args: object) -> bytes:
    raise KeyboardInterrupt


def test_nothing_is_filed_before_the_envelope_is_completed_nor_for_a_stranger(cast: Cast) -> None:
    envelope_id, _sealed = completed(cast)
    with pytest.raises(EnvelopeNotFound):
        file_results(envelope_id=envelope_id, actor=cast.ricaud, at=now())
    Envelope.objects.filter(id=envelope_id).update(state=EnvelopeState.SEALING, closed_at=None)
    with pytest.raises(EnvelopeClosed):
        file_results(envelope_id=envelope_id, actor=Actor.system(cast.hospital), at=now())
    assert not Document.objects.filter(source_id=envelope_id).exists()
