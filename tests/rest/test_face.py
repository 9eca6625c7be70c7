"""Software deposits, sends, follows and fetches, as the person who answers for its token; it never signs."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from telesphore.accounts import actions as accounts
from telesphore.accounts import queries as accounts_queries
from telesphore.accounts.models import Asked
from telesphore.audit.models import Event
from telesphore.kernel.clock import now
from telesphore.links.models import Link
from telesphore.rest.signature import cursors, envelopes
from telesphore.signature import access
from telesphore.signature.actions import discuss
from telesphore.signature.actions.discuss import Words
from telesphore.signature.errors import EnvelopeNotFound
from telesphore.signature.models import Draft, Envelope, Recipient
from telesphore.signature.states import TemplateScope
from tests.cast import Cast
from tests.paper.pictures import photograph
from tests.papers import blank
from tests.rest.face import Program, composition, program
from tests.signature import templates
from tests.signature.circuits import ODILE, by, sent


@pytest.fixture
def dpi(cast: Cast) -> Program:
    """The program of Sylvie's office."""
    return program(cast.sylvie)


def deposited(dpi: Program, cast: Cast) -> str:
    answer = dpi.deposit(cast.odile_id)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def test_a_document_is_deposited_composed_changed_sent_followed_and_withdrawn(cast: Cast, dpi: Program) -> None:
    document_id = deposited(dpi, cast)
    draft = dpi.ask("POST", "envelopes", {"patient_id": str(cast.odile_id)}, status=201)
    assert (draft["state"], draft["version"]) == ("draft", 1)
    written = composition(document_id, cast.lebrun)
    draft = dpi.ask("PUT", f"drafts/{draft['id']}", {"composition": written, "version": 1})
    assert dpi.ask("GET", "drafts")["items"][0]["id"] == draft["id"]
    dpi.ask("PUT", f"drafts/{draft['id']}", {"composition": written, "version": 1}, status=409)
    made = dpi.ask("POST", f"drafts/{draft['id']}/send", {"version": 2})
    assert (made["id"], made["state"]) == (draft["id"], "sent")
    assert [one["id"] for one in dpi.ask("GET", "envelopes?state=sent")["items"]] == [draft["id"]]
    seen = dpi.ask("GET", f"envelopes/{draft['id']}")
    assert [one["name"] for step in seen["steps"] for one in step["recipients"]] == ["Dr Anne Lebrun"]
    assert dpi.ask("GET", f"envelopes/{draft['id']}/composition")["documents"][0]["document_id"] == document_id
    actions = {one["action"] for one in dpi.ask("GET", f"envelopes/{draft['id']}/events")["items"]}
    assert "signature:envelope:send" in actions
    ended = dpi.ask("POST", f"envelopes/{draft['id']}/void", {"reason": "Une erreur"})
    assert ended["state"] == "voided"
    again = dpi.ask("POST", f"envelopes/{draft['id']}/correct", status=201)
    assert again["composition"]["documents"] == draft["composition"]["documents"]
    dpi.ask("DELETE", f"drafts/{again['id']}", status=204)
    dpi.ask("GET", f"drafts/{again['id']}", status=404)


def test_what_a_program_does_is_traced_as_its_own_in_its_persons_name(cast: Cast, dpi: Program) -> None:
    document_id = deposited(dpi, cast)
    program(cast.lebrun).ask("GET", f"documents/{document_id}/file")
    opened = Event.objects.get(action="records:document:open", subject_id=document_id)
    assert (opened.actor_kind, opened.person_id, opened.ground) == ("software", cast.lebrun.person_id, "care-team")


def test_an_envelope_that_cannot_be_sent_leaves_no_draft(cast: Cast, dpi: Program) -> None:
    refused = dpi.ask("POST", "envelopes", {"patient_id": str(cast.odile_id), "send": True}, status=422)
    assert refused["code"] == "nothing-to-sign"
    assert not Draft.objects.exists()


