"""Uploads: bounded before a byte is read, and held in memory, so that no document is ever at rest in a clear file."""

from collections.abc import Callable, Sequence
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from telesphore.records.formats.intake import TooLarge
from telesphore.web.files import kind_in_words

LARGEST_FILE = 50 * 2**20
LARGEST_REQUEST = LARGEST_FILE + 2**20
"""A form's other fields come on top of its file."""


def contents_of(files: "Sequence[UploadedFile[Any]]") -> list[bytes]:
    """The bytes of what was chosen in a `DocumentField`, in order.

    Raises:
        TooLarge: all together.
    """
    if sum(file.size or 0 for file in files) > LARGEST_FILE:
        raise TooLarge(limit=LARGEST_FILE // 2**20)
    return [bytes(file.read()) for file in files]


def told_converted(media_type: str) -> str:
    """What is said when something else than a PDF was taken."""
    words = _("Converted from %(kind)s. Look at it: the PDF is what is kept, sent and signed.")
    return words % {"kind": kind_in_words(media_type)}


class UploadLimit:
    """Answers 413 to what says that it is larger than any of our forms."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Django reads no more than Content-Length says, and nothing when it says nothing.
        size = request.META.get("CONTENT_LENGTH") or "0"
        if not size.isascii() or not size.isdigit() or int(size[:20]) > LARGEST_REQUEST:
            if request.path.startswith("/api/"):
                told = {
                    "type": "urn:telesphore:problem:body-too-large",
                    "title": _("The body is larger than this address takes."),
                    "status": 413,
                    "code": "body-too-large",
                }
                return JsonResponse(told, status=413, content_type="application/problem+json")
            message = _("It was not kept. A file may hold at most %(limit)s MB: choose a smaller one.")
            return render(request, "413.html", {"message": message % {"limit": LARGEST_FILE // 2**20}}, status=413)
        return self.get_response(request)
