"""Coming in by Pro Santé Connect, from our page to the provider's and back, over HTTP."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.sessions.models import Session as BrowserSession
from django.core.cache import cache
from django.test import Client
from django.utils.html import escape

from telesphore.accounts import ports, queries
from telesphore.accounts.models import Membership, Organisation, Person, Session
from telesphore.accounts.states import Acr
from telesphore.audit.models import Event
from telesphore.kernel.clock import now
from telesphore.web.accounts import asking
from tests.cast import PASSWORD, Cast
from tests.connectors.psc.identities import CHERIF, ESTEVE, LEBRUN, NOBODY_HERE, SYLVIE, subject
from tests.connectors.psc.provider import Browser, Provider, client, provide
from tests.connectors.servers import Asked, serve

pytestmark = pytest.mark.django_db


@pytest.fixture
def us() -> Client:
    return Client()


@pytest.fixture(autouse=True)
def _rates() -> Iterator[None]:
    yield
    cache.clear()


def leave(us: Client, path: str = "/sign-in/psc/", to: str = "/") -> str:
    """Where our page sends the browser."""
    page = us.post(path, {"next": to})
    assert page.status_code == 200, page.content
    address = page["Refresh"].removeprefix("0;url=")
    assert f'href="{escape(address)}"' in page.content.decode()
    return address


def come_in(us: Client, browser: Browser, national_id: str, to: str = "/") -> object:
    return us.get("/sign-in/psc/back/", browser.go(leave(us, to=to), subject(national_id)))


def by_password(us: Client, name: str) -> None:
    us.post("/sign-in/", {"login": f"{name}@montfaucy.example", "password": PASSWORD})
    assert "_auth_user_id" in us.session


def test_what_we_ask_is_what_the_standard_and_the_provider_want(bound: Provider, us: Client) -> None:
    address = leave(us)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert address.startswith(f"{bound.issuer}/auth?")
    assert asked["scope"] == "openid scope_all"
    assert asked["acr_values"] == "eidas1"
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == "http://localhost:8000/sign-in/psc/back/"
    assert len(asked["state"]) == len(asked["nonce"]) == len(asked["code_challenge"]) == 43
    assert asked["state"] != asked["nonce"]
    assert "prompt" not in asked


def test_a_professional_with_one_activity_comes_in(bound: Provider, known: Cast, us: Client, browser: Browser) -> None:
    before = now()
    response = come_in(us, browser, CHERIF, "/records/")
    assert browser.pages == ["login", "consent"]
    assert response.status_code == 302
    assert response["Location"] == "/records/"
    session = Session.objects.get(person_id=known.cherif.person_id)
    assert (session.means, session.acr) == ("psc", Acr.EIDAS1)
    assert us.session["psc_activity"]["structure"] == "Imagerie des Aulnes"
    checked = Person.objects.get(id=known.cherif.person_id).directory_checked_at
    assert checked is not None
    assert checked >= before
    assert us.get("/records/").status_code == 200


def test_our_session_never_outlives_the_providers(bound: Provider, known: Cast, us: Client, browser: Browser) -> None:
    # Its token answer gives its own session 30 minutes more.
    come_in(us, browser, CHERIF)
    session = Session.objects.get(person_id=known.cherif.person_id)
    assert session.ends_at - session.opened_at <= timedelta(minutes=30)


def test_who_has_several_activities_says_in_which_they_work(
    bound: Provider, known: Cast, us: Client, browser: Browser
) -> None:
    now_elsewhere = Membership.objects.create(
        organisation_id=known.elsewhere, person_id=known.lebrun.person_id, role="professional", starts_at=now()
    )
    Organisation.objects.filter(id=known.elsewhere).update(name="AAA, first of all")
    response = come_in(us, browser, LEBRUN, "/book/")
    assert response["Location"] == "/organisation/activity/"
    page = us.get("/organisation/activity/", headers={"Accept-Language": "fr"}).content.decode()
    assert "Cabinet du Dr Lebrun" in page
    assert "Centre hospitalier de Montfaucy" in page
    assert "Médecin" in page
    assert "Cabinet individuel" in page
    page = us.get("/organisation/activity/", headers={"Accept-Language": "en"}).content.decode()
    assert "physician" in page
    assert "public hospital" in page
    assert us.post("/organisation/activity/", {"activity": "7"}).status_code == 200
    chosen = us.post("/organisation/activity/", {"activity": "1"})
    assert chosen["Location"] == "/book/"
    assert us.session["organisation"] == known.hospital.hex
    assert us.session["psc_activity"]["structure"] == "Centre hospitalier de Montfaucy"
    traced = Event.objects.get(action="accounts:activity:choose")
    assert traced.organisation_id == known.hospital
    assert traced.means == "psc"
    # Asked once.
    assert us.get("/organisation/activity/")["Location"] == "/"
    assert now_elsewhere.role == "professional"


def test_an_establishments_staff_comes_in_without_any_activity(
    bound: Provider, known: Cast, us: Client, browser: Browser
) -> None:
    response = come_in(us, browser, SYLVIE)
    assert response["Location"] == "/"
    assert Session.objects.get(person_id=known.sylvie.person_id).means == "psc"


def test_who_has_an_rpps_number_only_is_known_by_it(bound: Provider, cast: Cast, us: Client, browser: Browser) -> None:
    Person.objects.filter(id=cast.cherif.person_id).update(rpps=CHERIF[1:])
    assert come_in(us, browser, CHERIF)["Location"] == "/"


@pytest.mark.parametrize("active", [True, False])
def test_who_has_no_account_is_refused_and_gets_none(
    bound: Provider, known: Cast, us: Client, browser: Browser, active: bool
) -> None:
    Person.objects.filter(id=known.cherif.person_id).update(is_active=active)
    people = Person.objects.count()
    response = come_in(us, browser, NOBODY_HERE if active else CHERIF)
    assert response.status_code == 403
    assert Person.objects.count() == people
    assert Session.objects.count() == 0
    assert Event.objects.get(action="accounts:identity:recognise").detail == {"code": "unknown-professional"}
    assert "_auth_user_id" not in us.session


def test_nothing_of_the_tokens_is_kept(
    bound: Provider, known: Cast, us: Client, browser: Browser, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from telesphore.connectors.psc import client as connector

    answers: list[str] = []
    fetch = connector.fetch

    def overheard(*args: object, **kwargs: object) -> bytes:
        answer = fetch(*args, **kwargs)  # type: ignore[arg-type]  # As it was called.
        answers.append(answer.decode())
        return answer

    monkeypatch.setattr(connector, "fetch", overheard)
    with caplog.at_level("DEBUG"):
        come_in(us, browser, LEBRUN)
    tokens = next(json.loads(answer) for answer in answers if "access_token" in answer)
    secrets = [tokens["access_token"], tokens["id_token"], tokens["id_token"].rpartition(".")[2]]
    kept = " ".join(str(row.get_decoded()) for row in BrowserSession.objects.all())
    kept += " ".join(str(Event.objects.values()) for _ in range(1)) + str(Session.objects.values())
    kept += " ".join(str(value) for value in cache._cache.values()) if hasattr(cache, "_cache") else ""
    for secret in secrets:
        assert secret not in kept
        assert secret not in caplog.text
    assert "nonce" not in str(us.session.items())


def test_a_question_is_answered_once(bound: Provider, known: Cast, us: Client, browser: Browser) -> None:
    query = browser.go(leave(us), subject(CHERIF))
    assert us.get("/sign-in/psc/back/", query).status_code == 302
    assert us.get("/sign-in/psc/back/", query).status_code == 409


def test_two_answers_of_one_moment_open_one_session(bound: Provider, known: Cast, us: Client, browser: Browser) -> None:
    query = browser.go(leave(us), subject(CHERIF))
    # The second reads the session before the first has written it.
    as_it_was = dict(us.session.items())
    assert us.get("/sign-in/psc/back/", query).status_code == 302
    other = Client()
    session = other.session
    session.update(as_it_was)
    session.save()
    assert other.get("/sign-in/psc/back/", query).status_code == 409


def test_an_answer_given_to_another_browser_opens_nothing(
    bound: Provider, known: Cast, us: Client, browser: Browser
) -> None:
    query = browser.go(leave(us), subject(CHERIF))
    victim = Client()
    assert victim.get("/sign-in/psc/back/", query).status_code == 409
    leave(victim)
    assert victim.get("/sign-in/psc/back/", query).status_code == 409
    assert Session.objects.count() == 0


def test_a_code_of_another_question_opens_nothing(bound: Provider, known: Cast, us: Client, browser: Browser) -> None:
    # A code of the attacker's own, brought into the victim's browser under the victim's state.
    stolen = browser.go(leave(Client()), subject(CHERIF))
    state = parse_qs(urlsplit(leave(us)).query)["state"][0]
    response = us.get("/sign-in/psc/back/", {**stolen, "state": state})
    assert response.status_code == 403
    assert Session.objects.count() == 0


def test_a_question_is_forgotten_after_ten_minutes(
    bound: Provider, known: Cast, us: Client, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = browser.go(leave(us), subject(CHERIF))
    monkeypatch.setattr(asking, "LIFE", timedelta(0))
    assert us.get("/sign-in/psc/back/", query).status_code == 409


def test_a_question_of_before_another_sign_in_counts_no_more(
    bound: Provider, known: Cast, us: Client, browser: Browser
) -> None:
    query = browser.go(leave(us), subject(CHERIF))
    us.force_login(Person.objects.get(id=known.lebrun.person_id))
    assert us.get("/sign-in/psc/back/", query).status_code == 409


def test_who_stops_there_is_told_and_may_choose_another_way(bound: Provider, us: Client) -> None:
    state = parse_qs(urlsplit(leave(us)).query)["state"][0]
    response = us.get("/sign-in/psc/back/", {"error": "access_denied", "state": state})
    assert response.status_code == 403
    assert 'href="/sign-in/"' in response.content.decode()
    # The question is gone with it.
    assert us.get("/sign-in/psc/back/", {"code": "x", "state": state}).status_code == 409


def test_a_lower_level_is_refused(bound: Provider, known: Cast, us: Client, browser: Browser) -> None:
    query = browser.go(leave(us), subject(CHERIF), acr="0")
    response = us.get("/sign-in/psc/back/", query)
    assert response.status_code == 403
    assert Session.objects.count() == 0


def test_nobody_is_led_to_another_site(bound: Provider, known: Cast, us: Client, browser: Browser) -> None:
    assert come_in(us, browser, CHERIF, "https://evil.example/")["Location"] == "/"


def test_the_session_key_changes_at_the_sign_in(bound: Provider, known: Cast, us: Client, browser: Browser) -> None:
    address = leave(us)
    planted = us.session.session_key
    us.get("/sign-in/psc/back/", browser.go(address, subject(CHERIF)))
    assert us.session.session_key != planted
    assert not BrowserSession.objects.filter(session_key=planted).exists()


def test_a_proof_given_again_makes_the_provider_ask_again(
    bound: Provider, known: Cast, us: Client, browser: Browser
) -> None:
    come_in(us, browser, CHERIF)
    session = us.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 3600
    session.save()
    page = us.post("/security/psc/")
    assert page.status_code == 302
    assert page["Location"].startswith("/sign-in/again/")
    address = leave(us, "/sign-in/again/psc/", "/records/")
    assert "prompt=login&max_age=0" in address
    browser.pages.clear()
    query = browser.go(address, subject(CHERIF))
    assert "login" in browser.pages, "the provider knew the person and did not ask"
    assert us.get("/sign-in/psc/back/", query)["Location"] == "/records/"
    assert us.post("/security/psc/").status_code == 200


def test_a_proof_given_again_is_of_the_same_person(bound: Provider, known: Cast, us: Client, browser: Browser) -> None:
    us.force_login(Person.objects.get(id=known.lebrun.person_id))
    query = browser.go(leave(us, "/sign-in/again/psc/"), subject(CHERIF))
    assert us.get("/sign-in/psc/back/", query).status_code == 403
    assert us.session.get("_auth_user_id") == str(known.lebrun.person_id)


def test_a_member_links_their_professional_identity(bound: Provider, cast: Cast, us: Client, browser: Browser) -> None:
    by_password(us, "thomas.ricaud")
    query = browser.go(leave(us, "/sign-in/again/psc/"), subject(ESTEVE))
    # Not linked yet: it proves nothing about the account.
    assert us.get("/sign-in/psc/back/", query).status_code == 403
    query = browser.go(leave(us, "/security/psc/"), subject(ESTEVE))
    assert us.get("/sign-in/psc/back/", query)["Location"] == "/security/"
    assert queries.professional_identity(person_id=cast.ricaud.person_id).national_id == ESTEVE
    assert Event.objects.filter(action="accounts:identity:link", outcome="done").count() == 1
    assert come_in(Client(), browser, ESTEVE)["Location"] == "/"


def test_nobody_links_their_identity_at_a_locked_screen(
    bound: Provider, cast: Cast, us: Client, browser: Browser
) -> None:
    """The question was asked before its person left."""
    by_password(us, "thomas.ricaud")
    address = leave(us, "/security/psc/")
    us.post("/session/lock/")
    query = browser.go(address, subject(ESTEVE))
    assert us.get("/sign-in/psc/back/", query).status_code == 409
    assert queries.professional_identity(person_id=cast.ricaud.person_id).national_id == ""
    assert us.get("/records/").status_code == 423


@pytest.mark.parametrize("whose", ["another's", "another one"])
def test_an_identity_is_one_accounts_and_an_account_has_one(
    bound: Provider, known: Cast, us: Client, browser: Browser, whose: str
) -> None:
    person = known.ricaud if whose == "another's" else known.lebrun
    before = Person.objects.get(id=person.person_id).national_id
    by_password(us, "thomas.ricaud" if whose == "another's" else "anne.lebrun")
    query = browser.go(leave(us, "/security/psc/"), subject(CHERIF))
    assert us.get("/sign-in/psc/back/", query).status_code == 409
    assert Person.objects.get(id=person.person_id).national_id == before


def test_switched_off_it_does_not_exist(cast: Cast, us: Client) -> None:
    assert us.post("/sign-in/psc/").status_code == 404
    assert us.get("/sign-in/psc/back/", {"state": "x", "code": "y"}).status_code == 404
    assert us.post("/sign-in/psc/ended/").status_code == 404


def test_when_it_is_down_the_page_names_the_other_ways(cast: Cast, us: Client) -> None:
    ports.identity_provider.bind(lambda: client(Provider("http://127.0.0.1:9")))
    try:
        response = us.post("/sign-in/psc/", headers={"Accept-Language": "en"})
    finally:
        ports.identity_provider.bind(lambda: None)
    assert response.status_code == 503
    page = response.content.decode()
    assert 'href="/sign-in/"' in page
    assert re.search("passkey", page, re.IGNORECASE)
    assert "administrator" in page


def test_leaving_there_ends_what_was_opened_here(known: Cast, us: Client, browser: Browser) -> None:
    told: list[Asked] = []
    with (
        serve(lambda asked: told.append(asked) or b"") as here,
        provide(logout=f"{here.url.replace('localhost', '127.0.0.1')}/ended") as provider,
    ):
        ports.identity_provider.bind(lambda: client(provider))
        try:
            come_in(us, browser, CHERIF)
            other = Client()
            other.force_login(Person.objects.get(id=known.cherif.person_id))
            assert us.get("/records/").status_code == 200
            browser.leave(provider)
            [asked] = told
            sent = asked.content.decode()
            posted = {"content_type": "application/x-www-form-urlencoded"}
            assert Client(enforce_csrf_checks=True).post("/sign-in/psc/ended/", sent, **posted).status_code == 200
            assert us.get("/records/").status_code == 302
            assert other.get("/records/").status_code == 200
            assert Session.objects.get(means="psc").end == "signed-out-at-provider"
            # The same message again counts no more.
            assert Client().post("/sign-in/psc/ended/", sent, **posted).status_code == 400
        finally:
            ports.identity_provider.bind(lambda: None)
