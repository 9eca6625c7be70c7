"""What the face says of itself holds, whatever is sent to it."""

import pytest
import requests
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response

from telesphore.accounts.states import PERMISSIONS
from telesphore.rest.signature.description import document
from telesphore.rest.signature.face import SCOPES
from telesphore.signature.models import Envelope
from tests.cast import Cast
from tests.rest.face import program
from tests.rest.strangers_hand import checks, operations, try_out
from tests.signature.circuits import by, sent


def test_every_endpoint_is_described_with_its_scope() -> None:
    described = {
        (address.removeprefix("/api/v1/"), method.upper()): operation["security"][0]["token"]
        for address, methods in document()["paths"].items()
        for method, operation in methods.items()
    }
    offered = {(address, method) for address, methods in SCOPES.items() for method in methods}
    assert len(described) == len(offered)
    assert all(scope in PERMISSIONS for [scope] in described.values())


def test_no_request_breaks_it_or_its_own_description(cast: Cast) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    real = {
        "envelope_id": str(envelope_id), "document_id": str(Envelope.objects.get().document_id),
        "patient_id": str(cast.odile_id),
    }  # fmt: skip
    secret = program(cast.sylvie).secret
    assert all(try_out(operation, secret, 4, real) for operation in operations())


def test_an_answer_that_is_not_described_is_found_out() -> None:
    case = operations()[0].Case()
    asked = requests.Request("GET", "http://testserver/").prepare()
    wrong = Response(200, {"content-type": ["application/json"]}, b'{"items": 1}', asked, elapsed=0.1, verify=False)
    with pytest.raises(FailureGroup):
        case.validate_response(wrong, checks=checks())
