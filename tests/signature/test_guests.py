"""Guests and patients behind their links: an interpreter, a witness; how far one read; the words that are signed."""

import io
import re
from dataclasses import replace
from uuid import UUID

import pikepdf
import pytest
from django.test import Client
from PIL import Image

from telesphore.accounts.states import Acr
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.links.actions import Revealed
from telesphore.links.models import Link
from telesphore.outbox import queries as outbox
from telesphore.paper.pages import page_alone
from telesphore.records import actions as records
from telesphore.records.models import Patient
from telesphore.signature import queries
from telesphore.signature.actions import close, results, seal, sign, view
from telesphore.signature.actions.read import keep_progress
from telesphore.signature.actions.send import send_composition
from telesphore.signature.errors import EnvelopeNotFound, NotYourTurn
from telesphore.signature.formats.drawing import draw_name
from telesphore.signature.models import Composition, Envelope, Part, Party, Recipient, StepPlan
from telesphore.signature.queries.sentences import Spoken, sentence
from telesphore.signature.states import PartyRole, Purpose
from tests import entering
from tests.cast import Cast
from tests.papers import blank

FATOU = Party(
    role=PartyRole.INTERPRETER, name="Fatou Diop", email="fatou.diop@interpretes.example", phone="+33639980166",
    quality="interprète en wolof", purpose=Purpose.ACKNOWLEDGES,
)  # fmt: skip
ODILE = Party(role=PartyRole.PATIENT, purpose=Purpose.CONSENTS)


def sent(cast: Cast, *parties: Party, pages: int = 2, **more: object) -> UUID:
    """One document, each party in a step of their own."""
    deposited = records.deposit(
        patient_id=cast.odile_id, title="Consentement", type_code="59284-0", class_code="52", content=blank(pages),
        actor=cast.sylvie, at=now(),
    )  # fmt: skip
    composition = Composition.model_validate({
        "documents": (Part(document_id=deposited.document_id),),
        "steps": tuple(StepPlan(parties=(party,)) for party in parties), **more,
    })  # fmt: skip
    return send_composition(composition=composition, actor=cast.sylvie, at=now())


def place(envelope_id: UUID, role: PartyRole = PartyRole.INTERPRETER) -> Recipient:
    return Recipient.objects.get(envelope_id=envelope_id, role=role)


def guest(cast: Cast, envelope_id: UUID) -> Actor:
    return Actor(
        kind=ActorKind.GUEST, organisation_id=cast.hospital, person_id=place(envelope_id).id, means="link+code",
        acr=Acr.LINK_AND_CODE,
    )  # fmt: skip


def by_link(row: Recipient) -> Client:
    link = Link.objects.get(id=row.link_id)
    return entering.by_link(Revealed(link.organisation_id, link.id, link.purpose, link.subject_id, link.patient_id))


def test_an_interpreter_is_called_by_a_link_of_their_own(cast: Cast) -> None:
    envelope_id = sent(cast, FATOU, ODILE)
    link = Link.objects.get(id=place(envelope_id).link_id)

    assert (link.purpose, link.subject_id) == ("signature:guest", place(envelope_id).id)
    assert link.phone == FATOU.phone
    called = outbox.notices_about(organisation_id=cast.hospital, about=[place(envelope_id).id])
    assert len(list(called)) == 1


def test_an_interpreter_signs_in_their_own_name_what_they_have_done(cast: Cast) -> None:
    envelope_id = sent(cast, FATOU)
    sign.sign_as_patient(
        envelope_id=envelope_id, pages_shown=2, drawing=None, actor=guest(cast, envelope_id), at=now(), language="fr"
    )
    row = place(envelope_id)
    said = queries.sentence_signed(recipient=row)

    assert said.startswith("Moi, Fatou Diop (interprète en wolof), j’ai traduit")
    assert row.proof is not None
    assert (row.proof["means"], row.proof["acr"]) == ("link+code", Acr.LINK_AND_CODE)
    assert "Diop" not in str(row.proof)  # What names a person or a document is sealed.
    traced = Event.objects.get(action="signature:recipient:sign", subject_id=envelope_id)
    assert (traced.ground, traced.actor_kind, traced.person_id) == ("guest", ActorKind.GUEST, row.id)


