"""The card agent, as a browser's pages reach it: a paired origin does, and no other."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.sync_api import Browser, Page

from tests.agent.workstation import PIN, SOFTHSM, Agent, MadeCard, PairedServer, base64url, make_card
from tests.browser.conftest import CHROMIUM, CLOSED

pytestmark = pytest.mark.skipif(SOFTHSM is None, reason="SoftHSM2 is not installed")

# What a page's script does: carry a request, hand back what came, or why nothing did.
CARRY = """
async ([url, token, options]) => {
    try {
        const answer = await fetch(url + "/request", {
            method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({request: token}),
            ...options,
        });
        return {type: answer.type, status: answer.status, body: await answer.text()};
    } catch (failure) {
        return {failed: failure.name};
    }
}
"""
WATCH = """
([url, token]) => new Promise((resolve) => {
    const source = new EventSource(url + "/watch?request=" + token);
    source.addEventListener("card", (event) => { source.close(); resolve(JSON.parse(event.data)); });
    source.onerror = () => { source.close(); resolve("refused"); };
})
"""
WHO = """
async (url) => {
    try { return await (await fetch(url + "/who")).json(); } catch (failure) { return failure.name; }
}
"""


@contextmanager
def site() -> Iterator[str]:
    """A web site with one empty page; its origin."""

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>A page</title>")

        def log_message(self, *_arguments: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def ours() -> Iterator[str]:
    with site() as origin:
        yield origin


@pytest.fixture(scope="module")
def theirs() -> Iterator[str]:
    with site() as origin:
        yield origin


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, MadeCard]:
    tokens = tmp_path_factory.mktemp("agent") / "tokens"
    return tokens, make_card(tokens, "CPS-LEBRUN", [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)])


@pytest.fixture
def agent(tmp_path: Path, card: tuple[Path, MadeCard], ours: str) -> Iterator[Agent]:
    agent = Agent(tmp_path, card[0], [PairedServer(ours)])
    yield agent
    agent.stop()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    yield page
    page.close()


def url(agent: Agent) -> str:
    return f"http://{agent.host}"


def carry(page: Page, agent: Agent, token: str, **options: object) -> Any:
    return page.evaluate(CARRY, [url(agent), token, options])


def test_a_page_of_the_paired_server_uses_the_card(page: Page, agent: Agent, ours: str) -> None:
    page.goto(ours)
    assert page.evaluate(WHO, url(agent)) == {"workstation": agent.server.workstation}
    assert carry(page, agent, agent.server.request("certificates"))["status"] == 200
    assert page.evaluate(WATCH, [url(agent), agent.server.request("watch")])["readers"][0]["card"] is True
    waiting = threading.Thread(target=lambda: (agent.expect("PIN of your card"), agent.type(PIN)))
    waiting.start()
    answer = carry(page, agent, agent.server.request("authenticate", nonce=base64url(bytes(32))))
    waiting.join()
    assert (answer["type"], answer["status"]) == ("cors", 200)


def test_a_page_of_another_site_gets_nothing_even_with_a_good_request(page: Page, agent: Agent, theirs: str) -> None:
    page.goto(theirs)
    token = agent.server.request("certificates")
    assert page.evaluate(WHO, url(agent)) == "TypeError"
    assert carry(page, agent, token) == {"failed": "TypeError"}
    assert page.evaluate(WATCH, [url(agent), agent.server.request("watch")]) == "refused"
    # What a page may send without asking first, and whose answer it can't read.
    blind = carry(page, agent, token, mode="no-cors", headers={"Content-Type": "text/plain"})
    assert (blind["type"], blind["body"]) == ("opaque", "")
    # Nothing of all that was taken.
    assert agent.carry(token)[0] == 200


def test_a_frame_without_an_origin_gets_nothing(page: Page, agent: Agent, ours: str) -> None:
    page.goto(ours)
    page.evaluate(
        """() => {
            const frame = document.createElement("iframe");
            frame.sandbox = "allow-scripts";
            frame.srcdoc = "<p>sandboxed</p>";
            document.body.append(frame);
        }"""
    )
    page.frame_locator("iframe").get_by_text("sandboxed").wait_for()
    assert page.frames[1].evaluate(WHO, url(agent)) == "TypeError"


def test_a_name_that_now_points_here_gets_nothing(chromium: Browser, agent: Agent) -> None:
    # Browsers now refuse this by themselves; older ones don't.
    unguarded = "--disable-features=LocalNetworkAccessChecks"
    rules = "--host-resolver-rules=MAP rebound.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    flags = [flag for flag in CLOSED if not flag.startswith("--host-resolver-rules")]
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=[*flags, rules, unguarded])
    page = browser.new_page()
    # The page came while the name pointed elsewhere.
    page.route("**/page", lambda route: route.fulfill(content_type="text/html", body="<!doctype html><title>x</title>"))
    page.goto(f"http://rebound.example:{agent.port}/page")
    # Same origin now: its scripts could read any answer, and there is none.
    for method in ("GET", "POST"):
        asked = "async (method) => { const a = await fetch('/who', {method}); return [a.status, await a.text()]; }"
        assert page.evaluate(asked, method) == [403, ""]
    browser.close()


@pytest.mark.parametrize("granted", [True, False])
def test_a_page_from_the_network_needs_the_user_s_permission(
    chromium: Browser, agent: Agent, ours: str, granted: bool
) -> None:
    # The browser is told that our site, which is on this machine, is on the internet.
    public = f"--ip-address-space-overrides={ours.removeprefix('http://')}=public"
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=[*CLOSED, public])
    context = browser.new_context()
    if granted:
        context.grant_permissions(["local-network-access"], origin=ours)
    page = context.new_page()
    page.goto(ours)
    found = page.evaluate(
        "async ([who, url]) => Promise.race([eval(who)(url), new Promise((done) => setTimeout(done, 2000, 'asked'))])",
        [WHO, url(agent)],
    )
    assert found == {"workstation": agent.server.workstation} if granted else found in ("asked", "TypeError")
    browser.close()
