"""The pages by which a patient withdraws a consent: from the link to their copy, and from their account."""

import re
from uuid import UUID

import pytest
from django.test import Client

from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.links.actions import Revealed
from telesphore.links.models import Link
from telesphore.reactions.file_signed_document import file_signed_document
from telesphore.records import queries as records
from telesphore.records.models import Patient, PatientAccount
from telesphore.signature.actions import copy, seal
from telesphore.signature.facts import EnvelopeCompleted
from telesphore.signature.models import Envelope, Recipient
from telesphore.web.rates import Rate
from telesphore.web.records import views
from tests.cast import Cast
from tests.entering import as_person, by_link
from tests.records.test_accounts import last_mail
from tests.signature.circuits import ODILE, by, doctor_signs, odile_signs, sent, token_of
from tests.web.test_patient_accounts import odile_signed_in, prove, with_account


def completed(cast: Cast) -> UUID:
    envelope_id = sent(cast, [ODILE])
    odile_signs(cast, envelope_id)
    seal.seal(envelope_id=envelope_id, actor=Actor.system(cast.hospital), at=now())
    file_signed_document(EnvelopeCompleted(cast.hospital, envelope_id))
    return envelope_id


def with_copy(cast: Cast, envelope_id: UUID) -> Client:
    copy.send_copy(envelope_id=envelope_id, actor=Actor.system(cast.hospital), at=now())
    link = Link.objects.get(subject_id=envelope_id, purpose=copy.LINK_TO_COPY)
    return by_link(Revealed(cast.hospital, link.id, copy.LINK_TO_COPY, envelope_id, cast.odile_id))


def test_from_the_link_to_ones_copy(cast: Cast) -> None:
    envelope_id = completed(cast)
    client = with_copy(cast, envelope_id)
    assert "/p/withdraw" in client.get("/p/copy").content.decode()
    assert client.get("/p/withdraw").status_code == 200
    assert Envelope.objects.get(id=envelope_id).withdrawn_at is None
    answer = client.post("/p/withdraw", {"reason": "Je préfère attendre"})
    assert (answer.status_code, answer["Location"]) == (302, "/p/withdrawn")
    assert "Votre consentement est retiré" in client.get("/p/withdrawn").content.decode()
    assert Envelope.objects.get(id=envelope_id).withdrawn_at is not None
    assert "/p/withdraw" not in client.get("/p/copy").content.decode()
    assert client.post("/p/withdraw", {}).status_code == 409


def test_from_ones_account_after_a_fresh_proof(cast: Cast) -> None:
    with_account(cast)
    envelope_id = completed(cast)
    document_id = records.results_of(organisation_id=cast.hospital, source_id=envelope_id)["signed"]
    client = odile_signed_in()
    prove(client)
    client.post("/my/records", {"entrance": PatientAccount.objects.get().id.hex})
    page = f"/my/documents/{document_id}/"
    assert f"{page}withdraw" in client.get(page).content.decode()
    assert client.post(f"{page}withdraw", {}).status_code == 302
    assert Envelope.objects.get(id=envelope_id).withdrawn_at is not None


@pytest.mark.parametrize("who", ["nobody", "a member", "the sender"])
def test_others_find_no_such_page(cast: Cast, who: str) -> None:
    envelope_id = completed(cast)
    client = {
        "nobody": Client(),
        "a member": as_person(cast.ricaud.person_id),
        "the sender": as_person(cast.sylvie.person_id),
    }[who]
    assert client.get("/p/withdraw").status_code == 404
    assert client.post("/p/withdraw", {}).status_code == 404
    assert Envelope.objects.get(id=envelope_id).withdrawn_at is None


def test_the_envelope_says_that_its_consent_was_withdrawn_by_whom_and_shows_the_withdrawal(cast: Cast) -> None:
    envelope_id = completed(cast)
    sylvie, page, sent_by_her = as_person(cast.sylvie.person_id), f"/book/{envelope_id}/", "/circuits/?tab=all"
    assert "Consentement retiré" not in sylvie.get(page).content.decode() + sylvie.get(sent_by_her).content.decode()
    with_copy(cast, envelope_id).post("/p/withdraw", {})
    shown = sylvie.get(page).content.decode()
    assert "Consentement retiré par FERRAND Odile" in shown
    assert "Consentement retiré" in sylvie.get(sent_by_her).content.decode()
    withdrawal = Envelope.objects.get(withdraws_id=envelope_id)
    seal.seal(envelope_id=withdrawal.id, actor=Actor.system(cast.hospital), at=now())
    file_signed_document(EnvelopeCompleted(cast.hospital, withdrawal.id))
    filed = records.results_of(organisation_id=cast.hospital, source_id=withdrawal.id)["signed"]
    assert f"/documents/{filed}/" in sylvie.get(page).content.decode()
    assert page in sylvie.get(f"/book/{withdrawal.id}/").content.decode()


