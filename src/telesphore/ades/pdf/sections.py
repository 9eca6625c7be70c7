"""Cross-reference sections (ISO 32000-2 §7.5.4, §7.5.8), read where they stand: an entry costs nothing until asked."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from telesphore.ades.errors import FileBeyondLimits, UnreadableFile
from telesphore.ades.pdf.limits import Limits, decode
from telesphore.ades.pdf.objects import Dictionary, Name, Stream, Value
from telesphore.ades.pdf.syntax import parse


class Free(NamedTuple):
    """No object has this number."""

    following: int
    generation: int


class Placed(NamedTuple):
    """The object begins at `offset`."""

    offset: int
    generation: int


class Packed(NamedTuple):
    """The object is the one at `position`, from 0, in the object stream numbered `stream`."""

    stream: int
    position: int


Entry: TypeAlias = Free | Placed | Packed


class Kind(StrEnum):
    """How a section is written."""

    TABLE = "table"
    STREAM = "stream"


class _Range(NamedTuple):
    first: int
    length: int
    place: int
    """Offset of its first entry: in the file for a table, in the decoded bytes for a stream."""


@dataclass(slots=True)
class Section:
    """One table or stream.

    Attributes:
        offset: where it begins.
        end: the byte after its trailer or, for a stream, after `endobj`.
        trailer: a stream's own dictionary, or what follows `trailer`.
        hidden: the stream that a hybrid file's table points at with /XRefStm.
        overlapping: it lists a number twice; the first entry counts.
        narrow: its entries are not 20 bytes each.
        decoded: bytes that a stream's entries take.
    """

    offset: int
    end: int
    kind: Kind
    trailer: Dictionary
    hidden: "Section | None" = None
    overlapping: bool = False
    narrow: bool = False
    decoded: int = 0
    _ranges: list[_Range] = field(default_factory=list)
    _firsts: list[int] = field(default_factory=list)
    _read: Callable[[int, int], Entry] = field(default=lambda place, index: Free(0, 0))
    _all: dict[int, Entry] | None = None

    def entry(self, number: int) -> Entry | None:
        """What it says of an object, None for nothing. Its hidden stream is not asked.

        Raises:
            UnreadableFile: the entry is malformed.
        """
        if self._all is not None:
            return self._all.get(number)
        found = bisect_right(self._firsts, number) - 1
        if found < 0:
            return None
        first, count, place = self._ranges[found]
        return self._read(place, number - first) if number < first + count else None

    def entries(self) -> dict[int, Entry]:
        """All of them, the first one for each number. Its hidden stream is not asked."""
        if self._all is None:
            every: dict[int, Entry] = {}
            for first, count, place in self._ranges:
                for index in range(count):
                    every.setdefault(first + index, self._read(place, index))
            self._all = every
        return self._all

    def numbers(self) -> Iterator[int]:
        """Every number it lists, as often as it does."""
        if self._ranges:
            for first, count, _ in self._ranges:
                yield from range(first, first + count)
        elif self._all is not None:
            yield from self._all

    @property
    def count(self) -> int:
        """How many entries it has."""
        return sum(one.length for one in self._ranges) if self._ranges else len(self._all or ())

    @property
    def past(self) -> int:
        """One more than the greatest number it lists."""
        listed = max((first + count for first, count, _ in self._ranges), default=0)
        return max(listed, max(self._all, default=-1) + 1) if self._all is not None else listed

    def settle(self, ranges: list[_Range], read: Callable[[int, int], Entry]) -> None:
        """Say where its entries are; called once."""
        self._read = read
        self._ranges = sorted(ranges) if len(ranges) > 1 else ranges
        self.overlapping = any(
            before.first + before.length > after.first
            for before, after in zip(self._ranges, self._ranges[1:], strict=False)
        )
        if self.overlapping:
            self._ranges = ranges
            self.entries()
        self._firsts = [one.first for one in self._ranges]


_WHITE = rb"[\0\t\n\f\r ]"
_HEAD = re.compile(_WHITE + rb"*+xref[\t\f ]*+(?:\r\n|\r|\n)")
_SUBSECTION = re.compile(_WHITE + rb"*+(\d{1,10}) ++(\d{1,10})[\t\f ]*+(?:\r\n|\r|\n)")
_TRAILER = re.compile(_WHITE + rb"*+trailer(?![^\0\t\n\f\r ()<>\[\]{}/%])")
_ENTRY = re.compile(rb"(\d{10}) (\d{5}) ([nf])(?: \r| \n|\r\n)")
_LOOSE = re.compile(rb"(\d{10}) (\d{5}) ([nf])[\t\f ]*+(?:\r\n|\r|\n)")
OBJECT = re.compile(
    _WHITE + rb"*+(\d{1,10})" + _WHITE + rb"++(\d{1,5})" + _WHITE + rb"++obj(?![^\0\t\n\f\r ()<>\[\]{}/%])"
)
"""An object's header: number, generation."""
_STREAM = re.compile(rb"(?:[\0\t\n\f\r ]|%[^\r\n]*+)*+stream(\r\n|\n)")
_END_STREAM = re.compile(rb"[\0\t\n\f\r ]*+endstream(?![^\0\t\n\f\r ()<>\[\]{}/%])")
END = re.compile(
    rb"(?:[\0\t\n\f\r ]|%(?!%EOF)[^\r\n]*+)*+startxref[\0\t\n\f\r ]++(\d{1,19})[\0\t\n\f\r ]++%%EOF(?:\r\n|\r|\n)?"
)
"""What follows a section: the place that `startxref` points at, to the end of its line."""
_END_OBJECT = re.compile(rb"(?:[\0\t\n\f\r ]|%[^\r\n]*+)*+endobj(?![^\0\t\n\f\r ()<>\[\]{}/%])")


