"""How the pages answer a refusal: one table from kinds of refusal to HTTP, one page for all of them."""

import logging
import sys
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader

from telesphore.kernel.errors import DomainError, Refusal

logger = logging.getLogger(__name__)

STATUS = {
    Refusal.INVALID: 422,
    Refusal.NOT_FOUND: 404,
    Refusal.FORBIDDEN: 403,
    Refusal.CONFLICT: 409,
    Refusal.TOO_MANY: 429,
    Refusal.UNAVAILABLE: 503,
    Refusal.DAMAGED: 500,
}


class RefusalMiddleware:
    """Turns a refusal that a view let through into a page that says what happened and what to do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, DomainError):
            return None
        status = STATUS[exception.refusal]
        logger.log(logging.ERROR if status >= 500 else logging.INFO, "refused: %s", exception.code)
        return render(request, "refusal.html", {"refusal": exception}, status=status)


def failure(request: HttpRequest) -> HttpResponse:
    """The page of what no one foresaw; when the database is away, the page that says to come back.

    The pages are made without the request: who is signed in is not known while the database is away.
    """
    away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    page = loader.get_template("503.html" if away else "500.html")
    return HttpResponse(page.render(), status=503 if away else 500, headers={"Retry-After": "10"} if away else None)
