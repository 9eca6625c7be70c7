"""One line in the log per request: its id, the route's pattern, the status, the time. Never what was asked or said."""

import logging
import time
from collections.abc import Callable
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from telesphore.kernel.identifiers import uuid7

logger = logging.getLogger("telesphore.requests")

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Id of the request being answered; every log line of its thread carries it."""


class LogRequests:
    """Give each request an id, told in the header `X-Request-Id` and in the log. The outermost middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = request_id.set(str(uuid7()))
        started = time.monotonic()
        status = 500
        try:
            response = self.get_response(request)
            status = response.status_code
            response["X-Request-Id"] = request_id.get() or ""
            return response
        finally:
            if not request.path_info.startswith(settings.STATIC_URL):
                # The pattern, not the path: a path may hold a link's token.
                route = request.resolver_match.route if request.resolver_match else None
                told = {
                    "method": request.method if request.method in _METHODS else "other",
                    "route": route,
                    "status": status,
                    "milliseconds": round((time.monotonic() - started) * 1000, 1),
                }
                logger.info("request", extra=told)
            request_id.reset(token)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
