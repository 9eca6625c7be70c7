"""How a signature shows on the page: who, in which capacity, when; typeset to the size of its box, fonts embedded."""

import io
import json
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import typst
from pyhanko.pdf_utils.content import PdfContent
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, InnerScaling, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.stamp import StaticStampStyle

TEMPLATE = Path(__file__).with_name("appearance.typ")
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
        reason: written in the file's signature dictionary, not drawn.
        drawing: PNG of a handwritten signature; decoration only.
    """

    name: str
    role: str
    signed_at: datetime
    reason: str
    drawing: bytes | None


def french_date(at: datetime) -> str:
    """`le 1er mars 2026 à 9 h 05`, in Paris time."""
    local = at.astimezone(PARIS)
    day = "1er" if local.day == 1 else str(local.day)
    return f"le {day} {MONTHS[local.month - 1]} {local.year} à {local.hour} h {local.minute:02}"


def draw(appearance: Appearance, width: float, height: float) -> bytes:
    """A one-page PDF of `width` × `height` points; the text is made as small as it takes to fit."""
    with tempfile.TemporaryDirectory(prefix="appearance-") as folder:
        if appearance.drawing is not None:
            Path(folder, "drawing.png").write_bytes(appearance.drawing)
        data = {
            "width": width,
            "height": height,
            "name": appearance.name,
            "role": appearance.role,
            "date": french_date(appearance.signed_at),
            "drawing": appearance.drawing is not None,
        }
        compiled = typst.Compiler(
            root=folder, font_paths=typst.Fonts(include_system_fonts=False), sys_inputs={"data": json.dumps(data)}
        ).compile(
            Path(folder, _copied(folder)), format="pdf", timestamp=int(appearance.signed_at.timestamp()), pdf_tags=False
        )
    assert isinstance(compiled, bytes)
    return compiled


def _copied(folder: str) -> str:
    # Typst reads nothing outside its root, and the drawing must lie inside it.
    Path(folder, TEMPLATE.name).write_bytes(TEMPLATE.read_bytes())
    return TEMPLATE.name


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
