"""Places to sign: signature fields (ISO 32000-2 §12.7.5.5), found and added."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from telesphore.ades import through_pyhanko
from telesphore.ades.errors import NoSuchField, SignedAlready, UnreadableFile
from telesphore.ades.pdf.objects import Dictionary, Name, Reference, Value, read_text, text
from telesphore.ades.pdf.reader import Document
from telesphore.ades.pdf.syntax import DEEPEST
from telesphore.ades.pdf.update import Update

MOST = 100_000
"""Fields and widgets of one form."""


class Locks(StrEnum):
    """Which fields a lock concerns (table 236)."""

    ALL = "All"
    INCLUDE = "Include"
    EXCLUDE = "Exclude"


@dataclass(frozen=True, slots=True)
class FieldLock:
    """What a signature in this field forbids from then on.

    Attributes:
        fields: full names, of those that are locked (Include) or that are not (Exclude); empty for All.
        permission: as DocMDP's P: 1 forbids every change, 2 lets forms be filled and signed, 3 annotations too; None
            says nothing of the file as a whole.
    """

    locks: Locks
    fields: tuple[str, ...] = ()
    permission: int | None = None


@dataclass(frozen=True, slots=True)
class SignatureField:
    """A place to sign.

    Attributes:
        name: without a full stop, which would make it a part of another field.
        page: counted from 0.
        box: left, bottom, right, top, in points from the page's lower left corner; None for an invisible signature.
    """

    name: str
    page: int
    box: tuple[float, float, float, float] | None
    lock: FieldLock | None = None


@dataclass(frozen=True, slots=True)
class FoundField:
    """A field of a file's form.

    Attributes:
        name: in full, with full stops between its parts.
        kind: /FT: `Sig`, `Tx`, `Btn`, `Ch`.
        dictionary: its own, which holds or would hold /V.
        widget, widget_dictionary: where it shows; itself, most often.
        value: /V, None when it is not signed.
    """

    name: str
    kind: str
    reference: Reference
    dictionary: Dictionary
    widget: Reference
    widget_dictionary: Dictionary
    value: Value


def add_fields(pdf: bytes, fields: Sequence[SignatureField]) -> bytes:
    """`pdf`, followed by an update that adds these empty fields.

    Raises:
        NotSignable: not a readable PDF, or one that needs a password.
        NoSuchField: a page that the file has not, or a name that is taken or has a full stop.
        SignedAlready: a signature would not allow it.
    """
    try:
        document = Document(pdf)
        if document.encrypted or document.header_offset:
            return through_pyhanko.add_fields(pdf, fields)
        present = list(signature_fields(document))
        if any(one.value is not None for one in present):
            raise SignedAlready
        update = Update(document)
        for field in fields:
            add_field(update, field)
        return pdf + update.render()
    except UnreadableFile:
        return through_pyhanko.add_fields(pdf, fields)


def signature_fields(document: Document) -> Iterator[FoundField]:
    """The signature fields of a file, in the form's order.

    Raises:
        UnreadableFile: the form is not one, or is larger than `MOST`.
    """
    return (one for one in all_fields(document) if one.kind == "Sig")


def all_fields(document: Document) -> Iterator[FoundField]:
    """As `signature_fields`, of every kind."""
    form = document.resolve(document.catalog.get(Name("AcroForm")))
    if form is None:
        return
    if type(form) is not dict:
        raise UnreadableFile(why="form")
    # What is still to be looked at, the next one last: reference, name of its parent, type, /V and depth.
    waiting: list[tuple[Value, str, Value, Value, int]] = [
        (one, "", None, None, 0) for one in reversed(document.array(form.get(Name("Fields"))))
    ]
    seen: set[Reference] = set()
    while waiting:
        reference, prefix, kind, value, depth = waiting.pop()
        if type(reference) is not Reference or reference in seen or depth > DEEPEST or len(seen) >= MOST:
            raise UnreadableFile(why="form")
        seen.add(reference)
        field = document.dictionary(reference)
        part = document.resolve(field.get(Name("T")))
        name = prefix
        if type(part) is bytes:
            name = f"{prefix}.{read_text(part)}" if prefix else read_text(part)
        kind = document.resolve(field.get(Name("FT"), kind))
        value = document.resolve(field.get(Name("V"), value))
        kids = document.array(field.get(Name("Kids")))
        subfields = [kid for kid in kids if Name("T") in document.dictionary(kid)]
        if subfields:
            waiting.extend((kid, name, kind, value, depth + 1) for kid in reversed(kids))
        else:
            widget = kids[0] if kids else reference
            if type(widget) is not Reference:
                if kind == "Sig":
                    raise UnreadableFile(why="form")
                widget = reference
            yield FoundField(name, str(kind or ""), reference, field, widget, document.dictionary(widget), value)


def add_field(update: Update, field: SignatureField, *, more: Dictionary | None = None) -> Reference:
    """Put a new signature field in the form and on its page; `more` goes into its dictionary.

    Raises:
        NoSuchField: a page that the file has not, or a name that is taken or has a full stop.
        UnreadableFile: the form or the page is not one.
    """
    own: Dictionary = {Name("FT"): Name("Sig"), **(more or {})}
    if field.lock is not None:
        own[Name("Lock")] = update.add(lock_dictionary(field.lock))
    return add_widget(update, field.name, field.page, field.box or (0, 0, 0, 0), own)


def add_widget(
    update: Update, name: str, page_number: int, box: tuple[float, float, float, float], own: Dictionary
) -> Reference:
    """Put a field that is its own widget in the form and on its page; `own` says what kind of field it is.

    Raises:
        NoSuchField, UnreadableFile: as `add_field`.
    """
    try:
        page = update.document.pages[page_number]
    except IndexError:
        raise NoSuchField from None
    reference = update.add(
        {
            Name("Type"): Name("Annot"),
            Name("Subtype"): Name("Widget"),
            Name("T"): text(name),
            Name("F"): 132,  # Print, locked (table 167).
            Name("Rect"): list(box),
            Name("P"): page,
            **own,
        }
    )
    _add_to_form(update, name, reference)
    _append(update, page, _dictionary(update, page), Name("Annots"), reference)
    return reference


def lock_dictionary(lock: FieldLock) -> Dictionary:
    """Table 236."""
    fields: Dictionary = {Name("Type"): Name("SigFieldLock"), Name("Action"): Name(lock.locks.value)}
    if lock.locks is not Locks.ALL:
        fields[Name("Fields")] = [text(name) for name in lock.fields]
    if lock.permission is not None:
        fields[Name("P")] = lock.permission
    return fields


def _add_to_form(update: Update, name: str, reference: Reference) -> None:
    document = update.document
    catalog = _dictionary(update, document.catalog_reference)
    place = catalog.get(Name("AcroForm"))
    if type(place) is Reference and update.get(place) is not None:
        form = _dictionary(update, place)
    else:
        form = document.dictionary(place) if place is not None and type(place) is not Reference else {}
        place = update.add(form)
        update.put(document.catalog_reference, {**catalog, Name("AcroForm"): place})
    fields = _array(update, form.get(Name("Fields")))
    taken = (update.get(one) if type(one) is Reference else one for one in fields)
    names = [document.resolve(one.get(Name("T"))) for one in taken if type(one) is dict]
    if "." in name or any(type(one) is bytes and read_text(one) == name for one in names):
        raise NoSuchField
    # SigFlags 3: there are signatures, and the file is only appended to (table 225).
    form = {**form, Name("SigFlags"): 3}
    update.put(place, form)
    _append(update, place, form, Name("Fields"), reference)


def _append(update: Update, holder: Reference, fields: Dictionary, key: Name, value: Value) -> None:
    """Add to an array in the holder's dictionary, wherever that array is."""
    place = fields.get(key)
    longer = [*_array(update, place), value]
    if type(place) is Reference and update.get(place) is not None:
        update.put(place, longer)
    else:
        update.put(holder, {**fields, key: longer})


def _dictionary(update: Update, reference: Reference) -> Dictionary:
    found = update.get(reference)
    if type(found) is not dict:
        raise UnreadableFile(why="not-a-dictionary")
    return found


def _array(update: Update, value: Value) -> list[Value]:
    found = update.get(value) if type(value) is Reference else value
    if found is None:
        return []
    if type(found) is not list:
        raise UnreadableFile(why="not-an-array")
    return found
