"""A print that its bearer can check (CSP L.1111-29): each page of the source above a band that says what it is.

The band bears the issuer, the source's identifier and SHA-256, the dates, and a QR code that leads to the
verification page. The print is pages to look at: it bears no signature, no form and no attachment.
"""

import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pikepdf
import segno

from telesphore.paper.typesetting import typeset

TEMPLATE = Path(__file__).with_name("verifiable_print.typ")
BAND = 86.0
"""Height in points of what is added below each page; printers leave some 12 points of an edge blank."""
MARGIN = 14.0


@dataclass(frozen=True, slots=True)
class PrintMarks:
    """What a print says of itself. Times are aware, and printed in their own zone.

    Attributes:
        sha256: of the source's file, hexadecimal.
        address: of the page where the print is checked.
    """

    issuer: str
    document_id: UUID
    sha256: str
    created_at: datetime
    printed_at: datetime
    address: str


def verifiable_print(source: bytes, marks: PrintMarks, language: str) -> bytes:
    """The print, as a PDF of as many pages of the same sizes.

    Args:
        source: a PDF of ours: it was normalised when it came in.
        language: `fr`, or `en`; French for any other.

    Raises:
        TypesettingFailed
    """
    with pikepdf.open(io.BytesIO(source)) as document:
        # What a signature or a form shows becomes part of its page.
        document.generate_appearance_streams()
        document.flatten_annotations("print")
        sizes = [_size(page) for page in document.pages]
        given = {
            "issuer": marks.issuer, "document_id": marks.document_id, "sha256": marks.sha256,
            "created_at": marks.created_at, "at": marks.printed_at, "address": marks.address,
            "code": segno.make(marks.address, error="m", micro=False).svg_inline(border=0),
            "pages": sizes, "band": BAND, "language": language if language == "en" else "fr",
        }  # fmt: skip
        with pikepdf.open(io.BytesIO(typeset(TEMPLATE, given))) as printed:
            for page, original, (width, height) in zip(printed.pages, document.pages, sizes, strict=True):
                page.add_underlay(
                    original, pikepdf.Rectangle(MARGIN, BAND + MARGIN / 2, width - MARGIN, height - MARGIN)
                )
            # The frame was an archival, tagged file; with the source's pages in it, it is no more.
            for name in ("/Metadata", "/StructTreeRoot", "/MarkInfo", "/OutputIntents"):
                if name in printed.Root:
                    del printed.Root[name]
            with printed.open_metadata(set_pikepdf_as_editor=False) as metadata:
                metadata["dc:creator"] = [marks.issuer]
                metadata["dc:source"] = f"urn:uuid:{marks.document_id}"
                metadata["dc:identifier"] = f"sha256:{marks.sha256}"
            out = io.BytesIO()
            printed.save(out, deterministic_id=True)
    return out.getvalue()


def _size(page: pikepdf.Page) -> tuple[float, float]:
    """Width and height in points, as the page is looked at."""
    left, bottom, right, top = (float(one) for one in page.trimbox)
    unit = float(page.obj.get("/UserUnit", 1))
    width, height = abs(right - left) * unit, abs(top - bottom) * unit
    turned = int(page.obj.get("/Rotate", 0)) % 180 != 0
    return (height, width) if turned else (width, height)
