"""Guessing passwords and codes: how often, by whom, and what the answers tell."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.test import Client, RequestFactory

from telesphore.accounts import actions
from telesphore.accounts.models import Person
from telesphore.kernel.clock import now
from telesphore.outbox.models import Notice
from telesphore.web.accounts import devices, throttle
from tests.accounts.test_ways import SECRET, at_once, digits
from tests.browser.site import EMAILS
from tests.cast import PASSWORD, Cast
from tests.web.test_passkeys import is_in, register, sign_in

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
WRONG = "un-autre-mot-de-passe"


def attempt(
    client: Client, password: str, email: str = EMAILS["lebrun"], address: str = "192.0.2.7", **more: str
) -> str:
    """What the page says, without what changes by itself."""
    response = client.post(
        "/sign-in/", {"login": email, "password": password, **more}, REMOTE_ADDR=address, follow=False
    )
    if response.status_code == 302:
        return response["Location"]
    return re.sub(r'value="[^"]*"', "", response.content.decode())


def too_many(said: str) -> bool:
    return "Trop d’essais" in said


@pytest.fixture
def people(cast: Cast) -> Cast:
    """The cast, with Dr Ricaud closed out and Dr Cherif without a password."""
    Person.objects.filter(id=cast.ricaud.person_id).update(is_active=False)
    Person.objects.filter(id=cast.cherif.person_id).update(password="!")
    return cast


def test_a_wrong_password_an_unknown_address_a_closed_account_and_none_with_a_password_are_told_the_same(
    people: Cast,
) -> None:
    told = {
        attempt(Client(), WRONG),
        attempt(Client(), WRONG, "personne@montfaucy.example"),
        attempt(Client(), PASSWORD, EMAILS["ricaud"]),
        attempt(Client(), PASSWORD, "nadia.cherif@aulnes.example"),
    }
    assert len(told) == 1
    assert "pas le bon" in told.pop()


def test_they_cost_the_same_work(people: Cast) -> None:
    hashed: list[str] = []
    encode, verify = Argon2PasswordHasher.encode, Argon2PasswordHasher.verify

    def counted(name: str, real: Any) -> Any:
        return lambda self, *args: (hashed.append(name), real(self, *args))[1]

    works = []
    with (
        patch.object(Argon2PasswordHasher, "encode", counted("encode", encode)),
        patch.object(Argon2PasswordHasher, "verify", counted("verify", verify)),
    ):
        for password, email in (
            (WRONG, EMAILS["lebrun"]),
            (WRONG, "personne@montfaucy.example"),
            (PASSWORD, EMAILS["ricaud"]),
            (PASSWORD, "nadia.cherif@aulnes.example"),
        ):
            hashed.clear()
            attempt(Client(), password, email)
            works.append(len(hashed))
    assert works == [1, 1, 1, 1]


def test_after_five_a_minute_passes_before_each_and_twenty_five_make_a_day() -> None:
    history: list[float] = []
    at, tried = NOON, 0
    while at < NOON + timedelta(hours=24):
        if throttle.may_guess(history, at):
            history.append(at.timestamp())
            tried += 1
        at += timedelta(seconds=20)
    assert tried == 25
    assert all(later - earlier > 60 for earlier, later in pairwise(history[4:]))
    assert throttle.may_guess(history, NOON + timedelta(hours=24, seconds=1))


def test_a_stranger_who_guesses_locks_strangers_out_and_not_her_own_browser(cast: Cast) -> None:
    hers = known_browser(cast)
    for _ in range(5):
        assert "pas le bon" in attempt(Client(), WRONG)
    assert too_many(attempt(Client(), PASSWORD)), "the right password of a stranger waits too"
    assert attempt(hers, PASSWORD) == "/"


def test_her_own_browser_has_its_own_five(cast: Cast) -> None:
    hers = known_browser(cast)
    for _ in range(5):
        attempt(hers, WRONG)
    assert too_many(attempt(hers, PASSWORD))
    assert attempt(Client(), PASSWORD) == "/"


def test_her_own_success_forgets_her_failures_and_a_strangers_does_not(cast: Cast) -> None:
    hers = known_browser(cast)
    for browser, forgotten in ((lambda: hers, True), (Client, False)):
        for _ in range(4):
            attempt(browser(), WRONG)
        come_and_go = browser()
        assert attempt(come_and_go, PASSWORD) == "/"
        come_and_go.post("/sign-out/")
        attempt(browser(), WRONG)
        assert too_many(attempt(browser(), WRONG)) is not forgotten


def test_an_address_that_nobody_has_waits_as_any(cast: Cast) -> None:
    for _ in range(5):
        attempt(Client(), WRONG, "personne@montfaucy.example")
    assert too_many(attempt(Client(), WRONG, "PERSONNE@montfaucy.example"))


def test_one_address_tries_sixty_in_ten_minutes_at_all_accounts_together(cast: Cast) -> None:
    hers = known_browser(cast)
    request = RequestFactory().post("/sign-in/", REMOTE_ADDR="192.0.2.9")
    for number in range(60):
        throttle.guess(request, kind="password", account=f"{number}@montfaucy.example", at=now())
    with pytest.raises(throttle.TooManyGuesses):
        throttle.guess(request, kind="password", account="one-more@montfaucy.example", at=now())
    assert attempt(hers, PASSWORD, address="192.0.2.9") == "/", "a browser that is known is not one of them"


def test_failed_passwords_never_keep_a_passkey_out(cast: Cast) -> None:
    passkey = register(cast.lebrun)
    for _ in range(6):
        attempt(Client(), WRONG)
    assert is_in(sign_in(passkey)[0])


def test_parallel_guesses_each_count(committed_cast: Cast) -> None:
    from django.db import connections

    request = RequestFactory().post("/sign-in/", REMOTE_ADDR="192.0.2.9")

    def guess() -> bool:
        try:
            throttle.guess(request, kind="code", account=EMAILS["lebrun"], at=NOON)
        except throttle.TooManyGuesses:
            return False
        finally:
            connections.close_all()
        return True

    assert sum(map(bool, at_once(12, guess))) == 5


def test_codes_of_the_second_step_are_guessed_at_the_same_pace(cast: Cast) -> None:
    actions.add_totp(person_id=cast.lebrun.person, secret=SECRET, step=0, actor=cast.lebrun, at=now())
    client = Client()
    assert attempt(client, PASSWORD) == "/sign-in/code/"
    for _ in range(5):
        assert b"pas le bon" in client.post("/sign-in/code/", {"code": "000000"}).content
    response = client.post("/sign-in/code/", {"code": digits(now())})
    assert too_many(response.content.decode())
    assert not is_in(client)


def test_a_code_already_used_does_not_let_a_second_browser_in(cast: Cast) -> None:
    actions.add_totp(person_id=cast.lebrun.person, secret=SECRET, step=0, actor=cast.lebrun, at=now())
    code = digits(now())
    browsers = Client(), Client()
    for browser in browsers:
        attempt(browser, PASSWORD)
        browser.post("/sign-in/code/", {"code": code})
    assert [is_in(browser) for browser in browsers] == [True, False]


def test_the_mark_of_a_browser_is_signed_hidden_from_scripts_and_names_nobody(cast: Cast) -> None:
    cookie = known_browser(cast).cookies[devices.COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert "lebrun" not in cookie.value
    request = RequestFactory().get("/")
    request.COOKIES[devices.COOKIE] = cookie.value
    assert devices.known(request, EMAILS["lebrun"].upper())
    assert devices.known(request, EMAILS["sylvie"]) is None
    for forged in (cookie.value + "x", cookie.value[1:], "", "x:y:z"):
        request.COOKIES[devices.COOKIE] = forged
        assert devices.known(request, EMAILS["lebrun"]) is None


def test_a_first_sign_in_from_a_browser_is_told_and_the_next_is_not(cast: Cast) -> None:
    passkey = register(cast.lebrun)
    Notice.objects.all().delete()
    client, _ = sign_in(passkey)
    assert Notice.objects.filter(kind="accounts:new-device").count() == 1
    client.post("/sign-out/")
    sign_in(passkey, client)
    assert Notice.objects.filter(kind="accounts:new-device").count() == 1
    sign_in(passkey)
    assert Notice.objects.filter(kind="accounts:new-device").count() == 2


def test_a_password_alone_makes_no_browser_known(cast: Cast) -> None:
    client = Client()
    attempt(client, PASSWORD)
    assert is_in(client)
    assert devices.COOKIE not in client.cookies


def test_a_shared_workstation_is_said_in_the_session_whatever_the_way(cast: Cast) -> None:
    passkey, client = register(cast.lebrun), Client()
    attempt(client, PASSWORD, shared="on")
    assert client.session["shared_workstation"] is True
    by_cookie = Client()
    by_cookie.cookies["shared"] = "yes"
    assert sign_in(passkey, by_cookie)[0].session["shared_workstation"] is True
    assert not sign_in(passkey)[0].session.get("shared_workstation")


def known_browser(cast: Cast) -> Client:
    """A browser in which Dr Lebrun has signed in fully, and out."""
    client, _ = sign_in(register(cast.lebrun))
    client.post("/sign-out/")
    # Only her password is left to try.
    from allauth.mfa.models import Authenticator

    Authenticator.objects.filter(user_id=cast.lebrun.person_id).delete()
    return client


LOST = "/sign-in/lost/"


def test_a_lost_way_is_answered_the_same_to_all_and_the_link_leaves_for_the_right_code_only(people: Cast) -> None:
    code = actions.make_recovery_codes(person_id=people.lebrun.person, actor=people.lebrun, at=now())[0]
    closed = actions.make_recovery_codes(person_id=people.ricaud.person, actor=people.ricaud, at=now())[0]
    Notice.objects.all().delete()

    def ask(email: str, code: str) -> str:
        return re.sub(r'value="[^"]*"', "", Client().post(LOST, {"email": email, "code": code}).content.decode())

    told = {
        ask(EMAILS["lebrun"], "aaaaa-aaaaa"),
        ask("personne@montfaucy.example", code),
        ask(EMAILS["ricaud"], closed),
    }
    assert not Notice.objects.exists()
    told.add(ask(EMAILS["lebrun"], code))
    assert len(told) == 1
    assert Notice.objects.get().kind == "accounts:set-up"
    ask(EMAILS["lebrun"], code)
    assert Notice.objects.count() == 1, "a code is good once"


def test_recovery_codes_are_guessed_at_the_same_pace(cast: Cast) -> None:
    code = actions.make_recovery_codes(person_id=cast.lebrun.person, actor=cast.lebrun, at=now())[0]
    for _ in range(5):
        Client().post(LOST, {"email": EMAILS["lebrun"], "code": "aaaaa-aaaaa"})
    assert too_many(Client().post(LOST, {"email": EMAILS["lebrun"], "code": code}).content.decode())


def test_a_link_that_is_not_there_says_so_and_opens_nothing(cast: Cast) -> None:
    client = Client()
    for method in (client.get, client.post):
        response = method(f"/sign-in/set-up/{'x' * 43}/")
        assert response.status_code == 403
    assert not is_in(client)
