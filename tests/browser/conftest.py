"""A site that answers for real, and the screens of the people who use it."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.screens import Screen, Screens
from tests.browser.site import Site, open_site
from tests.cast import Cast

CHROMIUM = Path("/usr/bin/chromium-headless-shell")
CLOSED = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    # No name resolves: what would call out fails, and is told.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    missing = pytest.mark.skip(reason=f"Chromium is not installed: {CHROMIUM}")
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if not CHROMIUM.exists():
                item.add_marker(missing)


# Not for the whole session: Playwright keeps a loop in this thread until it leaves, and tests of other folders run
# loops of their own here.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    # Django would take Playwright's loop for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "yes"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CLOSED)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def site(committed_cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The site, with its cast in a database of its own."""
    from telesphore.config.settings import HOME

    shutil.rmtree(HOME / "outbox", ignore_errors=True)
    with open_site(committed_cast, monkeypatch) as site:
        yield site


@pytest.fixture
def screen(chromium: Browser, site: Site) -> Iterator[Callable[..., Screen]]:
    """Turns a screen on: `screen("sylvie")` is signed in, `screen(phone=True, language="en")` is anybody's.

    What a page asks from elsewhere, or complains of in its console, fails the test at its end.
    """
    with Screens(chromium, site) as screens:
        yield screens.turn_on
