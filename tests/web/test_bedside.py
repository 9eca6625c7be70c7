"""A tablet handed over: the patient signs on it, it opens nothing else, and comes back only to who handed it over."""

import html
import re
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.test import Client

from telesphore.accounts.models import Session
from telesphore.audit.models import Event
from telesphore.kernel.clock import now
from telesphore.links import actions as links
from telesphore.outbox.models import Notice
from telesphore.records.models import Patient
from telesphore.signature.actions import bedside, close, sign
from telesphore.signature.errors import (
    BraceletOfAnother,
    EnvelopeNotFound,
    IdentityNotSeen,
    IdentityTooWeak,
    NotAtBedside,
    NotYourTurn,
)
from telesphore.signature.models import Bedside, Envelope, Recipient
from telesphore.signature.queries.reading import sentence_signed
from telesphore.signature.states import BedsideEnd, IdentityDocument, SignatureLevel
from tests.cast import Cast
from tests.entering import as_person
from tests.records.test_accounts import last_mail
from tests.signature.circuits import ODILE, by, odile_signs, sent

CARD = {"document": "identity-card"}
INS_OF_ODILE = "251113818500022"


def handed_over(cast: Cast, **seen: str) -> tuple[Client, UUID]:
    envelope_id = sent(cast, [ODILE], [by(cast.lebrun)])
    client = as_person(cast.lebrun.person_id)
    answer = client.post(f"/book/{envelope_id}/bedside", seen or CARD)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/bedside/")
    return client, envelope_id


def decided(**more: str) -> dict[str, str]:
    """What the page sends of the only tablet that was handed over."""
    return {"bedside": Bedside.objects.get().id.hex, "language": "fr", **more}


def proof_of(cast: Cast, envelope_id: UUID) -> dict[str, object]:
    proof = Recipient.objects.get(envelope_id=envelope_id, patient_id=cast.odile_id).proof
    assert proof is not None
    return proof


def test_the_patient_signs_on_a_tablet_handed_over_and_the_proof_says_who_saw_them(cast: Cast) -> None:
    client, envelope_id = handed_over(cast, document="passport", bracelet=f" {INS_OF_ODILE} ")
    page = client.get("/bedside/")
    assert page.status_code == 200
    assert "Consentement" in page.content.decode()
    answer = client.post("/bedside/sign", decided(read="on"))
    assert answer.headers["Location"] == "/bedside/done?signed&language=fr"
    assert "Rendez maintenant la tablette" in client.get(answer.headers["Location"]).content.decode()
    proof = Recipient.objects.get(envelope_id=envelope_id, patient_id=cast.odile_id).proof
    assert proof is not None
    assert proof["means"] == "bedside:passport+bracelet"
    assert proof["bedside"] == {
        "seen_by": cast.lebrun.person.hex,
        "document": "passport",
        "bracelet": True,
        "code": False,
    }
    assert Bedside.objects.get().end == BedsideEnd.SIGNED


def test_a_tablet_that_is_handed_over_opens_nothing_else(cast: Cast) -> None:
    client, envelope_id = handed_over(cast)
    for place in ("/", "/book/", f"/book/{envelope_id}/", f"/patients/{cast.odile_id}/", "/security/", "/my/"):
        assert client.get(place).status_code in (423, 302), place
    assert "Consentement" not in client.get(f"/book/{envelope_id}/").content.decode()


def test_only_who_handed_the_tablet_over_takes_it_back(cast: Cast) -> None:
    client, envelope_id = handed_over(cast)
    assert client.post("/sign-in/locked", {"password": "deviné"}).status_code != 302
    assert client.get("/bedside/").status_code == 200
    session = Session.objects.get(person_id=cast.lebrun.person_id, ended_at=None)
    Session.objects.filter(id=session.id).update(locked_at=None, seen_at=now())
    assert client.get(f"/book/{envelope_id}/").status_code == 200
    assert Bedside.objects.get().end == BedsideEnd.RETURNED
    assert client.get("/bedside/").status_code == 404


def test_what_is_sent_twice_after_a_cut_is_taken_once(cast: Cast) -> None:
    client, envelope_id = handed_over(cast)
    for _ in range(2):
        answer = client.post("/bedside/sign", decided(read="on"), headers={"Accept": "application/json"})
        assert answer.json() == {"done": "/bedside/done?signed&language=fr"}
    assert Event.objects.filter(subject_id=envelope_id, action="signature:recipient:sign", outcome="done").count() == 1
    assert client.post("/bedside/decline", decided()).status_code == 404


