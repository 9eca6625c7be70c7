"""A patient's pages by an account: invited, let in, each record apart, each opening traced, each ending at once."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client, override_settings

from telesphore.accounts.models import Person, Session
from telesphore.accounts.states import Acr
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.links.models import Code, Link
from telesphore.records import actions as records
from telesphore.records.models import Patient, PatientAccount, Representation
from telesphore.records.states import Measure
from telesphore.signature.actions import send
from telesphore.signature.models import Recipient
from telesphore.signature.states import Purpose
from tests.cast import Cast
from tests.links.test_links import sent_code, wrong
from tests.papers import one_page
from tests.records.test_accounts import INES, basis, child, last_token
from tests.web.test_pages import signed_in

MINE = ["/my/", "/my/documents/", "/my/accesses/", "/my/representatives", "/my/ready"]


def follow(cast: Cast, client: Client | None = None) -> Client:
    """The browser of who followed the last invitation and gave its code."""
    client = client or Client()
    token = last_token(cast)
    client.post(f"/l/{token}/code")
    answer = client.post(f"/l/{token}/open", {"code": sent_code(cast)})
    assert answer["Location"] == "/p/welcome"
    return client


def with_account(cast: Cast) -> Client:
    """Odile's browser, once she has opened her account."""
    records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    client = follow(cast)
    assert client.post("/p/welcome")["Location"] == "/my/ready"
    return client


def as_representative(cast: Cast, patient_id: UUID, measure: Measure = Measure.GUARDIANSHIP) -> Client:
    """Inès's browser, once she has followed her invitation."""
    records.record_representation(patient_id=patient_id, who=INES, basis=basis(measure), actor=cast.sylvie, at=now())
    client = follow(cast)
    client.post("/p/welcome")
    return client


def deposit(cast: Cast, patient_id: UUID, actor: Actor | None = None, title: str = "Compte rendu") -> UUID:
    return records.deposit(
        patient_id=patient_id, title=title, type_code="11488-4", class_code="10", content=one_page(),
        actor=actor or cast.sylvie, at=now(),
    ).document_id  # fmt: skip


def to_sign(cast: Cast) -> UUID:
    """A document that awaits Odile's signature."""
    step = [send.Signer(person_id=None, purpose=Purpose.CONSENTS)]
    return send.send(document_id=deposit(cast, cast.odile_id), steps=[step], actor=cast.sylvie, at=now())


def odile_signed_in() -> Client:
    """Odile's browser, come in otherwise than by a link."""
    client = Client()
    odile = Person.objects.get(email="odile.ferrand@courriel.example")
    client.force_login(odile, "allauth.account.auth_backends.AuthenticationBackend")
    return client


# Coming in


def test_an_invited_patient_comes_to_their_record_and_the_trail_says_who_signed_in(cast: Cast) -> None:
    client = with_account(cast)
    person_id = Person.objects.get(email="odile.ferrand@courriel.example").id
    for path in MINE:
        assert client.get(path).status_code == 200, path
    entered = Event.objects.get(action="records:record:enter")
    assert (entered.actor_kind, entered.person_id, entered.means) == ("patient", cast.odile_id, "link+code")
    assert entered.detail["account"] == str(person_id)


def test_the_code_is_asked_before_anything_is_told(cast: Cast) -> None:
    records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    client, token = Client(), last_token(cast)
    landing = client.get(f"/l/{token}").content.decode()
    assert "FERRAND" not in landing
    assert client.get("/p/welcome").status_code == 404
    client.post(f"/l/{token}/code")
    assert client.post(f"/l/{token}/open", {"code": wrong(sent_code(cast))}).status_code == 422
    assert client.get("/p/welcome").status_code == 404
    assert client.post("/p/welcome").status_code == 404
    assert not PatientAccount.objects.filter(confirmed_at__isnull=False).exists()


