"""How a signature shows on the page: who, in which capacity, when, why; how a filled field does. Typeset to the box,
fonts embedded."""

import io
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import typst
from pyhanko.pdf_utils.content import PdfContent
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, InnerScaling, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.stamp import StaticStampStyle

from telesphore.ades.pdf.objects import Name, Raw, Reference, Stream, Value, write
from telesphore.ades.pdf.reader import Document
from telesphore.ades.pdf.update import Update

TEMPLATE = Path(__file__).with_name("appearance.typ")
WORDS = Path(__file__).with_name("words.typ")
PARIS = ZoneInfo("Europe/Paris")
MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Appearance:
    """What is drawn in the field's box.

    Attributes:
        role: the capacity in which they sign, e.g. `pneumologue`; empty for none.
        signed_at: aware; shown in Paris time.
        reason: why they sign, drawn and written in the file's signature dictionary; empty for none.
        drawing: PNG of a handwritten signature; decoration only.
        rpps: the professional's number in the national directory; empty for none.
    """

    name: str
    role: str
    signed_at: datetime
    reason: str
    drawing: bytes | None
    rpps: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What is drawn in the box of a field that somebody filled in: lines parted by `\\n`, at most 11 points tall."""

    text: str


def french_day(at: datetime) -> str:
    """`1er mars 2026`, in Paris time."""
    local = at.astimezone(PARIS)
    day = "1er" if local.day == 1 else str(local.day)
    return f"{day} {MONTHS[local.month - 1]} {local.year}"


def french_date(at: datetime) -> str:
    """`le 1er mars 2026 à 9 h 05`, in Paris time."""
    local = at.astimezone(PARIS)
    return f"le {french_day(at)} à {local.hour} h {local.minute:02}"


def draw(shown: Appearance | Words, width: float, height: float) -> bytes:
    """A one-page PDF of `width` × `height` points; the text is made as small as it takes to fit."""
    if isinstance(shown, Words):
        return _compiled(WORDS, {"width": width, "height": height, "text": shown.text}, None, 0)
    data = {
        "width": width,
        "height": height,
        "name": shown.name,
        "role": shown.role,
        "rpps": shown.rpps,
        "reason": shown.reason,
        "date": french_date(shown.signed_at),
        "drawing": shown.drawing is not None,
    }
    return _compiled(TEMPLATE, data, shown.drawing, int(shown.signed_at.timestamp()))


def _compiled(template: Path, data: dict[str, object], drawing: bytes | None, timestamp: int) -> bytes:
    with tempfile.TemporaryDirectory(prefix="appearance-") as folder:
        if drawing is not None:
            Path(folder, "drawing.png").write_bytes(drawing)
        # Typst reads nothing outside its root, and the drawing must lie inside it.
        main = Path(folder, template.name)
        main.write_bytes(template.read_bytes())
        compiled = typst.Compiler(
            root=folder, font_paths=typst.Fonts(include_system_fonts=False), sys_inputs={"data": json.dumps(data)}
        ).compile(main, format="pdf", timestamp=timestamp, pdf_tags=False)
    assert isinstance(compiled, bytes)
    return compiled


def place(update: Update, shown: Appearance | Words, width: float, height: float) -> Reference:
    """Add what `draw` draws to a file, as a form XObject (ISO 32000-2 §8.10); drawn once for all files alike."""
    if isinstance(shown, Appearance):
        # Only what is drawn tells one appearance from another, and the minute is the last that is drawn of the time.
        shown = replace(shown, signed_at=shown.signed_at.replace(second=0, microsecond=0))
    objects = _drawn(shown, width, height)
    # All but the first are referred to by those before them: numbers first, values then.
    references = [update.add(None) for _ in objects]
    for reference, (value, parts) in zip(references, objects, strict=True):
        if update.document.cipher is not None:
            update.put(reference, _renumbered(value, references))
            continue
        content = b"".join(part if isinstance(part, bytes) else b" %d 0 R" % references[part].number for part in parts)
        update.put(reference, Raw(content))
    return references[0]


@lru_cache(maxsize=64)
def _drawn(shown: Appearance | Words, width: float, height: float) -> tuple[tuple[Value, tuple[bytes | int, ...]], ...]:
    """The form XObject, then what it refers to: each as a value whose references are indices in this tuple, and as
    bytes with such indices between them, which is faster."""
    document = Document(draw(shown, width, height))
    page = document.dictionary(document.pages[0])
    content = document.resolve(page[Name("Contents")])
    assert isinstance(content, Stream)
    form = Stream(
        {
            **content.dictionary,
            Name("Type"): Name("XObject"),
            Name("Subtype"): Name("Form"),
            Name("BBox"): [0, 0, width, height],
            Name("Resources"): document.dictionary(page[Name("Resources")]),
        },
        content.raw,
    )
    indices: dict[Reference, int] = {}
    values: list[Value] = [form]
    objects: list[tuple[Value, tuple[bytes | int, ...]]] = []
    while len(objects) < len(values):
        value = values[len(objects)]
        fields = value.dictionary if isinstance(value, Stream) else value
        for reference in _references(fields):
            if reference not in indices:
                indices[reference] = len(values)
                values.append(document.get(reference))
        tail: list[bytes] = []
        if isinstance(value, Stream):
            raw = bytes(value.raw)
            tail = [b"\nstream\n%s\nendstream" % raw]
            fields = {**value.dictionary, Name("Length"): len(raw)}
        pieces = _MARK.split(write(_replaced(fields, lambda one: Raw(b"\0%d\0" % indices[one]))))
        local = _replaced(fields, lambda one: Reference(indices[one]))
        objects.append(
            (
                Stream(local, bytes(value.raw)) if isinstance(value, Stream) and isinstance(local, dict) else local,
                (*(int(piece) if index % 2 else piece for index, piece in enumerate(pieces)), *tail),
            )
        )
    return tuple(objects)


_MARK = re.compile(rb"\0(\d+)\0")
"""Nothing else is written with a zero byte."""


def _references(value: Value) -> Iterator[Reference]:
    """Those in a value of ours, which nests but little."""
    if isinstance(value, Reference):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _references(one)
    elif isinstance(value, list):
        for one in value:
            yield from _references(one)


def _replaced(value: Value, change: Callable[[Reference], Value]) -> Value:
    """The value, each reference in it changed."""
    if isinstance(value, Reference):
        return change(value)
    if isinstance(value, dict):
        return {key: _replaced(one, change) for key, one in value.items()}
    if isinstance(value, list):
        return [_replaced(one, change) for one in value]
    return value


def _renumbered(value: Value, references: Sequence[Reference]) -> Value:
    """A value of `_drawn`, its indices replaced."""
    if isinstance(value, Stream):
        fields = _renumbered(value.dictionary, references)
        assert isinstance(fields, dict)
        return Stream(fields, value.raw)
    return _replaced(value, lambda one: references[one.number])


class _Page(PdfContent):
    """The first page of a PDF in memory (pyHanko's own class reads files only)."""

    def __init__(self, pdf: bytes) -> None:
        super().__init__()
        self._pdf = pdf

    def render(self) -> bytes:
        xobject = self._ensure_writer.import_page_as_xobject(PdfFileReader(io.BytesIO(self._pdf)))
        self.resources.xobject["/Appearance"] = xobject
        left, bottom, right, top = xobject.get_object()["/BBox"]
        self.box = BoxConstraints(width=abs(right - left), height=abs(top - bottom))
        return b"/Appearance Do"


def stamp_style(appearance: Appearance, width: float, height: float) -> StaticStampStyle:
    """pyHanko's way to fill a field with `appearance`."""
    return StaticStampStyle(
        border_width=0,
        background=_Page(draw(appearance, width, height)),
        background_layout=SimpleBoxLayoutRule(
            x_align=AxisAlignment.ALIGN_MIN,
            y_align=AxisAlignment.ALIGN_MIN,
            margins=Margins(0, 0, 0, 0),
            inner_content_scaling=InnerScaling.NO_SCALING,
        ),
    )
