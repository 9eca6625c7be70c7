"""How this face refuses: one object for all errors (RFC 9457), by the same table of kinds as the pages."""

import json
import logging
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja.errors import HttpError, ValidationError

from telesphore.kernel.errors import DomainError, Refusal
from telesphore.signature.errors import NotReady

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 20
STATUS = {
    Refusal.INVALID: 422,
    Refusal.NOT_FOUND: 404,
    Refusal.FORBIDDEN: 403,
    Refusal.CONFLICT: 409,
    Refusal.TOO_MANY: 429,
    Refusal.UNAVAILABLE: 503,
    Refusal.DAMAGED: 500,
}
AWAY = "10"
"""Seconds after which to come back when something outside is away."""


class NothingHere(DomainError):
    """There is nothing at this address, or it is not open to you."""

    refusal = Refusal.NOT_FOUND
    code = "nothing-here"


class NotCompletedYet(DomainError):
    """This envelope has no evidence: it is not completed, or its evidence is being made. Ask again once its state is
    completed."""

    refusal = Refusal.CONFLICT
    code = "not-completed-yet"


class NotWellFormed(DomainError):
    """What was sent can't be read: the members named in errors are missing, too long, or of another kind."""

    code = "not-well-formed"


class BodyTooLarge(DomainError):
    """The body is larger than this address takes."""

    code = "body-too-large"


class Unforeseen(DomainError):
    """Something went wrong here, and was written down. Nothing was done; try again, with the same idempotency key."""

    refusal = Refusal.DAMAGED
    code = "unforeseen"


class DatabaseAway(DomainError):
    """The database does not answer. Try again in a moment, with the same idempotency key."""

    refusal = Refusal.UNAVAILABLE
    code = "database-away"


def problem(error: DomainError, status: int | None = None, **more: Any) -> HttpResponse:
    """A refusal: its code, its sentence in the reader's language, and never what was sent."""
    status = status or STATUS[error.refusal]
    told = {"type": f"urn:telesphore:problem:{error.code}", "title": error.sentence, "status": status, **more}
    response = HttpResponse(
        json.dumps({**told, "code": error.code}, ensure_ascii=False), status=status, content_type=MEDIA_TYPE
    )
    response["Cache-Control"] = "no-store"
    if status == 503:
        response["Retry-After"] = AWAY
    return response


def of_domain(request: HttpRequest, error: DomainError) -> HttpResponse:
    """A room's refusal."""
    if isinstance(error, NotReady):
        answer = problem(error, errors=[{"where": code, "why": why} for code, why in error.gaps])
    else:
        answer = problem(error)
    logger.log(logging.ERROR if answer.status_code == 500 else logging.INFO, "refused: %s", error.code)
    return answer


def of_shape(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """What was sent is of another shape: where and why, without its values."""
    errors = [
        {"where": ".".join(str(part) for part in one.get("loc", ())), "why": str(one.get("type", ""))}
        for one in error.errors[:MOST_ERRORS]
    ]
    return problem(NotWellFormed(), errors=errors)


def of_http(request: HttpRequest, error: HttpError) -> HttpResponse:
    """What the library itself refuses: a body that is no JSON."""
    return problem(NotWellFormed(), error.status_code)


def of_nothing(request: HttpRequest, error: Http404) -> HttpResponse:
    """Not found."""
    return problem(NothingHere())


def of_anything(request: HttpRequest, error: Exception) -> HttpResponse:
    """What nobody foresaw; its content goes to the log's reader, never to the program."""
    if isinstance(error, OperationalError | InterfaceError):
        return problem(DatabaseAway())
    logger.error("unforeseen", exc_info=error)
    return problem(Unforeseen())
