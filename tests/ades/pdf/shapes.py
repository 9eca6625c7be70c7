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


def written(
    objects: dict[int, bytes], *, root: int = 1, version: str = "1.7", more: bytes = b"", narrow: bool = False
) -> bytes:
    """Objects by number, with a table; `more` goes into the trailer."""
    content = f"%PDF-{version}\n%\xe2\xe3\xcf\xd3\n".encode("latin-1")
    entry = "{:010} {:05} {}\n" if narrow else "{:010} {:05} {} \n"
    lines = {0: entry.format(0, 65535, "f")}
    for number, value in objects.items():
        lines[number] = entry.format(len(content), 0, "n")
        content += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    size = max(objects) + 1
    start = len(content)
    content += b"xref\n0 %d\n" % size
    content += "".join(lines.get(number, entry.format(0, 0, "f")) for number in range(size)).encode()
    content += b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (size, more, start)
    return content


CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
PAGES = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>/Contents 4 0 R>>"
CONTENT = b"<</Length 14>>\nstream\n0 0 10 10 re f\nendstream"
ONE_PAGE = {1: CATALOG, 2: PAGES, 3: PAGE, 4: CONTENT}


def hybrid() -> bytes:
    """What older programs read is in the table; an object that newer ones may see is in a hidden stream (§7.5.8.4)."""
    first = {**ONE_PAGE, 1: b"<</Type/Catalog/Pages 2 0 R/Names 6 0 R>>"}
    content = b"%PDF-1.5\n"
    places = {}
    for number, value in first.items():
        places[number] = len(content)
        content += b"%d 0 obj\n%s\nendobj\n" % (number, value)
    packed_objects = b"6 0 <</Hidden true>>"
    places[5] = len(content)
    content += b"5 0 obj\n<</Type/ObjStm/N 1/First 4/Length %d>>\nstream\n%s\nendstream\nendobj\n" % (
        len(packed_objects),
        packed_objects,
    )
    places[7] = len(content)
    rows = b"\1%s\0\2\0\5\0" % places[5].to_bytes(2, "big")
    content += (
        b"7 0 obj\n<</Type/XRef/Size 8/W[1 2 1]/Index[5 2]/Root 1 0 R/Length %d>>\nstream\n%s\nendstream\nendobj\n"
        % (len(rows), rows)
    )
    start = len(content)
    content += b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % places[one] for one in range(1, 5))
    content += b"trailer\n<</Size 8/Root 1 0 R/XRefStm %d>>\nstartxref\n%d\n%%%%EOF\n" % (places[7], start)
    return content


def encrypted(**settings: Any) -> bytes:
    """Under an owner's password only, unless told otherwise."""
    return saved(encryption=pikepdf.Encryption(**{"owner": "owner", "user": "", **settings}))


INDIRECT = written(
    {
        1: b"<</Type/Catalog/Pages 2 0 R/AcroForm 5 0 R>>",
        2: PAGES,
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>/Contents 4 0 R/Annots 6 0 R>>",
        4: b"<</Length 8 0 R>>\nstream\n0 0 10 10 re f\nendstream",
        5: b"<</Fields 7 0 R/DA(/Helv 0 Tf)>>",
        6: b"[]",
        7: b"[]",
        8: b"14",
    },
    version="1.4",
)
"""Whatever may be in an object of its own is."""

THIRD_PARTY = {
    **SHAPES,
    "hybrid": hybrid(),
    "indirect": INDIRECT,
    "by hand, 1.3": written(ONE_PAGE, version="1.3"),
    "narrow": written(ONE_PAGE, narrow=True),
    "no last end of line": saved().rstrip(),
    "comments": written({**ONE_PAGE, 1: b"<</Type/Catalog % said\n/Pages 2 0 R>> % so"}),
    "only pyHanko": written({**ONE_PAGE, 3: PAGE.replace(b"595", b"595." + b"0" * 70)}),
    "rc4, 40": encrypted(R=2, aes=False, metadata=False),
    "rc4, 128": encrypted(R=3, aes=False, metadata=False),
    "aes, 128": encrypted(R=4),
    "aes, 256": encrypted(R=6),
}
