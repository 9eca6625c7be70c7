"""Signing inside another software's page: five minutes, once, in the pages that were allowed, by the patient alone."""

import hashlib
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from telesphore.accounts.errors import NotAllowed
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.links.models import Code, Link
from telesphore.signature.actions import close, embed
from telesphore.signature.errors import EmbeddedTooOften, NotAnOrigin
from telesphore.signature.models import Embedding, Envelope, FramingOrigin, Recipient
from telesphore.web.patients import embedded
from tests.cast import Cast
from tests.entering import as_person
from tests.links.test_links import sent_code
from tests.rest.face import Program, program
from tests.rest.test_tokens import mona
from tests.signature.circuits import ODILE, by, sent

__all__ = ["mona"]
DPI, OTHER = "https://dpi.example", "https://autre.example"
"""The first is allowed."""


@pytest.fixture
def dpi(cast: Cast, mona: Actor) -> Program:
    """The program of Sylvie's office, in whose pages Odile may sign."""
    embed.allow_origin(origin=f"{DPI}/", actor=mona, at=now())
    return program(cast.sylvie)


def asked(dpi: Program, envelope_id: UUID, *, status: int = 201, origins: tuple[str, ...] = (DPI,)) -> Any:
    place = f"envelopes/{envelope_id}/recipients/{Recipient.objects.get(envelope_id=envelope_id).id}/embedding"
    return dpi.ask("POST", place, {"origins": list(origins)}, status=status)


def path_of(made: Any) -> str:
    return re.sub(r"^https?://[^/]+", "", made["url"])


def come_in(cast: Cast, browser: Client, path: str) -> Any:
    """Ask for the code, and give it."""
    browser.post(f"{path}/code")
    return browser.post(f"{path}/open", {"code": sent_code(cast)})


def test_odile_signs_in_a_frame_and_only_the_allowed_page_may_show_it(cast: Cast, dpi: Program) -> None:
    envelope_id = sent(cast, [ODILE])
    made = asked(dpi, envelope_id)
    path, browser = path_of(made), Client()
    assert path.startswith("/embed/l/")
    landing = browser.get(path)
    assert landing.status_code == 200
    assert framed(landing) == [DPI]
    assert f'action="{path}/code"' in landing.content.decode()
    led = come_in(cast, browser, path)
    assert (led.status_code, led["Location"]) == (302, "/embed/p/")
    assert f"{embedded.COOKIES}sessionid" in browser.cookies
    morsel = browser.cookies[f"{embedded.COOKIES}sessionid"]
    assert (morsel["samesite"], morsel["secure"], morsel["partitioned"]) == ("None", True, True)
    assert (morsel["path"], morsel["httponly"]) == ("/embed/", True)
    first = browser.get("/embed/p/")
    assert (first.status_code, framed(first)) == (200, [DPI])
    # Nothing of it on our own pages: the session is the frame's.
    assert browser.get("/p/").status_code == 404
    pages = Envelope.objects.get().pages
    for page in range(1, pages + 1):
        browser.post("/embed/p/read", {"page": str(page)})
    done = browser.post("/embed/p/sign", {"drawing": "", "typed": "Odile Marchetti"})
    assert (done.status_code, done["Location"]) == (302, "/embed/p/done")
    told = browser.get("/embed/p/done")
    assert f'<meta name="embedding" content="{DPI}" data-state="signed">' in told.content.decode()
    assert Recipient.objects.get().state == "signed"


def framed(response: Any) -> list[str]:
    """Who may show a page within theirs."""
    [found] = re.findall(r"frame-ancestors ([^;]+)", response["Content-Security-Policy"])
    if "X-Frame-Options" in response.headers:
        return []
    return [] if found == "'none'" else str(found).split()


def test_a_way_in_is_used_once_and_ends_after_five_minutes(cast: Cast, dpi: Program) -> None:
    envelope_id = sent(cast, [ODILE])
    path = path_of(asked(dpi, envelope_id))
    assert come_in(cast, Client(), path)["Location"] == "/embed/p/"
    again = Client().get(path)
    assert (again.status_code, b"data-refused" in again.content) == (409, True)
    late = path_of(asked(dpi, envelope_id))
    past = now() - timedelta(seconds=1)
    Link.objects.filter(purpose=embed.LINK_EMBEDDED).update(created_at=past - embed.LIFE, expires_at=past)
    assert Client().get(late).status_code == Client().get(path).status_code == 409


def test_its_life_is_five_minutes(cast: Cast, dpi: Program) -> None:
    asked(dpi, sent(cast, [ODILE]))
    link = Link.objects.get(purpose=embed.LINK_EMBEDDED)
    assert link.expires_at - link.created_at == timedelta(minutes=5)


