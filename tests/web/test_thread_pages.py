"""The discussion's pages: for whom they open, what they refuse, and that nothing written there runs."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.links.actions import Revealed
from telesphore.signature import queries
from telesphore.signature.actions import discuss
from telesphore.signature.actions.call import LINK_TO_SIGN
from telesphore.signature.actions.discuss import Words
from telesphore.signature.models import Recipient
from telesphore.signature.states import EntryKind, EntryVisibility
from telesphore.web.signature import thread as pages
from tests.cast import Cast
from tests.entering import as_person, by_link
from tests.papers import one_page
from tests.signature.circuits import ODILE, by, sent

HTMX = {"HTTP_HX_REQUEST": "true"}
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture
def envelope_id(cast: Cast) -> UUID:
    return sent(cast, [ODILE], [by(cast.lebrun)])


def wrote(envelope_id: UUID, actor: Actor, body: str, **more: object) -> UUID:
    words = Words(body=body, **more)  # type: ignore[arg-type]  # As `Words` has them.
    return discuss.write(envelope_id=envelope_id, words=words, actor=actor, at=now())


def odiles(cast: Cast, envelope_id: UUID) -> Client:
    link_id = Recipient.objects.get(envelope_id=envelope_id, patient_id=cast.odile_id).link_id
    assert link_id is not None
    return by_link(Revealed(cast.hospital, link_id, LINK_TO_SIGN, envelope_id, cast.odile_id))


def bodies(envelope_id: UUID, actor: Actor) -> list[str]:
    seen = queries.thread(envelope_id=envelope_id, actor=actor, at=now())
    assert seen is not None
    return [line.body for line in seen.lines]


def test_an_entry_is_written_with_scripts_and_without(cast: Cast, envelope_id: UUID) -> None:
    lebrun = as_person(cast.lebrun.person_id)
    address = f"/book/{envelope_id}/thread/write"
    answer = lebrun.post(address, {"body": "Sans script"})
    assert (answer.status_code, answer["Location"]) == (302, f"/book/{envelope_id}/#thread")
    answer = lebrun.post(address, {"body": "Avec script", "question": "on", "shared": "on"}, **HTMX)
    assert answer.status_code == 200
    assert answer.content.decode().lstrip().startswith("<section")
    assert bodies(envelope_id, cast.lebrun) == ["Sans script", "Avec script"]
    assert bodies(envelope_id, cast.odile) == ["Avec script"]
    assert "Avec script" in lebrun.get(f"/book/{envelope_id}/").content.decode()
    assert "Avec script" in lebrun.get(f"/book/{envelope_id}/thread/").content.decode()


def test_what_is_refused_loses_no_words(cast: Cast, envelope_id: UUID) -> None:
    lebrun = as_person(cast.lebrun.person_id)
    form = {"body": "Des mots à garder", "file": SimpleUploadedFile("a.pdf", b"no pdf")}
    answer = lebrun.post(f"/book/{envelope_id}/thread/write", form)
    assert answer.status_code == 422
    assert "Des mots à garder" in answer.content.decode()
    assert bodies(envelope_id, cast.lebrun) == []


def test_what_is_written_is_shown_and_never_run(cast: Cast, envelope_id: UUID) -> None:
    wrote(envelope_id, cast.odile, SCRIPT, kind=EntryKind.QUESTION)
    wrote(envelope_id, cast.lebrun, SCRIPT, visibility=EntryVisibility.EVERYONE)
    for client, path in [
        (as_person(cast.lebrun.person_id), f"/book/{envelope_id}/"),
        (as_person(cast.lebrun.person_id), f"/book/{envelope_id}/thread/"),
        (odiles(cast, envelope_id), "/p/"),
        (odiles(cast, envelope_id), "/p/question"),
    ]:
        page = client.get(path).content.decode()
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_an_attachment_is_kept_never_shown(cast: Cast, envelope_id: UUID) -> None:
    lebrun = as_person(cast.lebrun.person_id)
    form = {"body": "", "shared": "on", "file": SimpleUploadedFile("Bilan <b>.pdf", one_page())}
    assert lebrun.post(f"/book/{envelope_id}/thread/write", form).status_code == 302
    seen = queries.thread(envelope_id=envelope_id, actor=cast.lebrun, at=now())
    assert seen is not None
    (line,) = seen.lines
    for client, path in [
        (lebrun, f"/book/{envelope_id}/thread/{line.entry_id}/file"),
        (odiles(cast, envelope_id), f"/p/question/{line.entry_id}/file"),
    ]:
        answer = client.get(path)
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
        assert answer["Content-Disposition"].startswith("attachment")
        assert "sandbox" in answer["Content-Security-Policy"]


def test_nobody_and_no_stranger_reaches_a_discussion(cast: Cast, envelope_id: UUID) -> None:
    entry = wrote(envelope_id, cast.lebrun, "Entre nous")
    read, write = ["", f"{entry}/file"], {"write": {"body": "x"}, "read": {"last": str(entry)}}
    for client, status in [
        (Client(), 302),
        (as_person(cast.ricaud.person_id), 404),
        (as_person(cast.cherif.person_id), 404),
    ]:
        for place in (envelope_id, uuid4()):
            for path in read:
                assert client.get(f"/book/{place}/thread/{path}").status_code == status
            for path, form in write.items():
                assert client.post(f"/book/{place}/thread/{path}", form).status_code == status
    assert Client(raise_request_exception=False).get("/p/question").status_code in (403, 404, 410)
    odile = odiles(cast, envelope_id)
    assert odile.get(f"/p/question/{entry}/file").status_code == 404
    assert bodies(envelope_id, cast.lebrun) == ["Entre nous"]


def test_the_patient_asks_before_signing_and_reads_the_answer(cast: Cast, envelope_id: UUID) -> None:
    odile = odiles(cast, envelope_id)
    assert "/p/question?page=1" in odile.get("/p/").content.decode()
    answer = odile.post("/p/question", {"body": "Dois-je être à jeun ?", "page": "2"}, follow=True)
    assert "Dois-je être à jeun ?" in answer.content.decode()
    seen = queries.thread(envelope_id=envelope_id, actor=cast.lebrun, at=now())
    assert seen is not None
    (line,) = seen.lines
    assert (line.open_question, line.pin and line.pin.page) == (True, 1)
    lebrun = as_person(cast.lebrun.person_id)
    form = {"kind": "answer", "about": str(line.entry_id), "body": "Oui, six heures."}
    assert lebrun.post(f"/book/{envelope_id}/thread/write", form).status_code == 302
    wrote(envelope_id, cast.lebrun, "Entre nous")
    for path in ("/p/", "/p/question"):
        page = odile.get(path).content.decode()
        assert "Oui, six heures." in page
        assert "Entre nous" not in page
    assert odile.post("/p/question", {"body": " "}).status_code == 422


def test_a_question_not_read_yet_is_told_before_signing(cast: Cast) -> None:
    envelope_id = sent(cast, [ODILE, by(cast.lebrun)])
    wrote(envelope_id, cast.odile, "Dois-je être à jeun ?", kind=EntryKind.QUESTION)
    lebrun = as_person(cast.lebrun.person_id)
    told = "Lire avant de signer"
    assert told in lebrun.get(f"/book/{envelope_id}/").content.decode()
    seen = queries.thread(envelope_id=envelope_id, actor=cast.lebrun, at=now())
    assert seen is not None
    answer = lebrun.post(f"/book/{envelope_id}/thread/read", {"last": str(seen.last_id)}, **HTMX)
    assert answer.status_code == 204
    assert told not in lebrun.get(f"/book/{envelope_id}/").content.decode()
    assert lebrun.post(f"/book/{envelope_id}/thread/read", {"last": "x"}).status_code == 400


def test_who_writes_too_often_is_asked_to_wait(cast: Cast, envelope_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "WRITES", replace(pages.WRITES, name="thread-few", most=1))
    lebrun = as_person(cast.lebrun.person_id)
    assert lebrun.post(f"/book/{envelope_id}/thread/write", {"body": "Un"}).status_code == 302
    assert lebrun.post(f"/book/{envelope_id}/thread/write", {"body": "Deux"}).status_code == 422
    assert bodies(envelope_id, cast.lebrun) == ["Un"]
