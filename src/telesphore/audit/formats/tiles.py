"""Tiles of a Merkle tree: 256 hashes of one level, and the names under which they are served (C2SP tlog-tiles).

The hashes of a tile of level L are roots of complete subtrees of height 8 · L; a tile of fewer than 256 is *partial*.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from telesphore.audit.formats.merkle import (
    HASH_BYTES,
    Node,
    consistency_ranges,
    cover,
    fold,
    inclusion_ranges,
    level_above,
    node_hash,
    prove,
)

HEIGHT = 8
WIDTH = 256
LEVELS = 64
ENTRIES = -1
"""In the place of a level: the bundle of entries that the tile of level 0 hashes."""

_PATH = re.compile(
    r"(?P<level>0|[1-9]\d?|entries)/(?P<index>(?:x\d{3}/){0,5}\d{3})(?:\.p/(?P<width>[1-9]\d{0,2}))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile, or a bundle when `level` is ENTRIES; `width` is 256 when it is full."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Its address below `tile/`, e.g. `0/x001/x234/067.p/12`."""
        groups = [f"{self.index % 1000:03}"]
        rest = self.index // 1000
        while rest:
            groups.append(f"x{rest % 1000:03}")
            rest //= 1000
        level = "entries" if self.level == ENTRIES else str(self.level)
        partial = f".p/{self.width}" if self.width < WIDTH else ""
        return f"{level}/{'/'.join(reversed(groups))}{partial}"

    @classmethod
    def parse(cls, path: str) -> "Tile":
        """The tile named by `path`.

        Raises:
            ValueError: no tile has that name; each has one name only.
        """
        match = _PATH.fullmatch(path)
        if not match:
            raise ValueError(f"No tile is named {path!r}.")
        tile = cls(
            ENTRIES if match["level"] == "entries" else int(match["level"]),
            int(match["index"].replace("x", "").replace("/", "")),
            int(match["width"] or WIDTH),
        )
        if tile.level >= LEVELS or tile.path != path:
            raise ValueError(f"No tile is named {path!r}.")
        return tile

    def exists(self, size: int) -> bool:
        """Whether a tree of `size` leaves has so many hashes there."""
        hashes = size >> (HEIGHT * max(self.level, 0))
        return self.index * WIDTH + self.width <= hashes


def tile_of(node: Node, size: int) -> Tile:
    """The tile of a tree of `size` leaves from which the hash of `node` can be made."""
    level, above = divmod(node.height, HEIGHT)
    index = node.index >> (HEIGHT - above)
    return Tile(level, index, min(WIDTH, (size >> (HEIGHT * level)) - index * WIDTH))


def split(hashes: bytes) -> list[bytes]:
    """The hashes of a tile."""
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]


def tile_root(hashes: Sequence[bytes]) -> bytes:
    """Root of a full tile: what stands for it in the level above."""
    level = list(hashes)
    while len(level) > 1:
        level = level_above(level)
    return level[0]


def hash_in(node: Node, hashes: bytes) -> bytes:
    """The hash of `node`, made from the tile that `tile_of` names."""
    above = node.height % HEIGHT
    first = (node.index << above) % WIDTH
    return tile_root(split(hashes[first * HASH_BYTES : (first + (1 << above)) * HASH_BYTES]))


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree of `size` leaves, read through its tiles, which are asked for all at once."""

    size: int
    read: Callable[[Iterable[Tile]], Mapping[Tile, bytes]]

    def root(self) -> bytes:
        """The root hash."""
        return self._prove([(0, self.size)])[0]

    def inclusion_proof(self, index: int) -> list[bytes]:
        """From the leaf's neighbour up to below the root (RFC 6962 §2.1.1).

        Raises:
            ValueError: the tree has no such leaf.
        """
        return self._prove(inclusion_ranges(index, self.size))

    def consistency_proof(self, old: int) -> list[bytes]:
        """That the tree begins with the tree of `old` leaves (RFC 6962 §2.1.2).

        Raises:
            ValueError: the old tree is larger.
        """
        return self._prove(consistency_ranges(old, self.size))

    def _prove(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        places = {node: tile_of(node, self.size) for start, end in ranges for node in cover(start, end)}
        tiles = self.read(set(places.values()))
        return prove(ranges, lambda node: hash_in(node, tiles[places[node]]))


@dataclass(frozen=True, slots=True)
class FullTile:
    """A tile just filled: its place, its 256 hashes and the hash that stands for it above."""

    level: int
    index: int
    hashes: bytes
    root: bytes


class Edge:
    """The right edge of a growing tree: all that is needed to add leaves, some 8 kB a level.

    Give `levels` (each level's partial tile, the lowest first) to go on from a tree of `size` leaves.
    """

    def __init__(self, size: int = 0, levels: Iterable[bytes] = ()) -> None:
        self.size = size
        self._levels = [split(hashes) for hashes in levels]
        # Complete subtrees from left to right: their heights are the bits of the size.
        self._peaks = [
            (HEIGHT * level + node.height, tile_root(hashes[node.index << node.height :][: 1 << node.height]))
            for level, hashes in reversed(list(enumerate(self._levels)))
            for node in cover(0, len(hashes))
        ]

    def append(self, leaf: bytes) -> list[FullTile]:
        """Add a leaf by its hash; returns the tiles that it filled, the lowest first."""
        filled = []
        height, found = 0, leaf
        self._put(0, leaf)
        while self._peaks and self._peaks[-1][0] == height:
            found = node_hash(self._peaks.pop()[1], found)
            height += 1
            if height % HEIGHT == 0:
                level = height // HEIGHT
                filled.append(FullTile(level - 1, self.size >> height, b"".join(self._levels[level - 1]), found))
                self._levels[level - 1] = []
                self._put(level, found)
        self._peaks.append((height, found))
        self.size += 1
        return filled

    def _put(self, level: int, found: bytes) -> None:
        if level == len(self._levels):
            self._levels.append([])
        self._levels[level].append(found)

    def root(self) -> bytes:
        """The root hash."""
        return fold([found for _, found in self._peaks])


def edge_of(size: int) -> list[Tile]:
    """The partial tiles of a tree of `size` leaves, the lowest first; a width of 0 means that there is none."""
    tiles = []
    level = 0
    while size >> (HEIGHT * level):
        hashes = size >> (HEIGHT * level)
        tiles.append(Tile(level, hashes // WIDTH, hashes % WIDTH))
        level += 1
    return tiles


def bundle(entries: Iterable[bytes]) -> bytes:
    """Entries as they are served: each after its length, a big-endian uint16."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unbundle(data: bytes) -> list[bytes]:
    """The entries of a bundle.

    Raises:
        ValueError: it is cut short, or holds more than 256.
    """
    entries: list[bytes] = []
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        entry = data[at + 2 : at + 2 + length]
        if len(data) < at + 2 or len(entry) < length or len(entries) == WIDTH:
            raise ValueError("The bundle of entries is cut short or too long.")
        entries.append(entry)
        at += 2 + length
    return entries