def twice_at_once(client: Client, to: str, module: object, name: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where two pages lead that send the same decision: the second one begins and ends while the first is between
    finding who is awaited and calling `name`."""
    real, answers = getattr(module, name), []

    def meanwhile(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.setattr(module, name, real)
        answers.append(post())
        return real(*args, **kwargs)

    def post() -> str:
        answer = client.post(to, decided(read="on"), headers={"Accept": "application/json"})
        return f"{answer.status_code} {answer.content.decode()}"

    monkeypatch.setattr(module, name, meanwhile)
    answers.append(post())
    return answers


def test_a_signature_that_two_pages_send_at_once_is_taken_once(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    client, envelope_id = handed_over(cast)
    answers = twice_at_once(client, "/bedside/sign", sign, "check_asked", monkeypatch)
    assert answers == ['200 {"done": "/bedside/done?signed&language=fr"}'] * 2
    assert Event.objects.filter(subject_id=envelope_id, action="signature:recipient:sign", outcome="done").count() == 1


def test_a_refusal_that_two_pages_send_at_once_is_taken_once(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    client, envelope_id = handed_over(cast)
    answers = twice_at_once(client, "/bedside/decline", close, "decline", monkeypatch)
    assert answers == ['200 {"done": "/bedside/done?declined&language=fr"}'] * 2
    assert Envelope.objects.get(id=envelope_id).state == "declined"


def test_a_refusal_at_the_bedside_reaches_the_team_once(cast: Cast) -> None:
    client, envelope_id = handed_over(cast)
    for _ in range(2):
        assert client.post("/bedside/decline", decided(reason="Je préfère attendre")).status_code == 302
    assert Envelope.objects.get(id=envelope_id).state == "declined"


def test_who_has_not_read_to_the_end_does_not_sign(cast: Cast) -> None:
    client, envelope_id = handed_over(cast)
    assert client.post("/bedside/sign", decided()).status_code == 409
    assert Envelope.objects.get(id=envelope_id).state == "sent"


def test_a_tablet_is_not_handed_over_to_nobody_in_particular(cast: Cast) -> None:
    envelope_id = sent(cast, [ODILE])
    client = as_person(cast.lebrun.person_id)
    answer = client.post(f"/book/{envelope_id}/bedside", {})
    assert answer.status_code == 422
    assert Bedside.objects.count() == 0
    with pytest.raises(IdentityNotSeen):
        hand(cast, envelope_id)


def hand(cast: Cast, envelope_id: UUID, **seen: object) -> UUID:
    session = Session.objects.filter(person_id=cast.lebrun.person_id).first()
    session_id = session.id if session else UUID(int=7)
    return bedside.hand_over(
        envelope_id=envelope_id,
        seen=bedside.Seen(**seen),  # type: ignore[arg-type]  # The test's own words.
        session_id=session_id,
        session_ends_at=now() + timedelta(hours=4),
        actor=cast.lebrun,
        at=now(),
    )


def test_the_bracelet_of_another_stops_it(cast: Cast) -> None:
    envelope_id = sent(cast, [ODILE])
    with pytest.raises(BraceletOfAnother):
        hand(cast, envelope_id, document=IdentityDocument.IDENTITY_CARD, bracelet=cast.ibrahim_id.hex)
    Recipient.objects.filter(envelope_id=envelope_id).update(asked_level=SignatureLevel.SIMPLE)
    assert hand(cast, envelope_id, bracelet=str(cast.odile_id))


def test_a_code_sent_to_the_phone_is_one_way(cast: Cast) -> None:
    envelope_id = sent(cast, [ODILE])
    client = as_person(cast.lebrun.person_id)
    asked = client.post(f"/book/{envelope_id}/bedside", {"send_code": "1"})
    token = asked.context["token"]
    code = Notice.objects.filter(channel="sms").latest("queued_at")
    assert (bool(token), code.about is not None) == (True, True)
    wrong = client.post(f"/book/{envelope_id}/bedside", {"token": token, "code": "000000"})
    assert wrong.status_code == 422
    assert Bedside.objects.count() == 0
    # What the patient reads out from the message that reached their phone.
    digits = re.search(r"\b\d{6}\b", last_mail(cast, "links:code"))
    assert digits is not None
    right = client.post(f"/book/{envelope_id}/bedside", {"token": token, "code": digits.group()})
    assert right.headers["Location"] == "/bedside/"
    client.post("/bedside/sign", decided(read="on"))
    proof = proof_of(cast, envelope_id)
    assert proof["means"] == "bedside:code"
    assert isinstance(proof["bedside"], dict)
    assert proof["bedside"]["code"] is True


def test_a_code_that_was_read_out_hands_over_the_document_that_it_was_sent_for_and_no_other(cast: Cast) -> None:
    envelope_id, other = sent(cast, [ODILE]), sent(cast, [ODILE])
    link = bedside.send_code(envelope_id=envelope_id, actor=cast.lebrun, at=now())
    token = link.url.rsplit("/", 1)[-1]
    links.send_code(token=token, actor=cast.lebrun, at=now())
    digits = re.search(r"\b\d{6}\b", last_mail(cast, "links:code"))
    assert digits is not None
    client = as_person(cast.lebrun.person_id)
    assert client.post(f"/book/{other}/bedside", {"token": token, "code": digits.group()}).status_code == 404
    assert not Bedside.objects.exists()
    assert hand(cast, envelope_id, code_link_id=link.link_id)
    assert Bedside.objects.get().code_link_id == link.link_id


def test_nobody_hands_over_what_is_not_awaited_or_not_theirs(cast: Cast) -> None:
    envelope_id = sent(cast, [ODILE], [by(cast.lebrun)])
    for stranger in (cast.ricaud, cast.cherif, cast.odile):
        with pytest.raises(EnvelopeNotFound):
            bedside.hand_over(
                envelope_id=envelope_id, seen=bedside.Seen(bracelet=INS_OF_ODILE), session_id=UUID(int=1),
                session_ends_at=now() + timedelta(hours=4), actor=stranger, at=now(),
            )  # fmt: skip
    odile_signs(cast, envelope_id)
    with pytest.raises(NotYourTurn):
        hand(cast, envelope_id, bracelet=INS_OF_ODILE)


def test_a_tablet_is_handed_over_for_an_hour(cast: Cast) -> None:
    client, envelope_id = handed_over(cast)
    Bedside.objects.update(ends_at=now() - timedelta(seconds=1), began_at=now() - timedelta(hours=1))
    assert client.get("/bedside/").status_code == 404
    assert client.post("/bedside/sign", decided(read="on")).status_code == 404
    assert Envelope.objects.get(id=envelope_id).state == "sent"


def test_a_stranger_finds_nothing_at_the_bedside(cast: Cast) -> None:
    _client, envelope_id = handed_over(cast)
    for other in (Client(), as_person(cast.ricaud.person_id), as_person(cast.sylvie.person_id)):
        for place in ("/bedside/", "/bedside/document.pdf", "/bedside/page/1.png", "/bedside/done"):
            assert other.get(place).status_code == 404, place
        assert other.post("/bedside/sign", {"read": "on"}).status_code == 404
    assert as_person(cast.ricaud.person_id).get(f"/book/{envelope_id}/bedside").status_code == 404


def test_a_tablet_is_not_handed_over_to_who_must_be_represented(cast: Cast) -> None:
    envelope_id = sent(cast, [ODILE])
    Patient.objects.filter(id=cast.odile_id).update(birth_date=date(2015, 1, 1))
    client = as_person(cast.lebrun.person_id)
    for answer in (client.get(f"/book/{envelope_id}/bedside"), client.post(f"/book/{envelope_id}/bedside", CARD)):
        assert answer.status_code == 409
        assert "un représentant, qui signe à sa place" in answer.content.decode()
    assert not Bedside.objects.exists()


def test_a_patient_who_must_be_represented_since_the_tablet_was_handed_over_signs_nothing_on_it(cast: Cast) -> None:
    client, _envelope_id = handed_over(cast)
    Patient.objects.filter(id=cast.odile_id).update(birth_date=date(2015, 1, 1))
    assert client.post("/bedside/sign", decided(read="on")).status_code == 409
    assert Recipient.objects.get(patient_id=cast.odile_id).signed_at is None


def test_what_one_patient_decided_is_not_sent_for_the_next_one_who_holds_the_tablet(cast: Cast) -> None:
    client, envelope_id = handed_over(cast)
    wrongs: list[dict[str, str]] = [{}, {"bedside": "0" * 32}]
    for wrong in wrongs:
        answer = client.post("/bedside/sign", {"read": "on", **wrong}, headers={"Accept": "application/json"})
        assert (answer.status_code, "demandez" in answer.json()["why"]) == (404, True)
        assert client.post("/bedside/decline", wrong).status_code == 404
    assert Envelope.objects.get(id=envelope_id).state == "sent"


def test_the_time_of_the_decision_is_kept_beside_the_time_at_which_it_arrived(cast: Cast) -> None:
    client, envelope_id = handed_over(cast)
    Bedside.objects.update(began_at=now() - timedelta(minutes=20))
    client.post("/bedside/sign", decided(read="on", ago="600000"))
    proof = proof_of(cast, envelope_id)
    signed_at = Recipient.objects.get(envelope_id=envelope_id, patient_id=cast.odile_id).signed_at
    assert signed_at is not None
    assert datetime.fromisoformat(str(proof["decided_at"])) == signed_at - timedelta(minutes=10)


@pytest.mark.parametrize("ago", ["60000", "-60000", "1e3", "", "9" * 30, "²"])
def test_a_time_at_which_the_patient_did_not_hold_the_tablet_is_not_kept(cast: Cast, ago: str) -> None:
    client, envelope_id = handed_over(cast)
    assert client.post("/bedside/sign", decided(read="on", ago=ago)).status_code == 302
    assert "decided_at" not in proof_of(cast, envelope_id)


def test_the_trail_says_when_a_refusal_was_decided(cast: Cast) -> None:
    client, _envelope_id = handed_over(cast)
    client.post("/bedside/decline", decided(ago="0"))
    assert "decided_at" in (Event.objects.get(action="signature:bedside:end").detail or {})


def test_a_bracelet_alone_is_refused_before_the_tablet_is_handed_over_when_the_document_asks_for_more(
    cast: Cast,
) -> None:
    envelope_id = sent(cast, [ODILE])
    for asked, refusal in ((SignatureLevel.ADVANCED, IdentityTooWeak), (SignatureLevel.QUALIFIED, NotAtBedside)):
        Recipient.objects.filter(envelope_id=envelope_id).update(asked_level=asked)
        with pytest.raises(refusal):
            hand(cast, envelope_id, bracelet=INS_OF_ODILE)
    Recipient.objects.filter(envelope_id=envelope_id).update(asked_level=SignatureLevel.ADVANCED)
    client = as_person(cast.lebrun.person_id)
    assert "le bracelet seul ne suffit pas" in client.get(f"/book/{envelope_id}/bedside").content.decode()
    assert hand(cast, envelope_id, bracelet=INS_OF_ODILE, document=IdentityDocument.PASSPORT)


def test_a_tablet_is_not_handed_over_for_longer_than_the_professional_is_signed_in(cast: Cast) -> None:
    envelope_id = sent(cast, [ODILE])
    client = as_person(cast.lebrun.person_id)
    ends_at = now() + timedelta(minutes=9)
    Session.objects.filter(person_id=cast.lebrun.person_id).update(ends_at=ends_at)
    client.post(f"/book/{envelope_id}/bedside", CARD)
    assert Bedside.objects.get().ends_at == ends_at


def test_the_envelope_offers_the_tablet_while_the_patient_is_awaited(cast: Cast) -> None:
    envelope_id = sent(cast, [ODILE], [by(cast.lebrun)])
    place, lebrun = f"/book/{envelope_id}/bedside", as_person(cast.lebrun.person_id)
    assert place in lebrun.get(f"/book/{envelope_id}/").content.decode()
    assert place in lebrun.get(f"/records/{cast.odile_id}/").content.decode()
    odile_signs(cast, envelope_id)
    assert place not in lebrun.get(f"/book/{envelope_id}/").content.decode()
    assert place not in lebrun.get(f"/records/{cast.odile_id}/").content.decode()


def test_the_page_speaks_the_patients_language_and_signs_its_words(cast: Cast) -> None:
    client, envelope_id = handed_over(cast)
    page = client.get("/bedside/?language=en").content.decode()
    said = html.unescape(page.split('class="t-sentence">')[1].split("<")[0])
    assert said.startswith("I, ")
    answer = client.post("/bedside/sign", decided(read="on") | {"language": "en"})
    assert answer.headers["Location"] == "/bedside/done?signed&language=en"
    signed = Recipient.objects.get(envelope_id=envelope_id, patient_id=cast.odile_id)
    assert sentence_signed(recipient=signed) == said
    assert settings.LANGUAGE_COOKIE_NAME not in client.cookies
