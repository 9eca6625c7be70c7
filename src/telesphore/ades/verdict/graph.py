"""The objects of a file as its revisions follow one another: what each changed, and who refers to what."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol, TypeAlias, cast

from telesphore.ades.errors import FileBeyondLimits, UnreadableFile
from telesphore.ades.pdf.objects import Dictionary, Reference, Stream, Value
from telesphore.ades.pdf.reader import Document
from telesphore.ades.pdf.sections import Entry, Free, Placed

MOST_OBJECTS = 500_000
TRAILER = Reference(0, 65535)
"""Where all paths begin; no object has this number."""


class Unread(NamedTuple):
    """An object that can't be read, known by its place: never the same as another."""

    entry: Entry


Node: TypeAlias = "Value | Unread"


class Look(Protocol):
    """Whoever knows what a reference leads to."""

    def now(self, value: Value) -> Node: ...


class Shown:
    """A document, read only as far as asked."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def now(self, value: Value) -> Node:
        """What this leads to; None when it can't be read."""
        if not isinstance(value, Reference):
            return value
        return _read(self._document, value, Free(0, 0))


class Graph:
    """What stands after a revision, and what stood before it.

    Attributes:
        values: every object.
        changed: those that the last step added, replaced or freed, and what they were (None for nothing).
        incoming: object → who refers to it, and how often.
        trailer: the newest one.
    """

    def __init__(self, document: Document, index: int) -> None:
        """As revision `index` left the file; every object is read.

        Raises:
            FileBeyondLimits
        """
        self._document = document
        self.values: dict[Reference, Node] = {}
        self.changed: dict[Reference, Node] = {}
        self.outgoing: dict[Reference, Counter[Reference]] = {}
        self.incoming: dict[Reference, dict[Reference, int]] = {}
        self._generations: dict[int, int] = {}
        self._reachable: set[Reference] | None = None
        self._entries: dict[int, Entry] = {}
        entries: dict[int, Entry] = {}
        for revision in document.revisions[: index + 1]:
            entries |= revision.objects
        if len(entries) > MOST_OBJECTS:
            raise FileBeyondLimits(why="objects")
        self._take(document.at(index), entries)
        self.changed = {}

    def advance(self, index: int) -> None:
        """To revision `index`, the next one."""
        self.changed = {}
        self._reachable = None
        revision = self._document.revisions[index]
        self._take(self._document.at(index), revision.objects)

    def _take(self, document: Document, entries: Mapping[int, Entry]) -> None:
        for number, entry in entries.items():
            known_entry = self._entries.get(number)
            if number == 0 or (type(known_entry) is type(entry) and known_entry == entry):
                continue
            self._entries[number] = entry
            generation = entry.generation if isinstance(entry, Placed) else 0
            known = self._generations.pop(number, None)
            if known is not None and (isinstance(entry, Free) or known != generation):
                self._put(Reference(number, known), None)
            if not isinstance(entry, Free):
                self._generations[number] = generation
                reference = Reference(number, generation)
                self._put(reference, _read(document, reference, entry))
        self.trailer = cast(Mapping[str, Value], document.trailer)
        self._link(TRAILER, list(self.trailer.values()))

    def _put(self, reference: Reference, value: Node) -> None:
        before = self.values.get(reference)
        if same(before, value):
            return
        self.changed.setdefault(reference, before)
        if value is None:
            del self.values[reference]
        else:
            self.values[reference] = value
        self._link(reference, value)

    def _link(self, source: Reference, value: Node) -> None:
        after = Counter(references(value))
        for target in self.outgoing.get(source, ()):
            if target not in after:
                del self.incoming[target][source]
        for target, times in after.items():
            self.incoming.setdefault(target, {})[source] = times
        self.outgoing[source] = after

    def now(self, value: Value) -> Node:
        """What this leads to."""
        return self.values.get(value) if isinstance(value, Reference) else value

    def then(self, value: Value) -> Node:
        """What this led to before the last step."""
        if not isinstance(value, Reference):
            return value
        return self.changed[value] if value in self.changed else self.values.get(value)

    def existed(self, reference: Reference) -> bool:
        """Before the last step."""
        return self.then(reference) is not None

    def reachable(self, reference: Reference) -> bool:
        """Whether a path leads to it from the trailer, now."""
        if self._reachable is None:
            found, waiting = {TRAILER}, [TRAILER]
            while waiting:
                for target in self.outgoing.get(waiting.pop(), ()):
                    if target not in found and target in self.values:
                        found.add(target)
                        waiting.append(target)
            self._reachable = found
        return reference in self._reachable


def _read(document: Document, reference: Reference, entry: Entry) -> Node:
    try:
        return document.get(reference)
    except FileBeyondLimits:
        raise
    except UnreadableFile:
        return Unread(entry)


def references(value: Node) -> Iterator[Reference]:
    """Those in a value, as often as they are."""
    waiting: list[Node] = [value]
    while waiting:
        one = waiting.pop()
        kind = type(one)
        if kind is Reference:
            yield one  # type: ignore[misc]  # Its type was just looked at.
        elif kind is dict:
            waiting.extend(one.values())  # type: ignore[union-attr]  # The same.
        elif kind is list:
            waiting.extend(one)  # type: ignore[arg-type]  # The same.
        elif kind is Stream:
            waiting.append(one.dictionary)  # type: ignore[union-attr]  # The same.


def same(one: Node, other: Node) -> bool:
    """Whether two values are one, their references included; /Length is what the bytes say."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        assert isinstance(other, dict)
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        assert isinstance(other, list)
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Stream):
        assert isinstance(other, Stream)
        return bytes(one.raw) == bytes(other.raw) and same(_without_length(one), _without_length(other))
    return one == other


def _without_length(stream: Stream) -> Dictionary:
    return {key: value for key, value in stream.dictionary.items() if key != "Length"}


def entries(value: Node) -> Mapping[str, Value]:
    """A dictionary's, or a stream's; none of anything else."""
    found = value.dictionary if isinstance(value, Stream) else value
    return cast(Mapping[str, Value], found) if isinstance(found, dict) else {}


def items(value: Node) -> list[Value]:
    """An array's; none of anything else."""
    return value if isinstance(value, list) else []


def number_of(value: Node) -> int:
    """An integer; 0 for anything else."""
    return value if type(value) is int else 0


def text_of(value: Node) -> bytes:
    """A string; empty for anything else."""
    return value if isinstance(value, bytes) else b""


def missing(listed: list[Value], other: list[Value]) -> list[Value]:
    """What is in the first array and not in the second."""
    known = {one for one in other if isinstance(one, Reference)}
    direct = [one for one in other if not isinstance(one, Reference)]
    return [
        one
        for one in listed
        if not (one in known if isinstance(one, Reference) else any(same(one, another) for another in direct))
    ]
