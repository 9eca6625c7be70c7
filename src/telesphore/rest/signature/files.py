"""How files are given to a program: named by us, never sniffed, never kept, never run."""

from typing import BinaryIO, cast

from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

PDF, ZIP = ("application/pdf",), ("application/zip",)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


def pdf(content: bytes) -> HttpResponse:
    """A PDF to keep."""
    disposition = {"Content-Disposition": 'attachment; filename="document.pdf"'}
    return HttpResponse(content, content_type="application/pdf", headers={**_HEADERS, **disposition})


def attachment(content: bytes, media_type: str, name: str) -> HttpResponse:
    """A file to keep.

    Args:
        media_type: of what it was found to be, by us.
        name: fit for any folder.
    """
    disposition = {"Content-Disposition": content_disposition_header(as_attachment=True, filename=name) or "attachment"}
    return HttpResponse(content, content_type=media_type, headers={**_HEADERS, **disposition})


def archive(content: BinaryIO, name: str) -> HttpResponse:
    """A ZIP to keep, sent piece by piece; it is closed once sent."""
    response: HttpResponseBase = FileResponse(
        content, as_attachment=True, filename=name, content_type="application/zip", headers=_HEADERS
    )
    # An answer to Django, though its types keep what streams apart.
    return cast(HttpResponse, response)
