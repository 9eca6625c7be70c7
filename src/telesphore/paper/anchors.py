"""Places that a document's own text asks for: `{{signature:patient}}`, `{{text:professional-2:Dose}}`,
`{{choice:patient:Transport|Ambulance|Taxi}}`; found where they stand, and covered before the document is shown."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

import pikepdf
import pypdfium2
from pypdfium2 import raw

from telesphore.kernel.errors import DomainError, Refusal

MOST_PAGES, MOST_LETTERS, MOST = 2000, 200_000, 500
"""Pages looked at, letters of one page, anchors of one file."""
_ANCHOR = re.compile(
    r"\{\{[ ]{0,3}(?P<kind>[a-z]{1,20}):(?P<party>[a-z]{1,20}(?:-[0-9]{1,2})?)"
    r"(?::(?P<words>[^{}]{0,1000}))?[ ]{0,3}\}\}"
)
Box = tuple[float, float, float, float]
_ROOM = 0.8
"""Points around the letters that are covered too: what smooths their edges."""


class TooManyAnchors(DomainError):
    """This document asks for more places to fill in than can be looked for."""

    refusal = Refusal.INVALID
    code = "too-many-anchors"


class AnchorsUnreadable(DomainError):
    """The text of this document can't be read."""

    refusal = Refusal.INVALID
    code = "anchors-unreadable"


@dataclass(frozen=True, slots=True)
class Anchor:
    """One place that the text asks for.

    Attributes:
        page: counted from 0.
        kind, party: as written, lower case.
        words: what follows the second colon, parted at `|`.
        boxes: of its letters, one for each line that it takes; left, bottom, right, top, in points.
        bounds: of the page.
    """

    page: int
    kind: str
    party: str
    words: tuple[str, ...]
    boxes: tuple[Box, ...]
    bounds: Box


def find_anchors(pdf: bytes) -> tuple[Anchor, ...]:
    """All of them, page after page.

    Raises:
        TooManyAnchors: a bound was passed.
        AnchorsUnreadable: PDFium can't read the file.
    """
    found: list[Anchor] = []
    try:
        document = pypdfium2.PdfDocument(pdf)
        try:
            for number in range(min(len(document), MOST_PAGES)):
                found.extend(_on_page(document[number], number))
                if len(found) > MOST:
                    raise TooManyAnchors
        finally:
            document.close()
    except pypdfium2.PdfiumError:
        raise AnchorsUnreadable from None
    return tuple(found)


def cover_anchors(pdf: bytes, anchors: Sequence[Anchor]) -> bytes:
    """The file, each anchor under an opaque rectangle of the colour that surrounds it (most often the paper's white).

    This happens once, before anybody sees the file for signing, together with what the sender filled in. What is under
    the rectangle can't be seen; programs that extract text still find it, for fonts differ too much to take letters out
    of a page without moving others. Without anchors, the file stays as it is, byte for byte.

    Raises:
        AnchorsUnreadable: the file can't be read.
    """
    if not anchors:
        return pdf
    try:
        marks: dict[int, list[bytes]] = {}
        document = pypdfium2.PdfDocument(pdf)
        try:
            for number in sorted({anchor.page for anchor in anchors}):
                own = [box for anchor in anchors if anchor.page == number for box in anchor.boxes]
                marks[number] = list(_covers(document[number], own))
        finally:
            document.close()
        with pikepdf.open(BytesIO(pdf)) as file:
            for number, drawn in marks.items():
                page = file.pages[number]
                page.contents_add(b"q\n", prepend=True)
                page.contents_add(b"\nQ\n" + b"".join(drawn))
            out = BytesIO()
            file.save(out, deterministic_id=True)
        return out.getvalue()
    except (pypdfium2.PdfiumError, pikepdf.PdfError):
        raise AnchorsUnreadable from None


def _on_page(page: pypdfium2.PdfPage, number: int) -> Iterator[Anchor]:
    letters = page.get_textpage()
    try:
        count = letters.count_chars()
        if count <= 0 or "{{" not in letters.get_text_range(0, min(count, MOST_LETTERS)):
            return
        if count > MOST_LETTERS:
            raise TooManyAnchors
        # Letter by letter: a text asked for at once counts by UTF-16 units, places by letters.
        text = "".join(_letter(raw.FPDFText_GetUnicode(letters.raw, index)) for index in range(count))
        bounds = page.get_mediabox()
        for match in _ANCHOR.finditer(text):
            boxes = tuple(_lines(letters.get_charbox(index) for index in range(*match.span()) if text[index] > " "))
            words = tuple(" ".join(one.split()) for one in (match["words"] or "").split("|"))
            if boxes:
                yield Anchor(number, match["kind"], match["party"], words, boxes, bounds)
    finally:
        letters.close()


def _letter(code: int) -> str:
    # Half of a pair, or nothing: no anchor has one.
    return chr(code) if 0 < code < 0xD800 or 0xE000 <= code <= 0x10FFFF else "\ufffd"


def _lines(boxes: Iterator[Box]) -> Iterator[Box]:
    """Boxes of letters, joined line by line."""
    line: Box | None = None
    for left, bottom, right, top in boxes:
        if line is not None and bottom < line[3] and top > line[1] and left >= line[0] - 2:
            line = (min(line[0], left), min(line[1], bottom), max(line[2], right), max(line[3], top))
            continue
        if line is not None:
            yield line
        line = (left, bottom, right, top)
    if line is not None:
        yield line


def _covers(page: pypdfium2.PdfPage, boxes: Sequence[Box]) -> Iterator[bytes]:
    width, height = page.get_size()
    bitmap = page.render(scale=min(2.0, 4000 / max(width, height, 1)), rev_byteorder=True)
    conversion = bitmap.get_posconv(page)
    picture = bitmap.to_pil().convert("RGB")
    for left, bottom, right, top in boxes:
        corners = [conversion.to_bitmap(left, bottom), conversion.to_bitmap(right, top)]
        (x1, x2), (y1, y2) = (sorted(one[axis] for one in corners) for axis in (0, 1))
        around: Counter[tuple[int, ...]] = Counter()
        for x in range(x1 - 4, x2 + 5):
            for y in (y1 - 4, y2 + 4):
                if 0 <= x < picture.width and 0 <= y < picture.height:
                    colour = picture.getpixel((x, y))
                    assert isinstance(colour, tuple)
                    around[colour] += 1
        red, green, blue = around.most_common(1)[0][0] if around else (255, 255, 255)
        yield b"q %.4f %.4f %.4f rg %.3f %.3f %.3f %.3f re f Q\n" % (
            red / 255, green / 255, blue / 255,
            left - _ROOM, bottom - _ROOM, right - left + 2 * _ROOM, top - bottom + 2 * _ROOM,
        )  # fmt: skip
