"""Three addresses for monitors: `/health/live`, `/health/ready`, `/metrics`."""

import hmac
import ipaddress
import json
from collections.abc import Callable
from typing import Protocol, cast

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from telesphore.web.health import checks
from telesphore.web.health.metrics import Work

View = Callable[[HttpRequest], HttpResponse]


class _Ruled(Protocol):
    access_rule: str


def _public(view: View) -> View:
    """State the view's access rule: anyone may ask; nothing of a person is answered."""
    cast(_Ruled, view).access_rule = "public"
    return view


def _json(content: object, status: int = 200) -> HttpResponse:
    return HttpResponse(json.dumps(content), content_type="application/json", status=status)


@_public
@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """200 while this process answers: restart it otherwise."""
    return _json({"status": "alive"})


@_public
@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 when requests can be answered (`ready` or `degraded`), 503 when not: send them elsewhere meanwhile."""
    status, results = checks.run()
    return _json({"status": status, "checks": results}, 503 if status == "unready" else 200)


@_public
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus's text format, for this machine or the bearer of the token; to anyone else the page is not there."""
    if not (_from_this_machine(request) or _bears_token(request)):
        raise Http404
    registry = CollectorRegistry()
    registry.register(Work())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _from_this_machine(request: HttpRequest) -> bool:
    # A proxy on this machine forwards requests from anywhere, and says so.
    if any(header in request.headers for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _bears_token(request: HttpRequest) -> bool:
    token: str | None = settings.METRICS_TOKEN
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return token is not None and scheme == "Bearer" and hmac.compare_digest(given.encode(), token.encode())