def test_an_expired_invitation_opens_nothing(cast: Cast) -> None:
    records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    client = follow(cast)
    Link.objects.update(created_at=now() - timedelta(days=15), expires_at=now() - timedelta(seconds=1))
    assert client.post("/p/welcome").status_code == 409
    assert client.get(f"/l/{last_token(cast)}").status_code == 409
    assert not PatientAccount.objects.filter(confirmed_at__isnull=False).exists()


def test_an_invitation_followed_in_two_browsers_makes_one_account(cast: Cast) -> None:
    records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    first = follow(cast)
    Code.objects.update(sent_at=now() - timedelta(minutes=1))
    second = follow(cast)
    assert first.post("/p/welcome").status_code == 302
    assert second.post("/p/welcome").status_code == 409
    assert Person.objects.filter(email="odile.ferrand@courriel.example").count() == 1


def test_link_and_code_do_not_open_the_account_of_a_professional(cast: Cast) -> None:
    Patient.objects.filter(id=cast.odile_id).update(email="anne.lebrun@montfaucy.example")
    records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    client = follow(cast)
    assert "/sign-in/?next=/p/welcome" in client.get("/p/welcome").content.decode()
    assert client.post("/p/welcome").status_code == 409
    assert "_auth_user_id" not in client.session
    # Somebody else's session is no proof either.
    another = follow_again(cast, signed_in(cast.ricaud))
    assert another.post("/p/welcome").status_code == 409
    herself = follow_again(cast, signed_in(cast.lebrun))
    assert herself.post("/p/welcome")["Location"] == "/my/"
    assert PatientAccount.objects.get().person_id == cast.lebrun.person_id


def follow_again(cast: Cast, client: Client) -> Client:
    Code.objects.update(sent_at=now() - timedelta(minutes=1))
    return follow(cast, client)


def test_opening_the_account_leaves_whatever_session_was_there(cast: Cast) -> None:
    records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    client = follow(cast, signed_in(cast.ricaud))
    before = client.session.session_key
    assert client.post("/p/welcome").status_code == 302
    assert client.session["_auth_user_id"] == str(Person.objects.get(email="odile.ferrand@courriel.example").pk)
    assert client.session.session_key != before


@override_settings(DEMONSTRATION=False)
def test_who_came_by_link_and_code_sees_their_record_and_no_other_page(cast: Cast) -> None:
    client = with_account(cast)
    assert client.get("/my/").status_code == 200
    for path in ("/", "/records/", "/organisation/"):
        assert client.get(path)["Location"] == "/security/set-up/", path
    # Signed in otherwise, without a second factor: not even the record.
    other = Client()
    other.force_login(Person.objects.get(email="odile.ferrand@courriel.example"))
    assert other.get("/my/")["Location"] == "/security/set-up/"


def test_who_has_no_passkey_comes_back_by_a_new_link_and_who_has_one_signs_in(cast: Cast) -> None:
    with_account(cast)
    records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    again = follow_again(cast, Client())
    assert again.post("/p/welcome")["Location"] == "/my/ready"
    assert again.get("/my/documents/").status_code == 200
    Authenticator.objects.create(
        user=Person.objects.get(email="odile.ferrand@courriel.example"), type=Authenticator.Type.WEBAUTHN,
        data={"name": "Téléphone", "credential": {}},
    )  # fmt: skip
    records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    assert follow_again(cast, Client()).post("/p/welcome").status_code == 409


# Nobody else's


def test_a_patient_sees_their_own_documents_and_not_anothers(cast: Cast) -> None:
    client = with_account(cast)
    hers, his = deposit(cast, cast.odile_id, title="Le mien"), deposit(cast, cast.ibrahim_id, cast.ricaud, "Le sien")
    page = client.get("/my/documents/").content.decode()
    assert "Le mien" in page
    assert "Le sien" not in page
    assert client.get(f"/my/documents/{hers}/").status_code == 200
    assert client.get(f"/my/documents/{hers}/file.pdf").content.startswith(b"%PDF")
    for path in ("", "file.pdf"):
        answers = {client.get(f"/my/documents/{some_id}/{path}").status_code for some_id in (his, uuid7())}
        assert answers == {404}
    event = Event.objects.filter(action="records:document:open", outcome="done").latest("id")
    assert (event.actor_kind, event.ground, event.purpose) == ("patient", "own-record", "PATRQT")


