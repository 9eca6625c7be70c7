"""What software reads and writes of the discussion beside a document: all that the page has."""

import hashlib
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from telesphore.audit.models import Event
from telesphore.kernel.clock import now
from telesphore.signature.actions import discuss
from telesphore.signature.actions.discuss import Words
from telesphore.signature.formats.attachment import LARGEST
from telesphore.signature.models import Entry
from telesphore.signature.states import EntryKind
from tests.cast import Cast
from tests.paper.pictures import photograph
from tests.papers import blank
from tests.rest.face import Program, program
from tests.signature.circuits import by, sent


@pytest.fixture
def dpi(cast: Cast) -> Program:
    """The program of Sylvie's office."""
    return program(cast.sylvie)


@pytest.fixture
def envelope_id(cast: Cast) -> UUID:
    """Awaits Dr Lebrun."""
    return sent(cast, [by(cast.lebrun)])


@pytest.fixture
def thread(envelope_id: UUID) -> str:
    """The discussion's address."""
    return f"envelopes/{envelope_id}/thread"


def file(content: bytes, name: str) -> dict[str, Any]:
    return {"file": SimpleUploadedFile(name, content)}


def test_a_file_is_attached_listed_and_fetched(cast: Cast, dpi: Program, thread: str) -> None:
    made = dpi.post(f"{thread}/files", {"body": "Le bilan.", **file(blank(1), "../bilan été.exe")}, key="f")
    assert made.status_code == 201, made.content
    again = dpi.post(f"{thread}/files", {"body": "Le bilan.", **file(blank(1), "../bilan été.exe")}, key="f")
    assert (again.content, again["Idempotency-Replayed"]) == (made.content, "true")
    # Named otherwise, it is another request.
    assert dpi.post(f"{thread}/files", {"body": "Le bilan.", **file(blank(1), "b.pdf")}, key="f").status_code == 422
    [entry] = dpi.ask("GET", thread)["items"]
    told = entry["attachment"]
    assert (entry["body"], told["name"], told["media_type"]) == ("Le bilan.", "bilan été.pdf", "application/pdf")
    fetched = program(cast.lebrun).answer("GET", f"{thread}/{entry['id']}/attachment")
    assert (len(fetched.content), hashlib.sha256(fetched.content).hexdigest()) == (told["size"], told["sha256"])
    assert fetched["Content-Type"] == "application/pdf"
    assert fetched["Content-Disposition"].startswith("attachment; filename*=utf-8''bilan%20%C3%A9t%C3%A9.pdf")
    assert (fetched["X-Content-Type-Options"], fetched["Cache-Control"]) == ("nosniff", "no-store")
    event = Event.objects.get(action="signature:thread:open-attachment")
    assert (event.actor_kind, event.person_id) == ("software", cast.lebrun.person_id)


def test_a_picture_is_attached_to_a_place_on_the_page_for_somebody(cast: Cast, dpi: Program, thread: str) -> None:
    place = {"page": 0, "x": 500, "y": 200, "kind": "question", "mentions": [str(cast.lebrun.person_id)]}
    assert dpi.post(f"{thread}/files", {**place, **file(photograph(6), "p")}).status_code == 201
    [entry] = dpi.ask("GET", thread)["items"]
    assert (entry["attachment"]["media_type"], entry["kind"]) == ("image/jpeg", "question")
    assert entry["pin"] == {"page": 0, "x": 500, "y": 200}
    assert entry["mentions"] == [{"id": str(cast.lebrun.person_id), "display_name": "Dr Anne Lebrun"}]