def read_section(content: bytes, offset: int, limits: Limits) -> Section:
    """The section at `offset`; /Prev and /XRefStm are not followed.

    Raises:
        UnreadableFile, FileBeyondLimits
    """
    if not 0 <= offset < len(content):
        raise UnreadableFile(why="section-outside", offset=offset)
    head = _HEAD.match(content, offset)
    return _table(content, offset, head.end(), limits) if head else _stream(content, offset, limits)


def _table(content: bytes, offset: int, position: int, limits: Limits) -> Section:
    ranges: list[_Range] = []
    loose: dict[int, Entry] = {}
    overlapping = narrow = False
    while True:
        ended = _TRAILER.match(content, position)
        if ended:
            break
        found = _SUBSECTION.match(content, position)
        if found is None:
            raise UnreadableFile(why="xref-table", offset=position)
        first, count = int(found[1]), int(found[2])
        if first + count > limits.objects + 1:
            raise FileBeyondLimits(why="objects", offset=position)
        place = found.end()
        position = place + 20 * count
        if count and not (
            _ENTRY.match(content, place)
            and _ENTRY.match(content, position - 20)
            and (_TRAILER.match(content, position) or _SUBSECTION.match(content, position))
        ):
            # Entries of another width: one by one. Programs write 19 bytes when they end lines with one.
            narrow = True
            position = place
            for number in range(first, first + count):
                entry = _LOOSE.match(content, position)
                if entry is None:
                    raise UnreadableFile(why="xref-table", offset=position)
                overlapping |= number in loose
                loose.setdefault(number, _entry(entry))
                position = entry.end()
        else:
            ranges.append(_Range(first, count, place))
    trailer, end = parse(content, ended.end())
    if not isinstance(trailer, dict):
        raise UnreadableFile(why="trailer", offset=ended.start())
    section = Section(offset, end, Kind.TABLE, trailer, narrow=narrow)

    def read(place: int, index: int) -> Entry:
        found = _ENTRY.match(content, place + 20 * index)
        if found is None:
            raise UnreadableFile(why="xref-table", offset=place + 20 * index)
        return _entry(found)

    section.settle([one for one in ranges if one.length], read)
    if loose:
        every = section.entries()
        section.overlapping = section.overlapping or overlapping or bool(every.keys() & loose.keys())
        section._all = {**loose, **every}
        section._ranges = []
    return section


