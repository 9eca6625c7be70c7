"""Another hand's generator of requests, from our own description of the face: what it sends, and what it checks."""

from collections.abc import Callable
from typing import Any

import requests
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode

from telesphore.rest.signature.description import document
from tests.entering import undone

BASE = "http://testserver"
NOT_OURS = {
    # Asked of bodies, below: a token that is missing is put there, and a filter that nobody knows is not looked at.
    "negative_data_rejection",
    # The token's own tests; these would send each request twice more.
    "ignored_auth",
    # In the map's own tests: 401 comes before 405.
    "unsupported_method",
    # They keep what they saw between requests; each of ours is undone.
    "use_after_free",
    "ensure_resource_availability",
    "missing_required_header",
    # What is well-formed may still be refused: an id that names nothing, a document that is none.
    "positive_data_acceptance",
    "max_response_time",
}


def operations() -> list[Any]:
    """Every endpoint that the description has."""
    schema = schemathesis.openapi.from_dict(document(), config=SchemathesisConfig())
    schema.config.update(base_url=BASE)
    return [found.ok() for found in schema.get_all_operations()]


def checks() -> list[Callable[..., Any]]:
    """Server errors and breaches of the description: status, media type, headers, shape."""
    return [check for check in CHECKS.get_all() if check.__name__ not in NOT_OURS]


def try_out(
    operation: Any, secret: str, examples: int, real: dict[str, str], mode: GenerationMode = GenerationMode.POSITIVE
) -> int:
    """Send this many requests to an endpoint, each undone; returns how many.

    Args:
        mode: whether they keep to the description, or break it somewhere.
        real: ids that exist, by the parameter's name: put in place of every second made-up one.
    """
    sent = 0

    @settings(
        max_examples=examples, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Any) -> None:
        nonlocal sent
        sent += 1
        if sent % 2:
            known = {name: value for name, value in real.items() if name in (case.path_parameters or {})}
            case.path_parameters = {**(case.path_parameters or {}), **known}
        answer = _sent(case, secret)
        case.validate_response(answer, checks=checks())
        assert not (_body_is_wrong(case) and answer.status_code < 400), f"{operation.label} took {case.body!r}"

    one()
    return sent


def _body_is_wrong(case: Any) -> bool:
    """Whether the body breaks the description; of a token or an id that does, one that is right takes the place."""
    body = case.meta.components.get(ParameterLocation.BODY)
    return body is not None and body.mode is GenerationMode.NEGATIVE


def _sent(case: Any, secret: str) -> Response:
    asked = requests.Request(**case.as_transport_kwargs(base_url=BASE)).prepare()
    headers = {**asked.headers, "Authorization": f"Bearer {secret}"}
    kind = headers.pop("Content-Type", "application/json")
    body = asked.body.encode() if isinstance(asked.body, str) else asked.body or b""
    with undone():
        given = Client(raise_request_exception=False).generic(
            asked.method or "GET", asked.path_url, body, content_type=kind, headers=headers
        )
        content = b"".join(given.streaming_content) if given.streaming else given.content
    return Response(
        given.status_code, {name.lower(): [value] for name, value in given.items()}, content, asked, elapsed=0.1,
        verify=False,
    )  # fmt: skip
