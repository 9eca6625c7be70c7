"""The guards themselves, each shown to bite: a page that is not ours must fail what ours pass."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Error, Page

from tests.browser.conftest import House


def test_a_page_that_calls_out_is_caught(house: House) -> None:
    page = house.window()
    page.goto("/sign-in/")
    with pytest.raises(Error):
        page.goto("http://elsewhere.example/")
    assert house.outward == ["http://elsewhere.example/"]
    house.outward.clear()


def test_a_script_written_into_a_page_does_not_run_and_is_caught(house: House) -> None:
    page = house.window()
    page.goto("/sign-in/")
    page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        " document.body.append(s); }"
    )
    assert page.evaluate("window.ran") is None
    page.wait_for_timeout(100)
    assert any("policy" in complaint for complaint in house.complaints)
    house.complaints.clear()


def test_a_control_without_a_label_is_caught(house: House, accessible: Callable[[Page], None]) -> None:
    page = house.window()
    page.goto("/sign-in/")
    accessible(page)
    page.evaluate("document.querySelector('label[for=id_login]').remove()")
    # A placeholder would still be a name.
    page.locator("#id_login").evaluate("field => field.removeAttribute('placeholder')")
    with pytest.raises(AssertionError, match="label"):
        accessible(page)


def test_a_page_that_scrolls_sideways_is_caught(house: House, accessible: Callable[[Page], None]) -> None:
    page = house.window(device="phone")
    page.goto("/sign-in/")
    page.evaluate("document.querySelector('main').style.width = '1000px'")
    with pytest.raises(AssertionError, match="px wide"):
        accessible(page)
