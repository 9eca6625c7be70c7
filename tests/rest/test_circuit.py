"""What software does once it has sent: remind, correct, take back, talk; and with templates and lists of patients."""

from uuid import UUID, uuid4

import pytest

from telesphore.audit.models import Event
from telesphore.kernel.clock import now
from telesphore.records.models import Patient
from telesphore.signature.actions import discuss, send_many
from telesphore.signature.actions.discuss import Words
from telesphore.signature.models import Draft, Entry, Envelope, Recipient
from telesphore.signature.states import EntryKind
from tests.cast import Cast
from tests.papers import asking
from tests.rest.face import Program, composition, program
from tests.signature import templates
from tests.signature.circuits import ODILE, by, sent


@pytest.fixture
def dpi(cast: Cast) -> Program:
    """The program of Sylvie's office."""
    return program(cast.sylvie)


def test_who_is_awaited_is_reminded_once_an_hour_and_reached_at_the_right_address(cast: Cast, dpi: Program) -> None:
    envelope_id = sent(cast, [ODILE])
    recipient = Recipient.objects.get()
    place = f"envelopes/{envelope_id}/recipients/{recipient.id}"
    dpi.ask("POST", f"{place}/remind", status=204, key="r")
    dpi.ask("POST", f"{place}/remind", status=204, key="r")
    assert dpi.ask("POST", f"{place}/remind", status=409)["code"] == "reminded-lately"
    before = Recipient.objects.get().link_id
    reach = {"email": "odile@ailleurs.example", "phone": "+33639980199"}
    dpi.ask("POST", f"{place}/address", reach, status=204)
    assert Patient.objects.get(id=cast.odile_id).email == "odile@ailleurs.example"
    assert Recipient.objects.get().link_id not in (None, before)
    own = {"email": "sylvie.courtois@montfaucy.example", "phone": "+33639980199"}
    assert dpi.ask("POST", f"{place}/address", own, status=422)["code"] == "own-address"
    dpi.ask("POST", f"envelopes/{envelope_id}/recipients/{uuid4()}/address", reach, status=404)


def test_what_nobody_acted_on_is_taken_back_as_a_draft(cast: Cast, dpi: Program) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    draft = dpi.ask("POST", f"envelopes/{envelope_id}/recall", status=201)
    assert (draft["state"], Envelope.objects.get().state) == ("draft", "voided")
    assert dpi.ask("POST", f"envelopes/{envelope_id}/recall", status=409)["code"]


def test_a_program_writes_under_its_persons_name_with_its_own_beside(cast: Cast, dpi: Program) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    question = discuss.write(
        envelope_id=envelope_id, words=Words(body="À jeun ?", kind=EntryKind.QUESTION), actor=cast.lebrun, at=now()
    )
    thread = f"envelopes/{envelope_id}/thread"
    [seen] = dpi.ask("GET", thread)["items"]
    assert (seen["id"], seen["kind"], seen["answered"]) == (str(question), "question", False)
    answer = {"body": "Oui.", "kind": "answer", "answers": str(question)}
    made = dpi.ask("POST", thread, answer, status=201, key="k")
    assert dpi.ask("POST", thread, answer, status=201, key="k") == made
    first, second = dpi.ask("GET", thread)["items"]
    assert (first["answered"], second["author"]) == (True, "Sylvie Courtois (DPI)")
    # What is read by a program is not read by its person.
    assert discuss_unread(cast, envelope_id) == 1
    event = Event.objects.get(action="signature:thread:write", actor_kind="software")
    assert event.person_id == cast.sylvie.person_id
    # It doesn't change what a person wrote, its own person least of all.
    own = discuss.write(envelope_id=envelope_id, words=Words(body="Depuis minuit."), actor=cast.sylvie, at=now())
    for written in (question, own):
        edit = {"body": "x", "kind": "edit", "replaces": str(written)}
        assert dpi.ask("POST", thread, edit, status=404)["code"] == "entry-not-found"
    assert Entry.objects.count() == 3


def discuss_unread(cast: Cast, envelope_id: UUID) -> int:
    from telesphore.signature import queries

    seen = queries.thread(envelope_id=envelope_id, actor=cast.sylvie, at=now())
    assert seen is not None
    return seen.unread


def test_who_only_reads_does_not_write(cast: Cast) -> None:
    envelope_id = sent(cast, [ODILE])
    reader = program(cast.sylvie, "signature:envelope:read")
    place = f"envelopes/{envelope_id}/recipients/{Recipient.objects.get().id}"
    reader.ask("GET", f"envelopes/{envelope_id}/thread")
    for method, path in (
        ("POST", f"envelopes/{envelope_id}/thread"), ("POST", f"{place}/remind"), ("POST", f"{place}/address"),
        ("POST", f"envelopes/{envelope_id}/recall"), ("GET", "templates"), ("POST", "bulks"),
    ):  # fmt: skip
        reader.ask(method, path, status=403)


def test_what_a_draft_lacks_is_named_and_refused_with_its_names(cast: Cast, dpi: Program) -> None:
    draft = dpi.ask("POST", "envelopes", {"patient_id": str(cast.odile_id)}, status=201)
    gaps = dpi.ask("GET", f"drafts/{draft['id']}/gaps")["items"]
    assert "no-document" in {gap["code"] for gap in gaps}
    assert all(gap["title"] for gap in gaps)
    refused = dpi.ask("POST", f"drafts/{draft['id']}/send", status=422)
    assert {one["where"] for one in refused.get("errors", [])} <= {gap["code"] for gap in gaps}


