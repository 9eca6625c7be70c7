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


def asking(*lines: str, colour: str = "1 1 0.6") -> bytes:
    """A page with these lines of text on a coloured ground, one each forty points from 700 downward."""
    with pikepdf.new() as file:
        page = file.add_blank_page(page_size=(595, 842))
        font = file.make_indirect(
            pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        )
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        drawn = [f"BT /F1 12 Tf 72 {700 - 40 * place} Td ({line}) Tj ET" for place, line in enumerate(lines)]
        content = "\n".join([f"{colour} rg 0 0 595 842 re f 0 g", *drawn])
        page.Contents = file.make_stream(content.encode("latin-1"))
        out = io.BytesIO()
        file.save(out)
        return out.getvalue()
