"""The signatures of a PDF: found in its form; and whether each says rightly what it covers (ISO 32000-2 §12.8.1).

Forgeries begin here: a /ByteRange that leaves out more than the signature itself, or that points at another string than
its own /Contents, lets bytes be changed that seem signed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

from telesphore.ades.errors import FileBeyondLimits, UnreadableFile
from telesphore.ades.pdf.objects import Dictionary, Name, Reference, Stream, Value, read_text
from telesphore.ades.pdf.reader import Document
from telesphore.ades.pdf.sections import Placed

MOST_FIELDS = 20_000
DEEPEST = 32
"""Levels of fields."""
MOST_SIGNATURES = 500

_OWN = re.compile(rb"/Contents[\0\t\n\f\r ]*+\Z")
_BLANK = b"\0\t\n\f\r "
_DATE = re.compile(
    r"D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:(Z)(?:00'?00'?)?|([+-])(\d\d)(?:'(\d\d))?'?)?"  # §7.9.4
)


@dataclass(frozen=True, slots=True)
class SignedField:
    """A signature, or a document timestamp, in a form field.

    Attributes:
        name: fully qualified, of the field.
        value: the signature dictionary.
        place: offset of the object that holds it; None when it is in an object stream.
        ranges: /ByteRange; None when it is malformed.
        contents: /Contents, decoded; empty when it is no string.
        revision: index of the revision that it ends; None when it ends none.
        malformed: why its coverage can't be believed, in a few words; empty when it can.
    """

    name: str
    reference: Reference | None
    value: Dictionary = field(repr=False)
    place: int | None
    ranges: tuple[int, int, int, int] | None
    contents: bytes = field(repr=False)
    revision: int | None
    malformed: str

    @property
    def is_timestamp(self) -> bool:
        """A document timestamp (EN 319 142-1 §5.4.3)."""
        return self.value.get(Name("Type")) == "DocTimeStamp" or self.sub_filter == "ETSI.RFC3161"

    @property
    def sub_filter(self) -> str:
        """/SubFilter, empty for none."""
        found = self.value.get(Name("SubFilter"))
        return str(found) if isinstance(found, Name) else ""

    @property
    def hole(self) -> tuple[int, int]:
        """Where /Contents begins and ends, angle brackets included; (0, 0) for malformed ranges."""
        return (self.ranges[1], self.ranges[2]) if self.ranges else (0, 0)

    @property
    def end(self) -> int:
        """The byte after the last that it covers; 0 for malformed ranges."""
        return self.ranges[2] + self.ranges[3] if self.ranges else 0


def find(document: Document) -> tuple[SignedField, ...]:
    """The signed fields, by the end of what they cover; those whose ranges are malformed come first.

    Raises:
        UnreadableFile, FileBeyondLimits
    """
    found: dict[object, SignedField] = {}
    for name, holder, value in _values(document):
        dictionary = document.resolve(value)
        if not isinstance(dictionary, dict):
            continue
        reference = value if isinstance(value, Reference) else None
        key: object = reference or holder or name
        if key not in found:
            # A signature that is not judged must not look like one that holds.
            if len(found) >= MOST_SIGNATURES:
                raise FileBeyondLimits(why="signatures")
            found[key] = _read(document, name, reference, holder, dictionary)
    return tuple(sorted(found.values(), key=lambda one: one.end))


def _values(document: Document) -> Iterator[tuple[str, Reference | None, Value]]:
    """Name, object of the field and /V of each signature field that has one."""
    form = document.resolve(document.catalog.get(Name("AcroForm")))
    if not isinstance(form, dict):
        return
    waiting = [(one, "", False, 0) for one in reversed(document.array(form.get(Name("Fields"))))]
    seen: set[Reference] = set()
    while waiting:
        one, above, signature, depth = waiting.pop()
        reference = one if isinstance(one, Reference) else None
        if reference is not None:
            if reference in seen:
                continue
            if len(seen) >= MOST_FIELDS:
                raise FileBeyondLimits(why="fields")
            seen.add(reference)
        node = document.resolve(one)
        if not isinstance(node, dict):
            continue
        part = document.resolve(node.get(Name("T")))
        name = ".".join(filter(None, (above, read_text(part) if isinstance(part, bytes) else "")))
        kind = document.resolve(node.get(Name("FT")))
        signature = kind == "Sig" if kind is not None else signature
        if signature and node.get(Name("V")) is not None:
            yield name, reference, node[Name("V")]
        if depth < DEEPEST:
            kids = document.array(node.get(Name("Kids")))
            waiting.extend((kid, name, signature, depth + 1) for kid in reversed(kids))


def _read(
    document: Document, name: str, reference: Reference | None, holder: Reference | None, value: Dictionary
) -> SignedField:
    container = reference or holder
    entry = document.entry(container.number) if container is not None else None
    place = entry.offset if isinstance(entry, Placed) else None
    contents = document.resolve(value.get(Name("Contents")))
    ranges = _ranges(document, value)
    revision = _ended(document, ranges[2] + ranges[3]) if ranges is not None else None
    malformed = _malformed(document.content, value, place, ranges, contents, revision)
    if holder is None:
        malformed = malformed or "its field is not an object of its own"
    return SignedField(
        name=name,
        reference=reference,
        value=value,
        place=place,
        ranges=ranges,
        contents=contents if isinstance(contents, bytes) else b"",
        revision=revision,
        malformed=malformed,
    )


def _ranges(document: Document, value: Dictionary) -> tuple[int, int, int, int] | None:
    found = document.resolve(value.get(Name("ByteRange")))
    match found:
        case [int(zero), int(before), int(after), int(rest)] if all(type(one) is int for one in found):
            return zero, before, after, rest
    return None


def _malformed(
    content: bytes,
    value: Dictionary,
    place: int | None,
    ranges: tuple[int, int, int, int] | None,
    contents: Value,
    revision: int | None,
) -> str:
    if ranges is None:
        return "its byte range is not four numbers"
    zero, before, after, rest = ranges
    if zero != 0 or not 0 < before < after or rest <= 0 or after + rest > len(content):
        return "its byte range does not go from the start of the file to an end in it"
    if place is None or not isinstance(value.get(Name("Contents")), bytes):
        return "its dictionary does not hold the signature itself"
    if content[before : before + 1] != b"<" or content[after - 1 : after] != b">":
        return "what it leaves out is not one string"
    if _unhex(content[before + 1 : after - 1]) != contents:
        return "what it leaves out is not the signature"
    if before < place or not _OWN.search(content, max(place, before - 200), before):
        return "what it leaves out is not in its own dictionary"
    if content.find(b"endobj", place, before) >= 0:
        return "what it leaves out is in another object"
    if revision is None:
        return "it ends in the middle of a revision"
    return ""


def _unhex(digits: bytes) -> bytes | None:
    """Bytes of hexadecimal digits and nothing else; None for anything else."""
    try:
        found = bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        return None
    # White space was let through.
    return found if 2 * len(found) == len(digits) else None


def _ended(document: Document, end: int) -> int | None:
    """The revision that ends there, white space apart."""
    for revision in reversed(document.revisions):
        if revision.end <= end + 2:
            first, last = sorted((revision.end, end))
            return revision.index if not document.content[first:last].strip(_BLANK) else None
    return None


def docmdp(document: Document, value: Mapping[Name, Value]) -> int | None:
    """What a certifying signature permits (§12.8.2.2): 1, 2 or 3; None when it has no DocMDP reference."""
    for one in document.array(value.get(Name("Reference"))):
        reference = document.resolve(one)
        if isinstance(reference, dict) and document.resolve(reference.get(Name("TransformMethod"))) == "DocMDP":
            parameters = document.resolve(reference.get(Name("TransformParams")))
            permission = document.resolve(parameters.get(Name("P"))) if isinstance(parameters, dict) else None
            return permission if permission in (1, 2, 3) and isinstance(permission, int) else 2
    return None


def certifies(document: Document, signed: SignedField) -> bool:
    """Whether the catalog, as the signature left it, names it as the certifying one."""
    if signed.reference is None or signed.revision is None:
        return False
    try:
        then = document if signed.revision == len(document.revisions) - 1 else document.at(signed.revision)
        permissions = then.resolve(then.catalog.get(Name("Perms")))
    except UnreadableFile:
        # A revision in the middle may have no catalog that can be read.
        return False
    return isinstance(permissions, dict) and permissions.get(Name("DocMDP")) == signed.reference


def read_date(content: Value) -> datetime | None:
    """A PDF date, aware; None for anything else."""
    found = _DATE.fullmatch(read_text(content)) if isinstance(content, bytes) and len(content) < 64 else None
    if found is None:
        return None
    year, *parts = (int(found[place]) if found[place] else None for place in range(1, 7))
    month, day, hour, minute, second = parts
    zone = UTC
    if found[8]:
        offset = timedelta(hours=int(found[9]), minutes=int(found[10] or 0))
        zone = timezone(-offset if found[8] == "-" else offset) if offset < timedelta(hours=24) else UTC
    try:
        assert year is not None
        return datetime(year, month or 1, day or 1, hour or 0, minute or 0, second or 0, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@dataclass(frozen=True, slots=True)
class StoredData:
    """What a DSS holds (EN 319 142-1 §5.4.2): DER, each with the offset of the object that holds it."""

    certificates: Sequence[tuple[bytes, int]]
    ocsps: Sequence[tuple[bytes, int]]
    crls: Sequence[tuple[bytes, int]]


MOST_STORED = 5000


def stored_data(document: Document) -> StoredData:
    """What the last DSS, and the VRI in it, hold.

    Raises:
        UnreadableFile, FileBeyondLimits
    """
    store = document.resolve(document.catalog.get(Name("DSS")))
    empty = StoredData((), (), ())
    if not isinstance(store, dict):
        return empty
    places = [(store, ("Certs", "OCSPs", "CRLs"))]
    related = document.resolve(store.get(Name("VRI")))
    if isinstance(related, dict):
        for one in list(related.values())[:MOST_SIGNATURES]:
            entry = document.resolve(one)
            if isinstance(entry, dict):
                places.append((entry, ("Cert", "OCSP", "CRL")))
    found: tuple[dict[Reference, None], ...] = ({}, {}, {})
    for dictionary, keys in places:
        for kind, key in zip(found, keys, strict=True):
            for one in document.array(dictionary.get(Name(key))):
                if isinstance(one, Reference) and len(kind) < MOST_STORED:
                    kind[one] = None
    return StoredData(*(tuple(_contents(document, kind)) for kind in found))


def _contents(document: Document, references: Mapping[Reference, None]) -> Iterator[tuple[bytes, int]]:
    for reference in references:
        entry = document.entry(reference.number)
        stream = document.get(reference)
        if isinstance(entry, Placed) and isinstance(stream, Stream):
            yield document.decode(stream), entry.offset
