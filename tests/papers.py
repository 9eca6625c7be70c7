"""Small PDF files that the suite makes itself."""

import io

import pikepdf


def blank(pages: int = 1) -> bytes:
    """A PDF of blank A4 pages."""
    file = pikepdf.new()
    for _ in range(pages):
        file.add_blank_page(page_size=(595, 842))
    out = io.BytesIO()
    file.save(out, deterministic_id=True)
    return out.getvalue()


def one_page() -> bytes:
    """A PDF of one blank page."""
    return blank(1)
