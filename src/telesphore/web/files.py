"""How files are given to a browser: named by us, never sniffed, never kept, never run."""

from typing import BinaryIO, cast

from django.http import FileResponse, HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _


def kind_in_words(media_type: str) -> str:
    """What a file was before it was converted."""
    return {
        "image/jpeg": _("a JPEG picture"),
        "image/png": _("a PNG picture"),
        "image/tiff": _("a TIFF picture"),
        "image/webp": _("a WebP picture"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": _("a Word document"),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": _("an Excel workbook"),
        "application/vnd.openxmlformats-officedocument.presentationml.presentation": _("a PowerPoint presentation"),
        "application/vnd.oasis.opendocument.text": _("an OpenDocument text"),
        "application/vnd.oasis.opendocument.spreadsheet": _("an OpenDocument spreadsheet"),
        "application/vnd.oasis.opendocument.presentation": _("an OpenDocument presentation"),
        "application/rtf": _("an RTF text"),
    }[media_type]


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


def attachment_response(content: bytes, media_type: str, name: str) -> HttpResponse:
    """A file to keep, never shown in a page of ours.

    Args:
        media_type: of what it was found to be, by us.
        name: fit for any folder.
    """
    return HttpResponse(
        content,
        content_type=media_type,
        headers={
            "Content-Disposition": content_disposition_header(as_attachment=True, filename=name) or "attachment",
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
        },
    )


def zip_response(content: BinaryIO, name: str) -> HttpResponse:
    """A ZIP to keep, sent piece by piece; it is closed once sent."""
    response = FileResponse(content, as_attachment=True, filename=name, content_type="application/zip")
    response["Cache-Control"] = "no-store"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    # A view's answer to Django, though its types keep what streams apart.
    return cast(HttpResponse, response)
