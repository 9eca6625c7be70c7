"""Coming in: password, second factor, leaving; what a stranger can learn at the door."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from playwright.sync_api import Page, expect

from telesphore.accounts.models import Person
from telesphore.audit.models import Event
from tests.browser.conftest import House
from tests.cast import PASSWORD


def current_code(secret: str) -> str:
    """The six digits that an authenticator application shows now (RFC 6238)."""
    return str(format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time())))))


def traces(action: str) -> list[tuple[str, UUID | None]]:
    return [(event.outcome, event.subject_id) for event in Event.objects.filter(action=action)]


def attempt(page: Page, email: str, password: str) -> None:
    page.goto("/sign-in/")
    page.locator("#id_login").fill(email)
    page.locator("#id_password").fill(password)
    page.locator("main form button.btn-primary").click()
    page.wait_for_load_state()


def test_dr_lebrun_comes_in_and_leaves_and_both_leave_a_trace(house: House) -> None:
    page = house.window()
    house.come_in(page, house.cast.lebrun)
    expect(page.locator("h1")).to_contain_text("Dr Anne Lebrun")
    assert traces("accounts:session:open") == [("done", house.cast.lebrun.person_id)]

    page.goto("/sign-out/")
    page.locator("main form button.btn-primary").click()
    page.wait_for_load_state()
    assert traces("accounts:session:close") == [("done", house.cast.lebrun.person_id)]
    page.goto("/book/")
    expect(page).to_have_url(re.compile(r"/sign-in/\?next=/book/$"))


def test_a_stranger_cannot_tell_whether_an_account_exists(house: House) -> None:
    known = Person.objects.get(id=house.cast.lebrun.person_id).email
    seen = []
    for email in (known, "nobody@montfaucy.example"):
        page = house.window()
        attempt(page, email, "not-the-password")
        expect(page).to_have_url(re.compile(r"/sign-in/"))
        seen.append(page.locator("main").inner_text().replace(email, "…"))
    assert seen[0] == seen[1]
    assert sorted(traces("accounts:session:refuse"), key=str) == sorted(
        [("refused", house.cast.lebrun.person_id), ("refused", None)], key=str
    )


def test_too_many_wrong_passwords_close_the_door_for_a_while(house: House) -> None:
    page = house.window()
    email = Person.objects.get(id=house.cast.lebrun.person_id).email
    for _ in range(5):
        attempt(page, email, "not-the-password")
    # They were heard and refused; the door was not shut by something else.
    assert traces("accounts:session:refuse") == [("refused", house.cast.lebrun.person_id)] * 5
    attempt(page, email, PASSWORD)
    # Even the right password waits.
    assert traces("accounts:session:open") == []
    page.goto("/book/")
    expect(page).to_have_url(re.compile(r"/sign-in/"))


def test_another_persons_wrong_passwords_do_not_close_the_door(house: House) -> None:
    page = house.window()
    for _ in range(5):
        attempt(page, "sylvie.courtois@montfaucy.example", "not-the-password")
    house.come_in(page, house.cast.lebrun)
    expect(page.locator("h1")).to_contain_text("Dr Anne Lebrun")


def test_nobody_is_offered_to_sign_up(house: House) -> None:
    page = house.window(language="en")
    page.goto("/sign-in/")
    assert page.locator("a[href*=signup], a[href*=sign-up], a[href=None]").count() == 0
    for path in ("/signup/", "/accounts/signup/", "/sign-up/"):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 404


def test_the_session_ends_after_four_hours(house: House) -> None:
    page = house.window()
    house.come_in(page, house.cast.lebrun)
    cookie = next(cookie for cookie in page.context.cookies() if cookie["name"] == "sessionid")
    lasting = cookie["expires"] - page.evaluate("Date.now() / 1000") if cookie["expires"] > 0 else 0
    assert lasting <= 4 * 3600
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"


def open_second_factor(page: Page) -> str:
    """Confirm the password, as what changes one's security asks; the secret that the page shows."""
    page.goto("/security/totp/")
    expect(page).to_have_url(re.compile("/sign-in/again/"))
    page.locator("#id_password").fill(PASSWORD)
    page.locator("main form button.btn-primary").click()
    expect(page).to_have_url(re.compile("/security/totp/$"))
    page.locator("details summary").click()
    return page.locator("details .p-hash").inner_text().strip()


def give_code(page: Page, code: str) -> None:
    page.locator("main form [name=code]").fill(code)
    page.locator("main form button.btn-primary").click()
    page.wait_for_load_state()


@pytest.fixture
def production(settings: Any) -> None:
    """An instance that is not a demonstration."""
    settings.DEMONSTRATION = False


def test_in_production_a_password_alone_opens_nothing(house: House, production: None) -> None:
    page = house.window()
    house.come_in(page, house.cast.lebrun)
    for path in ("/", "/book/", "/records/", "/security/", "/organisation/"):
        page.goto(path)
        expect(page).to_have_url(re.compile("/sign-in/again/.next=%2Fsecurity%2Ftotp%2F$"))


def test_a_member_sets_a_second_factor_up(house: House, production: None, accessible: Callable[[Page], None]) -> None:
    page = house.window(device="phone")
    house.come_in(page, house.cast.lebrun)
    secret = open_second_factor(page)
    assert page.locator(".p-qr img").evaluate("image => image.naturalWidth") > 0, "the picture to scan is not shown"
    accessible(page)

    give_code(page, "000000")
    expect(page.locator(".t-err").first).to_be_visible()
    accessible(page)

    give_code(page, current_code(secret))
    accessible(page)
    page.goto("/book/")
    expect(page).to_have_url(re.compile("/book/$"))


def test_the_next_time_a_code_is_asked_and_a_recovery_code_works_once(
    house: House, production: None, accessible: Callable[[Page], None]
) -> None:
    first = house.window()
    house.come_in(first, house.cast.lebrun)
    give_code(first, current_code(open_second_factor(first)))
    first.goto("/security/recovery-codes/")
    codes = re.findall(r"\b[0-9a-z]{8,}\b", first.locator("main .p-codes").inner_text())
    assert len(codes) == 10
    accessible(first)

    second = house.window()
    house.come_in(second, house.cast.lebrun)
    expect(second).to_have_url(re.compile("/sign-in/code/"))
    accessible(second)
    second.goto("/book/")
    expect(second).to_have_url(re.compile(r"/sign-in/\?next"))
    house.come_in(second, house.cast.lebrun)
    give_code(second, codes[0])
    second.goto("/book/")
    expect(second).to_have_url(re.compile("/book/$"))

    third = house.window()
    house.come_in(third, house.cast.lebrun)
    give_code(third, codes[0])
    expect(third).to_have_url(re.compile("/sign-in/code/"))
    third.goto("/book/")
    expect(third).to_have_url(re.compile(r"/sign-in/\?next"))


def test_who_removes_the_second_factor_must_set_one_up_again(house: House, production: None) -> None:
    page = house.window()
    house.come_in(page, house.cast.lebrun)
    give_code(page, current_code(open_second_factor(page)))
    page.goto("/security/totp/remove/")
    page.locator("main form button").first.click()
    page.wait_for_load_state()
    page.goto("/book/")
    expect(page).to_have_url(re.compile("totp"))
