"""The face itself: an endpoint is offered under a scope, guarded, answered once per key, and described."""

from collections.abc import Callable
from typing import Any, Final

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.urls import URLPattern, path
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from telesphore.kernel.actors import Actor
from telesphore.kernel.errors import DomainError
from telesphore.rest.access import token
from telesphore.rest.signature import problems
from telesphore.rest.signature.keys import once

LARGEST_JSON = 2**20
LARGEST_FORM = 51 * 2**20
"""Bytes of a body; a document comes in a form, with its fields."""

api: Final = NinjaAPI(
    title="Telesphore",
    version="1",
    description="Send documents to be signed, follow them, fetch what proves it.",
    openapi_url=None,
    docs_url=None,
    urls_namespace="telesphore-api-v1",
)
# The library would give a handler classes too, which it never does.
HANDLERS: Final[dict[type[Exception], Any]] = {
    DomainError: problems.of_domain,
    ValidationError: problems.of_shape,
    HttpError: problems.of_http,
    Http404: problems.of_nothing,
    Exception: problems.of_anything,
}
for kind, answer in HANDLERS.items():
    api.add_exception_handler(kind, answer)

SCOPES: dict[str, dict[str, str]] = {}
"""By address, as the URL map writes it, then by method."""
FILES: dict[str, tuple[str, ...]] = {}
"""Media types of the endpoints that give files, by the operation's name."""

Endpoint = Callable[..., Any]


def offer(
    method: str, address: str, *, scope: str, response: Any = None, status: int = 200, file: tuple[str, ...] = ()
) -> Callable[[Endpoint], Endpoint]:
    """Offer a function at an address under `/api/v1/`, to tokens of this scope.

    Args:
        response: the shape of the answer; None for none, or a file.
        file: the media types, of an endpoint that gives a file.
    """

    def register(function: Endpoint) -> Endpoint:
        SCOPES.setdefault(address, {})[method] = scope
        if file:
            FILES[function.__name__] = file
        summary = (function.__doc__ or "").strip().partition("\n")[0]
        api.api_operation(
            [method],
            f"/{address}",
            response={status: response} if not file else {200: None},
            operation_id=function.__name__,
            summary=summary,
            url_name=f"api_{function.__name__}",
            openapi_extra={"security": [{"token": [scope]}]},
        )(function)
        return function

    return register


def actor_of(request: HttpRequest) -> Actor:
    """The program behind a request: the person who answers for its token, narrowed to its scopes."""
    actor: Actor = request.auth  # type: ignore[attr-defined]  # Put there by the guard.
    return actor


def _guarded(view: Callable[..., HttpResponse], scopes: dict[str, str]) -> Callable[..., HttpResponse]:
    def answered(request: HttpRequest, actor: Actor, **parameters: Any) -> HttpResponse:
        request.auth = actor  # type: ignore[attr-defined]  # Where the library keeps whom it let in.
        form = request.content_type == "multipart/form-data"
        size = request.META.get("CONTENT_LENGTH") or "0"
        if not size.isdigit() or int(size[:20]) > (LARGEST_FORM if form else LARGEST_JSON):
            return problems.problem(problems.BodyTooLarge(), 413)
        try:
            return once(request, actor, lambda: view(request, **parameters))
        except RequestDataTooBig:
            return problems.problem(problems.BodyTooLarge(), 413)
        except (BadRequest, SuspiciousOperation, MultiPartParserError):
            return problems.problem(problems.NotWellFormed(), 400)

    return token(scopes, refuse=problems.problem)(answered)


def urls() -> list[URLPattern]:
    """The addresses, each with its guard."""
    found: dict[str, URLPattern] = {}
    for pattern in api.urls[0]:
        assert isinstance(pattern, URLPattern)
        # The library's own converter of UUIDs gives text.
        address = str(pattern.pattern).replace("<uuidstr:", "<uuid:")
        known = {route.replace("{", "<").replace("}", ">"): route for route in SCOPES}
        if address in known and address not in found:
            guarded = _guarded(pattern.callback, SCOPES[known[address]])
            found[address] = path(address, guarded, name=pattern.name)
    return list(found.values())
