"""What is done to a session by who wants another's: fixed, forged, led astray, replayed, guessed side by side, read."""

import base64
import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import connections
from django.test import Client, RequestFactory
from django.utils.module_loading import import_string

from telesphore.accounts import actions as accounts
from telesphore.accounts.models import Person
from telesphore.kernel.clock import now
from telesphore.records import actions as records
from telesphore.web.entering import safe_path
from tests.cast import PASSWORD, Cast
from tests.endpoints import ENDPOINTS, NEVER_GIVEN
from tests.entering import PASSKEY, as_person, request_of
from tests.links.test_links import make_link, sent_code
from tests.records.test_accounts import last_mail

LEBRUN = "anne.lebrun@montfaucy.example"


def sign_in(client: Client, **more: str) -> Any:
    return client.post("/sign-in/", {"login": LEBRUN, "password": PASSWORD, **more})


def session_of(key: str | None) -> SessionBase:
    store: SessionBase = import_string(f"{settings.SESSION_ENGINE}.SessionStore")(key)
    return store


# A session fixed before


def by_password(cast: Cast, client: Client) -> None:
    assert sign_in(client).status_code == 302


def by_link(cast: Cast, client: Client) -> None:
    _, token = make_link(cast)
    client.post(f"/l/{token}/code")
    assert client.post(f"/l/{token}/open", {"code": sent_code(cast)}).status_code == 302


@pytest.mark.parametrize("come_in", [by_password, by_link])
def test_a_session_key_fixed_before_coming_in_opens_nothing_after(
    cast: Cast, come_in: Callable[[Cast, Client], None]
) -> None:
    planted = session_of(None)
    planted["theme"] = "dark"
    planted.create()
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = planted.session_key
    come_in(cast, client)
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != planted.session_key
    assert not session_of(planted.session_key).exists(planted.session_key or "")


def test_our_own_ways_in_leave_nothing_of_the_session_before(cast: Cast) -> None:
    # Pro Santé Connect, cards, certificates, links of set-up: all end in `enter`.
    from telesphore.web.entering import enter

    request = request_of()
    request.session["organisation"] = cast.elsewhere.hex
    request.session.create()
    before = request.session.session_key
    enter(request, person_id=cast.lebrun.person, proof=PASSKEY)
    assert request.session.session_key != before
    assert "organisation" not in request.session


# A request forged from another site

WITHOUT_CSRF_TOKEN = {
    "pki:ocsp": "answers programs; no cookie counts",
    "pki:timestamp": "answers programs; no cookie counts",
    "api_nowhere": "no such address for any program; no cookie counts",
    "agent_pair": "a card agent, which has no cookie: the code's MAC says who may",
    "psc_ended": "Pro Santé Connect's server, which has no cookie: its signature says who it is",
}