def test_a_program_never_signs_for_its_person(cast: Cast) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    of_lebrun = program(cast.lebrun)
    actor = accounts_queries.actor_by_token(secret=of_lebrun.secret, at=now(), source_address=None, client="")
    assert actor is not None
    # It reads what awaits her, and can't take her place.
    assert of_lebrun.ask("GET", f"envelopes/{envelope_id}")["state"] == "sent"
    with pytest.raises(EnvelopeNotFound):
        access.recipient_of(actor=actor, envelope_id=envelope_id, at=now())


def test_a_patients_link_is_given_to_no_program(cast: Cast, dpi: Program) -> None:
    envelope_id = sent(cast, [ODILE])
    [link] = Link.objects.filter(subject_id=envelope_id)
    for path in ("", "/recipients", "/events", "/composition"):
        told = dpi.answer("GET", f"envelopes/{envelope_id}{path}").content.decode()
        assert link.id.hex not in told.replace("-", "")
        assert "/s/" not in told


# Who is let in

FOREIGN = [
    ("GET", "patients/{patient}"), ("GET", "patients/{patient}/documents"), ("GET", "documents/{document}"),
    ("GET", "documents/{document}/file"), ("GET", "envelopes/{envelope}"), ("GET", "envelopes/{envelope}/recipients"),
    ("GET", "envelopes/{envelope}/fields"), ("GET", "envelopes/{envelope}/watchers"),
    ("GET", "envelopes/{envelope}/events"), ("GET", "envelopes/{envelope}/file"),
    ("GET", "envelopes/{envelope}/evidence"), ("GET", "envelopes/{envelope}/kit"),
    ("GET", "envelopes/{envelope}/composition"), ("POST", "envelopes/{envelope}/void"),
    ("POST", "envelopes/{envelope}/correct"), ("GET", "drafts/{draft}"), ("POST", "drafts/{draft}/send"),
    ("DELETE", "drafts/{draft}"), ("GET", "drafts/{draft}/gaps"), ("POST", "drafts/{draft}/anchors"),
    ("POST", "envelopes/{envelope}/recall"), ("GET", "envelopes/{envelope}/thread"),
    ("POST", "envelopes/{envelope}/recipients/{recipient}/remind"),
    ("GET", "templates/{template}"), ("GET", "bulks/{bulk}"), ("GET", "bulks/{bulk}/rows"),
    ("POST", "bulks/{bulk}/confirm"), ("POST", "bulks/{bulk}/cancel"),
    ("GET", "envelopes/{envelope}/thread/{entry}/attachment"),
]  # fmt: skip


@pytest.mark.parametrize("who", ["ricaud", "cherif"])
def test_what_is_not_theirs_is_told_as_what_never_was(cast: Cast, who: str) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    template_id = templates.made(cast, cast.sylvie, scope=TemplateScope.PRIVATE)
    names = {
        "patient": cast.odile_id, "envelope": envelope_id, "document": Envelope.objects.get().document_id,
        "draft": program(cast.sylvie).ask("POST", "envelopes", {"patient_id": str(cast.odile_id)}, status=201)["id"],
        "recipient": Recipient.objects.get().id, "template": template_id,
        "bulk": templates.given(cast, template_id, f"patient\n{cast.odile_id}"),
        "entry": discuss.write(
            envelope_id=envelope_id, words=Words(file=blank(1), file_name="bilan.pdf"), actor=cast.lebrun, at=now()
        ),
    }  # fmt: skip
    stranger = program(getattr(cast, who))
    for method, path in FOREIGN:
        theirs = stranger.ask(method, path.format(**names), status=404)
        assert theirs == stranger.ask(method, path.format(**dict.fromkeys(names, uuid4())), status=404), path
    assert stranger.ask("GET", "envelopes")["items"] == []
    assert stranger.ask("POST", "patients/search", {"name": "Marchetti"})["items"] == []
    new = {"patient_id": str(cast.odile_id)}
    assert stranger.ask("POST", "envelopes", new, status=404)["code"] == "record-not-found"
    reach = {"email": "odile@ailleurs.example", "phone": "+33639980199"}
    address = f"envelopes/{envelope_id}/recipients/{names['recipient']}/address"
    assert stranger.ask("POST", address, reach, status=404)["code"] == "envelope-not-found"
    entry = f"envelopes/{envelope_id}/thread"
    assert stranger.ask("POST", entry, {"body": "?"}, status=404)["code"] == "envelope-not-found"
    refused = stranger.post(f"{entry}/files", {"file": SimpleUploadedFile("bilan.pdf", blank(1))})
    assert (refused.status_code, refused.json()["code"]) == (404, "envelope-not-found")
    assert (
        stranger.ask("POST", "templates/use", {**new, "template_id": str(template_id)}, status=404)["code"]
        == "template-not-found"
    )