@pytest.mark.parametrize(
    ("spoken", "page", "said"),
    [
        ("ar", "en", "have translated the 2 pages of “Consentement” into Arabic for"),
        ("ar", "fr", "j’ai traduit en arabe les 2 pages de « Consentement » pour"),
        ("en", "fr", "j’ai traduit en anglais les 2 pages"),
        ("fr", "en", "have translated the 2 pages of “Consentement” for"),
    ],
)
def test_an_interpreter_declares_into_which_language_they_translated(
    cast: Cast, spoken: str, page: str, said: str
) -> None:
    Patient.objects.filter(id=cast.odile_id).update(language=spoken)
    envelope_id = sent(cast, FATOU)
    reading = queries.reading(envelope_id=envelope_id, language=page, actor=guest(cast, envelope_id), at=now())
    assert said in reading.sentence.replace("\u00a0", " ")


def test_the_evidence_names_the_guest_and_not_the_patient_in_their_place(cast: Cast) -> None:
    envelope_id = sent(cast, FATOU)
    sign.sign_as_patient(envelope_id=envelope_id, pages_shown=2, drawing=None, actor=guest(cast, envelope_id), at=now())
    system = Actor.system(cast.hospital)
    seal.seal(envelope_id=envelope_id, actor=system, at=now())
    envelope = Envelope.objects.get(id=envelope_id)
    evidence = results.evidence_about(envelope, Patient.objects.get(id=cast.odile_id), "Consentement")

    assert [(one.name, one.role) for one in evidence.signers] == [("Fatou Diop", "interprète en wolof")]
    assert "Fatou Diop" in {one.who for one in evidence.events}


def test_a_guest_sees_the_document_while_they_are_awaited_and_no_longer(cast: Cast) -> None:
    envelope_id = sent(cast, FATOU, ODILE)
    actor = guest(cast, envelope_id)
    assert view.view(envelope_id=envelope_id, actor=actor, at=now()).pdf.startswith(b"%PDF")

    sign.sign_as_patient(envelope_id=envelope_id, pages_shown=2, drawing=None, actor=actor, at=now())

    with pytest.raises(EnvelopeNotFound):
        view.view(envelope_id=envelope_id, actor=actor, at=now())


def test_a_guest_who_is_not_awaited_yet_neither_sees_nor_signs(cast: Cast) -> None:
    envelope_id = sent(cast, ODILE, FATOU)
    actor = guest(cast, envelope_id)

    with pytest.raises(EnvelopeNotFound):
        view.view(envelope_id=envelope_id, actor=actor, at=now())
    with pytest.raises(NotYourTurn):
        sign.sign_as_patient(envelope_id=envelope_id, pages_shown=2, drawing=None, actor=actor, at=now())


def test_a_guest_has_no_place_in_another_envelope_nor_in_another_organisation(cast: Cast) -> None:
    mine, other = sent(cast, FATOU), sent(cast, FATOU)
    actor = guest(cast, mine)
    for stranger, envelope_id in (
        (actor, other), (actor.within(cast.elsewhere), mine), (actor, uuid7()),
        (Actor(kind=ActorKind.GUEST, organisation_id=cast.hospital, person_id=cast.odile_id), mine),
    ):  # fmt: skip
        with pytest.raises(EnvelopeNotFound):
            view.view(envelope_id=envelope_id, actor=stranger, at=now())
        with pytest.raises(EnvelopeNotFound):
            keep_progress(envelope_id=envelope_id, pages=1, actor=stranger, at=now())


