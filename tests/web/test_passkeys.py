"""Passkeys at the server: what proves somebody, and everything near it that does not."""

import json
import time
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
from django.http import HttpResponse
from django.test import Client

from telesphore.accounts import queries
from telesphore.accounts.models import Person
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.web.accounts import ceremonies
from tests.cast import Cast
from tests.web.passkeys import Passkey
from tests.web.test_pages import signed_in


def post(client: Client, path: str, **data: Any) -> HttpResponse:
    return client.post(path, data)  # type: ignore[return-value]  # Django's test response is one.


def just_came_in(actor: Actor) -> Client:
    """A browser in which this person has just signed in with their password."""
    client = signed_in(actor)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
    session["account_authentication_methods_user"] = str(actor.person_id)
    session.save()
    return client


def register(actor: Actor, passkey: Passkey | None = None, client: Client | None = None) -> Passkey:
    """A passkey of this person's, made through the pages."""
    passkey, client = passkey or Passkey(), client or just_came_in(actor)
    options = client.post("/security/passkeys/begin/").json()
    response = post(client, "/security/passkeys/add/", credential=passkey.make(options), name="Téléphone")
    assert response.status_code == 302, response.content
    return passkey


def sign_in(passkey: Passkey, client: Client | None = None, **data: str) -> tuple[Client, HttpResponse]:
    client = client or Client()
    options = client.post("/sign-in/passkey/begin/").json()
    return client, post(client, "/sign-in/passkey/", credential=passkey.prove(options), **data)


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_a_passkey_is_discoverable_and_verifies_its_holder(cast: Cast) -> None:
    options = just_came_in(cast.lebrun).post("/security/passkeys/begin/").json()["publicKey"]
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["rp"]["id"] == "localhost"
    asked = Client().post("/sign-in/passkey/begin/").json()["publicKey"]
    assert asked["userVerification"] == "required"
    assert not asked.get("allowCredentials"), "the page learns of nobody's passkeys"


def test_a_passkey_lets_its_person_in_and_the_session_says_how(cast: Cast) -> None:
    client, response = sign_in(register(cast.lebrun), next="/records/")
    assert response["Location"] == "/records/"
    assert client.session["_auth_user_id"] == str(cast.lebrun.person_id)
    opened = Event.objects.filter(action="accounts:session:open", subject_id=cast.lebrun.person_id).latest("id")
    assert (opened.organisation_id, opened.means, opened.acr) == (cast.hospital, "passkey", "phr")
    assert queries.ways_of(cast.lebrun.person).passkeys[0].used_at is not None


def test_the_party_is_base_urls_host_whatever_host_the_request_names(cast: Cast, settings: Any) -> None:
    settings.BASE_URL = "https://telesphore.montfaucy.example"
    settings.ALLOWED_HOSTS = ["*"]
    client = just_came_in(cast.lebrun)
    options = client.post("/security/passkeys/begin/", headers={"host": "elsewhere.example"}).json()
    assert options["publicKey"]["rp"]["id"] == "telesphore.montfaucy.example"