def test_a_scope_opens_its_own_endpoints_and_no_other(cast: Cast) -> None:
    reader = program(cast.sylvie, "signature:envelope:read")
    reader.ask("GET", "envelopes")
    refused = reader.answer("POST", "envelopes", {"patient_id": str(cast.odile_id)})
    assert (refused.status_code, refused["Content-Type"]) == (403, "application/problem+json")
    assert "insufficient_scope" in refused["WWW-Authenticate"]
    for path in ("drafts", "professionals", f"patients/{cast.odile_id}", f"patients/{cast.odile_id}/documents"):
        reader.ask("GET", path, status=403)


def test_nobody_is_asked_for_a_token(cast: Cast) -> None:
    answer = Client().get("/api/v1/envelopes")
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert Client().get("/api/v1/openapi.json").status_code == 200
    assert Client().get("/api/v1/elsewhere")["Content-Type"] == "application/problem+json"


# Errors, pages, rates


def test_every_refusal_is_a_problem(cast: Cast, dpi: Program) -> None:
    def told(answer: Any) -> tuple[int, str]:
        assert answer["Content-Type"] == "application/problem+json"
        body = answer.json()
        assert {"type", "title", "status", "code"} <= body.keys()
        assert body["status"] == answer.status_code
        return body["status"], body["code"]

    assert told(dpi.answer("POST", "envelopes", {"patient_id": "no"})) == (422, "not-well-formed")
    assert told(dpi.answer("POST", "envelopes", {"patient_id": str(cast.odile_id), "x": 1})) == (422, "not-well-formed")
    assert told(dpi.answer("PATCH", "envelopes")) == (405, "method-not-offered")
    assert told(dpi.answer("GET", "envelopes?cursor=MA")) == (422, "cursor-not-readable")
    assert told(dpi.answer("POST", "patients/search", "x" * 2**20 + "x")) == (413, "body-too-large")
    assert told(Client().post("/api/v1/documents", CONTENT_LENGTH="99999999999")) == (413, "body-too-large")
    assert told(dpi.answer("GET", f"envelopes/{uuid4()}")) == (404, "envelope-not-found")
    assert told(dpi.deposit(cast.odile_id, content=b"no PDF")) == (422, "not-a-pdf")
    assert told(dpi.deposit(cast.odile_id, content=b"\xff\xd8\xff torn")) == (422, "damaged-picture")


def test_a_photograph_is_deposited_and_said_to_be_converted(cast: Cast, dpi: Program) -> None:
    made = dpi.deposit(cast.odile_id, content=photograph(6)).json()
    assert made["converted_from"] == "image/jpeg"
    assert dpi.ask("GET", f"documents/{made['id']}")["converted_from"] == "image/jpeg"
    assert dpi.ask("GET", f"patients/{cast.odile_id}/documents")["items"][0]["converted_from"] == "image/jpeg"


def test_a_refusal_does_not_repeat_what_was_sent(cast: Cast, dpi: Program) -> None:
    told = dpi.answer("POST", "patients/search", {"ins": "Odile Marchetti"}).content.decode()
    assert "Marchetti" not in told
    assert "where" in told


def test_pages_hold_while_rows_come(cast: Cast, dpi: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelopes, "PAGE", 2)
    made = [sent(cast, [by(cast.lebrun)]) for _ in range(5)]
    # All at one instant: the id decides.
    Envelope.objects.update(sent_at=now() - timedelta(hours=1))
    first = dpi.ask("GET", "envelopes")
    sent(cast, [by(cast.lebrun)])
    second = dpi.ask("GET", f"envelopes?cursor={first['next_cursor']}")
    third = dpi.ask("GET", f"envelopes?cursor={second['next_cursor']}")
    found = [one["id"] for page in (first, second, third) for one in page["items"]]
    assert found == [str(one) for one in sorted(made, reverse=True)]
    assert third["next_cursor"] is None
    assert re.fullmatch(r"[A-Za-z0-9_-]+", first["next_cursor"])


