"""A file and its revisions, read within bounds and only as far as asked. Strict: what has two readings is refused, or
listed among the anomalies."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from telesphore.ades.errors import FileBeyondLimits, UnreadableFile
from telesphore.ades.pdf.anomalies import Anomaly, anomalies
from telesphore.ades.pdf.ciphers import Cipher, cipher_of
from telesphore.ades.pdf.limits import USUAL, Limits, decode
from telesphore.ades.pdf.objects import Dictionary, Name, Reference, Stream, Value, write
from telesphore.ades.pdf.pages import Pages
from telesphore.ades.pdf.revisions import chain_of, revisions_of
from telesphore.ades.pdf.sections import Entry, Free, Packed, Placed, read_object
from telesphore.ades.pdf.syntax import parse

_START = re.compile(rb"startxref[\0\t\n\f\r ]++(\d{1,19})(?!\d)")
_READINGS = 64
"""How often the whole file may be read, so to speak: each object is, once, or once by revision."""
_HEADER = re.compile(rb"%PDF-(\d)\.(\d)")


class Document:
    """A PDF, as its last revision or, through `at`, an earlier one leaves it.

    What `get` and `resolve` give is shared: copy it before changing it.
    """

    def __init__(self, content: bytes, *, limits: Limits = USUAL) -> None:
        """Find and read the cross-reference sections, and no object.

        Raises:
            UnreadableFile: not a PDF, or not one with a single reading.
            FileBeyondLimits
        """
        if len(content) > limits.size:
            raise FileBeyondLimits(why="size")
        header = _HEADER.search(content, 0, 1024)
        if header is None:
            raise UnreadableFile(why="header")
        start = _START.match(content, max(0, content.rfind(b"startxref", max(0, len(content) - 2048))))
        if start is None:
            raise UnreadableFile(why="startxref")
        self.content = content
        self.limits = limits
        self.header_offset = header.start()
        self.header_version = (int(header[1]), int(header[2]))
        self._store = _Store()
        self.revisions = revisions_of(content, chain_of(content, int(start[1]), limits))
        self.newest = True
        self._settle()

    def _settle(self) -> None:
        self._sections = [section for revision in reversed(self.revisions) for section in revision.sections]
        self._values: dict[int, Value] = {}
        self._loading: set[int] = set()
        self.trailer = self.revisions[-1].trailer
        if type(self.trailer.get(Name("Root"))) is not Reference:
            raise UnreadableFile(why="root", offset=self.revisions[-1].offset)
        self.cipher: Cipher | None = None
        """Of a file that anyone may read, and that is encrypted nevertheless."""
        place = self.trailer.get(Name("Encrypt"))
        if place is not None:
            fields = {name: self.resolve(value) for name, value in self.dictionary(place).items()}
            halves = self.resolve(self.trailer.get(Name("ID")))
            first = halves[0] if isinstance(halves, list) and halves else b""
            own = place if type(place) is Reference else None
            identifier = first if isinstance(first, bytes) else b""
            known = (write(fields), own, identifier)
            if known not in self._store.ciphers:
                self._store.ciphers[known] = cipher_of(fields, own, identifier)
            self.cipher = self._store.ciphers[known]
            self._values.clear()

    def at(self, index: int) -> "Document":
        """The file as revision `index` left it; what was read of it already is not read again."""
        earlier = object.__new__(Document)
        earlier.content = self.content
        earlier.limits = self.limits
        earlier.header_offset = self.header_offset
        earlier.header_version = self.header_version
        earlier._store = self._store
        earlier.revisions = self.revisions[: range(len(self.revisions))[index] + 1]
        earlier.newest = self.newest and len(earlier.revisions) == len(self.revisions)
        earlier._settle()
        return earlier

    @property
    def encrypted(self) -> bool:
        """It is, in a way that can't be undone without a password: strings and streams are given as they stand.

        A file under an owner's password only is deciphered, and is not `encrypted`: see `cipher`.
        """
        return self.cipher is None and self.trailer.get(Name("Encrypt")) is not None

    @property
    def hybrid(self) -> bool:
        """A section of it has a hidden stream (§7.5.8.4)."""
        return any(section.hidden is not None for section in self._sections)

    @property
    def end(self) -> int:
        """The byte after its last revision."""
        return self.revisions[-1].end

    @property
    def size(self) -> int:
        """One more than the greatest object number that its sections speak of."""
        greatest = 0
        for section in self._sections:
            size = section.trailer.get(Name("Size"))
            greatest = max(greatest, section.past, size if type(size) is int else 0)
            if section.hidden is not None:
                greatest = max(greatest, section.hidden.past)
        if greatest > self.limits.objects:
            raise FileBeyondLimits(why="objects")
        return greatest

    def entry(self, number: int) -> Entry | None:
        """Where an object is; None when no section speaks of it."""
        for section in self._sections:
            entry = section.entry(number)
            if section.hidden is not None and (entry is None or isinstance(entry, Free)):
                # A hybrid file's table calls free what only newer programs may see.
                entry = section.hidden.entry(number) or entry
            if entry is not None:
                return entry
        return None

    def get(self, reference: Reference) -> Value:
        """The object; None when there is none of this number and generation (§7.3.10).

        Raises:
            UnreadableFile, FileBeyondLimits
        """
        number, generation = reference
        entry = self.entry(number)
        if entry is None or isinstance(entry, Free):
            return None
        if (entry.generation if isinstance(entry, Placed) else 0) != generation:
            return None
        if number in self._values:
            return self._values[number]
        if number in self._loading:
            raise UnreadableFile(why="loop")
        self._loading.add(number)
        try:
            if isinstance(entry, Packed):
                value = self._packed(number, entry)
            else:
                value = self._placed(number, entry)
                if self.cipher is not None:
                    value = self.cipher.opened(value, reference)
        finally:
            self._loading.discard(number)
        self._values[number] = value
        return value

    def resolve(self, value: Value) -> Value:
        """What a reference leads to; anything else as it is.

        Raises:
            UnreadableFile, FileBeyondLimits
        """
        if type(value) is not Reference:
            return value
        found = self.get(value)
        if type(found) is Reference:
            raise UnreadableFile(why="reference-to-reference")
        return found

    def dictionary(self, value: Value) -> Dictionary:
        """What `value` leads to, which must be a dictionary.

        Raises:
            UnreadableFile, FileBeyondLimits
        """
        found = self.resolve(value)
        if type(found) is not dict:
            raise UnreadableFile(why="not-a-dictionary")
        return found

    def array(self, value: Value) -> list[Value]:
        """What `value` leads to, which must be an array, or nothing: an empty one.

        Raises:
            UnreadableFile, FileBeyondLimits
        """
        found = self.resolve(value)
        if found is None:
            return []
        if type(found) is not list:
            raise UnreadableFile(why="not-an-array")
        return found

    def decode(self, stream: Stream) -> bytes:
        """A stream's bytes; counted against what the whole file may hold.

        Raises:
            UnreadableFile, FileBeyondLimits
        """
        fields = stream.dictionary
        settings = self.resolve(fields.get(Name("DecodeParms")))
        direct: Dictionary = {
            Name("Filter"): self.resolve(fields.get(Name("Filter"))),
            Name("DecodeParms"): [self.resolve(one) for one in settings] if isinstance(settings, list) else settings,
        }
        content = decode(Stream(direct, stream.raw, stream.undo), limits=self.limits)
        self._store.decoded += len(content)
        if self._store.decoded > self.limits.decoded:
            raise FileBeyondLimits(why="decoded")
        return content

    @property
    def catalog_reference(self) -> Reference:
        """Of the catalog."""
        root = self.trailer[Name("Root")]
        assert isinstance(root, Reference)
        return root

    @property
    def catalog(self) -> Dictionary:
        """§7.7.2.

        Raises:
            UnreadableFile, FileBeyondLimits
        """
        return self.dictionary(self.catalog_reference)

    @cached_property
    def pages(self) -> Pages:
        """References of its pages."""
        return Pages(self)

    @property
    def repeated_keys(self) -> tuple[int, ...]:
        """Where the second value of a key ends, in dictionaries read so far; for those in an object stream, where that
        begins."""
        return tuple(self._store.repeated)

    @cached_property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """What is odd in its revisions; reads every entry of every section.

        Raises:
            UnreadableFile: an entry is malformed.
        """
        return anomalies(self)

    def _placed(self, number: int, entry: Placed) -> Value:
        known = self._store.placed.get(entry.offset)
        if known is None:
            known = self._read(entry, self._length)
        if known[:2] != (number, entry.generation):
            raise UnreadableFile(why="another-object", offset=entry.offset)
        return known[2]

    def _read(self, entry: Placed, length: Callable[[Value], int]) -> tuple[int, int, Value]:
        if not 0 < entry.offset < len(self.content):
            raise UnreadableFile(why="entry-outside", offset=entry.offset)
        number, generation, value, end = read_object(self.content, entry.offset, length, self._store.repeated)
        known = (number, generation, value)
        # Objects that overlap would be read again and again.
        self._store.parsed += end - entry.offset - (len(value.raw) if type(value) is Stream else 0)
        if self._store.parsed > _READINGS * len(self.content) + 2**20:
            raise FileBeyondLimits(why="overlapping", offset=entry.offset)
        # A length kept elsewhere may differ from revision to revision.
        if type(value) is not Stream or type(value.dictionary.get(Name("Length"))) is int:
            self._store.placed[entry.offset] = known
        return known

    def _length(self, value: Value) -> int:
        if type(value) is Reference and isinstance(self.entry(value.number), Packed):
            value = self.get(value)
        return self._placed_length(value)

    def _placed_length(self, value: Value) -> int:
        """/Length, direct or in an object outside object streams: so no chain of objects can nest reads."""
        if type(value) is Reference:
            entry = self.entry(value.number)
            if not isinstance(entry, Placed) or entry.generation != value.generation:
                raise UnreadableFile(why="length")
            number, generation, length = self._read(entry, _no_length)
            if (number, generation) != value:
                raise UnreadableFile(why="length", offset=entry.offset)
            value = length
        if type(value) is not int:
            raise UnreadableFile(why="length")
        return value

    def _packed(self, number: int, entry: Packed) -> Value:
        place = self.entry(entry.stream)
        if not isinstance(place, Placed) or place.generation:
            raise UnreadableFile(why="object-stream")
        pack = self._store.packs.get(place.offset)
        if pack is None:
            pack = self._pack(entry.stream, place)
        if entry.position >= len(pack.numbers) or pack.numbers[entry.position] != number:
            raise UnreadableFile(why="object-stream", offset=place.offset)
        if entry.position not in pack.values:
            repeated: list[int] = []
            pack.values[entry.position] = parse(pack.content, pack.offsets[entry.position], repeated)[0]
            self._store.repeated.extend(place.offset for _ in repeated)
        return pack.values[entry.position]

    def _pack(self, number: int, place: Placed) -> "_Pack":
        found = self._store.placed.get(place.offset) or self._read(place, self._placed_length)
        stream = found[2]
        if self.cipher is not None:
            stream = self.cipher.opened(stream, Reference(number))
        if found[:2] != (number, 0) or type(stream) is not Stream or stream.dictionary.get(Name("Type")) != "ObjStm":
            raise UnreadableFile(why="object-stream", offset=place.offset)
        count, first = (
            self.resolve(stream.dictionary.get(Name("N"))),
            self.resolve(stream.dictionary.get(Name("First"))),
        )
        content = self.decode(stream)
        if type(count) is not int or type(first) is not int or not 0 <= first <= len(content):
            raise UnreadableFile(why="object-stream", offset=place.offset)
        head = content[:first].split()
        if not 0 <= 2 * count <= len(head) or not all(map(bytes.isdigit, head)) or max(map(len, head), default=0) > 10:
            raise UnreadableFile(why="object-stream", offset=place.offset)
        pack = _Pack(
            numbers=list(map(int, head[0 : 2 * count : 2])),
            offsets=[first + int(one) for one in head[1 : 2 * count : 2]],
            content=content,
        )
        if place.offset in self._store.placed:
            self._store.packs[place.offset] = pack
        return pack


@dataclass(slots=True)
class _Pack:
    """An object stream (§7.5.7), decoded."""

    numbers: list[int]
    offsets: list[int]
    content: bytes
    values: dict[int, Value] = field(default_factory=dict)


@dataclass(slots=True)
class _Store:
    """What was read, by place in the file: all revisions share it."""

    placed: dict[int, tuple[int, int, Value]] = field(default_factory=dict)
    packs: dict[int, _Pack] = field(default_factory=dict)
    decoded: int = 0
    parsed: int = 0
    repeated: list[int] = field(default_factory=list)
    ciphers: dict[tuple[bytes, Reference | None, bytes], Cipher | None] = field(default_factory=dict)


def _no_length(value: Value) -> int:
    raise UnreadableFile(why="length")
