"""What is odd in a file that can still be read: each fact has a name and a place; whoever judges decides."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from telesphore.ades.pdf.objects import Name
from telesphore.ades.pdf.revisions import Revision
from telesphore.ades.pdf.sections import END, OBJECT, Free, Packed, Placed, Section

if TYPE_CHECKING:
    from telesphore.ades.pdf.reader import Document


class Oddity(StrEnum):
    """Kinds of anomaly. Those of a linearised or hybrid file that its kind explains are not listed."""

    BYTES_BEFORE_HEADER = "bytes-before-header"
    BYTES_AFTER_END = "bytes-after-end"
    """Other than white space after the last `%%EOF`."""
    NO_END = "no-end"
    """`startxref`, its offset and `%%EOF` do not follow a section."""
    START_ELSEWHERE = "start-elsewhere"
    """The `startxref` that follows a section points at another place."""
    SEVERAL_ENDS = "several-ends"
    """`startxref` or `%%EOF` inside a revision, other than at its end; in a stream, perhaps."""
    FORWARD_PREV = "forward-prev"
    """/Prev points to a later place in the file."""
    EMPTY_SECTION = "empty-section"
    """It defines no object."""
    LISTED_TWICE = "listed-twice"
    """A section lists a number more than once."""
    NARROW_ENTRIES = "narrow-entries"
    """A table's entries are not 20 bytes each."""
    ENTRY_OUTSIDE = "entry-outside"
    """An entry points outside the file, or to bytes of a later revision."""
    ENTRY_EARLIER = "entry-earlier"
    """An entry points to bytes of an earlier revision."""
    ENTRY_ASTRAY = "entry-astray"
    """There is not this object's header at the place."""
    SHARED_PLACE = "shared-place"
    """Two numbers point at one place."""
    UNLISTED_OBJECT = "unlisted-object"
    """An object's header to which no entry of the revision points; in a stream, perhaps."""
    PACK_REDEFINED = "pack-redefined"
    """A later revision redefines an object stream whose objects are still in use."""
    STREAM_MISSING = "stream-missing"
    """An entry points into an object stream that the sections do not place."""
    REPEATED_KEY = "repeated-key"
    """A dictionary names a key twice; the last one counts. Seen only in what was read so far."""
    SIZE_TOO_SMALL = "size-too-small"
    """A section lists numbers that /Size excludes."""
    ROOT_CHANGED = "root-changed"
    """A later trailer names another catalog."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One odd thing.

    Attributes:
        offset: where in the file, in bytes from 0.
        revision: index of the revision it is in.
        number: of the object concerned; None when it is not about one.
    """

    oddity: Oddity
    offset: int
    revision: int
    number: int | None = None


_BEFORE_OBJ = re.compile(rb"(?<![0-9])(\d{1,10})[\0\t\n\f\r ]{1,4}(\d{1,5})[\0\t\n\f\r ]{1,4}\Z")
_NOT_WHITE = re.compile(rb"[^\0\t\n\f\r ]")


def anomalies(document: "Document") -> tuple[Anomaly, ...]:
    """All that is odd in its revisions."""
    content = document.content
    found: list[Anomaly] = []
    if document.header_offset:
        found.append(Anomaly(Oddity.BYTES_BEFORE_HEADER, 0, 0))
    packs: set[int] = set()
    for revision in document.revisions:
        found.extend(_of_revision(document, revision, packs))
    last = document.revisions[-1]
    trailing = _NOT_WHITE.search(content, last.end)
    if trailing and document.newest:
        found.append(Anomaly(Oddity.BYTES_AFTER_END, trailing.start(), last.index))
    found.extend(
        Anomaly(
            Oddity.REPEATED_KEY,
            offset,
            next((revision.index for revision in document.revisions if offset < revision.end), last.index),
        )
        for offset in document.repeated_keys
    )
    return tuple(found)