def test_a_forged_cursor_is_refused() -> None:
    for forged in ("x", cursors.cursor_of("a"), cursors.cursor_of("2026-01-01", "b"), cursors.cursor_of(now(), "b")):
        with pytest.raises(cursors.CursorNotReadable):
            cursors.instant_and_id(forged)


def test_the_rate_is_told_in_each_answer(cast: Cast, dpi: Program) -> None:
    answer = dpi.answer("GET", "envelopes")
    assert answer["RateLimit"].startswith('"token";r=')
    assert answer["RateLimit-Policy"]
    assert UUID(answer["X-Request-Id"])


# Keys


def test_a_request_that_is_sent_twice_acts_once(cast: Cast, dpi: Program) -> None:
    first, again = (dpi.deposit(cast.odile_id, key="k-1") for _ in range(2))
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert again["Idempotency-Replayed"] == "true"
    assert not first.has_header("Idempotency-Replayed")
    new = {"patient_id": str(cast.odile_id)}
    made = [dpi.ask("POST", "envelopes", new, status=201, key="k-2")["id"] for _ in range(2)]
    assert made[0] == made[1]
    assert Draft.objects.count() == 1


def test_a_key_is_of_one_request_and_of_one_token(cast: Cast, dpi: Program) -> None:
    new = {"patient_id": str(cast.odile_id)}
    made = dpi.ask("POST", "envelopes", new, status=201, key="k")
    other = dpi.ask("POST", "envelopes", {**new, "composition": {"title": "Autre"}}, status=422, key="k")
    assert other["code"] == "key-of-another-request"
    another = program(cast.sylvie).ask("POST", "envelopes", new, status=201, key="k")
    assert another["id"] != made["id"]
    assert dpi.ask("POST", "envelopes", new, status=422, key=" ")["code"] == "bad-idempotency-key"


def test_a_key_at_work_is_told_so_and_one_that_died_too(cast: Cast, dpi: Program) -> None:
    new = {"patient_id": str(cast.odile_id)}
    dpi.ask("POST", "envelopes", new, status=201, key="k")
    Asked.objects.update(status=None, answer_sealed=None)
    assert dpi.ask("POST", "envelopes", new, status=409, key="k")["code"] == "being-answered"
    Asked.objects.update(begun_at=now() - timedelta(hours=1))
    assert dpi.ask("POST", "envelopes", new, status=409, key="k")["code"] == "outcome-unknown"


def test_an_answer_is_kept_sealed_for_a_day(cast: Cast, dpi: Program) -> None:
    new = {"patient_id": str(cast.odile_id), "composition": {"title": "Thoracotomie"}}
    first = dpi.ask("POST", "envelopes", new, status=201, key="k")
    [row] = Asked.objects.all()
    assert row.answer_sealed is not None
    assert b"Thoracotomie" not in bytes(row.answer_sealed)
    accounts.forget_answers(actor=cast.sylvie, at=now() + timedelta(hours=23))
    assert Asked.objects.exists()
    Asked.objects.update(begun_at=now() - timedelta(hours=25))
    assert dpi.ask("POST", "envelopes", new, status=201, key="k")["id"] != first["id"]
    assert accounts.forget_answers(actor=cast.sylvie, at=now() + timedelta(hours=25)) == 1


def test_a_refusal_is_kept_too_but_not_one_that_passes(cast: Cast, dpi: Program) -> None:
    new = {"patient_id": str(uuid4())}
    for _ in range(2):
        dpi.ask("POST", "envelopes", new, status=404, key="k")
    assert Asked.objects.get().status == 404
    envelope_id = sent(cast, [by(cast.lebrun)])
    dpi.ask("POST", f"envelopes/{envelope_id}/correct", status=409, key="c")
    assert not Asked.objects.filter(key="c").exists()
