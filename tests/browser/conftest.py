"""Real pages in the system's Chromium: a server on the test's own database, people who sign in, and what must hold on
every page: nothing leaves the server's origin, the content security policy is never broken, axe finds nothing.
"""

import io
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from telesphore.accounts.models import Person
from telesphore.kernel.actors import Actor
from telesphore.web.static_files import MANIFEST
from tests.architecture import ROOT
from tests.cast import PASSWORD, Cast

CHROMIUM = Path("/usr/bin/chromium")
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
LOCALES = {"fr": "fr-FR", "en": "en-GB"}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PICTURES = ROOT / "docs" / "pictures"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What drives a browser is marked so, and says why when there is none."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM.exists():
                item.add_marker(pytest.mark.skip(reason=f"no {CHROMIUM}: install the package chromium"))


class Quiet(WSGIRequestHandler):
    """Our own middleware logs requests already."""

    def log_message(self, *args: object) -> None:
        """Nothing."""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all of these tests, that can reach no name and no address but this machine's own."""
    assert MANIFEST.exists(), "The pages have no style yet: make front"
    with pytest.MonkeyPatch.context() as environment, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, by which Django would take every query for a mistake.
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "yes")
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM),
            args=[
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
        )  # fmt: skip
        yield browser
        browser.close()


@pytest.fixture
def site(committed: str) -> Iterator[str]:
    """The whole site on a port of its own, over the test's own database; its origin."""
    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(get_wsgi_application())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class House:
    """The people and the site of one test, and the windows through which they are seen."""

    site: str
    cast: Cast
    browser: Browser
    temporary: Path
    contexts: list[BrowserContext] = field(default_factory=list)
    outward: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def window(self, *, device: str = "desktop", language: str = "fr", theme: str = "light", **options: Any) -> Page:
        """A new browser, of nobody yet."""
        width, height = SIZES[device]
        context = self.browser.new_context(
            base_url=self.site,
            viewport={"width": width, "height": height},
            locale=LOCALES[language],
            timezone_id="Europe/Paris",
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
            has_touch=device == "phone",
            **options,
        )
        context.set_default_timeout(10_000)
        self.contexts.append(context)
        context.route("**/*", self._guard)
        context.on("weberror", lambda error: self.complaints.append(f"script: {error.error}"))
        context.on("console", lambda message: self._listen(message.type, message.text))
        return context.new_page()

    def _guard(self, route: Route) -> None:
        address = urlsplit(route.request.url)
        if address.scheme in ("data", "blob") or f"{address.scheme}://{address.netloc}" == self.site:
            route.continue_()
        else:
            self.outward.append(route.request.url)
            route.abort()

    def _listen(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and "Content Security Policy" in text:
            self.complaints.append(f"policy: {text}")

    def come_in(self, page: Page, actor: Actor, password: str = PASSWORD) -> None:
        """Sign in through the form, as people do."""
        page.goto("/sign-in/")
        page.locator("#id_login").fill(Person.objects.get(id=actor.person_id).email)
        page.locator("#id_password").fill(password)
        page.locator("main form button.btn-primary").click()
        page.wait_for_load_state()

    def picture(self, page: Page, name: str, *, whole: bool = False) -> Path:
        """Take a picture: for the documentation when asked by PICTURES=yes, else thrown away after the test."""
        folder = PICTURES if os.environ.get("PICTURES") == "yes" else self.temporary
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{name}.png"
        with Image.open(io.BytesIO(page.screenshot(full_page=whole))) as image:
            image.convert("RGB").quantize(128, method=Image.Quantize.MEDIANCUT).save(file, optimize=True)
        return file


@pytest.fixture
def house(browser: Browser, committed_cast: Cast, site: str, tmp_path: Path) -> Iterator[House]:
    """The hospital and its site; afterwards, nothing called out and no page broke its own policy."""
    house = House(site=site, cast=committed_cast, browser=browser, temporary=tmp_path)
    yield house
    for context in house.contexts:
        context.close()
    assert house.outward == [], "pages called out"
    assert house.complaints == []


@pytest.fixture
def accessible() -> Callable[[Page], None]:
    """Asserts that axe finds nothing on a page, and that it does not scroll sideways."""

    def check(page: Page) -> None:
        results = Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]})
        found = [
            f"{violation['id']}: {node['html'][:160]}"
            for violation in results.response["violations"]
            for node in violation["nodes"]
        ]
        assert results.response["passes"], "axe looked at nothing"
        assert found == [], f"{page.url}: {found}"
        wide, seen = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert wide <= seen, f"{page.url} is {wide} px wide in a window of {seen} px"

    return check