def _of_revision(document: "Document", revision: Revision, packs: set[int]) -> Iterator[Anomaly]:
    content, index = document.content, revision.index
    linearised = len(revision.sections) > 1
    ended = END.match(content, revision.sections[-1].end)
    if ended is None:
        yield Anomaly(Oddity.NO_END, revision.sections[-1].end, index)
    elif int(ended[1]) != revision.offset:
        yield Anomaly(Oddity.START_ELSEWHERE, ended.start(1), index)
    ends = {ended.start(1) if ended else -1}
    if linearised:
        first = END.match(content, revision.sections[0].end)
        ends.add(first.start(1) if first else -1)
    yield from _inner_ends(content, revision, ends)
    if index and revision.offset < document.revisions[index - 1].offset:
        yield Anomaly(Oddity.FORWARD_PREV, revision.offset, index)
    if index and revision.trailer.get(Name("Root")) != document.revisions[index - 1].trailer.get(Name("Root")):
        yield Anomaly(Oddity.ROOT_CHANGED, revision.offset, index)
    for section in revision.sections:
        yield from _of_section(section, index)
        if section.hidden is not None:
            yield from _of_section(section.hidden, index)
    if not any(not isinstance(entry, Free) for entry in revision.objects.values()):
        yield Anomaly(Oddity.EMPTY_SECTION, revision.offset, index)
    yield from _entries(document, revision, packs)
    yield from _unlisted(content, revision)


def _inner_ends(content: bytes, revision: Revision, ends: set[int]) -> Iterator[Anomaly]:
    for word, after in ((b"startxref", True), (b"%%EOF", False)):
        place = content.find(word, revision.start, revision.end)
        while place >= 0:
            expected = any(place < end <= place + 40 if after else end < place <= end + 40 for end in ends)
            if not expected:
                yield Anomaly(Oddity.SEVERAL_ENDS, place, revision.index)
            place = content.find(word, place + 1, revision.end)


def _of_section(section: Section, index: int) -> Iterator[Anomaly]:
    if section.overlapping:
        yield Anomaly(Oddity.LISTED_TWICE, section.offset, index)
    if section.narrow:
        yield Anomaly(Oddity.NARROW_ENTRIES, section.offset, index)
    size = section.trailer.get(Name("Size"))
    if type(size) is not int or section.past > size:
        yield Anomaly(Oddity.SIZE_TOO_SMALL, section.offset, index)


def _entries(document: "Document", revision: Revision, packs: set[int]) -> Iterator[Anomaly]:
    """`packs`: object streams that earlier revisions use; this one's are added."""
    content, index = document.content, revision.index
    places: dict[int, int] = {}
    own_packs: set[int] = set()
    for number, entry in revision.objects.items():
        if isinstance(entry, Packed):
            own_packs.add(entry.stream)
        elif isinstance(entry, Placed):
            offset = entry.offset
            if not 0 < offset < revision.end:
                yield Anomaly(Oddity.ENTRY_OUTSIDE, offset, index, number)
            elif offset < revision.start:
                yield Anomaly(Oddity.ENTRY_EARLIER, offset, index, number)
            header = OBJECT.match(content, offset)
            if (
                header is None
                or header.start(1) != offset
                or (int(header[1]), int(header[2]))
                != (
                    number,
                    entry.generation,
                )
            ):
                yield Anomaly(Oddity.ENTRY_ASTRAY, offset, index, number)
            if places.setdefault(offset, number) != number:
                yield Anomaly(Oddity.SHARED_PLACE, offset, index, number)
            if number in packs:
                yield Anomaly(Oddity.PACK_REDEFINED, offset, index, number)
    then = document.at(index)
    for pack in own_packs:
        if not isinstance(then.entry(pack), Placed):
            yield Anomaly(Oddity.STREAM_MISSING, revision.offset, index, pack)
    packs |= own_packs


def _unlisted(content: bytes, revision: Revision) -> Iterator[Anomaly]:
    listed = {entry.offset for entry in revision.objects.values() if isinstance(entry, Placed)}
    for section in revision.sections:
        listed.add(section.offset)
        if section.hidden is not None:
            listed.add(section.hidden.offset)
    place = content.find(b"obj", revision.start, revision.end)
    while place >= 0:
        before = max(revision.start, place - 24)
        header = _BEFORE_OBJ.search(content[before:place])
        if header and before + header.start() not in listed:
            yield Anomaly(Oddity.UNLISTED_OBJECT, before + header.start(), revision.index, int(header[1]))
        place = content.find(b"obj", place + 3, revision.end)
