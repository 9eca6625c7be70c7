"""The words that stand on the pages of a PDF (PDFium), and words written onto them."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pikepdf
import pypdfium2

from telesphore.paper.typesetting import typeset

TEMPLATE = Path(__file__).with_name("words.typ")
MOST_CHARACTERS = 2_000_000
LARGEST, SMALLEST = 11.0, 6.0
"""Type sizes, in points."""


@dataclass(frozen=True, slots=True)
class Written:
    """A text to write.

    Attributes:
        page: counted from 0.
        box: left, bottom, right, top, in points from the page's lower left corner.
    """

    page: int
    box: tuple[float, float, float, float]
    text: str


def words_of(pdf: bytes) -> str:
    """The text of all pages, at most `MOST_CHARACTERS`; a scanned page has none."""
    document = pypdfium2.PdfDocument(pdf)
    parts: list[str] = []
    left = MOST_CHARACTERS
    try:
        for index in range(len(document)):
            text = document[index].get_textpage().get_text_range()[:left]
            parts.append(text)
            left -= len(text)
            if left <= 0:
                break
    finally:
        document.close()
    return "\n".join(parts)


def write(pdf: bytes, texts: Sequence[Written]) -> bytes:
    """The file with these texts over its pages, each inside its box, made smaller until it fits, else cut there.

    Raises:
        IndexError: no such page.
        TypesettingFailed
    """
    if not texts:
        return pdf
    with pikepdf.open(io.BytesIO(pdf)) as target:
        pages = sorted({text.page for text in texts})
        sizes = []
        for index in pages:
            left, bottom, right, top = (float(side) for side in pikepdf.Page(target.pages[index]).mediabox)
            sizes.append((right - left, top - bottom))
        drawn = [
            [_placed(text, height) for text in texts if text.page == index]
            for index, (_width, height) in zip(pages, sizes, strict=True)
        ]
        sheets = typeset(TEMPLATE, {"sheets": [
            {"width": width, "height": height, "texts": placed}
            for (width, height), placed in zip(sizes, drawn, strict=True)
        ]})  # fmt: skip
        with pikepdf.open(io.BytesIO(sheets)) as over:
            for index, sheet in zip(pages, over.pages, strict=True):
                page = pikepdf.Page(target.pages[index])
                page.add_overlay(sheet, pikepdf.Rectangle(page.mediabox))
            out = io.BytesIO()
            target.save(out, deterministic_id=True)
    return out.getvalue()


def _placed(text: Written, page_height: float) -> dict[str, object]:
    left, bottom, right, top = text.box
    width, height = max(right - left, 1.0), max(top - bottom, 1.0)
    size = min(LARGEST, max(height * 0.8, SMALLEST))
    # Half an em a letter is a little more than our fonts need.
    while size > SMALLEST and len(text.text) * size * 0.5 > width * max(int(height / (size * 1.2)), 1):
        size -= 0.5
    return {"x": left, "y": page_height - top, "width": width, "height": height, "size": size, "text": text.text}
