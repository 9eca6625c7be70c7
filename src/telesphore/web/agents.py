"""Pages that speak to the card agent of the workstation that they are shown on."""

import functools
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

PORTS = (24727, 24728, 24729)


def places() -> list[str]:
    """Where an agent may listen, in the order in which a page asks."""
    return [f"http://127.0.0.1:{port}" for port in PORTS]


def speaks_to_agent(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """On the views of such pages, and on no other: the page may connect to the ports where an agent may listen."""

    @functools.wraps(view)
    def widened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response._csp_update = {"connect-src": places()}  # type: ignore[attr-defined]  # As django-csp's decorator.
        return response

    return widened