def test_a_document_that_asks_for_no_field_leaves_its_draft_as_it_was(cast: Cast, dpi: Program) -> None:
    document_id = dpi.deposit(cast.odile_id).json()["id"]
    new = {"patient_id": str(cast.odile_id), "composition": composition(document_id, cast.lebrun)}
    draft = dpi.ask("POST", "envelopes", new, status=201)
    told = dpi.ask("POST", f"drafts/{draft['id']}/anchors", {"version": 1})
    assert (told["found"], told["left_out"]) == (0, [])
    assert told["draft"]["composition"] == draft["composition"]
    dpi.ask("POST", f"drafts/{draft['id']}/anchors", {"version": 9}, status=409)


def test_fields_that_a_deposited_document_asks_for_are_placed_and_sent(cast: Cast, dpi: Program) -> None:
    asked = asking(
        "Signature : {{signature:patient}}",
        "{{text:patient:Allergies}} {{checkbox:witness:Lu}}",
        "{{signature:pateint}} {{stamp:patient}}",
    )
    document_id = dpi.deposit(cast.odile_id, content=asked).json()["id"]
    plan = {
        "documents": [{"document_id": document_id}],
        "steps": [{"parties": [{"role": "patient", "purpose": "consents"}]}],
    }  # fmt: skip
    draft = dpi.ask("POST", "envelopes", {"patient_id": str(cast.odile_id), "composition": plan}, status=201)
    told = dpi.ask("POST", f"drafts/{draft['id']}/anchors", {"version": draft["version"]})
    # A witness who is nobody of this circuit, a slip of the pen, and what no field is.
    assert (told["found"], told["left_out"]) == (5, ["checkbox:witness", "signature:pateint", "stamp:patient"])
    [patient] = told["draft"]["composition"]["steps"][0]["parties"]
    assert [field["kind"] for field in patient["fields"]] == ["signature", "text"]
    envelope = dpi.ask("POST", f"drafts/{draft['id']}/send", {"version": told["draft"]["version"]})
    [field] = dpi.ask("GET", f"envelopes/{envelope['id']}/fields")["items"]
    assert (field["kind"], field["label"]) == ("text", "Allergies")
    assert dpi.ask("GET", f"envelopes/{envelope['id']}/evidence", status=409)["code"] == "not-completed-yet"


def test_a_template_is_read_and_sent(cast: Cast, dpi: Program) -> None:
    template_id = templates.made(cast)
    assert [one["id"] for one in dpi.ask("GET", "templates?search=endoscopie")["items"]] == [str(template_id)]
    assert dpi.ask("GET", f"templates/{template_id}")["seats"] == [None, "chosen"]
    given = {"template_id": str(template_id), "patient_id": str(cast.odile_id)}
    assert dpi.ask("POST", "templates/use", given, status=422)["code"] == "professional-to-choose"
    given["professional_id"] = str(cast.lebrun.person_id)
    assert dpi.ask("POST", "templates/use", given, status=201)["state"] == "draft"
    assert dpi.ask("POST", "templates/use", {**given, "send": True}, status=201)["state"] == "sent"
    assert Draft.objects.count() == 1


def test_a_list_is_given_checked_confirmed_and_reported(cast: Cast, dpi: Program) -> None:
    template_id = templates.made(cast)
    given = {
        "template_id": str(template_id), "professional_id": str(cast.lebrun.person_id),
        "rows": [{"patient": str(cast.odile_id)}, {"patient": str(uuid4())}],
    }  # fmt: skip
    made = dpi.ask("POST", "bulks", given, status=201, key="b")
    assert dpi.ask("POST", "bulks", given, status=201, key="b")["id"] == made["id"]
    assert (made["state"], made["rows"]) == ("checking", 2)
    place = f"bulks/{made['id']}"
    assert dpi.ask("POST", f"{place}/confirm", status=409)["code"] == "bulk-not-ready"
    send_many.check_list(organisation_id=cast.hospital, bulk_id=UUID(made["id"]), at=now())
    assert dpi.ask("GET", place)["counts"]["ready"] == 1
    [bad] = dpi.ask("GET", f"{place}/rows?troubled=true")["items"]
    assert (bad["number"], bad["state"]) == (2, "bad")
    assert bad["title"]
    assert dpi.ask("POST", f"{place}/confirm")["state"] == "sending"
    templates.send_all(cast, UUID(made["id"]))
    done = dpi.ask("GET", place)
    assert (done["state"], done["counts"]["sent"]) == ("done", 1)
    first = dpi.ask("GET", f"{place}/rows")["items"][0]
    assert dpi.ask("GET", f"envelopes/{first['envelope_id']}")["state"] == "sent"
    assert [one["id"] for one in dpi.ask("GET", "bulks")["items"]] == [made["id"]]


@pytest.mark.parametrize("rows", [[{}], [{"": "x"}], [{"x": "y"}], [{"patient": "a", "Patient": "b"}]])
def test_a_list_that_tells_no_patients_is_refused(cast: Cast, dpi: Program, rows: list[dict[str, str]]) -> None:
    template_id = templates.made(cast)
    refused = dpi.ask("POST", "bulks", {"template_id": str(template_id), "rows": rows}, status=422)
    assert refused["code"] in ("list-not-readable", "no-patient-column")
