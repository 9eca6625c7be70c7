"""How files are given to a browser: named by us, never sniffed, never kept, never run."""

from django.http import HttpResponse


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
