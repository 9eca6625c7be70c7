"""Merkle trees as RFC 6962 §2.1 defines them: hashes, and proofs that need no tree to check.

A *node* (height, index) is the root of a complete subtree: it stands for the leaves
[index · 2^height, (index + 1) · 2^height).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


@dataclass(frozen=True, slots=True)
class Node:
    """A complete subtree's place."""

    height: int
    index: int


class BadProof(ValueError):
    """A proof does not lead from what it should prove to the root."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash of a leaf: SHA-256(0x00 ‖ entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees side by side: SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


def level_above(hashes: Sequence[bytes]) -> list[bytes]:
    """Hashes of the pairs of `hashes`; their number is even."""
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(hashes[::2], hashes[1::2], strict=True)]


def cover(start: int, end: int) -> list[Node]:
    """The complete subtrees that make up the leaves [start, end), from left to right.

    `start` is where a subtree of RFC 6962's recursion begins, so a multiple of every power of two used.
    """
    nodes = []
    while start < end:
        height = (end - start).bit_length() - 1
        nodes.append(Node(height, start >> height))
        start += 1 << height
    return nodes


def fold(hashes: Sequence[bytes]) -> bytes:
    """Root of the subtrees of a `cover`, given their hashes; of none, the empty tree's root."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """Which ranges of leaves an inclusion proof hashes, the leaf's neighbour first (RFC 6962 §2.1.1).

    Raises:
        ValueError: the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"A tree of {size} leaves has no leaf {index}.")
    ranges = []
    start, end = 0, size
    while end - start > 1:
        middle = start + (1 << ((end - start - 1).bit_length() - 1))
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(old: int, size: int) -> list[tuple[int, int]]:
    """Which ranges of leaves a consistency proof hashes (RFC 6962 §2.1.2); none from an empty or to an equal tree.

    Raises:
        ValueError: the old tree is larger.
    """
    if not 0 <= old <= size:
        raise ValueError(f"A tree of {size} leaves does not follow one of {old}.")
    if old in (0, size):
        return []
    ranges = []
    start, end, known = 0, size, True
    while end != old:
        middle = start + (1 << ((end - start - 1).bit_length() - 1))
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start, known = middle, False
    if not known:
        ranges.append((start, end))
    return ranges[::-1]


def prove(ranges: Sequence[tuple[int, int]], hash_of: Callable[[Node], bytes]) -> list[bytes]:
    """The proof made of `ranges`, the hashes of complete subtrees being asked of `hash_of`."""
    return [fold([hash_of(node) for node in cover(start, end)]) for start, end in ranges]


def check_inclusion(*, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf of hash `leaf` is number `index` of the tree (RFC 9162 §2.1.3.2).

    Raises:
        BadProof: it is not, or the proof does not say so.
    """
    if not 0 <= index < size:
        raise BadProof("The index lies outside of the tree.")
    place, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            raise BadProof("The proof is too long.")
        if place & 1 or place == last:
            found = node_hash(step, found)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            found = node_hash(found, step)
        place >>= 1
        last >>= 1
    if last or found != root:
        raise BadProof("The proof does not lead to the root.")


def check_consistency(*, old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of `size` leaves begins with the tree of `old` leaves (RFC 9162 §2.1.4.2).

    Raises:
        BadProof: it does not, or the proof does not say so.
    """
    if not 0 <= old <= size:
        raise BadProof("The old tree is larger.")
    if old == size or old == 0:
        expected = root if old == size else EMPTY_ROOT
        if proof or old_root != expected:
            raise BadProof("The roots differ.")
        return
    hashes = list(proof)
    if old & (old - 1) == 0:
        hashes.insert(0, old_root)
    if not hashes:
        raise BadProof("The proof is too short.")
    place, last = old - 1, size - 1
    while place & 1:
        place >>= 1
        last >>= 1
    before = after = hashes[0]
    for step in hashes[1:]:
        if last == 0:
            raise BadProof("The proof is too long.")
        if place & 1 or place == last:
            before, after = node_hash(step, before), node_hash(step, after)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            after = node_hash(after, step)
        place >>= 1
        last >>= 1
    if last or before != old_root or after != root:
        raise BadProof("The proof does not lead to both roots.")
