"""The OpenAPI document: what the library knows of each endpoint, and what all of them share."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from telesphore.rest.signature import drafts, envelopes, problems, records, shapes, templates, thread
from telesphore.rest.signature.examples import EXAMPLES
from telesphore.rest.signature.face import FILES, api
from telesphore.rest.signature.keys import HEADER, REPLAYED

OFFERING = (records, drafts, envelopes, thread, templates)
"""Imported for what they offer."""
PREFIX = "/api/v1/"
_SHARED = {
    "400": "The request can't be read.",
    "401": "No token, or one that opens nothing.",
    "403": "The token has not the scope that this asks for.",
    "404": "It does not exist, or it is not open to the token's person: nobody can tell which.",
    "409": "The state of things does not allow it now.",
    "413": "The body is too large.",
    "422": "What was given is wrong.",
    "429": "Too many requests: come back after the seconds of Retry-After.",
    "500": "Something went wrong here, or what is kept was damaged.",
    "503": "Something outside is away: come back after the seconds of Retry-After.",
}
_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Sent again within a day, the same request with the same key gets the same answer: nothing is done.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}
_TEXT = {"schema": {"type": "string"}}
_RATES = {
    "RateLimit": {"description": "What is left of the token's rate, and the seconds until it begins anew.", **_TEXT},
    "RateLimit-Policy": {"description": "The rate: how many requests in how many seconds.", **_TEXT},
}
_LATER = {"Retry-After": {"description": "Seconds.", "schema": {"type": "string", "pattern": "^[0-9]+$"}}}
_AGAIN = {REPLAYED: {"description": "`true` when this is the answer kept under the key.", **_TEXT}}


@cache
def document() -> dict[str, Any]:
    """The document (OpenAPI 3.1)."""
    made: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=PREFIX))
    components = made["components"] = {**made["components"]}
    components["schemas"] = {**components.get("schemas", {}), "Problem": shapes.Problem.model_json_schema()}
    components["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API token, made on the page of one's security.",
        }
    }
    content = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in made["paths"].values():
        for method, operation in operations.items():
            answers = {str(status): answer for status, answer in operation["responses"].items()}
            if body := operation.get("requestBody"):
                for kind in body["content"].values():
                    kind["example"] = EXAMPLES[operation["operationId"]]
            if media_types := FILES.get(operation["operationId"]):
                answers["200"] = {
                    "description": "The file.",
                    "content": {one: {"schema": {"type": "string", "format": "binary"}} for one in media_types},
                }
            answers |= {status: {"description": why, "content": content} for status, why in _SHARED.items()}
            headers = _RATES | _AGAIN if method == "post" else _RATES
            operation["responses"] = {
                status: {**answer, "headers": headers | (_LATER if status in ("429", "503") else {})}
                for status, answer in answers.items()
            }
            if method == "post":
                operation["parameters"] = [*operation.get("parameters", []), _KEY]
    return made


def describe(request: HttpRequest) -> HttpResponse:
    """The document, for whoever writes a program: it says nothing of anybody."""
    return JsonResponse(document())


def nowhere(request: HttpRequest) -> HttpResponse:
    """Any other address: its refusal is in the protocol's words too."""
    return problems.problem(problems.NothingHere())


describe.access_rule = "public: the description of the face for programs"  # type: ignore[attr-defined]  # Functions carry attributes.
nowhere.access_rule = "public: it says of every address that there is nothing"  # type: ignore[attr-defined]  # As above.
nowhere.csrf_exempt = True  # type: ignore[attr-defined]  # It does nothing.