def _entry(found: re.Match[bytes]) -> Entry:
    if found[3] == b"n":
        return Placed(int(found[1]), int(found[2]))
    return Free(int(found[1]), int(found[2]))


def _stream(content: bytes, offset: int, limits: Limits) -> Section:
    _, _, value, end = read_object(content, offset, _direct_length)
    if not isinstance(value, Stream) or value.dictionary.get(Name("Type")) != "XRef":
        raise UnreadableFile(why="section", offset=offset)
    fields = value.dictionary
    size = fields.get(Name("Size"))
    if type(size) is not int or not 0 <= size <= limits.objects + 1:
        raise UnreadableFile(why="xref-stream", offset=offset)
    widths = _numbers(fields.get(Name("W")), 8, offset)
    index = _numbers(fields.get(Name("Index"), [0, size]), limits.objects + 1, offset)
    width = sum(widths)
    if len(widths) != 3 or len(index) % 2 or not width:
        raise UnreadableFile(why="xref-stream", offset=offset)
    rows = decode(value, limits=limits)
    ranges: list[_Range] = []
    total = 0
    for first, count in zip(index[::2], index[1::2], strict=True):
        if first + count > limits.objects + 1 or total + count > limits.objects + 1:
            raise FileBeyondLimits(why="objects", offset=offset)
        if count:
            ranges.append(_Range(first, count, total * width))
        total += count
    if total * width > len(rows):
        raise UnreadableFile(why="xref-stream", offset=offset)
    first_end, second_end = widths[0], widths[0] + widths[1]

    def read(place: int, index: int) -> Entry:
        row = rows[place + width * index : place + width * (index + 1)]
        kind = int.from_bytes(row[:first_end], "big") if first_end else 1
        second = int.from_bytes(row[first_end:second_end], "big")
        third = int.from_bytes(row[second_end:], "big")
        if kind == 1:
            return Placed(second, third)
        if kind == 2:
            return Packed(second, third)
        # Any other kind is a reference to nothing (§7.5.8.3).
        return Free(second, third)

    section = Section(offset, end, Kind.STREAM, fields, decoded=len(rows))
    section.settle(ranges, read)
    return section


def _numbers(value: Value, most: int, offset: int) -> list[int]:
    if not isinstance(value, list):
        raise UnreadableFile(why="xref-stream", offset=offset)
    numbers = [one for one in value if type(one) is int and 0 <= one <= most]
    if len(numbers) != len(value):
        raise UnreadableFile(why="xref-stream", offset=offset)
    return numbers


def _direct_length(value: Value) -> int:
    if type(value) is not int:
        raise UnreadableFile(why="length")
    return value


def read_object(
    content: bytes, offset: int, length: Callable[[Value], int], repeated: list[int] | None = None
) -> tuple[int, int, Value, int]:
    """The object at `offset`: number, generation, value, and the byte after `endobj`.

    Args:
        length: what /Length means, in bytes.

    Raises:
        UnreadableFile: there is none, or its stream is not as long as it says.
    """
    header = OBJECT.match(content, offset)
    if header is None:
        raise UnreadableFile(why="object-header", offset=offset)
    value, position = parse(content, header.end(), repeated)
    if isinstance(value, dict):
        begins = _STREAM.match(content, position)
        if begins:
            start = begins.end()
            end = start + length(value.get(Name("Length")))
            ended = _END_STREAM.match(content, end) if start <= end <= len(content) else None
            if ended is None:
                raise UnreadableFile(why="stream-end", offset=offset)
            value = Stream(value, memoryview(content)[start:end])
            position = ended.end()
    ended = _END_OBJECT.match(content, position)
    if ended is None:
        raise UnreadableFile(why="object-end", offset=position)
    return int(header[1]), int(header[2]), value, ended.end()