def test_a_guests_link_stops_working_when_the_sender_withdraws(cast: Cast) -> None:
    envelope_id = sent(cast, FATOU)
    browser = by_link(place(envelope_id))
    assert browser.get("/p/").status_code == 200

    close.void(envelope_id=envelope_id, reason="", actor=cast.sylvie, at=now())

    assert Link.objects.get(id=place(envelope_id).link_id).revoked_at is not None
    assert browser.get("/p/").status_code == 409


def test_a_guest_reads_and_signs_through_the_same_pages(cast: Cast) -> None:
    envelope_id = sent(cast, FATOU)
    browser = by_link(place(envelope_id))
    assert "traduire ce document" in browser.get("/p/").content.decode()
    for number in ("1", "2"):
        browser.post("/p/read", {"page": number})
    assert "j’ai traduit" in browser.get("/p/decide").content.decode()

    assert browser.post("/p/sign", {"typed": "F. Diop", "language": "fr"}).headers["Location"] == "/p/done"

    assert "vous n’en gardez pas" in browser.get("/p/done").content.decode()
    assert browser.get("/p/document.pdf").status_code == 409
    assert browser.get("/p/copy").status_code == 409
    assert place(envelope_id).state == "signed"


def test_reading_goes_on_where_it_stopped_on_another_phone(cast: Cast) -> None:
    envelope_id = sent(cast, ODILE, pages=5)
    first = by_link(place(envelope_id, PartyRole.PATIENT))
    for number in ("1", "2", "3"):
        first.post("/p/read", {"page": number})

    second = by_link(place(envelope_id, PartyRole.PATIENT))

    assert second.get("/p/").context["page"] == 4
    assert second.get("/p/decide").headers["Location"] == "/p/"
    second.post("/p/read", {"page": "4"})
    assert second.post("/p/read", {"page": "5"}).headers["Location"] == "/p/decide"
    assert second.get("/p/decide").status_code == 200


def test_a_page_skipped_is_asked_for_before_the_decision(cast: Cast) -> None:
    envelope_id = sent(cast, ODILE, pages=3)
    browser = by_link(place(envelope_id, PartyRole.PATIENT))
    for number in ("1", "3"):
        answer = browser.post("/p/read", {"page": number})

    assert answer.headers["Location"] == "/p/?page=2"
    assert place(envelope_id, PartyRole.PATIENT).pages_read == 1


def test_progress_never_goes_back_and_leaves_one_trace_at_the_end(cast: Cast) -> None:
    envelope_id = sent(cast, ODILE, pages=3)
    for pages in (2, 1, 3, 3, 900):
        keep_progress(envelope_id=envelope_id, pages=pages, actor=cast.odile, at=now())

    assert place(envelope_id, PartyRole.PATIENT).pages_read == 3
    traced = Event.objects.get(action="signature:document:read", subject_id=envelope_id)
    assert (traced.detail, traced.outcome) == ({"pages": 3}, "done")


def test_a_stranger_keeps_no_progress(cast: Cast) -> None:
    envelope_id = sent(cast, ODILE)
    for stranger in (cast.ibrahim, cast.ricaud, cast.cherif):
        with pytest.raises(EnvelopeNotFound):
            keep_progress(envelope_id=envelope_id, pages=2, actor=stranger, at=now())
    assert place(envelope_id, PartyRole.PATIENT).pages_read == 0


@pytest.mark.parametrize(
    ("purpose", "language", "said"),
    [
        (Purpose.CONSENTS, "en", "and I agree to it."),
        (Purpose.ACKNOWLEDGES, "en", "and I have taken note of it."),
        (Purpose.CONSENTS, "fr", "et je l’accepte."),
        (Purpose.ACKNOWLEDGES, "fr", "et j’en ai pris connaissance."),
    ],
)
def test_the_very_words_that_were_shown_are_kept(cast: Cast, purpose: Purpose, language: str, said: str) -> None:
    envelope_id = sent(cast, Party(role=PartyRole.PATIENT, purpose=purpose))
    shown = queries.reading(envelope_id=envelope_id, language=language, actor=cast.odile, at=now()).sentence

    sign.sign_as_patient(
        envelope_id=envelope_id, pages_shown=2, drawing=None, actor=cast.odile, at=now(), language=language
    )

    kept = queries.sentence_signed(recipient=place(envelope_id, PartyRole.PATIENT))
    assert kept == shown
    assert kept.replace("\u00a0", " ").endswith(said)


