"""Screens: phones and desks, in French and English, light and dark; each tells what it saw that it should not."""

import io
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

from telesphore.accounts.models import Person
from telesphore.accounts.states import Acr
from telesphore.web.entering import Proof
from tests.browser.site import EMAILS, Site
from tests.cast import PASSWORD
from tests.entering import as_person

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
KEPT = Path(__file__).parents[2] / "docs" / "pictures"
KEEPING = os.environ.get("PICTURES") == "yes"
EVERYWHERE = Path(os.environ["PICTURES_ALL"]) if "PICTURES_ALL" in os.environ else None
MANY = os.environ.get("MANY") == "yes"
"""Whether journeys over a list have it as long as their users do (`bench/many.py`), rather than just long enough."""
AXE = Axe()
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
OURS = {"exclude": [[".hiddenCanvasElement"]]}
"""All but the canvas, never seen, on which pdf.js measures text."""
OVERFLOWING = """() => {
  const room = document.documentElement.clientWidth;
  if (document.scrollingElement.scrollWidth <= room) return [];
  return [...document.querySelectorAll('body *')]
    .filter((element) => element.getBoundingClientRect().right > room + 0.5 && element.checkVisibility())
    .map((element) => `${element.tagName.toLowerCase()}.${element.className}`).slice(0, 8)
    .concat('wider than the window');
}"""


@dataclass
class Screen:
    """One person's browser, on one device."""

    page: Page
    site: Site
    name: str
    scripts: bool
    complaints: list[str]

    def open(self, path: str) -> None:
        """Go to a page of the site, by its path, or by the whole address."""
        self.page.goto(self.site.url + path if path.startswith("/") else path)
        self.settle()

    def settle(self) -> None:
        """Wait until the document that the page shows, if it shows one, is there."""
        if self.scripts and self.page.locator("[data-viewer]").count():
            self.page.locator("[data-viewer][aria-busy=false]").wait_for()

    def press(self, name: str) -> None:
        """Press the button of this name."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        """Follow the link of this name; the first, where the page repeats it."""
        self.page.get_by_role("link", name=name).first.click()

    def fill(self, label: str, text: str) -> None:
        """Type into the field of this label."""
        self.page.get_by_label(label, exact=True).fill(text)

    def says(self, text: str) -> None:
        """Wait until this text is seen.

        No-break spaces count as spaces.
        """
        self.page.get_by_text(re.compile(_loosely(text))).filter(visible=True).first.wait_for()

    def title(self) -> str:
        """The page's first heading, with plain spaces."""
        return _plain(self.page.locator("h1").first.inner_text())

    def look(self, name: str) -> None:
        """Check the page as it stands (see `check`), and keep its picture under this name."""
        self.picture(name)
        self.check()

    def check(self) -> None:
        """No fault of accessibility; no scrolling sideways at 320 px, nor with text twice as large.

        WCAG 2.2 AA and axe's best practices.
        """
        page = self.page
        page.wait_for_load_state()
        seen = page.viewport_size
        assert seen is not None
        faults = []
        for fault in AXE.run(page, context=OURS, options=RULES).response["violations"]:
            where = [f"{node['target']}: {node['failureSummary']}" for node in fault["nodes"][:3]]
            faults.append(f"{fault['id']} {where}")
        page.set_viewport_size({"width": 320, "height": 640})
        faults += [f"320 px: {part}" for part in page.evaluate(OVERFLOWING)]
        page.set_viewport_size(seen)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        faults += [f"200 %: {part}" for part in page.evaluate(OVERFLOWING)]
        page.evaluate("document.documentElement.style.removeProperty('font-size')")
        self.complaints += [f"{urlsplit(page.url).path}: {fault}" for fault in faults]

    def picture(self, name: str, *, keep: bool = False) -> None:
        """A picture of what is seen; kept for the documentation when asked, and PICTURES=yes."""
        self.page.wait_for_load_state()
        if EVERYWHERE:
            EVERYWHERE.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=EVERYWHERE / f"{name}-{self.name}.png", full_page=True)
        if keep and KEEPING:
            KEPT.mkdir(parents=True, exist_ok=True)
            shot = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
            shot.quantize(48, dither=Image.Dither.NONE).save(KEPT / f"{name}.png", optimize=True)


def _plain(text: str) -> str:
    return re.sub(r"\s", " ", text)


def _loosely(text: str) -> str:
    return r"\s".join(re.escape(word) for word in text.split(" "))


class Screens:
    """All the screens of one test; leaving it fails if one of them has something to complain of."""

    def __init__(self, browser: Browser, site: Site) -> None:
        self.browser = browser
        self.site = site
        self.contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def __enter__(self) -> Self:
        return self

    def turn_on(
        self,
        person: str = "",
        *,
        phone: bool = False,
        language: str = "fr",
        dark: bool = False,
        scripts: bool = True,
        **options: Any,
    ) -> Screen:
        """A new browser, in which `person` has come in by their password, when one is named; no page is open yet."""
        context = self.browser.new_context(
            viewport=PHONE if phone else DESK,  # type: ignore[arg-type]  # A size.
            has_touch=phone,
            is_mobile=phone,
            locale={"fr": "fr-FR", "en": "en-GB"}[language],
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
            timezone_id="Europe/Paris",
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(15_000)
        self.contexts.append(context)
        context.on("request", self._check_origin)
        context.on("response", self._check_answer)
        context.on("console", self._check_console)
        context.on("weberror", lambda error: self.complaints.append(f"error in a page: {error.error}"))
        name = "-".join(["phone" if phone else "desk", language, *(["dark"] if dark else [])])
        screen = Screen(context.new_page(), self.site, name, scripts, self.complaints)
        if person:
            client = as_person(Person.objects.get(email=EMAILS[person]).id, Proof("password", Acr.ONE_FACTOR))
            key = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": self.site.url}])
        return screen

    def _check_origin(self, request: Request) -> None:
        if urlsplit(request.url).netloc in self.site.others:
            return
        if not request.url.startswith((f"{self.site.url}/", "data:", f"blob:{self.site.url}/")):
            self.complaints.append(f"a page called out: {urlsplit(request.url).netloc or request.url}")

    def _check_answer(self, response: Response) -> None:
        if response.status >= 500 or (response.status >= 400 and not response.request.is_navigation_request()):
            self.complaints.append(f"{response.status} at {response.url}")

    def _check_console(self, message: ConsoleMessage) -> None:
        refused = message.text.startswith("Failed to load resource: the server responded")  # Judged by _check_answer.
        if message.type in ("error", "warning") and not refused:
            self.complaints.append(f"console: {message.text}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for context in self.contexts:
            with suppress(Exception):
                context.close()
        if error is None:
            assert not self.complaints, "\n".join(self.complaints)


def sign_in(screen: Screen, person: str, password: str = PASSWORD) -> None:
    """Through the form, whatever its language."""
    screen.open("/sign-in/")
    screen.page.locator("input[name=login]").fill(EMAILS.get(person, person))
    screen.page.locator("input[name=password]").fill(password)
    screen.page.locator("form[action='/sign-in/'] button").click()
    screen.page.wait_for_load_state()
