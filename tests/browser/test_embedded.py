"""A patient signs within another software's page; the page of a third, which nobody allowed, shows nothing."""

import datetime as dt
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error

from telesphore.kernel.clock import now
from telesphore.signature.actions import embed
from telesphore.signature.models import Envelope, FramingOrigin, Recipient
from tests.browser.site import Site
from tests.webhooks.test_webhooks import _certificate

PAGE = """<!doctype html><title>DPI</title><script>
window.said = [];
addEventListener("message", (event) => said.push([event.origin, JSON.stringify(event.data)]));
</script><iframe width="390" height="640" src="{url}"></iframe>"""


@contextmanager
def page_of_another(place: Path, url: str) -> Iterator[str]:
    """A page of another origin, which shows this address in a frame; its own address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = PAGE.format(url=url).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(place)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_odile_signs_in_the_page_of_the_software_of_her_hospital_and_in_no_other(
    site: Site, chromium: Browser, tmp_path: Path
) -> None:
    place = tmp_path / "both.pem"
    place.write_bytes(_certificate())
    site.send()
    recipient = Recipient.objects.get(patient_id=site.cast.odile_id)
    # The page is served only once its address is known, and the way in names that address.
    with page_of_another(place, "about:blank") as third:
        made: dict[str, str] = {}

        with page_of_another(place, site.url + "/embed/p/") as ours:
            FramingOrigin.objects.create(
                organisation_id=site.cast.hospital, origin=ours, made_by=site.cast.sylvie.person, made_at=now()
            )
            made["url"] = embed.embed(
                envelope_id=Envelope.objects.get().id, recipient_id=recipient.id, origins=[ours],
                actor=site.cast.sylvie, at=now(),
            ).url  # fmt: skip
            context = chromium.new_context(ignore_https_errors=True, locale="en-GB")
            for origin, opens in ((third, False), (ours, True)):
                page = context.new_page()
                page.goto(origin)
                page.evaluate("url => { document.querySelector('iframe').src = url }", made["url"])
                frame = page.frame_locator("iframe")
                if not opens:
                    with pytest.raises(Error, match="ERR_BLOCKED_BY_RESPONSE"):
                        page.frames[1].wait_for_url("**/embed/l/**")
                    continue
                frame.get_by_role("button", name="Receive the code").click()
                frame.locator("#code").wait_for()
                frame.locator("#code").fill(site.code())
                frame.get_by_role("button", name="Continue").click()
                frame.locator("[data-viewer]").wait_for()
                inside = next(one for one in page.frames if "/embed/p/" in one.url)
                assert inside.evaluate("document.cookie.includes('session')") is False
                page.wait_for_function("said.length > 0")
                assert page.evaluate("said[0]") == [site.url, '{"telesphore":"open"}']
            context.close()
    assert dt.timedelta(minutes=5) == embed.LIFE
