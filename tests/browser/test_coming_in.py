"""Coming in: the traces it leaves, how often one may try, and what a password alone opens in production."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from playwright.sync_api import Page, expect

from telesphore.accounts import actions
from telesphore.audit.models import Event
from telesphore.kernel.clock import now
from tests.browser.screens import Screen, sign_in
from tests.browser.site import Site

Turn = Callable[..., Screen]


def traces(action: str) -> list[tuple[str, UUID | None]]:
    return [(event.outcome, event.subject_id) for event in Event.objects.filter(action=action)]


def code_of(secret: str) -> str:
    """The six digits that an authenticator application shows now (RFC 6238)."""
    return str(format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time())))))


def submit(page: Page) -> None:
    page.locator("main form button.btn-primary").click()
    page.wait_for_load_state()


@pytest.fixture
def production(settings: Any) -> None:
    """An instance that is not a demonstration."""
    settings.DEMONSTRATION = False


def test_dr_lebrun_comes_in_and_leaves_and_both_leave_a_trace(screen: Turn, site: Site) -> None:
    lebrun = screen()
    sign_in(lebrun, "lebrun")
    assert "Dr Anne Lebrun" in lebrun.title()
    assert traces("accounts:session:open") == [("done", site.cast.lebrun.person_id)]

    lebrun.open("/sign-out/")
    submit(lebrun.page)
    assert traces("accounts:session:close") == [("done", site.cast.lebrun.person_id)]
    lebrun.open("/book/")
    expect(lebrun.page).to_have_url(re.compile(r"/sign-in/\?next=/book/$"))


def test_a_sign_in_that_fails_is_traced_without_the_address_of_nobody(screen: Turn, site: Site) -> None:
    stranger = screen()
    sign_in(stranger, "lebrun", "not-the-password")
    sign_in(stranger, "nobody@montfaucy.example", "not-the-password")
    assert set(traces("accounts:session:refuse")) == {("refused", site.cast.lebrun.person_id), ("refused", None)}
    events = Event.objects.filter(action="accounts:session:refuse").values()
    assert "nobody@montfaucy.example" not in str(list(events))


def test_too_many_wrong_passwords_close_the_door_for_a_while(screen: Turn, site: Site) -> None:
    stranger = screen()
    for _ in range(5):
        sign_in(stranger, "lebrun", "not-the-password")
    # They were heard and refused; the door was not shut by something else.
    assert traces("accounts:session:refuse") == [("refused", site.cast.lebrun.person_id)] * 5
    sign_in(stranger, "lebrun")
    # Even the right password waits now.
    assert traces("accounts:session:open") == []
    sign_in(stranger, "sylvie")
    # Nobody else does.
    assert traces("accounts:session:open") == [("done", site.cast.sylvie.person_id)]


def test_who_has_no_scripts_signs_in_too(screen: Turn) -> None:
    lebrun = screen(scripts=False)
    sign_in(lebrun, "lebrun")
    assert "Dr Anne Lebrun" in lebrun.title()


def test_the_session_is_the_servers_and_ends_after_four_hours(screen: Turn, settings: Any) -> None:
    lebrun = screen()
    sign_in(lebrun, "lebrun")
    cookie = next(cookie for cookie in lebrun.page.context.cookies() if cookie["name"] == "sessionid")
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    # Forgotten by the browser when it closes, and by the server after four hours.
    assert cookie["expires"] == -1
    assert settings.SESSION_COOKIE_AGE == 4 * 3600


def test_in_production_a_password_alone_opens_nothing(screen: Turn, production: None) -> None:
    lebrun = screen("lebrun")
    for path in ("/", "/book/", "/records/", "/security/", "/organisation/"):
        lebrun.open(path)
        expect(lebrun.page).to_have_url(re.compile("/security/set-up/$"))


def test_a_session_of_an_initial_password_gains_nothing_from_a_way_set_up_elsewhere(
    screen: Turn, site: Site, production: None
) -> None:
    guest = screen("lebrun")
    actions.add_passkey(
        person_id=site.cast.lebrun.person, name="Téléphone", credential={}, actor=site.cast.lebrun, at=now()
    )
    for path in ("/security/set-up/", "/book/"):
        guest.open(path)
        expect(guest.page).to_have_url(re.compile("/sign-in/"))
