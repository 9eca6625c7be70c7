"""PDFs of every shape, made on the spot."""

import io
from typing import Any

import pikepdf


def saved(pages: int = 2, **settings: Any) -> bytes:
    """`pages` empty pages, as qpdf writes them."""
    out = io.BytesIO()
    with pikepdf.new() as file:
        for _ in range(pages):
            file.add_blank_page(page_size=(595, 842))
        file.save(out, **settings)
    return out.getvalue()


def packed(pages: int = 2, **settings: Any) -> bytes:
    """With object streams and a cross-reference stream."""
    return saved(pages, object_stream_mode=pikepdf.ObjectStreamMode.generate, **settings)


SHAPES = {
    "table": saved(),
    "packed": packed(),
    "linearised": saved(linearize=True),
    "linearised and packed": packed(40, linearize=True),
    "version 1.3": saved(force_version="1.3"),
    "version 2.0": packed(force_version="2.0"),
    "many pages": saved(300),
    "many pages, packed": packed(300),
}
