"""What the face says of itself holds, whatever is sent to it."""

import json
import os

import pytest
import requests
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode

from telesphore.accounts.states import PERMISSIONS
from telesphore.kernel.clock import now
from telesphore.rest.signature import examples
from telesphore.rest.signature.description import document
from telesphore.rest.signature.face import SCOPES
from telesphore.signature.actions import discuss, embed
from telesphore.signature.actions.discuss import Words
from telesphore.signature.models import Envelope, Recipient
from tests.accounts.members import claire
from tests.cast import Cast
from tests.entering import undone
from tests.papers import blank
from tests.rest.face import composition, program
from tests.rest.strangers_hand import checks, operations, try_out
from tests.signature import templates
from tests.signature.circuits import ODILE, by, sent


def test_every_endpoint_is_described_with_its_scope() -> None:
    described = {
        (address.removeprefix("/api/v1/"), method.upper()): operation["security"][0]["token"]
        for address, methods in document()["paths"].items()
        for method, operation in methods.items()
    }
    for methods in document()["paths"].values():
        for method, operation in methods.items():
            told = operation["responses"]["429"]["headers"]
            assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= set(told)
            assert ("Idempotency-Replayed" in told) == (method == "post")
    offered = {(address, method) for address, methods in SCOPES.items() for method in methods}
    assert len(described) == len(offered)
    assert all(scope in PERMISSIONS for [scope] in described.values())


def test_every_example_of_a_body_is_taken(cast: Cast) -> None:
    envelope_id = sent(cast, [ODILE, by(cast.lebrun)])
    embed.allow_origin(origin="https://dpi.example", actor=claire(cast), at=now())
    dpi = program(cast.sylvie)
    real = {
        examples.PATIENT: str(cast.odile_id), examples.DOCUMENT: dpi.deposit(cast.odile_id).json()["id"],
        examples.PROFESSIONAL: str(cast.lebrun.person_id), examples.TEMPLATE: str(templates.made(cast)),
    }  # fmt: skip
    content = {"patient_id": str(cast.odile_id), "composition": composition(real[examples.DOCUMENT], cast.lebrun)}
    names = {
        "envelope_id": str(envelope_id), "recipient_id": str(Recipient.objects.get(patient_id=cast.odile_id).id),
        "draft_id": dpi.ask("POST", "envelopes", content, status=201)["id"],
    }  # fmt: skip
    tried = set()
    for address, methods in document()["paths"].items():
        for method, operation in methods.items():
            for media_type, body in operation.get("requestBody", {"content": {}})["content"].items():
                told = json.dumps(body["example"])
                for made_up, id_ in real.items():
                    told = told.replace(made_up, id_)
                given, path = json.loads(told), address.removeprefix("/api/v1/").format(**names)
                with undone():
                    if media_type == "multipart/form-data":
                        answer = dpi.post(path, {**given, "file": SimpleUploadedFile("bilan.pdf", blank(1))})
                    else:
                        answer = dpi.answer(method.upper(), path, given)
                assert answer.status_code < 300, (operation["operationId"], answer.content)
                tried.add(operation["operationId"])
    assert tried == set(examples.EXAMPLES)


EXAMPLES = int(os.environ.get("EXAMPLES", "4"))
"""Requests to each endpoint; a long campaign asks for more (`EXAMPLES=200`)."""


@pytest.mark.timeout(60 + 60 * EXAMPLES)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
def test_no_request_breaks_it_or_its_own_description(cast: Cast, mode: GenerationMode) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    real = {
        "envelope_id": str(envelope_id), "document_id": str(Envelope.objects.get().document_id),
        "patient_id": str(cast.odile_id),
        "entry_id": str(
            discuss.write(envelope_id=envelope_id, words=Words(file=blank(1)), actor=cast.sylvie, at=now())
        ),
    }  # fmt: skip
    secret = program(cast.sylvie).secret
    sent_to = [try_out(operation, secret, EXAMPLES, real, mode) for operation in operations()]
    # Of one that takes nothing, nothing can be wrong.
    assert all(sent_to) if mode is GenerationMode.POSITIVE else any(sent_to)


def test_an_instant_may_have_any_offset_that_its_format_has(cast: Cast) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    dpi = program(cast.sylvie)
    for since, found in (("2026-01-01T00:00:00-18:34", [str(envelope_id)]), ("2260-02-28T13:15:14%2B23:59", [])):
        assert [one["id"] for one in dpi.ask("GET", f"envelopes?since={since}")["items"]] == found
    for beyond in ("0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:59"):
        assert dpi.ask("GET", f"envelopes?until={beyond}", status=422)["code"] == "not-well-formed"


def test_where_there_is_nothing_it_says_so_whatever_the_address_is_made_of(cast: Cast) -> None:
    for odd in ("nothing", "envelopes/%0A", "envelopes/a%0Ab/void", "%00", "é/%2F"):
        answer = Client().get(f"/api/v1/{odd}")
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_an_answer_that_is_not_described_is_found_out() -> None:
    case = operations()[0].Case()
    asked = requests.Request("GET", "http://testserver/").prepare()
    wrong = Response(200, {"content-type": ["application/json"]}, b'{"items": 1}', asked, elapsed=0.1, verify=False)
    with pytest.raises(FailureGroup):
        case.validate_response(wrong, checks=checks())
