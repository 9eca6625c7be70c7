"""Headers that every answer carries: nothing kept by the browser, no device asked for, nothing shared with others."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

_EVERYWHERE: Final = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), hid=(), microphone=(), midi=(), "
    "payment=(), serial=(), usb=()",
}


class Headers:
    """Adds them, unless the view chose its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, with its headers."""
        response = self.get_response(request)
        for name, value in _EVERYWHERE.items():
            response.headers.setdefault(name, value)
        # Pages hold health data: a shared computer must not keep them for the next person.
        response.headers.setdefault("Cache-Control", "no-store")
        return response