def test_a_sentence_says_what_the_signature_means_and_for_whom() -> None:
    validated = Spoken("Odile", "Odile", "Lettre", "Sylvie", 1, purpose=Purpose.VALIDATES)
    represented = replace(validated, name="Inès", purpose=Purpose.CONSENTS, represents=True)

    assert sentence(validated, "en").endswith("and I confirm that it is right.")
    assert sentence(represented, "en").startswith("I, Inès, who represent Odile, have read the page of “Lettre”")


def test_the_page_speaks_the_language_that_the_sender_chose_until_the_reader_chooses(cast: Cast) -> None:
    envelope_id = sent(cast, Party(role=PartyRole.PATIENT, purpose=Purpose.CONSENTS, language="en"))
    browser = by_link(place(envelope_id, PartyRole.PATIENT))

    assert 'lang="en"' in browser.get("/p/").content.decode()
    browser.post("/language/", {"language": "fr", "next": "/p/"})
    browser.cookies["django_language"] = "fr"
    assert '<html lang="fr"' in browser.get("/p/").content.decode()
    del browser.cookies["django_language"]
    assert browser.post("/p/decline", {}).status_code == 302
    assert '<html lang="en"' in browser.get("/p/declined").content.decode()


def test_the_first_page_says_from_whom_what_for_and_what_the_sender_writes(cast: Cast) -> None:
    envelope_id = sent(cast, ODILE, message="Appelez-moi si besoin.", easy_text="On regarde dans les poumons.")
    page = by_link(place(envelope_id, PartyRole.PATIENT)).get("/p/").content.decode()

    for said in ("Sylvie", "vous demande votre accord", "Appelez-moi si besoin.", "On regarde dans les poumons."):
        assert said in page


def test_no_page_of_the_senders_holds_a_recipients_link(cast: Cast) -> None:
    envelope_id = sent(cast, FATOU, ODILE)
    browser = entering.as_person(cast.sylvie.person_id)

    for path in (f"/book/{envelope_id}/", "/book/sent/", "/book/"):
        assert not re.search(r"/l/[\w-]{43}", browser.get(path).content.decode())


def test_a_half_signed_copy_is_given_to_nobody(cast: Cast) -> None:
    envelope_id = sent(cast, ODILE, FATOU)
    browser = by_link(place(envelope_id, PartyRole.PATIENT))
    sign.sign_as_patient(envelope_id=envelope_id, pages_shown=2, drawing=None, actor=cast.odile, at=now())

    assert browser.get("/p/done").status_code == 200
    for path in ("/p/copy", "/p/copy.pdf", "/p/document.pdf", "/p/page/1.pdf", "/p/page/1.png"):
        assert browser.get(path).status_code == 409


def test_one_page_of_a_hundred_is_a_small_file() -> None:
    whole = blank(100)
    alone = page_alone(whole, 99)

    with pikepdf.open(io.BytesIO(alone)) as file:
        assert len(file.pages) == 1
    assert len(alone) < len(whole) / 10
    with pytest.raises(IndexError):
        page_alone(whole, 100)


@pytest.mark.parametrize("name", ["Odile Ferrand", "W" * 300, "Zoë Ñandú-Łęcki", "\u202eOdile", "<script>"])
def test_a_typed_name_is_drawn_as_a_small_picture(name: str) -> None:
    drawn = draw_name(name)
    assert drawn is not None
    with Image.open(io.BytesIO(drawn)) as picture:
        assert picture.mode == "RGBA"
        assert picture.width <= 2000


@pytest.mark.parametrize("name", ["", "   ", "\u202e\u200b\x00"])
def test_no_name_draws_nothing(name: str) -> None:
    assert draw_name(name) is None
