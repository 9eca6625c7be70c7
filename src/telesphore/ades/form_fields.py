"""Fields to fill in, beside the places to sign (ISO 32000-2 §12.7.5.2 to §12.7.5.4): added before anybody signs, filled
by the update that bears the filler's signature. Every look is drawn here: no reader has to make one."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from telesphore.ades.appearance import Appearance, Words, place
from telesphore.ades.errors import NoSuchField, NotSignable, SignedAlready, UnreadableFile
from telesphore.ades.fields import (
    FoundField,
    SignatureField,
    add_field,
    add_fields,
    add_widget,
    all_fields,
    signature_fields,
)
from telesphore.ades.pdf.objects import Dictionary, Name, Reference, Stream, Value, text
from telesphore.ades.pdf.reader import Document
from telesphore.ades.pdf.update import Update

Box = tuple[float, float, float, float]
_MULTILINE, _COMBO = 1 << 12, 1 << 17
"""Tables 231 and 233."""
_LINES_FROM = 30
"""Points of height from which a text may have several lines."""
_LOOK = text("/Helv 10 Tf 0 g")
"""What a reader would write with (§12.7.4.3); ours is drawn already."""
_ON = "Yes"


class FillKind(StrEnum):
    """How a field is filled in."""

    TEXT = "text"
    CHECKBOX = "checkbox"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class FormField:
    """A place to fill in.

    Attributes:
        name: without a full stop.
        page: counted from 0.
        box: left, bottom, right, top, in points from the page's lower left corner.
        label: told by readers that speak (/TU); empty for none.
        options: of a choice.
    """

    name: str
    kind: FillKind
    page: int
    box: Box
    label: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fill:
    """What goes into one field.

    Attributes:
        value: of a checkbox, anything for a tick, and empty for none.
        shown: how it is drawn; None for a checkbox, whose two looks the file has already.
    """

    name: str
    value: str
    shown: Appearance | Words | None = None


def add_form(pdf: bytes, places: Sequence[SignatureField], fields: Sequence[FormField]) -> bytes:
    """`pdf`, followed by one update that adds these empty fields and places to sign.

    Raises:
        NotSignable: not a readable PDF; with fields to fill in, one that is encrypted or badly made too.
        NoSuchField: a page that the file has not, or a name that is taken or has a full stop.
        SignedAlready: a signature would not allow it.
    """
    if not fields:
        return add_fields(pdf, places)
    try:
        document = Document(pdf)
        if document.encrypted or document.header_offset:
            raise NotSignable
        if any(one.value is not None for one in signature_fields(document)):
            raise SignedAlready
        update = Update(document)
        for one in places:
            add_field(update, one)
        for field in fields:
            add_widget(update, field.name, field.page, field.box, _own(update, field))
        _dress(update)
        return pdf + update.render()
    except UnreadableFile:
        raise NotSignable from None


def fill_fields(update: Update, fills: Sequence[Fill]) -> None:
    """Give these fields their values and looks.

    Raises:
        NoSuchField: no such field, or one to be signed.
        UnreadableFile: the form is not one.
    """
    if not fills:
        return
    present = {one.name: one for one in all_fields(update.document)}
    for fill in fills:
        found = present.get(fill.name)
        if found is None or found.kind not in ("Tx", "Btn", "Ch") or found.widget != found.reference:
            raise NoSuchField
        update.put(found.reference, {**found.dictionary, **_filled(update, found, fill)})


def _filled(update: Update, found: FoundField, fill: Fill) -> Dictionary:
    if found.kind == "Btn":
        state = Name(_ON if fill.value else "Off")
        return {Name("V"): state, Name("AS"): state}
    document = update.document
    edges = [document.resolve(one) for one in document.array(found.dictionary.get(Name("Rect")))]
    sides = [float(one) for one in edges if isinstance(one, (int, float))]
    if len(sides) != 4:
        raise UnreadableFile(why="rectangle")
    left, bottom, right, top = sides
    shown = fill.shown or Words(fill.value)
    look = place(update, shown, abs(right - left), abs(top - bottom))
    return {Name("V"): text(fill.value), Name("AP"): {Name("N"): look}}


def _own(update: Update, field: FormField) -> Dictionary:
    left, bottom, right, top = field.box
    width, height = right - left, top - bottom
    named: Dictionary = {Name("TU"): text(field.label)} if field.label else {}
    if field.kind is FillKind.CHECKBOX:
        looks: Dictionary = {
            Name("Off"): _drawing(update, width, height, _square(width, height)),
            Name(_ON): _drawing(update, width, height, ticked(width, height)),
        }
        off = Name("Off")
        return {
            **named, Name("FT"): Name("Btn"), Name("V"): off, Name("AS"): off, Name("AP"): {Name("N"): looks},
        }  # fmt: skip
    # Not without a byte: some readers complain of a stream that is empty once it was compressed.
    nothing: Dictionary = {Name("N"): _drawing(update, width, height, b"q Q\n")}
    own: Dictionary = {**named, Name("FT"): Name("Tx"), Name("DA"): _LOOK, Name("AP"): nothing}
    if field.kind is FillKind.CHOICE:
        options: list[Value] = [text(one) for one in field.options]
        return {**own, Name("FT"): Name("Ch"), Name("Ff"): _COMBO, Name("Opt"): options}
    if height >= _LINES_FROM:
        own[Name("Ff")] = _MULTILINE
    return own


def _drawing(update: Update, width: float, height: float, content: bytes) -> Reference:
    return update.add(
        Stream(
            {
                Name("Type"): Name("XObject"), Name("Subtype"): Name("Form"), Name("BBox"): [0, 0, width, height],
                Name("Resources"): {}, Name("Length"): len(content),
            },
            content,
        )
    )  # fmt: skip


def _side(width: float, height: float) -> tuple[float, float, float]:
    """Left, bottom and side of the square in the middle of a box."""
    side = max(min(width, height) - 2, 1)
    return (width - side) / 2, (height - side) / 2, side


def _square(width: float, height: float) -> bytes:
    left, bottom, side = _side(width, height)
    return b"q 0.11 0.17 0.23 RG 0.8 w %.2f %.2f %.2f %.2f re S Q\n" % (left, bottom, side, side)


def ticked(width: float, height: float) -> bytes:
    """Operators (§7.8.2) that draw a ticked box in the middle of a place of this size."""
    return _square(width, height) + _tick(width, height)


def _tick(width: float, height: float) -> bytes:
    left, bottom, side = _side(width, height)
    points = ((0.33, 0.5), (0.46, 0.36), (0.67, 0.66))
    (ax, ay), (bx, by), (cx, cy) = ((left + x * side, bottom + y * side) for x, y in points)
    return b"q 0.11 0.17 0.23 RG %.2f w 1 J 1 j %.2f %.2f m %.2f %.2f l %.2f %.2f l S Q\n" % (
        max(side / 9, 0.8), ax, ay, bx, by, cx, cy,
    )  # fmt: skip


def _dress(update: Update) -> None:
    """Give the form the font that its fields name (§12.7.3, table 224)."""
    catalog = update.get(update.document.catalog_reference)
    assert isinstance(catalog, dict)
    reference = catalog[Name("AcroForm")]
    assert isinstance(reference, Reference)
    form = update.get(reference)
    assert isinstance(form, dict)
    if Name("DR") in form:
        return
    font = update.add(
        {
            Name("Type"): Name("Font"), Name("Subtype"): Name("Type1"), Name("BaseFont"): Name("Helvetica"),
            Name("Encoding"): Name("WinAnsiEncoding"),
        }
    )  # fmt: skip
    resources: Dictionary = {Name("Font"): {Name("Helv"): font}}
    update.put(reference, {**form, Name("DA"): _LOOK, Name("DR"): resources})