def test_what_the_page_refuses_of_a_file_is_refused(dpi: Program, thread: str) -> None:
    for content, code in ((b"MZ", "bad-attachment"), (b"%PDF-" + bytes(LARGEST), "bad-attachment"), (b"", "")):
        refused = dpi.post(f"{thread}/files", file(content, "bilan.pdf"))
        assert refused.status_code == 422
        assert not code or refused.json()["code"] == code
    for more in ({"page": 0}, {"page": 99, "x": 1, "y": 1}, {"kind": "edit"}, {"mentions": str(uuid4())}):
        assert dpi.post(f"{thread}/files", {**more, **file(blank(1), "bilan.pdf")}).status_code == 422
    assert dpi.post(f"{thread}/files", {"body": "Sans fichier"}).status_code == 422
    assert not Entry.objects.exists()


def test_an_entry_without_a_file_and_one_of_another_envelope_give_none(
    cast: Cast, dpi: Program, envelope_id: UUID, thread: str
) -> None:
    words = Words(file=blank(1), file_name="bilan.pdf")
    elsewhere = discuss.write(envelope_id=sent(cast, [by(cast.lebrun)]), words=words, actor=cast.sylvie, at=now())
    bare = discuss.write(envelope_id=envelope_id, words=Words(body="Rien."), actor=cast.sylvie, at=now())
    for entry_id in (elsewhere, bare, uuid4()):
        assert dpi.ask("GET", f"{thread}/{entry_id}/attachment", status=404)["code"] == "entry-not-found"


def test_people_of_the_circuit_are_mentioned_and_nobody_else(cast: Cast, dpi: Program, thread: str) -> None:
    told = dpi.ask("GET", thread)
    assert told["may_write"]
    assert told["people"] == [{"id": str(cast.lebrun.person_id), "display_name": "Dr Anne Lebrun"}]
    pin = {"page": 0, "x": 0, "y": 1000}
    dpi.ask("POST", thread, {"body": "?", "mentions": [told["people"][0]["id"]], "pin": pin}, status=201)
    [entry] = dpi.ask("GET", thread)["items"]
    assert (entry["mentions"], entry["pin"]) == (told["people"], pin)
    stranger = {"body": "?", "mentions": [str(cast.ricaud.person_id)]}
    assert dpi.ask("POST", thread, stranger, status=422)["code"] == "unknown-mention"
    beyond = {"body": "?", "pin": {"page": 99, "x": 0, "y": 0}}
    assert dpi.ask("POST", thread, beyond, status=422)["code"] == "no-such-place"
    assert not program(cast.sylvie, "signature:envelope:read").ask("GET", thread)["may_write"]


def test_a_question_is_marked_as_answered_under_the_programs_name(
    cast: Cast, dpi: Program, envelope_id: UUID, thread: str
) -> None:
    question = Words(body="À jeun ?", kind=EntryKind.QUESTION)
    asked = discuss.write(envelope_id=envelope_id, words=question, actor=cast.lebrun, at=now())
    mark = {"kind": "answered", "answers": str(asked)}
    marked = dpi.ask("POST", thread, mark, status=201)["id"]
    [entry] = dpi.ask("GET", thread)["items"]
    assert (entry["answered"], entry["answered_by"]) == (True, "Sylvie Courtois (DPI)")
    assert dpi.ask("POST", thread, {**mark, "answers": marked}, status=422)["code"] == "not-a-question"
    assert dpi.ask("POST", thread, {"kind": "answered"}, status=404)["code"] == "entry-not-found"


def test_a_program_edits_what_it_wrote_and_what_it_said_before_is_told(cast: Cast, dpi: Program, thread: str) -> None:
    made = dpi.ask("POST", thread, {"body": "À 8 h."}, status=201)["id"]
    edit = {"body": "À 9 h.", "kind": "edit", "replaces": made}
    dpi.ask("POST", thread, edit, status=201)
    [entry] = dpi.ask("GET", thread)["items"]
    assert (entry["body"], [one["body"] for one in entry["before"]]) == ("À 9 h.", ["À 8 h."])
    # Another's program, or another program of the same person, edits none of it.
    for other in (program(cast.lebrun), program(cast.sylvie, name="Agenda")):
        assert other.ask("POST", thread, edit, status=404)["code"] == "entry-not-found"
