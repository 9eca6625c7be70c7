"""Pages of a PDF as pictures (PDFium), for readers that have no better way to show them."""

import io

import pypdfium2

WIDTH = 1240
"""Pixels across a page: 150 to the inch on A4."""
LONGEST_SIDE = 4000


def page_picture(pdf: bytes, index: int, width: int = WIDTH) -> bytes:
    """One page as a PNG of 8-bit RGB, `width` pixels across (fewer on a very long page).

    Raises:
        IndexError: the document has no such page.
    """
    document = pypdfium2.PdfDocument(pdf)
    try:
        if not 0 <= index < len(document):
            raise IndexError(index)
        page = document[index]
        across, down = page.get_size()
        scale = min(width / across, LONGEST_SIDE / max(across, down))
        picture = page.render(scale=scale).to_pil().convert("RGB")
    finally:
        document.close()
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=False)
    return out.getvalue()


def last_page_size(pdf: bytes) -> tuple[int, tuple[float, float]]:
    """The index of the last page, and its width and height in points."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        index = len(document) - 1
        return index, document.get_page_size(index)
    finally:
        document.close()
