"""The protocol's words: identifiers of schemas, answers, refusals, and what a request may hold."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse

from telesphore.accounts.errors import (
    EntryChanged,
    EntryTaken,
    LastAdministrator,
    NameNotYours,
    RoleNotByDirectory,
)
from telesphore.kernel.errors import DomainError, Refusal

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
MEDIA = "application/scim+json"

BODY_BYTES = 64 * 2**10
DEPTH = 12
PAGE = 100
FILTER_CHARACTERS = 500
OPERATIONS = 100
MEMBERS = 100

STATUS = {
    Refusal.INVALID: 400,
    Refusal.NOT_FOUND: 404,
    Refusal.FORBIDDEN: 403,
    Refusal.CONFLICT: 409,
    Refusal.TOO_MANY: 429,
    Refusal.UNAVAILABLE: 503,
    Refusal.DAMAGED: 500,
}
_TYPES: dict[type[DomainError], str] = {
    EntryTaken: "uniqueness",
    NameNotYours: "mutability",
    LastAdministrator: "mutability",
    RoleNotByDirectory: "invalidValue",
}


class ScimRefused(Exception):
    """A request that the protocol refuses (RFC 7644 §3.12).

    Attributes:
        kind: the scimType; empty when the status says all.
    """

    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail


def answer(content: dict[str, Any], status: int = 200) -> HttpResponse:
    """A resource, a list or an error, as JSON of SCIM's own media type."""
    response = HttpResponse(json.dumps(content), status=status, content_type=MEDIA)
    location = content.get("meta", {}).get("location")
    if location:
        response["Location"] = location
    version = content.get("meta", {}).get("version")
    if version:
        response["ETag"] = version
    return response


def error(status: int, detail: str, kind: str = "") -> HttpResponse:
    """A refusal; nothing of what was sent is repeated in it."""
    content = {"schemas": [ERROR], "status": str(status), "detail": detail}
    return answer(content | ({"scimType": kind} if kind else {}), status)


def refuse(refused: DomainError, status: int = 0) -> HttpResponse:
    """A refusal of a room, or of the door when it gives its own status."""
    if isinstance(refused, EntryChanged):
        # RFC 7644 §3.14: what If-Match asked for is not so.
        status = 412
    return error(status or STATUS[refused.refusal], refused.sentence, _TYPES.get(type(refused), ""))


def body(request: HttpRequest) -> dict[str, Any]:
    """The request's JSON object, within bounds.

    Raises:
        ScimRefused
    """
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        length = BODY_BYTES + 1
    if length > BODY_BYTES:
        raise ScimRefused(413, "tooMany", "This request is larger than 64 KiB.")
    try:
        content = json.loads(request.read(BODY_BYTES + 1))
    except (ValueError, RecursionError):
        raise ScimRefused(400, "invalidSyntax", "This is not JSON.") from None
    if not isinstance(content, dict) or _deep(content) > DEPTH:
        raise ScimRefused(400, "invalidSyntax", "This is not a JSON object of reasonable depth.")
    return content


def _deep(content: Any) -> int:
    """How deep an object is, by steps rather than by recursion."""
    depth, layer = 0, [content]
    while layer and depth <= DEPTH:
        depth += 1
        layer = [
            inner
            for outer in layer
            for inner in (outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ())
            if isinstance(inner, dict | list)
        ]
    return depth


def number(request: HttpRequest, name: str, usual: int) -> int:
    """A whole number of the query (RFC 7644 §3.4.2.4).

    Raises:
        ScimRefused
    """
    text = request.GET.get(name, str(usual))
    if not text.removeprefix("-").isascii() or not text.removeprefix("-").isdigit() or len(text) > 9:
        raise ScimRefused(400, "invalidValue", f"{name} is a whole number.")
    return int(text)


def truth(value: Any) -> bool:
    """true or false; some directories send them as text.

    Raises:
        ScimRefused
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ScimRefused(400, "invalidValue", "active is true or false.")


def listing(resources: list[dict[str, Any]], total: int, start: int) -> HttpResponse:
    """One page of resources (RFC 7644 §3.4.2)."""
    return answer(
        {
            "schemas": [LIST],
            "totalResults": total,
            "startIndex": max(start, 1),
            "itemsPerPage": len(resources),
            "Resources": resources,
        }
    )
