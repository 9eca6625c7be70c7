"""What every page shares: language, theme, errors, the keyboard, small screens; and how the pages look."""

import re
from collections.abc import Callable

import pytest
from django.test import override_settings
from django.urls import path as address
from playwright.sync_api import Page, expect

from telesphore.config import routes
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.web.access import public
from tests.browser.conftest import SIZES, House

PAGES = {
    "home": "/", "book": "/book/", "circuits": "/circuits/", "records": "/records/", "security": "/security/",
    "organisation": "/organisation/", "password": "/security/password/", "sign-out": "/sign-out/",
}  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("device", list(SIZES))
def test_every_page_of_the_shell_can_be_used_by_all(
    house: House, accessible: Callable[[Page], None], device: str, language: str, theme: str
) -> None:
    page = house.window(device=device, language=language, theme=theme)
    mode = f"{device}-{language}-{theme}"
    page.goto("/sign-in/")
    assert page.locator("html").get_attribute("lang") == language
    accessible(page)
    house.picture(page, f"sign-in-{mode}")
    answer = page.goto("/nothing-here/")
    assert answer is not None
    assert answer.status == 404
    accessible(page)
    house.picture(page, f"not-found-{mode}")
    house.come_in(page, house.cast.lebrun)
    for name, path in PAGES.items():
        answer = page.goto(path)
        assert answer is not None
        assert answer.ok
        accessible(page)
        house.picture(page, f"{name}-{mode}")


def test_the_language_is_chosen_with_one_button_and_kept(house: House) -> None:
    page = house.window(language="fr")
    page.goto("/sign-in/")
    expect(page.locator("h1")).to_have_text("Se connecter")
    page.get_by_role("button", name="English").click()
    expect(page.locator("h1")).to_have_text("Sign in")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    house.come_in(page, house.cast.lebrun)
    expect(page.locator("h1")).to_contain_text("Hello")


def test_the_theme_follows_the_device_until_it_is_chosen_and_then_stays(house: House) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    page = house.window(theme="dark")
    page.goto("/sign-in/")
    dark = page.evaluate(ground)
    page.locator("[data-theme]").click()
    light = page.evaluate(ground)
    assert light != dark
    page.reload()
    assert page.evaluate(ground) == light
    other = house.window(theme="light")
    other.goto("/sign-in/")
    assert other.evaluate(ground) == light


def test_the_keyboard_reaches_the_content_first(house: House) -> None:
    page = house.window()
    house.come_in(page, house.cast.lebrun)
    page.keyboard.press("Tab")
    expect(page.locator(".t-skip")).to_be_focused()
    expect(page.locator(".t-skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("path", ["/sign-in/", "/", "/records/", "/security/"])
def test_a_page_reads_at_320_pixels_and_twice_the_text(
    house: House, accessible: Callable[[Page], None], path: str
) -> None:
    page = house.window(device="phone")
    house.come_in(page, house.cast.lebrun)
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(path)
    accessible(page)
    page.evaluate("document.documentElement.style.setProperty('font-size', '200%')")
    wide, seen = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= seen


def test_a_person_without_scripts_can_sign_in(house: House) -> None:
    page = house.window(java_script_enabled=False)
    house.come_in(page, house.cast.lebrun)
    expect(page.locator("h1")).to_contain_text("Dr Anne Lebrun")


def test_every_answer_carries_its_guards(house: House) -> None:
    page = house.window()
    answer = page.goto("/sign-in/")
    assert answer is not None
    headers = answer.all_headers()
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["cache-control"] == "no-store"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "camera=()" in headers["permissions-policy"]


def test_the_first_patient_page_loads_less_than_100_kb_of_ours_besides_letters(house: House) -> None:
    page = house.window(device="phone")
    sizes: dict[str, int] = {}
    page.on("response", lambda answer: sizes.__setitem__(answer.url, len(answer.body())))
    answer = page.goto("/l/a-token-that-was-never-given")
    assert answer is not None
    page.wait_for_load_state("networkidle")
    assert answer.status == 404
    ours = {url: size for url, size in sizes.items() if not url.endswith(".woff2")}
    assert sum(ours.values()) < 100_000 or not any("patient" in url for url in ours), ours


class Away(DomainError):
    """The signing service is away: try again in a few minutes."""

    refusal = Refusal.UNAVAILABLE
    code = "away"


def refuse(kind: Refusal) -> Callable[..., object]:
    def view(request: object) -> object:
        raise type("Refused", (Away,), {"refusal": kind, "__doc__": Away.__doc__})()

    return public("a test")(view)  # type: ignore[arg-type]  # It never answers.


def broken(request: object) -> object:
    raise RuntimeError("a fault of ours")


class MapOfFaults:
    """Our addresses, and one for each way to refuse."""

    urlpatterns = [
        *routes.urlpatterns,
        *(address(f"refused/{kind.value}", refuse(kind)) for kind in Refusal),
        address("broken", public("a test")(broken)),  # type: ignore[arg-type]  # It never answers.
    ]


EXPECTED = {
    "invalid": 422, "not-found": 404, "forbidden": 403, "conflict": 409, "too-many": 429, "unavailable": 503,
    "damaged": 500,
}  # fmt: skip


@override_settings(ROOT_URLCONF=MapOfFaults, DEBUG_PROPAGATE_EXCEPTIONS=False)
@pytest.mark.parametrize("device", list(SIZES))
def test_a_refusal_says_what_happened_and_what_to_do(
    house: House, accessible: Callable[[Page], None], device: str
) -> None:
    page = house.window(device=device, language="en")
    for kind, status in EXPECTED.items():
        answer = page.goto(f"/refused/{kind}")
        assert answer is not None
        assert answer.status == status
        expect(page.locator("main")).to_contain_text("try again in a few minutes")
        expect(page.locator("main")).to_contain_text("Nothing was lost")
        accessible(page)
    house.picture(page, f"refusal-{device}")
    answer = page.goto("/broken")
    assert answer is not None
    assert answer.status == 500
    expect(page.locator("main")).not_to_contain_text("RuntimeError")
    accessible(page)
    house.picture(page, f"fault-{device}")


def test_a_form_sent_from_elsewhere_is_refused_in_plain_words(house: House, accessible: Callable[[Page], None]) -> None:
    page = house.window(language="en")
    page.goto("/sign-in/")
    page.locator("[name=csrfmiddlewaretoken]").first.evaluate("field => field.remove()")
    page.locator("main form [name=csrfmiddlewaretoken]").evaluate_all("all => all.forEach(field => field.remove())")
    with page.expect_response(re.compile("/sign-in/")) as answer:
        page.locator("main form button.btn-primary").click()
    assert answer.value.status == 403
    page.wait_for_load_state()
    accessible(page)
