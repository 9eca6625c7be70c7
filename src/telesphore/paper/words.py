"""The words that stand on the pages of a PDF (PDFium)."""

import pypdfium2

MOST_CHARACTERS = 2_000_000


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