def test_who_signed_it_too_finds_it_withdrawn_among_what_they_did(cast: Cast) -> None:
    envelope_id = sent(cast, [ODILE], [by(cast.lebrun)])
    odile_signs(cast, envelope_id)
    doctor_signs(cast.lebrun, envelope_id, token_of(cast.lebrun, "Lebrun"))
    done = as_person(cast.lebrun.person_id)
    assert "Consentement retiré" not in done.get("/book/?tab=done").content.decode()
    seal.seal(envelope_id=envelope_id, actor=Actor.system(cast.hospital), at=now())
    file_signed_document(EnvelopeCompleted(cast.hospital, envelope_id))
    with_copy(cast, envelope_id).post("/p/withdraw", {})
    assert "Consentement retiré" in done.get("/book/?tab=done").content.decode()


def test_once_the_link_has_run_out_the_team_sends_another_by_which_the_consent_is_withdrawn(cast: Cast) -> None:
    envelope_id = completed(cast)
    old = with_copy(cast, envelope_id)
    document_id = records.results_of(organisation_id=cast.hospital, source_id=envelope_id)["signed"]
    path = f"/documents/{document_id}/new-link"
    for stranger in (cast.ricaud, cast.cherif):
        assert as_person(stranger.person_id).post(path).status_code == 404
    lebrun = as_person(cast.lebrun.person_id)
    assert path in lebrun.get(f"/documents/{document_id}/").content.decode()
    assert lebrun.post(path)["Location"] == f"/documents/{document_id}/"
    assert old.get("/p/copy").status_code == 409
    link = Link.objects.get(subject_id=envelope_id, purpose=copy.LINK_TO_COPY, revoked_at=None)
    client = by_link(Revealed(cast.hospital, link.id, copy.LINK_TO_COPY, envelope_id, cast.odile_id))
    assert client.post("/p/withdraw", {}).status_code == 302
    assert Envelope.objects.get(id=envelope_id).withdrawn_at is not None


def test_no_new_link_without_an_address_nor_for_what_is_no_signed_document(cast: Cast) -> None:
    envelope_id = completed(cast)
    results = records.results_of(organisation_id=cast.hospital, source_id=envelope_id)
    Patient.objects.filter(id=cast.odile_id).update(phone="")
    lebrun = as_person(cast.lebrun.person_id)
    assert lebrun.post(f"/documents/{results['signed']}/new-link").status_code == 302
    assert lebrun.post(f"/documents/{results['evidence']}/new-link").status_code == 404
    assert not Link.objects.filter(subject_id=envelope_id, purpose=copy.LINK_TO_COPY).exists()


def test_the_copy_s_first_page_speaks_the_language_that_the_sender_chose(cast: Cast) -> None:
    envelope_id = completed(cast)
    Recipient.objects.filter(envelope_id=envelope_id, patient_id=cast.odile_id).update(language="en")
    copy.send_again(envelope_id=envelope_id, actor=cast.lebrun, at=now())
    url = re.findall(r"https?://\S+(/l/[A-Za-z0-9_-]{43})", last_mail(cast, copy.COPY))[-1]
    for device, spoken in (("fr", "en"), ("en", "en")):
        page = Client(headers={"Accept-Language": device}).get(url).content.decode()
        assert f'<html lang="{spoken}"' in page


def test_new_links_are_sent_so_often_and_no_more(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "NEW_LINKS", Rate("new-link", most=1, seconds=3600))
    envelope_id = completed(cast)
    document_id = records.results_of(organisation_id=cast.hospital, source_id=envelope_id)["signed"]
    lebrun = as_person(cast.lebrun.person_id)
    for _ in range(2):
        lebrun.post(f"/documents/{document_id}/new-link")
    assert Link.objects.filter(subject_id=envelope_id, purpose=copy.LINK_TO_COPY).count() == 1
    assert "Attendez une minute" in lebrun.get(f"/documents/{document_id}/").content.decode()
