"""What is added after a file: one incremental update (ISO 32000-2 §7.5.6); no byte before it changes."""

from collections.abc import Iterable
from typing import NamedTuple

from telesphore.ades.pdf.objects import Dictionary, Name, Raw, Reference, Value, write
from telesphore.ades.pdf.reader import Document
from telesphore.ades.pdf.sections import Kind

_UNKNOWN = b"\0" * 34
"""Stands for a ByteRange while the length of what follows is not known: no value is written with a zero byte."""


class Tail(NamedTuple):
    """An update with a hole.

    Attributes:
        content: what to put after the file.
        hole: where in the whole file the hole begins and ends, its angle brackets included.
    """

    content: bytes
    hole: tuple[int, int]


class Update:
    """Objects to be added to a document, or put in the place of its own; encrypted when it is, `Raw` ones excepted."""

    def __init__(self, document: Document) -> None:
        """Nothing is read but the sections' sizes."""
        self.document = document
        self._next = max(document.size, 1)
        self._values: dict[Reference, Value] = {}

    def add(self, value: Value) -> Reference:
        """A new object."""
        reference = Reference(self._next, 0)
        self._next += 1
        self._values[reference] = value
        return reference

    def put(self, reference: Reference, value: Value) -> None:
        """The object's new value."""
        self._values[reference] = value

    def get(self, reference: Reference) -> Value:
        """The object as it will be.

        Raises:
            UnreadableFile, FileBeyondLimits
        """
        return self._values[reference] if reference in self._values else self.document.get(reference)

    def render(self) -> bytes:
        """The bytes to put after the file: objects, cross-reference section of the file's own kind, trailer."""
        return b"".join(self._parts(sorted(self._values)))

    def render_with_hole(self, reference: Reference, dictionary: Dictionary, room: int) -> "Tail":
        """As `render`, with a signature or timestamp dictionary, whose /ByteRange (§12.8.1) covers the whole file but
        the hole for its /Contents.

        Args:
            reference: of the dictionary; it is written after all other objects.
            dictionary: without these two entries.
            room: bytes that the signature may have.
        """
        cipher = self.document.cipher
        closed = dictionary if cipher is None else cipher.closed(dictionary, reference)
        before = write(closed)[:-2] + b"/ByteRange[%s]/Contents" % _UNKNOWN
        self._values[reference] = Raw(before + b"<" + b"00" * room + b">>>")
        order = sorted(self._values, key=lambda one: (one == reference, one))
        parts = self._parts(order)
        signature = len(order)  # After the objects, and the end of line before them.
        start = (
            len(self.document.content)
            + sum(map(len, parts[:signature]))
            + len(b"%d %d obj\n" % reference)
            + len(before)
        )
        end = start + 2 * room + 2
        rest = len(self.document.content) + sum(map(len, parts)) - end
        covered = (b"0 %d %d %d" % (start, end, rest)).ljust(len(_UNKNOWN))
        parts[signature] = parts[signature].replace(_UNKNOWN, covered, 1)
        return Tail(b"".join(parts), (start, end))

    def _parts(self, order: list[Reference]) -> list[bytes]:
        content, cipher = self.document.content, self.document.cipher
        # The file may lack its last end of line.
        parts = [b"" if content.endswith((b"\n", b"\r")) else b"\n"]
        position = len(content) + len(parts[0])
        places: dict[Reference, int] = {}
        for reference in order:
            places[reference] = position
            value = self._values[reference]
            if cipher is not None and not isinstance(value, Raw):
                value = cipher.closed(value, reference)
            part = b"%d %d obj\n%s\nendobj\n" % (*reference, write(value))
            parts.append(part)
            position += len(part)
        trailer = self._trailer()
        if self.document.revisions[-1].kind is Kind.TABLE:
            parts.append(_table(places))
            parts.append(b"trailer\n%s\n" % write(trailer))
        else:
            own = Reference(self._next, 0)
            trailer[Name("Size")] = self._next + 1
            parts.append(_stream(own, {**places, own: position}, trailer))
        parts.append(b"startxref\n%d\n%%%%EOF\n" % position)
        return parts

    def _trailer(self) -> Dictionary:
        document = self.document
        kept: Dictionary = {
            Name(key): document.trailer[Name(key)]
            for key in ("Root", "Info", "ID", "Encrypt")
            if document.trailer.get(Name(key)) is not None
        }
        return {Name("Size"): self._next, Name("Prev"): document.revisions[-1].offset, **kept}


def _runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Sorted numbers as (first, count)."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and number == sum(runs[-1]):
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((number, 1))
    return runs


def _table(places: dict[Reference, int]) -> bytes:
    by_number = {reference.number: (offset, reference.generation) for reference, offset in places.items()}
    lines = [b"xref\n"]
    for first, count in _runs(sorted(by_number)):
        lines.append(b"%d %d\n" % (first, count))
        lines.extend(b"%010d %05d n \n" % by_number[number] for number in range(first, first + count))
    return b"".join(lines)


def _stream(own: Reference, places: dict[Reference, int], trailer: Dictionary) -> bytes:
    by_number = {reference.number: (offset, reference.generation) for reference, offset in places.items()}
    runs = _runs(sorted(by_number))
    width = (max(places.values()).bit_length() + 7) // 8
    rows = b"".join(
        b"\1" + by_number[number][0].to_bytes(width, "big") + by_number[number][1].to_bytes(2, "big")
        for first, count in runs
        for number in range(first, first + count)
    )
    fields: Dictionary = {
        Name("Type"): Name("XRef"),
        Name("W"): [1, width, 2],
        Name("Index"): [one for run in runs for one in run],
        Name("Length"): len(rows),
        **trailer,
    }
    return b"%d 0 obj\n%s\nstream\n%s\nendstream\nendobj\n" % (own.number, write(fields), rows)
