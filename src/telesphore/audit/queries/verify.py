"""Recompute the whole trail, from the events to the signed heads, and name what does not hold.

One snapshot of the database is read, in the order of the leaves and in bounded memory. What is compared with what:

- an event with its leaf: both commitments are computed again;
- a leaf with the tile that hashes it, a tile with the tile above;
- the tree at every signed head with the root that was signed, and the signature with the log's public key;
- what was erased with the events that tell of erasures;
- heads kept by others (`against`) with the same tree: only they can show that somebody who holds the key and the
  database has rewritten both.
"""

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from telesphore.audit.formats.entries import Entry
from telesphore.audit.formats.merkle import leaf_hash
from telesphore.audit.formats.notes import BadNote, Head, PublicKey, open_checkpoint
from telesphore.audit.formats.tiles import HEIGHT, WIDTH, Edge, FullTile, split
from telesphore.audit.models import Checkpoint, Event, Leaf, Tile
from telesphore.audit.queries.rows import EVENT_COLUMNS, EventRow, event_of
from telesphore.audit.states import ERASURE

_STRETCH = 16 * WIDTH
_MOST_FINDINGS = 100


class Trouble(StrEnum):
    """What happened to an event or to the tree."""

    ALTERED = "altered"
    REMOVED = "removed"
    INSERTED = "inserted"
    TREE = "tree"
    """Stored tiles, heads or erasures do not fit the events; no one event can be named."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not hold.

    Attributes:
        index: the leaf concerned; None when the event has none.
        event: the event concerned, when it is known.
        sentence: what is wrong, in English, for the operator.
    """

    trouble: Trouble
    index: int | None
    event: UUID | None
    sentence: str


@dataclass(slots=True)
class Report:
    """What a verification found.

    Attributes:
        findings: at most 100, the first named comes first; empty when all holds.
        events: leaves read.
        erased: leaves whose detail or whole was erased, as an event tells.
        heads: signed heads checked.
        unsigned: leaves beyond the newest head, which the next run of the sealer signs.
        pending: events that await their place.
        head: the newest head, when its signature holds.
    """

    findings: list[Finding] = field(default_factory=list)
    events: int = 0
    erased: int = 0
    heads: int = 0
    unsigned: int = 0
    pending: int = 0
    head: Head | None = None

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def add(self, trouble: Trouble, index: int | None, event: UUID | None, sentence: str) -> None:
        """Note a finding, up to the hundredth."""
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(Finding(trouble, index, event, sentence))


Progress = Callable[[int, int], None]


