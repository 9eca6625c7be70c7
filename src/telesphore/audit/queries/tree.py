"""Read the tree: its tiles, its entries, its signed heads.

Full tiles are rows. A partial one is read from the level below (leaves, or the roots of full tiles), so that a tree
that grows by a few leaves a second does not store each of its right edges.
"""

from collections.abc import Iterable, Mapping

from django.db import connection

from telesphore.audit.errors import NoCheckpoint, TreeDamaged
from telesphore.audit.formats import tiles
from telesphore.audit.formats.merkle import HASH_BYTES
from telesphore.audit.formats.tiles import WIDTH, Tile
from telesphore.audit.models import Checkpoint, Cosignature, Leaf

_FULL = "SELECT %s::int, hashes FROM audit_tile WHERE level = %s AND index = %s AND index < %s"
_OF_ROOTS = """
    SELECT %s::int, string_agg(root, ''::bytea ORDER BY index) FROM audit_tile
    WHERE level = %s - 1 AND index >= %s AND index < %s
"""
_OF_LEAVES = """
    SELECT %s::int, string_agg(sha256('\\x00'::bytea || entry), ''::bytea ORDER BY index) FROM audit_leaf
    WHERE %s = 0 AND index >= %s AND index < %s
"""


def read_tiles(wanted: Iterable[Tile]) -> dict[Tile, bytes]:
    """The hashes of tiles, in one query.

    Raises:
        TreeDamaged: hashes are missing. Ask only for tiles that exist in the tree (`Tile.exists`).
    """
    asked = list(wanted)
    if not asked:
        return {}
    parts, values = [], []
    for number, tile in enumerate(asked):
        if tile.width == WIDTH:
            parts.append(_FULL)
            values += [number, tile.level, tile.index, tile.index + 1]
        else:
            parts.append(_OF_LEAVES if tile.level == 0 else _OF_ROOTS)
            first = tile.index * WIDTH
            values += [number, tile.level, first, first + tile.width]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        found = {asked[number]: bytes(hashes or b"") for number, hashes in cursor.fetchall()}
    for tile in asked:
        if len(found.get(tile, b"")) != tile.width * HASH_BYTES:
            raise TreeDamaged
    return found


def read_bundle(wanted: Tile) -> bytes:
    """The entries that a tile of level 0 hashes, as they are served.

    Raises:
        TreeDamaged: entries are missing. Ask only for bundles that exist in the tree (`Tile.exists`).
    """
    first = wanted.index * WIDTH
    entries = Leaf.objects.filter(index__gte=first, index__lt=first + wanted.width).order_by("index")
    found = [bytes(entry) for entry in entries.values_list("entry", flat=True)]
    if len(found) != wanted.width:
        raise TreeDamaged
    return tiles.bundle(found)


def latest_checkpoint() -> Checkpoint:
    """The newest signed head.

    Raises:
        NoCheckpoint: nothing was signed yet.
    """
    checkpoint = Checkpoint.objects.order_by("-size").first()
    if checkpoint is None:
        raise NoCheckpoint
    return checkpoint


def signed_size() -> int:
    """How many leaves the newest signed head covers: what lies beyond is served to nobody. 0 before the first."""
    size = Checkpoint.objects.order_by("-size").values_list("size", flat=True).first()
    return size or 0


def note_of(checkpoint: Checkpoint) -> str:
    """The checkpoint as it is served: signed by the log and by the witnesses heard so far."""
    lines = Cosignature.objects.filter(checkpoint=checkpoint).order_by("at", "id").values_list("line", flat=True)
    return checkpoint.note + "".join(lines)


def latest_note() -> str:
    """The newest signed head, as it is served.

    Raises:
        NoCheckpoint: nothing was signed yet.
    """
    return note_of(latest_checkpoint())


def tree(size: int) -> tiles.Tree:
    """The tree of the first `size` leaves, for its root and proofs."""
    return tiles.Tree(size, read_tiles)


def edge(size: int) -> tiles.Edge:
    """The right edge of the tree of the first `size` leaves, to grow it."""
    partial = tiles.edge_of(size)
    found: Mapping[Tile, bytes] = read_tiles(tile for tile in partial if tile.width)
    return tiles.Edge(size, [found.get(tile, b"") for tile in partial])
