"""JSON exchanges with our own pages' scripts and with card agents: bodies within bounds, refusals with a code."""

import base64
import functools
import json
import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse

from telesphore.kernel.errors import DomainError, Refusal
from telesphore.web.refusals import STATUS

logger = logging.getLogger(__name__)

LARGEST = 2 << 20
Body = dict[str, Any]


class BadExchange(DomainError):
    """What was sent can’t be read. Reload the page, and try again."""

    refusal = Refusal.INVALID
    code = "bad-exchange"


def exchange(most: int = LARGEST) -> Callable[[Callable[..., Any]], Callable[..., HttpResponse]]:
    """A view that is POSTed a JSON object of at most so many bytes, and gives what is answered, or refuses."""

    def decorate(view: Callable[..., Any]) -> Callable[..., HttpResponse]:
        @functools.wraps(view)
        def exchanged(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method != "POST":
                return JsonResponse({"error": "method"}, status=405, headers={"Allow": "POST"})
            try:
                answer = view(request, _body(request, most), *args, **kwargs)
            except DomainError as refused:
                status = STATUS[refused.refusal]
                logger.log(logging.ERROR if status >= 500 else logging.INFO, "refused: %s", refused.code)
                return JsonResponse(told(refused), status=status)
            return JsonResponse(answer)

        return exchanged

    return decorate


def told(refused: DomainError) -> dict[str, str]:
    """A refusal, for a script to show."""
    return {"error": refused.code, "sentence": refused.sentence}


def _body(request: HttpRequest, most: int) -> Body:
    try:
        if request.content_type != "application/json" or int(request.headers.get("Content-Length") or 0) > most:
            raise BadExchange
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        raise BadExchange from None
    if not isinstance(body, dict):
        raise BadExchange
    return body


def text(body: Body, name: str, most: int = 100) -> str:
    """A text of 1 to `most` characters.

    Raises:
        BadExchange
    """
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise BadExchange
    return value


def identifier(body: Body, name: str) -> UUID:
    """A UUID.

    Raises:
        BadExchange
    """
    return _uuid(text(body, name, 36))


def identifiers(body: Body, name: str, most: int) -> list[UUID]:
    """1 to `most` UUIDs, each once.

    Raises:
        BadExchange
    """
    return list(dict.fromkeys(_uuid(one) for one in _list(body, name, most, least=1)))


def content(body: Body, name: str, most: int = 32 << 10) -> bytes:
    """Bytes in base64.

    Raises:
        BadExchange
    """
    return _bytes(body.get(name), most)


def contents(body: Body, name: str, most: int) -> tuple[bytes, ...]:
    """At most so many of them; none when it is not there.

    Raises:
        BadExchange
    """
    return tuple(_bytes(one, 32 << 10) for one in _list(body, name, most))


def texts(body: Body, name: str, most: int) -> dict[str, str]:
    """At most so many texts of 2000 characters by their names of 100; none when it is not there.

    Raises:
        BadExchange
    """
    value = body.get(name, {})
    if not isinstance(value, dict) or len(value) > most:
        raise BadExchange
    for key, one in value.items():
        if len(key) > 100 or not isinstance(one, str) or len(one) > 2000:
            raise BadExchange
    return value


def objects(body: Body, name: str, most: int) -> list[Body]:
    """1 to `most` objects.

    Raises:
        BadExchange
    """
    found = _list(body, name, most, least=1)
    if not all(isinstance(one, dict) for one in found):
        raise BadExchange
    return found


def _list(body: Body, name: str, most: int, least: int = 0) -> list[Any]:
    found = body.get(name, [])
    if not isinstance(found, list) or not least <= len(found) <= most:
        raise BadExchange
    return found


def _uuid(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError:
        raise BadExchange from None


def _bytes(value: object, most: int) -> bytes:
    if not isinstance(value, str) or not 0 < len(value) <= most * 4 // 3 + 4:
        raise BadExchange
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        raise BadExchange from None
