"""Seal events: give each its place in the tree, fill the tiles, then sign the tree's head.

Two transactions, each of which a killed sealer leaves undone or done:

1. *place*: leaves and full tiles, while the requests for a place go away. Killed before its commit, nothing happened,
   and the next run does it. Killed after, there are leaves beyond the last signed head: nobody is served them, and
   they never move, for their rows can't be changed.
2. *publish*: the head over what the first made durable. Killed before its commit, the signature was seen by nobody,
   and the next run signs the same tree, or a larger one that begins with it.

So a start after a crash runs the same two steps as every second of every day. Each takes the same lock, whose holder
is the one sealer; the primary keys of leaves, tiles and heads would stop a second one even without it.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from telesphore.audit.actions.key import log_key
from telesphore.audit.errors import TreeDamaged
from telesphore.audit.formats.merkle import leaf_hash
from telesphore.audit.formats.notes import Head
from telesphore.audit.models import Checkpoint, Leaf
from telesphore.audit.queries import tree
from telesphore.audit.queries.rows import EVENT_COLUMNS, EventRow, event_of

BATCH = 10_000
# "audit" in ASCII, so that it meets no other lock of ours.
_LOCK = 0x6175646974


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one run of the sealer did.

    Attributes:
        events: how many got their place.
        size: leaves of the newest signed head, 0 if there is none yet.
        more: whether events were left for the next run, which may begin at once.
    """

    events: int
    size: int
    more: bool


def seal_once(*, at: datetime, batch: int = BATCH) -> Sealed:
    """Seal at most `batch` of the events that wait, oldest first, and sign the head as of `at`.

    Call it every second or so, outside of any transaction, from as many processes as you like: one of them seals, the
    others return at once with nothing done.

    Raises:
        LogKeyMissing, LogKeyExposed, LogKeyWrong: the key can't be used.
        TreeDamaged: what is stored is not what was signed: nothing is signed on top of it.
    """
    placed = _place(batch)
    return Sealed(placed, _publish(at), placed == batch)


def _is_only_sealer() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        held: bool = cursor.fetchone()[0]
    return held


def _placed_size() -> int:
    last = Leaf.objects.order_by("-index").values_list("index", flat=True).first()
    return 0 if last is None else last + 1


def _oldest_pending(batch: int) -> list[EventRow]:
    with connection.cursor() as cursor:
        # A request whose event is gone was tampered with: it stays, where `audit verify` finds it.
        cursor.execute(
            f"SELECT {EVENT_COLUMNS} FROM audit_pending pending JOIN audit_event event USING (organisation_id, id) "  # noqa: S608 - our own column names.
            "ORDER BY pending.id LIMIT %s",
            [batch],
        )
        return [event for event in map(event_of, cursor) if event]


def _place(batch: int) -> int:
    with transaction.atomic(durable=True):
        if not _is_only_sealer():
            return 0
        events = _oldest_pending(batch)
        if not events:
            return 0
        size = _placed_size()
        edge = tree.edge(size)
        entries = [bytes(event.entry) for event in events]
        with connection.cursor() as cursor:
            with cursor.copy("COPY audit_leaf (index, organisation_id, event_id, entry) FROM STDIN") as copy:
                for index, (event, entry) in enumerate(zip(events, entries, strict=True), size):
                    copy.write_row((index, event.organisation_id, event.id, entry))
            with cursor.copy("COPY audit_tile (level, index, hashes, root) FROM STDIN") as copy:
                for entry in entries:
                    for tile in edge.append(leaf_hash(entry)):
                        copy.write_row((tile.level, tile.index, tile.hashes, tile.root))
            cursor.execute("DELETE FROM audit_pending WHERE id = ANY(%s)", [[event.id for event in events]])
        return len(events)


def _publish(at: datetime) -> int:
    with transaction.atomic(durable=True):
        if not _is_only_sealer():
            return tree.signed_size()
        last = Checkpoint.objects.order_by("-size").first()
        size = _placed_size()
        if last and last.size == size:
            return size
        # A log never signs a head that does not follow all those it signed before (tlog-checkpoint, Signatures).
        if last and (size < last.size or tree.tree(last.size).root() != bytes(last.root)):
            raise TreeDamaged
        key = log_key()
        root = tree.tree(size).root()
        note = key.sign(str(Head(key.name, size, root)))
        Checkpoint.objects.create(size=size, root=root, at=at, note=note)
        return size