def test_it_ends_with_the_recipients_own_link(cast: Cast, dpi: Program) -> None:
    envelope_id = sent(cast, [ODILE])
    browser, path = Client(), path_of(asked(dpi, envelope_id))
    come_in(cast, browser, path)
    other = path_of(asked(dpi, envelope_id))
    place = f"envelopes/{envelope_id}/recipients/{Recipient.objects.get().id}/remind"
    dpi.ask("POST", place, status=204)
    assert browser.get("/embed/p/").status_code == 200
    close.void(envelope_id=envelope_id, reason="", actor=cast.sylvie, at=now())
    assert browser.get("/embed/p/").status_code == 409
    Code.objects.update(sent_at=now() - timedelta(minutes=1))
    assert come_in(cast, Client(), other).status_code == 409
    assert Embedding.objects.latest("made_at").used_at is None


def test_who_holds_the_token_without_the_code_comes_no_further(cast: Cast, dpi: Program) -> None:
    path, theirs = path_of(asked(dpi, sent(cast, [ODILE]))), Client()
    theirs.post(f"{path}/code")
    wrong = f"{(int(sent_code(cast)) + 1) % 10**6:06d}"
    for _ in range(5):
        assert theirs.post(f"{path}/open", {"code": wrong}).status_code in (422, 429)
    assert theirs.post(f"{path}/open", {"code": sent_code(cast)}).status_code == 429
    assert theirs.get("/embed/p/").status_code == 404
    assert Recipient.objects.get().state == "waiting"


def test_a_short_way_opens_no_page_of_our_own_and_an_ordinary_link_no_frame(cast: Cast, dpi: Program) -> None:
    envelope_id = sent(cast, [ODILE])
    path = path_of(asked(dpi, envelope_id))
    assert come_in(cast, Client(), path.removeprefix("/embed")).status_code == 404
    token = "x" * 43
    Link.objects.filter(subject_id=envelope_id).update(token_hash=hashlib.sha256(token.encode()).digest())
    assert Client().get(f"/l/{token}").status_code == 200
    ordinary = Client().get(f"/embed/l/{token}")
    assert (ordinary.status_code, framed(ordinary)) == (404, [])


@pytest.mark.parametrize("path", ["/", "/book/", "/webhooks/", "/p/copy", "/my/", "/l/no", "/p/../book/"])
def test_no_other_page_is_in_a_frame_even_for_who_is_signed_in(cast: Cast, dpi: Program, path: str) -> None:
    browser = as_person(cast.lebrun.person_id)
    for own in (f"/embed{path}", path):
        assert framed(browser.get(own)) == []
    assert browser.get(f"/embed{path}").status_code == 404


def test_a_professionals_session_is_not_seen_in_a_frame(cast: Cast, dpi: Program) -> None:
    path, browser = path_of(asked(dpi, sent(cast, [ODILE]))), as_person(cast.lebrun.person_id)
    page = browser.get(path)
    assert page.status_code == 200
    assert not page.wsgi_request.user.is_authenticated


def test_only_pages_that_an_administrator_allows_show_it(cast: Cast, mona: Actor, dpi: Program) -> None:
    envelope_id = sent(cast, [ODILE])
    assert asked(dpi, envelope_id, origins=(DPI, OTHER), status=422)["code"] == "origin-not-allowed"
    path = path_of(asked(dpi, envelope_id))
    embed.forbid_origin(origin_id=FramingOrigin.objects.get().id, actor=mona, at=now())
    assert framed(Client().get(path)) == []
    assert asked(dpi, envelope_id, status=422)["code"] == "origin-not-allowed"
    with pytest.raises(NotAllowed):
        embed.allow_origin(origin=OTHER, actor=cast.lebrun, at=now())


@pytest.mark.parametrize(
    "origin",
    ["http://dpi.example", "https://dpi.example/page", "https://*.example", "https://a b", "https://a; script-src *",
     "https://u:p@dpi.example", "https://", "dpi.example", "https://dpi.example:99999", "https://dpi.example?x"],
)  # fmt: skip
def test_what_is_no_origin_is_refused(mona: Actor, origin: str) -> None:
    with pytest.raises(NotAnOrigin):
        embed.allow_origin(origin=origin, actor=mona, at=now())


def test_a_professional_signs_in_no_frame_and_nobody_for_another(cast: Cast, dpi: Program) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    assert asked(dpi, envelope_id, status=404)["code"] == "recipient-not-found"
    awaited = sent(cast, [ODILE])
    for name in ("ricaud", "cherif", "lebrun"):
        stranger = program(getattr(cast, name))
        assert asked(stranger, awaited, status=404)["code"] == "envelope-not-found"
    assert asked(program(cast.sylvie, "signature:envelope:read"), awaited, status=403)["code"] == "not-allowed"


def test_ways_in_are_few_and_the_last_one_counts(cast: Cast, dpi: Program) -> None:
    envelope_id = sent(cast, [ODILE])
    made = [asked(dpi, envelope_id) for _ in range(embed.MOST_AN_HOUR)]
    assert asked(dpi, envelope_id, status=429)["code"] == EmbeddedTooOften.code
    assert [Client().get(path_of(one)).status_code for one in made[-2:]] == [409, 200]