def verify(*, key: PublicKey, against: Sequence[Head] = (), progress: Progress = lambda done, total: None) -> Report:
    """Recompute everything.

    Args:
        key: the log's public key, known from elsewhere than the database.
        against: heads that others kept, their signatures checked by the caller.
        progress: called now and then with the leaves read and their number.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        if not connection.savepoint_ids:
            # One snapshot for all the queries; a transaction around us (a test's) has chosen its own.
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return _Verification(key, against, progress).run()


@dataclass(frozen=True, slots=True)
class _SignedHead:
    """A head to meet on the way: one of ours with its note, or one that somebody else kept."""

    size: int
    root: bytes
    note: str | None


class _Verification:
    def __init__(self, key: PublicKey, against: Sequence[Head], progress: Progress) -> None:
        self.key = key
        self.report = Report()
        self.progress = progress
        self.edge = Edge()
        # For each erasure that leaves name: how many they are, and the running digest of their indices.
        self.erased: dict[UUID, tuple[int, Any]] = {}
        self.heads = _heads(against)
        self.next_head = next(self.heads, None)
        self.sound_size = 0

    def run(self) -> Report:
        report = self.report
        total = Leaf.objects.count()
        self._check_heads()
        for leaves in _stretches():
            expected = _tile_hashes(leaves[0][0].index, len(leaves))
            for place, (leaf, event) in enumerate(leaves):
                self._check_leaf(leaf, event)
                hashed = leaf_hash(bytes(leaf.entry))
                if report.holds and expected.get(leaf.index, hashed) != hashed:
                    following = leaves[place + 1][0] if place + 1 < len(leaves) else None
                    self._name_change(leaf, following, expected)
                if report.holds:
                    for tile in self.edge.append(hashed):
                        self._check_tile(tile)
                    self._check_heads()
                if not report.holds:
                    # What follows a change differs for that reason alone: the first is the one to name.
                    report.events = self.edge.size
                    return report
            self.progress(self.edge.size, total)
        report.events = self.edge.size
        if self.next_head:
            self._removed(
                f"A head was signed over {self.next_head.size} events; {self.edge.size} are left: number "
                f"{self.edge.size} is the first one removed.",
            )
        report.unsigned = self.edge.size - (report.head.size if report.head else 0)
        self._check_number_of_tiles()
        self._check_erasures()
        self._check_places()
        return report

    def _check_leaf(self, leaf: Leaf, event: EventRow | None) -> None:
        add = self.report.add
        number, identifier = leaf.index, leaf.event_id
        if number != self.edge.size:
            self._removed(f"The leaf of event number {self.edge.size} was removed.")
            return
        try:
            entry = Entry.parse(bytes(leaf.entry))
        except ValueError:
            add(Trouble.ALTERED, number, identifier, f"The leaf of event {identifier} (number {number}) was altered.")
            return
        if leaf.core_erased_by:
            self._note_erasure(leaf.core_erased_by, number)
            if event:
                add(
                    Trouble.INSERTED,
                    number,
                    identifier,
                    f"Event {identifier} (number {number}) was erased, and is back.",
                )
            return
        if event is None:
            add(Trouble.REMOVED, number, identifier, f"Event {identifier} (number {number}) was removed.")
            return
        altered = event.core_commitment != entry.core
        if leaf.detail_erased_by:
            self._note_erasure(leaf.detail_erased_by, number)
            altered |= event.detail_salt is not None
        else:
            altered |= event.detail_salt is None or event.detail_commitment != entry.detail
        if altered:
            add(Trouble.ALTERED, number, identifier, f"Event {identifier} (number {number}) was altered.")

    def _name_change(self, leaf: Leaf, following: Leaf | None, expected: dict[int, bytes]) -> None:
        """The leaf is not the one that its tile hashes: it was altered, put in, or follows a removed one."""
        number, identifier = leaf.index, leaf.event_id
        if following and leaf_hash(bytes(following.entry)) == expected[number]:
            sentence = f"Event {identifier} was inserted as number {number}."
            self.report.add(Trouble.INSERTED, number, identifier, sentence)
        elif leaf_hash(bytes(leaf.entry)) == expected.get(number + 1):
            self._removed(f"Event number {number} was removed, and those after it moved up.", expected[number])
        else:
            sentence = f"Event {identifier} (number {number}) was altered together with its leaf."
            self.report.add(Trouble.ALTERED, number, identifier, sentence)

    def _removed(self, sentence: str, hashed: bytes | None = None) -> None:
        """Note that the leaf due now was removed; its event may have been left, and is then recognised by its hash."""
        number = self.edge.size
        hashed = hashed or _tile_hashes(number, 1).get(number)
        for event in _unplaced_events():
            if event.detail_salt is not None and leaf_hash(bytes(event.entry)) == hashed:
                self.report.add(Trouble.REMOVED, number, UUID(event.id), f"{sentence} It is event {event.id}.")
                return
        self.report.add(Trouble.REMOVED, number, None, sentence)

    def _check_tile(self, tile: FullTile) -> None:
        stored = Tile.objects.filter(level=tile.level, index=tile.index).first()
        if stored is None or bytes(stored.hashes) != tile.hashes or bytes(stored.root) != tile.root:
            sentence = f"Tile {tile.index} of level {tile.level} is not what the events make it."
            self.report.add(Trouble.TREE, self.edge.size - 1, None, sentence)

    def _check_heads(self) -> None:
        while self.next_head and self.next_head.size == self.edge.size:
            self._check_head(self.next_head)
            self.next_head = next(self.heads, None)

    def _check_head(self, signed: _SignedHead) -> None:
        head = Head(self.key.name, signed.size, signed.root)
        if signed.note is not None:
            try:
                noted = open_checkpoint(signed.note, self.key)
            except BadNote as error:
                self.report.add(Trouble.TREE, None, None, f"The head over {signed.size} events: {error}")
                return
            if noted != head:
                sentence = f"The head over {signed.size} events was altered: it is not what was signed."
                self.report.add(Trouble.TREE, None, None, sentence)
                return
        if head.root != self.edge.root():
            self._name_stretch(signed)
            return
        self.report.heads += 1
        self.sound_size = signed.size
        if signed.note is not None:
            self.report.head = head

    def _name_stretch(self, signed: _SignedHead) -> None:
        """Event, leaf and tiles agree, but not with what was signed: the change lies between two heads."""
        first, last = self.sound_size, signed.size - 1
        if first == last:
            event = Leaf.objects.get(index=first).event_id
            sentence = f"Event {event} (number {first}) was altered together with all that was made of it."
            self.report.add(Trouble.ALTERED, first, event, sentence)
            return
        sentence = (
            f"Events number {first} to {last} are not those that were signed: at least one of them was altered, "
            "together with all that was made of it."
        )
        self.report.add(Trouble.ALTERED, first, None, sentence)

    def _note_erasure(self, erasure: UUID, index: int) -> None:
        count, digest = self.erased.get(erasure, (0, sha256()))
        digest.update(index.to_bytes(8, "big"))
        self.erased[erasure] = (count + 1, digest)
        self.report.erased += 1

    def _check_erasures(self) -> None:
        for identifier, (count, digest) in self.erased.items():
            event = Event.objects.filter(id=identifier, action=ERASURE).first()
            told = event.detail if event else {}
            if told.get("events") != count or told.get("leaves") != digest.hexdigest():
                sentence = f"{count} events are marked as erased by event {identifier}, which does not tell of them."
                self.report.add(Trouble.REMOVED, None, identifier, sentence)

    def _check_number_of_tiles(self) -> None:
        size, expected = self.edge.size, 0
        while size := size >> HEIGHT:
            expected += size
        if Tile.objects.count() != expected:
            self.report.add(Trouble.TREE, None, None, f"There are tiles that no events make: {expected} are due.")

    def _check_places(self) -> None:
        for event in _unplaced_events():
            sentence = f"Event {event.id} was inserted: it has no place in the tree, and awaits none."
            self.report.add(Trouble.INSERTED, None, UUID(event.id), sentence)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pending.id, event.id FROM audit_pending pending "
                "LEFT JOIN audit_event event USING (organisation_id, id) ORDER BY pending.id"
            )
            for awaited, event in cursor:
                self.report.pending += 1
                if event is None:
                    sentence = f"Event {awaited} was removed before it was sealed."
                    self.report.add(Trouble.REMOVED, None, awaited, sentence)


def _stretches() -> Iterator[list[tuple[Leaf, EventRow | None]]]:
    """Leaves with their events, in order, some thousands at a time."""
    names = [field.attname for field in Leaf._meta.concrete_fields]
    columns = ", ".join(f"leaf.{name}" for name in names)
    after = -1
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {columns}, {EVENT_COLUMNS} FROM audit_leaf leaf "  # noqa: S608 - our own column names.
                "LEFT JOIN audit_event event ON event.organisation_id = leaf.organisation_id "
                "AND event.id = leaf.event_id WHERE leaf.index > %s ORDER BY leaf.index LIMIT %s",
                [after, _STRETCH],
            )
            rows = cursor.fetchall()
        if not rows:
            return
        leaves = [(Leaf.from_db("default", names, row[: len(names)]), event_of(row[len(names) :])) for row in rows]
        after = leaves[-1][0].index
        yield leaves


def _tile_hashes(first: int, count: int) -> dict[int, bytes]:
    """Hashes of leaves as their full tiles say them, by index; leaves of the last, partial tile have none."""
    tiles = Tile.objects.filter(level=0, index__gte=first // WIDTH, index__lte=(first + count) // WIDTH)
    return {
        tile.index * WIDTH + place: hashed for tile in tiles for place, hashed in enumerate(split(bytes(tile.hashes)))
    }


def _unplaced_events() -> Iterator[EventRow]:
    """The first hundred events that have neither a place nor a request for one."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {EVENT_COLUMNS} FROM audit_event event "  # noqa: S608 - our own column names.
            "WHERE NOT EXISTS (SELECT FROM audit_leaf leaf WHERE leaf.event_id = event.id) "
            "AND NOT EXISTS (SELECT FROM audit_pending pending WHERE pending.id = event.id) "
            "ORDER BY event.at, event.id LIMIT %s",
            [_MOST_FINDINGS],
        )
        rows = cursor.fetchall()
    yield from (event for event in map(event_of, rows) if event)


def _heads(against: Sequence[Head]) -> Iterator[_SignedHead]:
    """Our heads and those of others, by size."""
    ours = (
        _SignedHead(checkpoint.size, bytes(checkpoint.root), checkpoint.note)
        for checkpoint in Checkpoint.objects.order_by("size").iterator(chunk_size=1000)
    )
    theirs = (_SignedHead(head.size, head.root, None) for head in sorted(against, key=lambda head: head.size))
    return heapq.merge(ours, theirs, key=lambda head: head.size)
