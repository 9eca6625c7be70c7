"""The public page "verify a document": nothing kept, so much and so often, the same page for anyone."""

import json
import re
import threading
from base64 import b64decode
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from lxml import etree

from telesphore.audit.models import Event
from telesphore.kernel.clock import now
from telesphore.web.uploads import LARGEST_FILE
from telesphore.web.verify import views
from tests.ades.verdict import files
from tests.certificates import TestAuthority
from tests.papers import blank

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_asked_yet() -> None:
    cache.clear()


def give(content: bytes, client: Client | None = None, **extra: Any) -> Any:
    return (client or Client()).post("/verify/", {"file": SimpleUploadedFile("ordonnance.pdf", content)}, **extra)


def signed() -> bytes:
    return files.sign(files.form(), files.FIELDS[0], TestAuthority().signer("Anne LEBRUN"), now(), certify=2)


def taken_away(page: str, media_type: str) -> bytes:
    """What the link of a report holds."""
    found = re.search(rf'href="data:{re.escape(media_type)};base64,([^"]+)"\s+download="[\w.-]+"', page)
    assert found is not None
    return b64decode(found[1])


def test_the_form_asks_for_a_file_and_no_account() -> None:
    answer = Client().get("/verify/")
    assert answer.status_code == 200
    assert "Vérifier un document" in answer.content.decode()


def test_who_signed_is_told_to_anyone_who_holds_the_file() -> None:
    answer = give(signed())
    page = answer.content.decode()

    assert answer.status_code == 200
    assert "Anne LEBRUN" in page
    assert "ordonnance.pdf" in page
    assert "data:image/svg+xml;base64," in page


def test_an_altered_file_is_not_to_be_relied_on() -> None:
    pdf = signed()
    answer = give(pdf.replace(b"595", b"596", 1))
    assert "Ne vous fiez pas à ce document" in answer.content.decode()


@pytest.mark.parametrize("content", [b"hello", b"", b"%PDF-1.7\n" + b"\0" * 2000], ids=["text", "empty", "torn"])
def test_what_is_no_pdf_is_answered_in_words(content: bytes) -> None:
    answer = give(content)
    assert answer.status_code == 200
    assert "Ce fichier ne se lit pas comme un PDF" in answer.content.decode()


def test_the_reports_are_in_the_page() -> None:
    page = give(signed()).content.decode()

    assert taken_away(page, "application/pdf").startswith(b"%PDF-")
    assert json.loads(taken_away(page, "application/json"))["schema"] == "telesphore.verdict/1"
    root = etree.fromstring(taken_away(page, "application/xml"))
    assert etree.QName(root).localname == "ValidationReport"


def test_nothing_of_the_file_is_kept(django_assert_num_queries: Any) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        page = give(signed()).content.decode()
    written = [one["sql"] for one in queries.captured_queries if re.match(r"(INSERT|UPDATE|DELETE)", one["sql"])]

    assert "Anne LEBRUN" in page
    assert all('"web_cache"' in sql for sql in written)
    assert not any("LEBRUN" in sql or "ordonnance" in sql for sql in written)
    assert not Event.objects.exists()


def test_a_name_that_is_a_script_is_shown_as_a_name() -> None:
    authority = TestAuthority()
    pdf = files.sign(
        files.form(), files.FIELDS[0], authority.signer("<script>alert(1)</script>"), now(), certify=2
    )  # fmt: skip
    page = give(pdf).content.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_the_policy_of_the_page_is_the_strict_one() -> None:
    policy = give(signed()).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_a_form_from_another_site_is_refused() -> None:
    answer = give(signed(), Client(enforce_csrf_checks=True))
    assert answer.status_code == 403


def test_a_file_that_is_too_large_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "LARGEST_FILE", 2000)
    monkeypatch.setattr(views, "judge", lambda *_given, **_named: pytest.fail("it was examined"))
    answer = give(blank() + b"%" * 3000)

    assert answer.status_code == 413
    assert "n’est pas examiné ici" in answer.content.decode()
    assert LARGEST_FILE == 50 * 2**20


def test_one_address_is_served_so_often_and_told_when_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "FILES", views.Rate("verify", 2, 3600))
    answers = [give(b"hello") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0]["RateLimit-Policy"] == '"verify";q=2;w=3600'
    assert re.fullmatch(r'"verify";r=1;t=\d+', answers[0]["RateLimit"])
    assert 0 < int(answers[2]["Retry-After"]) <= 3600
    assert "Trop de demandes" in answers[2].content.decode()
    assert give(b"hello", REMOTE_ADDR="192.0.2.7").status_code == 200


def test_the_addresses_of_one_ipv6_network_are_one_asker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "FILES", views.Rate("verify", 1, 3600))

    assert give(b"hello", REMOTE_ADDR="2001:db8:1:2::1").status_code == 200
    assert give(b"hello", REMOTE_ADDR="2001:db8:1:2:ffff::9").status_code == 429
    assert give(b"hello", REMOTE_ADDR="2001:db8:1:3::1").status_code == 200


def test_no_address_is_kept_as_it_is() -> None:
    from django.db import connection

    give(b"hello", REMOTE_ADDR="192.0.2.7")
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM web_cache")
        keys = [row[0] for row in cursor.fetchall()]
    assert keys
    assert not any("192.0.2.7" in key for key in keys)


def test_who_comes_while_all_places_are_taken_is_asked_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = threading.BoundedSemaphore(1)
    taken.acquire()
    monkeypatch.setattr(views, "AT_ONCE", taken)
    monkeypatch.setattr(views, "PATIENCE", 0.05)
    answer = give(signed())

    assert answer.status_code == 503
    assert answer["Retry-After"] == "10"
    assert "le vôtre n’a pas été gardé" in answer.content.decode().replace("\u00a0", " ")


def test_a_file_that_fails_the_page_gives_its_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    places = threading.BoundedSemaphore(1)
    monkeypatch.setattr(views, "AT_ONCE", places)

    def broken(*_given: object, **_named: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(views, "judge", broken)
    with pytest.raises(RuntimeError):
        give(b"hello")
    assert places.acquire(blocking=False)


def test_a_file_of_any_kind_is_verified_with_its_signature_beside_it() -> None:
    letter = b"Cher confrere, le bilan est bon."
    beside = files.signature(TestAuthority().signer("Anne LEBRUN"), letter)

    def given(content: bytes) -> str:
        form = {"file": SimpleUploadedFile("lettre.txt", content), "signature": SimpleUploadedFile("a.p7s", beside)}
        return str(Client().post("/verify/", form).content.decode())

    right, altered = given(letter), given(letter + b"!")
    assert "Anne LEBRUN" in right
    assert "L’apparence" not in right
    assert "Ne vous fiez pas à ce document" not in right
    assert "Ne vous fiez pas à ce document" in altered
