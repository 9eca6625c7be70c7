"""How files are given to a program: named by us, never sniffed, never kept, never run."""

from typing import BinaryIO, cast

from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase

_HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; sandbox"}


def pdf(content: bytes) -> HttpResponse:
    """A PDF to keep."""
    disposition = {"Content-Disposition": 'attachment; filename="document.pdf"'}
    return HttpResponse(content, content_type="application/pdf", headers={**_HEADERS, **disposition})


def archive(content: BinaryIO, name: str) -> HttpResponse:
    """A ZIP to keep, sent piece by piece; it is closed once sent."""
    response: HttpResponseBase = FileResponse(
        content, as_attachment=True, filename=name, content_type="application/zip", headers=_HEADERS
    )
    # An answer to Django, though its types keep what streams apart.
    return cast(HttpResponse, response)
