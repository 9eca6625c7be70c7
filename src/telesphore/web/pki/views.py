"""Serve what relying parties ask (RFC 5280 §4.2.1.13 and §4.2.2.1; RFC 6960 appendix A; RFC 3161 §3.4).

Nothing here concerns one person: a list names serial numbers, an answer repeats the one that it was asked about.
"""

import base64
import binascii
import hashlib
import logging
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.http import http_date
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST, require_safe

from telesphore.ades import timestamps
from telesphore.ades.errors import TimestampRequestRefused
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.pki import actions, queries
from telesphore.pki.errors import AuthorityNotFound
from telesphore.pki.formats import revocation
from telesphore.pki.states import Level
from telesphore.web.access import public
from telesphore.web.rates import Rate, at_most
from telesphore.web.requests import actor_of

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponse]

_relying_parties = public("whoever received a signature must be able to check that its certificates still hold")
_time = public("a time-stamp tells a hash's age and nothing else; limited by address, since each costs a signature")

# Both in each process: the database takes longer to count than most answers take to give.
ANSWERS = Rate("ocsp", 600, 60, shared=False)
STAMPS = Rate("time-stamp", 120, 60, shared=False)

# An authority's certificate never changes under its address.
_FOREVER = "public, max-age=31536000, immutable"
LIST_KEPT = 3600
"""Seconds that a cache may keep a list: a revocation shows in it at the latest after that."""
ANSWER_KEPT = 300
"""The same of an OCSP answer asked by GET."""


def _here(view: View) -> View:
    """404, without a page, for an authority that is not here."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except AuthorityNotFound:
            response = HttpResponse(b"", status=404, content_type="text/plain; charset=utf-8")
        # A verifier may be a page of another site: what is public is public to it too.
        response["Access-Control-Allow-Origin"] = "*"
        return response

    return answered


@_relying_parties
@_here
@require_safe
def certificate(request: HttpRequest, authority_id: UUID) -> HttpResponse:
    """The issuing authority's certificate, DER."""
    return _certificate(queries.authority_card(authority_id).issuing)


@_relying_parties
@_here
@require_safe
def root_certificate(request: HttpRequest, authority_id: UUID) -> HttpResponse:
    """Its root's, DER."""
    return _certificate(queries.authority_card(authority_id).root)


def _certificate(der: bytes) -> HttpResponse:
    return HttpResponse(der, content_type="application/pkix-cert", headers={"Cache-Control": _FOREVER})


@_relying_parties
@_here
@require_safe
def crl(request: HttpRequest, authority_id: UUID) -> HttpResponse:
    """The newest list of what this authority revoked, DER."""
    return _list(authority_id, Level.ISSUING)


@_relying_parties
@_here
@require_safe
def root_crl(request: HttpRequest, authority_id: UUID) -> HttpResponse:
    """The newest list of the issuing authorities that its root revoked, DER."""
    return _list(authority_id, Level.ROOT)


def _list(authority_id: UUID, level: Level) -> HttpResponse:
    found = queries.published_list(authority_id, level)
    if found is None:
        # Made with the authority, or by the worker within minutes.
        return HttpResponse(b"", status=503, content_type="text/plain; charset=utf-8", headers={"Retry-After": "60"})
    return _kept(found.content, "application/pkix-crl", found.made_at, found.next_update, LIST_KEPT)


def _kept(content: bytes, media_type: str, made_at: datetime, next_update: datetime, longest: int) -> HttpResponse:
    """What caches may keep (RFC 5019 §6.2)."""
    left = int((next_update - now()).total_seconds())
    headers = {
        "Cache-Control": f"public, max-age={max(0, min(longest, left))}, no-transform, must-revalidate",
        "Last-Modified": http_date(made_at.timestamp()),
        "Expires": http_date(min(next_update.timestamp(), now().timestamp() + longest)),
        "ETag": f'"{hashlib.sha256(content).hexdigest()}"',
    }
    return HttpResponse(content, content_type=media_type, headers=headers)


@_relying_parties
@csrf_exempt
@_here
@require_POST
@at_most(ANSWERS)
def ocsp(request: HttpRequest, authority_id: UUID) -> HttpResponse:
    """OCSP over POST: `application/ocsp-request` in, `application/ocsp-response` out."""
    if request.content_type != "application/ocsp-request":
        return HttpResponse(b"", status=415, content_type="text/plain; charset=utf-8")
    answer = _ocsp(request, authority_id, request.read(revocation.LARGEST_REQUEST + 1))
    return HttpResponse(answer, content_type="application/ocsp-response", headers={"Cache-Control": "no-store"})


@_relying_parties
@_here
@require_GET
@at_most(ANSWERS)
def ocsp_by_get(request: HttpRequest, authority_id: UUID, request_text: str) -> HttpResponse:
    """OCSP over GET: the request in base64, in the address."""
    try:
        content = base64.b64decode(unquote(request_text), validate=True)
    except (ValueError, binascii.Error):
        content = b""
    answer = _ocsp(request, authority_id, content)
    times = revocation.answer_times(answer)
    if times is None:
        return HttpResponse(answer, content_type="application/ocsp-response", headers={"Cache-Control": "no-store"})
    made_at, next_update = times
    return _kept(answer, "application/ocsp-response", made_at, next_update, ANSWER_KEPT)


def _ocsp(request: HttpRequest, authority_id: UUID, content: bytes) -> bytes:
    try:
        return actions.answer_ocsp(authority_id=authority_id, content=content, actor=actor_of(request), at=now())
    except AuthorityNotFound:
        raise
    except DomainError as refused:
        logger.warning("no OCSP answer for authority %s: %s", authority_id, refused.code)
        return revocation.refuse("try_later" if refused.refusal is Refusal.UNAVAILABLE else "internal_error")


@_time
@csrf_exempt
@_here
@require_POST
@at_most(STAMPS)
def timestamp(request: HttpRequest, authority_id: UUID) -> HttpResponse:
    """RFC 3161 over HTTP: `application/timestamp-query` in, `application/timestamp-reply` out."""
    if request.content_type != "application/timestamp-query":
        return HttpResponse(b"", status=415, content_type="text/plain; charset=utf-8")
    content = request.read(timestamps.LARGEST_REQUEST + 1)
    try:
        reply = actions.answer_timestamp_query(
            authority_id=authority_id, content=content, actor=actor_of(request), at=now()
        )
    except AuthorityNotFound:
        raise
    except DomainError as refused:
        logger.warning("no time-stamp for authority %s: %s", authority_id, refused.code)
        reply = timestamps.rejection(TimestampRequestRefused(status="time not available", failure=timestamps.NO_TIME))
    return HttpResponse(reply, content_type="application/timestamp-reply", headers={"Cache-Control": "no-store"})