def test_a_form_from_another_site_is_refused_everywhere(db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    programs = {endpoint.name for endpoint in ENDPOINTS if endpoint.rule.startswith("token: ")}
    exempt = {endpoint.name for endpoint in ENDPOINTS if getattr(endpoint.view, "csrf_exempt", False)}
    assert exempt - programs == set(WITHOUT_CSRF_TOKEN)

    taken = []
    for endpoint in [endpoint for endpoint in ENDPOINTS if endpoint.name not in exempt]:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = client.generic(method, endpoint.path())
            if answer.status_code != 403 or "403_csrf.html" not in [template.name for template in answer.templates]:
                taken.append(f"{method} {endpoint.pattern}: {answer.status_code}")
    assert taken == []


# Led astray

ELSEWHERE = [
    "//evil.example", "///evil.example", "https://evil.example/", "https:evil.example", "http:///evil.example",
    "/\\evil.example", "\\\\evil.example", "\\/evil.example", "/\t/evil.example", "\t//evil.example",
    "/\r\n/evil.example", " //evil.example", "javascript:alert(1)", "data:text/html,x", "//evil.example:80\\@localhost",
    "\x00//evil.example", "/%5cevil.example/..//evil.example",
]  # fmt: skip


def leads_to_us(location: str) -> bool:
    """As a browser reads an address on a page of ours: `\\` is `/`, tabs and line breaks are nothing (WHATWG URL)."""
    read = "".join(letter for letter in location.strip() if letter not in "\t\r\n").replace("\\", "/")
    target = urlsplit(urljoin("http://testserver/sign-in/", read))
    return target.scheme == "http" and target.netloc == "testserver"


@pytest.mark.parametrize("to", ELSEWHERE)
def test_coming_in_leads_to_no_other_site(to: str) -> None:
    assert leads_to_us(safe_path(RequestFactory().get("/"), to))


def test_no_page_sends_to_another_site(cast: Cast) -> None:
    lebrun, astray = as_person(cast.lebrun.person_id), []
    for to in ELSEWHERE:
        answers = {
            "sign-in": sign_in(Client(), next=to),
            "sign-in of who is in": lebrun.get("/sign-in/", {"next": to}),
            "again": lebrun.post("/sign-in/again/", {"password": PASSWORD, "next": to}),
            "language": Client().post(
                "/language/", {"language": "en", "next": to}, headers={"Referer": to.strip("\r\n")}
            ),
            "organisation": lebrun.post("/organisation/", {"organisation": cast.hospital.hex, "next": to}),
        }
        assert answers["sign-in"].status_code == answers["language"].status_code == 302
        astray += [
            (name, to, answer["Location"])
            for name, answer in answers.items()
            if answer.has_header("Location") and not leads_to_us(answer["Location"])
        ]
    assert astray == []


# Whose site it is


def test_another_hosts_name_is_refused(db: None) -> None:
    for host in ("evil.example", "localhost.evil.example", "localhost:8000@evil.example", "testserver\\@evil"):
        assert Client(raise_request_exception=False).get("/sign-in/", headers={"Host": host}).status_code == 400, host


def test_a_forwarded_host_is_not_believed(cast: Cast) -> None:
    client = as_person(cast.sylvie.person_id)
    headers = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    assert b"evil.example" not in client.get("/sign-in/", headers=headers, follow=True).content
    client.post(f"/records/{cast.odile_id}/accounts/invite", headers=headers)
    mail = last_mail(cast)
    assert f"{settings.BASE_URL}/l/" in mail
    assert "evil.example" not in mail
    assert "testserver" not in mail


# Replayed, too early, too late

SECRET = base64.b32encode(b"twenty bytes, secret").decode()
NOON = datetime.fromisoformat("2026-03-02T12:00:00+00:00")
STEP = timedelta(seconds=30)


def code_at(at: datetime) -> str:
    """What the application shows at `at`."""
    generator = HOTP(base64.b32decode(SECRET), 6, SHA1())
    return generator.generate(int(at.timestamp()) // 30).decode()


def with_totp(cast: Cast) -> UUID:
    person_id = cast.lebrun.person
    accounts.add_totp(person_id=person_id, secret=SECRET, step=0, actor=cast.lebrun, at=now())
    return person_id


@pytest.mark.parametrize(
    ("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)], ids=lambda value: str(value)
)
def test_a_clock_may_be_a_step_away_and_no_more(cast: Cast, steps: int, *, good: bool) -> None:
    person_id = with_totp(cast)
    spent = accounts.spend_code(person_id=person_id, code=code_at(NOON + steps * STEP), at=NOON)
    assert (spent is not None) is good


def test_an_applications_code_is_good_once_and_so_are_those_before_it(cast: Cast) -> None:
    person_id = with_totp(cast)
    assert accounts.spend_code(person_id=person_id, code=code_at(NOON), at=NOON) is not None
    for seconds in (0, 1, 29, 30, 59):
        at = NOON + timedelta(seconds=seconds)
        assert accounts.spend_code(person_id=person_id, code=code_at(NOON), at=at) is None
        assert accounts.spend_code(person_id=person_id, code=code_at(NOON - STEP), at=at) is None
    assert accounts.spend_code(person_id=person_id, code=code_at(NOON + STEP), at=NOON + STEP) is not None


def side_by_side(times: int, act: Callable[[], Any]) -> list[Any]:
    """What each of so many threads got, that began together."""
    together, got = threading.Barrier(times), []

    def run() -> None:
        try:
            together.wait(30)
            got.append(act())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


def test_one_code_given_side_by_side_lets_in_once(committed_cast: Cast) -> None:
    person_id = with_totp(committed_cast)
    [spare, *_] = accounts.make_recovery_codes(person_id=person_id, actor=committed_cast.lebrun, at=now())
    for code in (code_at(NOON), spare):
        got = side_by_side(5, lambda code=code: accounts.spend_code(person_id=person_id, code=code, at=NOON))
        assert len(got) == 5
        assert len([found for found in got if found is not None]) == 1, code


# Read over a shoulder, in a log, on a shared computer


def test_the_cookie_of_a_session_is_out_of_reach_of_scripts_and_of_other_sites(cast: Cast) -> None:
    client = Client()
    sign_in(client)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["domain"] == ""
    assert cookie["path"] == "/"


def test_no_secret_is_in_a_log_nor_in_an_address_of_a_whole_journey(
    cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    _, token = make_link(cast)
    patient, professional, addresses = Client(), Client(), []

    def go(client: Client, path: str, data: dict[str, str] | None = None) -> Any:
        answer = client.get(path) if data is None else client.post(path, data)
        addresses.append(answer.get("Location", ""))
        return answer

    go(patient, f"/l/{token}")
    go(patient, f"/l/{token}/code", {})
    code = sent_code(cast)
    assert go(patient, f"/l/{token}/open", {"code": code})["Location"] == "/p/"
    go(patient, "/p/")
    go(professional, "/sign-in/", {"login": LEBRUN, "password": "a-wrong-guess-of-mine"})
    assert go(professional, "/sign-in/", {"login": LEBRUN, "password": PASSWORD}).status_code == 302
    go(professional, "/records/")
    keys = [client.cookies[settings.SESSION_COOKIE_NAME].value for client in (patient, professional)]
    told = " ".join(str(vars(record)) for record in caplog.records)
    assert "request" in told
    for secret in (token, code, PASSWORD, "a-wrong-guess-of-mine", *keys):
        assert secret not in told
        assert secret not in " ".join(addresses)
    assert Person.objects.get(email=LEBRUN).id.hex not in " ".join(addresses)
    assert NEVER_GIVEN["str"] not in told
