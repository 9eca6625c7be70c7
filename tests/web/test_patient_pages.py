"""A patient's pages behind the link and by the account: a signature taken back, questions often asked, the law."""

from telesphore.kernel.clock import now
from telesphore.outbox import queries as outbox
from telesphore.records.models import PatientAccount
from telesphore.signature import queries
from telesphore.signature.actions import close, sign
from telesphore.signature.models import Envelope, Party, Recipient
from telesphore.signature.states import EnvelopeState, PartyRole, Purpose
from tests.cast import Cast
from tests.signature.test_guests import FATOU, ODILE, by_link, place, sent
from tests.web.test_patient_accounts import odile_signed_in, prove, with_account

WITNESS = Party(
    role=PartyRole.WITNESS, name="Paul Morel", email="paul.morel@proches.example", phone="+33639980177",
    purpose=Purpose.ACKNOWLEDGES,
)  # fmt: skip


def odiles(envelope_id: object) -> Recipient:
    return Recipient.objects.get(envelope_id=envelope_id, role=PartyRole.PATIENT)


def test_a_signature_given_by_mistake_is_taken_back_and_a_new_link_leaves(cast: Cast) -> None:
    envelope_id = sent(cast, ODILE, FATOU)
    browser = by_link(odiles(envelope_id))
    for number in ("1", "2"):
        browser.post("/p/read", {"page": number})
    browser.post("/p/sign", {"language": "fr"})
    assert 'href="/p/take-back"' in browser.get("/p/done").content.decode()
    before = odiles(envelope_id).link_id

    assert browser.get("/p/take-back").status_code == 200
    assert odiles(envelope_id).state == "signed"  # To ask is not to do.
    assert browser.post("/p/take-back").headers["Location"] == "/p/taken-back"

    row = odiles(envelope_id)
    assert (row.state, row.signed_at) == ("waiting", None)
    assert row.link_id not in (before, None)
    assert len(list(outbox.notices_about(organisation_id=cast.hospital, about=[row.id]))) == 2
    assert browser.get("/p/done").status_code == 404
    assert by_link(row).get("/p/").status_code == 200


def test_once_the_next_has_acted_nothing_is_taken_back_and_the_page_says_so(cast: Cast) -> None:
    envelope_id = sent(cast, ODILE, FATOU, WITNESS)
    browser = by_link(odiles(envelope_id))
    sign.sign_as_patient(envelope_id=envelope_id, pages_shown=2, drawing=None, actor=cast.odile, at=now())
    guests = by_link(place(envelope_id))
    for number in ("1", "2"):
        guests.post("/p/read", {"page": number})
    assert guests.post("/p/sign", {"language": "fr"}).headers["Location"] == "/p/done"

    assert "/p/take-back" not in browser.get("/p/done").content.decode()
    answer = browser.post("/p/take-back")

    assert answer.status_code == 409
    assert odiles(envelope_id).state == "signed"


def test_a_witness_signs_in_their_own_name_what_they_saw(cast: Cast) -> None:
    envelope_id = sent(cast, WITNESS)
    row = place(envelope_id, PartyRole.WITNESS)
    browser = by_link(row)
    assert "être présent" in browser.get("/p/").content.decode()
    for number in ("1", "2"):
        browser.post("/p/read", {"page": number})
    assert browser.post("/p/sign", {"language": "fr"}).headers["Location"] == "/p/done"

    row.refresh_from_db()
    assert queries.sentence_signed(recipient=row).startswith("Moi, Paul Morel, ")
    assert "FERRAND Odile" in queries.sentence_signed(recipient=row)


def test_a_question_often_asked_is_added_to_what_was_written_and_nothing_leaves(cast: Cast) -> None:
    envelope_id = sent(cast, ODILE)
    browser = by_link(odiles(envelope_id))

    page = browser.post("/p/question", {"body": "Bonjour.", "hint": "1", "page": "2"}).content.decode()

    assert ">Bonjour. Que se passe-t-il si je refuse" in page
    seen = queries.thread(envelope_id=envelope_id, actor=cast.odile, at=now())
    assert seen is not None
    assert not seen.lines
    assert ">Bonjour.</textarea>" not in browser.post("/p/question", {"body": "", "hint": "9"}).content.decode()


def test_what_the_law_says_is_one_step_from_the_signature_and_leads_nowhere_else(cast: Cast) -> None:
    envelope_id = sent(cast, ODILE)
    browser = by_link(odiles(envelope_id))
    assert 'href="/p/law"' in browser.get("/p/sign").content.decode()

    page = browser.get("/p/law").content.decode()

    assert "1367" in page
    assert "L. 1111-28" in page.replace("\u00a0", " ")
    assert 'href="/p/sign"' in page
    assert 'href="http' not in page


def test_the_account_says_where_each_document_is(cast: Cast) -> None:
    def standings() -> dict[str, str]:
        found = queries.journeys_of_patient(organisation_id=cast.hospital, patient_id=cast.odile_id)
        return {one.envelope_id.hex: one.standing for one in found}

    awaited, signed, declined, voided, refused, later = (
        sent(cast, ODILE, FATOU), sent(cast, ODILE, FATOU), sent(cast, ODILE), sent(cast, ODILE),
        sent(cast, ODILE, FATOU), sent(cast, FATOU, ODILE),
    )  # fmt: skip
    for envelope_id in (signed, refused):
        sign.sign_as_patient(envelope_id=envelope_id, pages_shown=2, drawing=None, actor=cast.odile, at=now())
    close.decline(envelope_id=declined, reason="", actor=cast.odile, at=now())
    close.void(envelope_id=voided, reason="", actor=cast.sylvie, at=now())
    by_link(place(refused)).post("/p/decline", {"reason": ""})

    assert standings() == {
        signed.hex: "signed", declined.hex: "declined", voided.hex: "voided", refused.hex: "refused",
    }  # fmt: skip
    assert {awaited.hex, later.hex}.isdisjoint(standings())
    Envelope.objects.filter(id=signed).update(state=EnvelopeState.SEALING)
    assert standings()[signed.hex] == "sealing"
    Envelope.objects.filter(id=signed).update(state=EnvelopeState.COMPLETED, closed_at=now())
    assert standings()[signed.hex] == "completed"
    Envelope.objects.filter(id=signed).update(withdrawn_at=now())
    assert standings()[signed.hex] == "withdrawn"
    assert queries.journeys_of_patient(organisation_id=cast.elsewhere, patient_id=cast.odile_id) == []


def test_a_signature_is_taken_back_from_the_account_too(cast: Cast) -> None:
    with_account(cast)
    envelope_id = sent(cast, ODILE, FATOU)
    browser = odile_signed_in()
    prove(browser)
    browser.post("/my/records", {"entrance": PatientAccount.objects.get().id.hex})
    assert browser.post(f"/my/sign/{envelope_id}/take-back").headers["Location"] == "/my/"
    sign.sign_as_patient(envelope_id=envelope_id, pages_shown=2, drawing=None, actor=cast.odile, at=now())
    assert "J’ai signé par erreur" in browser.get("/my/").content.decode()

    assert browser.post(f"/my/sign/{envelope_id}/take-back").headers["Location"] == "/p/take-back"
    assert browser.post("/p/take-back").headers["Location"] == "/p/taken-back"

    assert odiles(envelope_id).state == "waiting"