def test_a_withdrawn_document_says_so(cast: Cast) -> None:
    client = with_account(cast)
    document_id = deposit(cast, cast.odile_id)
    records.withdraw_document(document_id=document_id, replaced_by=None, actor=cast.sylvie, at=now())
    client.cookies["django_language"] = "en"
    assert "Withdrawn" in client.get("/my/documents/").content.decode()
    assert "no longer holds" in client.get(f"/my/documents/{document_id}/").content.decode()


@pytest.mark.parametrize("path", ["/records/", "/book/", "/records/new", "/audit/", "/circuits/"])
def test_a_patient_reaches_no_page_of_members(cast: Cast, path: str) -> None:
    assert with_account(cast).get(path).status_code == 403


@pytest.mark.parametrize("path", [*MINE, "/my/documents/0197f3a0-0000-7000-8000-000000000000/file.pdf"])
def test_a_member_reaches_no_page_of_a_patient(cast: Cast, path: str) -> None:
    assert signed_in(cast.lebrun).get(path).status_code == 403


# One at a time


def test_a_professional_who_is_a_patient_is_one_or_the_other(cast: Cast) -> None:
    Patient.objects.filter(id=cast.odile_id).update(email="anne.lebrun@montfaucy.example")
    records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    client = follow(cast, signed_in(cast.lebrun))
    client.post("/p/welcome")
    assert client.get("/my/").status_code == 200
    # In her record she is no professional, whatever her role allows.
    assert client.get(f"/records/{cast.odile_id}/").status_code == 403
    assert client.get("/")["Location"] == "/my/"
    client.post("/my/records/leave")
    assert client.get(f"/records/{cast.odile_id}/").status_code == 200
    assert client.get("/my/documents/")["Location"] == "/my/records"
    kinds = Event.objects.filter(action="records:record:open", outcome="done").values_list("actor_kind", "ground")
    assert set(kinds) == {("professional", "care-team")}


def test_two_records_are_never_on_one_page(cast: Cast) -> None:
    leo = child(cast)
    represents = as_representative(cast, leo, Measure.PARENTAL_AUTHORITY)
    person = Person.objects.get(email=INES.email)
    hers, his = deposit(cast, cast.odile_id, title="À Odile"), deposit(cast, leo, title="À Léo")
    PatientAccount.objects.create(
        organisation_id=cast.hospital, patient_id=cast.odile_id, person_id=person.id, email=person.email,
        link_id=uuid7(), invited_by=uuid7(), invited_at=now(), confirmed_at=now(),
    )  # fmt: skip
    # By link and code, she has the one record that these proved.
    assert "FERRAND Odile" not in represents.get("/my/records").content.decode()
    client = Client()
    client.force_login(person, "allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/")["Location"] == "/my/records"
    assert client.get("/my/documents/")["Location"] == "/my/records"
    account, representation = PatientAccount.objects.get(), Representation.objects.get()
    for row_id, mine, other in ((account.id, hers, his), (representation.id, his, hers)):
        assert client.post("/my/records", {"entrance": row_id.hex})["Location"] == "/my/"
        assert client.get(f"/my/documents/{mine}/").status_code == 200
        assert client.get(f"/my/documents/{other}/").status_code == 404
        page = client.get("/my/documents/").content.decode()
        assert ("À Odile" in page) != ("À Léo" in page)


def test_nobody_chooses_a_record_that_is_not_theirs(cast: Cast) -> None:
    with_account(cast)
    account = PatientAccount.objects.get()
    client = signed_in(cast.ricaud)
    assert client.post("/my/records", {"entrance": account.id.hex}).status_code == 200
    assert client.get("/my/").status_code == 403


