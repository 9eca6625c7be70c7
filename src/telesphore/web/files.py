"""How files are given to a browser: named by us, never sniffed, never kept, never run."""

from typing import BinaryIO, cast

from django.http import FileResponse, HttpResponse


def pdf_response(content: bytes, *, download: bool = False) -> HttpResponse:
    """A PDF to show, or to keep."""
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'{"attachment" if download else "inline"}; filename="document.pdf"',
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )


def zip_response(content: BinaryIO, name: str) -> HttpResponse:
    """A ZIP to keep, sent piece by piece; it is closed once sent."""
    response = FileResponse(content, as_attachment=True, filename=name, content_type="application/zip")
    response["Cache-Control"] = "no-store"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    # A view's answer to Django, though its types keep what streams apart.
    return cast(HttpResponse, response)
