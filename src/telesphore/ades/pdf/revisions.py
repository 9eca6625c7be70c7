"""The sections of a file, followed from the newest to the oldest, and the saves that they tell of."""

from dataclasses import dataclass, field

from telesphore.ades.errors import FileBeyondLimits, UnreadableFile
from telesphore.ades.pdf.limits import Limits
from telesphore.ades.pdf.objects import Dictionary, Name, Value
from telesphore.ades.pdf.sections import END, Entry, Free, Kind, Section, read_section


@dataclass(frozen=True, slots=True)
class Revision:
    """What one save added.

    Attributes:
        index: from 0, the oldest.
        start: where its bytes begin: the end of the one before.
        end: the byte after its `%%EOF` and the line end that follows.
        sections: the newest first; two for a linearised file, one otherwise.
    """

    index: int
    start: int
    end: int
    sections: tuple[Section, ...] = field(repr=False)

    @property
    def kind(self) -> Kind:
        """How its newest section is written."""
        return self.sections[0].kind

    @property
    def offset(self) -> int:
        """Where its newest section begins: what `startxref` says of it."""
        return self.sections[0].offset

    @property
    def trailer(self) -> Dictionary:
        """Of its newest section."""
        return self.sections[0].trailer

    @property
    def objects(self) -> dict[int, Entry]:
        """What it defines or frees, by number; hidden streams of hybrid files included."""
        every: dict[int, Entry] = {}
        for section in self.sections:
            for number, entry in section.entries().items():
                if not isinstance(entry, Free) or section.hidden is None or section.hidden.entry(number) is None:
                    every.setdefault(number, entry)
            if section.hidden is not None:
                for number, entry in section.hidden.entries().items():
                    every.setdefault(number, entry)
        return every


def chain_of(content: bytes, start: int, limits: Limits) -> list[Section]:
    """The sections from the newest on."""
    chain: list[Section] = []
    seen: set[int] = set()
    entries = decoded = 0
    offset: Value = start
    while offset is not None:
        if type(offset) is not int:
            raise UnreadableFile(why="prev")
        if offset in seen:
            raise UnreadableFile(why="prev-loop", offset=offset)
        if len(seen) >= limits.sections:
            raise FileBeyondLimits(why="sections")
        seen.add(offset)
        section = read_section(content, offset, limits)
        hidden = section.trailer.get(Name("XRefStm"))
        if hidden is not None and section.kind is Kind.TABLE:
            if type(hidden) is not int or hidden in seen:
                raise UnreadableFile(why="hidden-section", offset=offset)
            seen.add(hidden)
            section.hidden = read_section(content, hidden, limits)
            if section.hidden.kind is not Kind.STREAM:
                raise UnreadableFile(why="hidden-section", offset=hidden)
        chain.append(section)
        several = (section,) if section.hidden is None else (section, section.hidden)
        entries += sum(one.count for one in several)
        decoded += sum(one.decoded for one in several)
        if entries > 2 * limits.objects or decoded > limits.decoded:
            raise FileBeyondLimits(why="entries", offset=offset)
        offset = section.trailer.get(Name("Prev"))
    return chain


def revisions_of(content: bytes, chain: list[Section]) -> tuple[Revision, ...]:
    oldest = len(chain) - 1
    groups: list[tuple[Section, ...]] = [(section,) for section in chain]
    # A linearised file is one save with two sections: that of its first page comes first, and points ahead (annex F).
    if oldest and chain[-2].offset < chain[-1].offset and content.find(b"/Linearized", 0, 1024) >= 0:
        groups[-2:] = [(chain[-2], chain[-1])]
    revisions: list[Revision] = []
    start = 0
    for index, sections in enumerate(reversed(groups)):
        last = sections[-1]
        ended = END.match(content, last.end)
        end = ended.end() if ended else last.end
        revisions.append(Revision(index, start, end, sections))
        start = end
    return tuple(revisions)
