"""What is added after a file: one incremental update (ISO 32000-2 §7.5.6); no byte before it changes."""

from collections.abc import Iterable

from telesphore.ades.pdf.objects import Dictionary, Name, Reference, Value, write
from telesphore.ades.pdf.reader import Document
from telesphore.ades.pdf.sections import Kind


class Update:
    """Objects to be added to a document, or put in the place of its own."""

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
        return b"".join(self.pieces()[0])

    def pieces(self, last: Reference | None = None) -> tuple[list[bytes], dict[Reference, int]]:
        """As `render`, unjoined, and where each object begins, counted from the beginning of the file.

        Args:
            last: an object to be written after all others.
        """
        content = self.document.content
        # The file may lack its last end of line.
        parts = [b"" if content.endswith((b"\n", b"\r")) else b"\n"]
        position = len(content) + len(parts[0])
        places: dict[Reference, int] = {}
        order = sorted(self._values, key=lambda reference: (reference == last, reference))
        for reference in order:
            places[reference] = position
            part = b"%d %d obj\n%s\nendobj\n" % (*reference, write(self._values[reference]))
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
        return parts, places

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
