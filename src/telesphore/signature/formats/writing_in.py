"""What a sender fills in, or a template for a patient: drawn on the pages before anybody sees them for signing, and no
field any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import pikepdf

from telesphore.ades.appearance import Words, draw
from telesphore.ades.form_fields import ticked

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Written:
    """One value.

    Attributes:
        page: counted from 0.
        box: left, bottom, right, top, in points of the page's own axes (ISO 32000-2 §8.3.2.3), wherever its corner is.
        tick: a ticked box, whatever the text.
    """

    page: int
    box: Box
    text: str = ""
    tick: bool = False


def write_in(pdf: bytes, values: Sequence[Written]) -> bytes:
    """The file with these values, each inside its box, made smaller until it fits, else cut there.

    Without any, the file as it was, byte for byte.

    Raises:
        IndexError: no such page.
    """
    if not values:
        return pdf
    with pikepdf.open(BytesIO(pdf)) as file:
        for one in values:
            left, bottom, right, top = one.box
            page = file.pages[one.page]
            page.contents_add(b"q\n", prepend=True)
            if one.tick:
                drawn = ticked(right - left, top - bottom)
                page.contents_add(b"\nQ q 1 0 0 1 %.3f %.3f cm %s Q\n" % (left, bottom, drawn))
                continue
            with pikepdf.open(BytesIO(draw(Words(one.text), right - left, top - bottom))) as source:
                form = file.copy_foreign(source.pages[0].as_form_xobject())
                name = page.add_resource(form, pikepdf.Name.XObject)
                page.contents_add(b"\nQ q 1 0 0 1 %.3f %.3f cm %s Do Q\n" % (left, bottom, str(name).encode()))
        out = BytesIO()
        file.save(out, deterministic_id=True)
    return out.getvalue()