# The end


def test_an_ended_account_is_out_at_the_next_request(cast: Cast) -> None:
    client = with_account(cast)
    document_id = deposit(cast, cast.odile_id)
    records.end_account(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    for path in [*MINE, f"/my/documents/{document_id}/file.pdf"]:
        assert client.get(path).status_code == 403, path


def before_it_begins() -> None:
    Representation.objects.update(starts_at=now() + timedelta(hours=1))


def after_its_end() -> None:
    Representation.objects.update(starts_at=now() - timedelta(days=9), ends_at=now() - timedelta(seconds=1))


def once_ended() -> None:
    Representation.objects.update(ended_at=now())


def after_the_eighteenth_birthday() -> None:
    Patient.objects.filter(given_names="Léo").update(birth_date="2000-01-01")


@pytest.mark.parametrize("end", [before_it_begins, after_its_end, once_ended, after_the_eighteenth_birthday])
def test_a_representative_is_out_at_the_next_request(cast: Cast, end: Callable[[], None]) -> None:
    leo = child(cast)
    client = as_representative(cast, leo, Measure.PARENTAL_AUTHORITY)
    document_id = deposit(cast, leo)
    assert client.get(f"/my/documents/{document_id}/file.pdf").status_code == 200
    event = Event.objects.filter(action="records:document:open").latest("id")
    assert (event.actor_kind, event.ground, event.on_behalf_of) == ("representative", "representative", leo)
    end()
    for path in [*MINE, f"/my/documents/{document_id}/file.pdf"]:
        assert client.get(path).status_code == 403, path


# Who looked


def test_the_patient_sees_who_looked_and_what_and_why(cast: Cast) -> None:
    client = with_account(cast)
    client.cookies["django_language"] = "en"
    document_id = deposit(cast, cast.odile_id, title="Scanner")
    records.open_document(document_id=document_id, purpose="TREAT", actor=cast.lebrun, at=now())
    page = re.sub(r"\s+", " ", client.get("/my/accesses/").content.decode())
    for words in ("Dr Anne Lebrun", "pneumologue", "Read a document", "Scanner", "They are in the care team."):
        assert words in page, words


def test_the_patient_sees_who_was_refused(cast: Cast) -> None:
    client = with_account(cast)
    client.cookies["django_language"] = "en"
    assert signed_in(cast.ricaud).get(f"/records/{cast.odile_id}/").status_code == 404
    page = client.get("/my/accesses/").content.decode()
    assert "Dr Thomas Ricaud" in page
    assert "Refused" in page


def test_a_patient_reports_an_access_once_and_no_access_of_anothers_record(cast: Cast) -> None:
    client = with_account(cast)
    records.open_record(patient_id=cast.odile_id, purpose="TREAT", actor=cast.lebrun, at=now())
    records.open_record(patient_id=cast.ibrahim_id, purpose="TREAT", actor=cast.ricaud, at=now())
    hers = Event.objects.get(action="records:record:open", patient_id=cast.odile_id)
    his = Event.objects.get(action="records:record:open", patient_id=cast.ibrahim_id)
    path = f"/my/accesses/{hers.id}/report"
    assert client.get(path).status_code == 200
    assert client.post(path, {"why": ""}).status_code == 422
    assert client.post(path, {"why": "other"})["Location"] == "/my/accesses/reported"
    assert client.post(path, {"why": "other"}).status_code == 409
    for some_id in (his.id, uuid7()):
        assert client.get(f"/my/accesses/{some_id}/report").status_code == 404
        assert client.post(f"/my/accesses/{some_id}/report", {"why": "other"}).status_code == 404


# Signing


def test_who_signed_in_signs_what_awaits_them_without_another_link(cast: Cast) -> None:
    with_account(cast)
    envelope_id = to_sign(cast)
    client = odile_signed_in()
    prove(client)
    client.post("/my/records", {"entrance": PatientAccount.objects.get().id.hex})
    assert client.post(f"/my/sign/{uuid7()}")["Location"] == "/my/"
    assert client.post(f"/my/sign/{envelope_id}")["Location"] == "/p/"
    assert client.get("/p/").status_code == 200
    client.post("/p/read", {"page": "1"})
    assert client.post("/p/sign", {"drawing": ""})["Location"] == "/p/done"
    assert Recipient.objects.get().proof["means"] == "passkey"
    records.end_account(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    assert client.get("/p/done").status_code == 404


def prove(client: Client) -> None:
    """As if the person had just used a passkey."""
    session = client.session
    Session.objects.filter(person_id=session["_auth_user_id"]).update(means="passkey", acr=Acr.PASSKEY)
    session["account_authentication_methods_user"] = session["_auth_user_id"]
    session["account_authentication_methods"] = [{"method": "mfa", "type": "webauthn", "at": now().timestamp()}]
    session.save()


def test_signing_asks_for_a_fresh_proof(cast: Cast) -> None:
    with_account(cast)
    envelope_id = to_sign(cast)
    client = odile_signed_in()
    client.post("/my/records", {"entrance": PatientAccount.objects.get().id.hex})
    assert client.post(f"/my/sign/{envelope_id}")["Location"].startswith("/sign-in/again/")


def test_who_came_by_an_invitations_link_signs_by_the_documents_own(cast: Cast) -> None:
    client = with_account(cast)
    envelope_id = to_sign(cast)
    assert client.post(f"/my/sign/{envelope_id}")["Location"] == "/my/"
    assert client.get("/p/").status_code == 404


# The organisation's pages


def test_the_organisation_invites_records_and_ends_on_its_pages(cast: Cast) -> None:
    client = signed_in(cast.sylvie)
    base = f"/records/{cast.odile_id}"
    assert client.post(f"{base}/accounts/invite").status_code == 302
    assert PatientAccount.objects.get().confirmed_at is None
    form = {
        "measure": "guardianship", "given_name": "Inès", "family_name": "Ferrand", "email": INES.email,
        "phone": "06 39 98 01 60", "starts_on": "2026-01-01", "evidence": "Jugement du 3 mars 2026",
    }  # fmt: skip
    assert client.post(f"{base}/representatives/new", {**form, "evidence": ""}).status_code == 422
    assert client.post(f"{base}/representatives/new", {**form, "measure": "parental-authority"}).status_code == 422
    assert client.post(f"{base}/representatives/new", form).status_code == 302
    row = Representation.objects.get()
    page = client.get(f"{base}/accounts").content.decode()
    assert "Inès Ferrand" in page
    assert client.post(f"{base}/representatives/{row.id}/invite").status_code == 302
    assert client.get(f"{base}/representatives/{row.id}/end").status_code == 200
    assert client.post(f"/records/{child(cast)}/representatives/{row.id}/end", {"reason": "x"}).status_code == 404
    assert client.post(f"{base}/representatives/{row.id}/end", {"reason": "Mainlevée"}).status_code == 302
    row.refresh_from_db()
    assert (row.ended_by, row.end_reason) == (cast.sylvie.person_id, "Mainlevée")
    assert client.post(f"{base}/accounts/end").status_code == 302


@pytest.mark.parametrize("who", ["ricaud", "cherif"])
def test_who_is_not_of_the_care_team_finds_no_such_pages(cast: Cast, who: str) -> None:
    as_representative(cast, cast.odile_id)
    row = Representation.objects.get()
    client = signed_in(getattr(cast, who))
    for path in ("accounts", "representatives/new", f"representatives/{row.id}/end"):
        assert client.get(f"/records/{cast.odile_id}/{path}").status_code == 404
    for path in ("accounts/invite", "accounts/end", f"representatives/{row.id}/invite"):
        assert client.post(f"/records/{cast.odile_id}/{path}").status_code == 404