WRONG = {
    "without user verification": {"verified": False},
    "made for another page": {"origin": "http://localhost:9000"},
    "made for another host": {"origin": "https://attacker.example", "party": "attacker.example"},
    "made for another party": {"party": "attacker.example"},
    "made in a frame of another page": {"cross_origin": True},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_no_passkey_is_added_nor_lets_in(cast: Cast, wrong: dict[str, Any]) -> None:
    client = just_came_in(cast.lebrun)
    options = client.post("/security/passkeys/begin/").json()
    post(client, "/security/passkeys/add/", credential=Passkey(**wrong).make(options))
    assert not queries.ways_of(cast.lebrun.person).passkeys
    passkey = register(cast.lebrun)
    client, response = sign_in(replace(passkey, **wrong))
    assert response["Location"] == "/sign-in/"
    assert not is_in(client)
    assert is_in(sign_in(passkey)[0]), "the same passkey, used rightly, lets in"


def test_another_key_under_her_handle_is_refused(cast: Cast) -> None:
    passkey = register(cast.lebrun)
    assert not is_in(sign_in(replace(passkey, key=Passkey().key))[0])
    assert not is_in(sign_in(replace(passkey, credential_id=b"x" * 32))[0])


def test_a_handle_of_somebody_else_or_of_nobody_is_refused_alike(cast: Cast) -> None:
    hers, his = register(cast.lebrun), register(cast.ricaud)
    for handle in (his.user_handle, "bm9ib2R5", ""):
        client, response = sign_in(replace(hers, user_handle=handle))
        assert not is_in(client)
        assert response["Location"] == "/sign-in/"


def test_an_answer_given_twice_lets_in_once(cast: Cast) -> None:
    passkey, client = register(cast.lebrun), Client()
    answer = passkey.prove(client.post("/sign-in/passkey/begin/").json())
    assert not is_in(_posted(Client(), answer)), "the challenge was another browser's"
    assert is_in(_posted(client, answer))
    client.logout()
    assert not is_in(_posted(client, answer))


def _posted(client: Client, answer: str) -> Client:
    client.post("/sign-in/passkey/", {"credential": answer})
    return client


def test_a_wrong_answer_uses_the_challenge_up(cast: Cast) -> None:
    passkey, client = register(cast.lebrun), Client()
    options = client.post("/sign-in/passkey/begin/").json()
    assert not is_in(_posted(client, replace(passkey, verified=False).prove(options)))
    assert not is_in(_posted(client, passkey.prove(options)))


def test_a_challenge_dies_after_five_minutes(cast: Cast) -> None:
    passkey, client = register(cast.lebrun), Client()
    options = client.post("/sign-in/passkey/begin/").json()
    with patch("telesphore.web.accounts.sign_in.now", lambda: now() + ceremonies.GOOD_FOR * 1.01):
        assert not is_in(_posted(client, passkey.prove(options)))


def test_a_registration_is_no_sign_in(cast: Cast) -> None:
    passkey, client = register(cast.lebrun), just_came_in(cast.lebrun)
    answer = passkey.prove(client.post("/security/passkeys/begin/").json())
    client.post("/sign-in/again/", {"credential": answer})
    assert "passkey" not in str(client.session.get("account_authentication_methods"))


@pytest.mark.parametrize(
    "answer",
    ["", "{}", "[]", "null", "7", '"x"', "{" * 9000, "[" * 16000, "x" * 20000, '{"response":{}}',
     '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"AA","authenticatorData":"AA"}}',
     json.dumps({"id": "AA", "rawId": "AA", "type": "public-key", "response": {
         "clientDataJSON": "e30", "authenticatorData": "AA", "signature": "AA", "userHandle": "////"}})],
)  # fmt: skip
def test_what_is_no_answer_is_refused_with_a_sentence(cast: Cast, answer: str) -> None:
    client = Client()
    client.post("/sign-in/passkey/begin/")
    assert client.post("/sign-in/passkey/", {"credential": answer})["Location"] == "/sign-in/"
    member = just_came_in(cast.lebrun)
    member.post("/security/passkeys/begin/")
    assert member.post("/security/passkeys/add/", {"credential": answer}).status_code == 302
    assert not queries.ways_of(cast.lebrun.person).passkeys


def test_who_may_no_longer_come_in_is_refused_as_if_nobody_had_the_passkey(cast: Cast) -> None:
    passkey = register(cast.lebrun)
    Person.objects.filter(id=cast.lebrun.person_id).update(is_active=False)
    client, response = sign_in(passkey)
    assert not is_in(client)
    assert response["Location"] == "/sign-in/"


def test_a_removed_passkey_opens_nothing(cast: Cast) -> None:
    client = just_came_in(cast.lebrun)
    first, second = register(cast.lebrun, client=client), register(cast.lebrun, client=client)
    kept, lost = (key.passkey_id for key in queries.ways_of(cast.lebrun.person).passkeys)
    client.post(f"/security/passkeys/{lost}/remove/")
    assert not is_in(sign_in(second)[0])
    assert is_in(sign_in(first)[0])
    client.post(f"/security/passkeys/{kept}/remove/")
    assert is_in(sign_in(first)[0]), "the last one stays"


def test_she_proves_again_who_she_is_by_her_own_passkey_only(cast: Cast) -> None:
    hers, his = register(cast.lebrun), register(cast.ricaud)
    client, _ = sign_in(hers)
    session = client.session
    session["account_authentication_methods"] = []
    session.save()
    for passkey, fresh in ((his, False), (hers, True)):
        options = client.post("/sign-in/passkey/begin/").json()
        answer = {"credential": passkey.prove(options), "next": "/security/passkeys/add/"}
        client.post("/sign-in/again/", answer)
        assert (client.get("/security/passkeys/add/").status_code == 200) is fresh


@pytest.mark.parametrize("to", ["https://attacker.example/", "//attacker.example", "javascript:alert(1)", "/\\evil"])
def test_a_passkey_leads_to_no_other_site(cast: Cast, to: str) -> None:
    assert sign_in(register(cast.lebrun), next=to)[1]["Location"] == "/"


def test_a_session_has_another_key_after_the_passkey_and_nothing_of_before(cast: Cast) -> None:
    passkey, client = register(cast.lebrun), Client()
    options = client.post("/sign-in/passkey/begin/").json()
    before = client.session.session_key
    session = client.session
    session["planted"] = "yes"
    session.save()
    _posted(client, passkey.prove(options))
    assert is_in(client)
    assert client.session.session_key != before
    assert "planted" not in client.session


def test_a_way_is_changed_by_who_has_just_proved_who_they_are(cast: Cast) -> None:
    client = just_came_in(cast.lebrun)
    register(cast.lebrun, client=client)
    passkey_id = queries.ways_of(cast.lebrun.person).passkeys[0].passkey_id
    session = client.session
    session["account_authentication_methods"] = []
    session.save()
    for path in (
        "/security/passkeys/begin/", "/security/passkeys/add/", f"/security/passkeys/{passkey_id}/name/",
        f"/security/passkeys/{passkey_id}/remove/", "/security/totp/", "/security/totp/remove/",
        "/security/recovery-codes/", "/security/password/", "/security/password/remove/",
    ):  # fmt: skip
        response = client.post(path)
        assert response["Location"].startswith("/sign-in/again/"), path
