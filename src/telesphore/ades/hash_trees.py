"""Hash trees of evidence records (RFC 4998 §4.2): many documents under one timestamp.

A *group* is the hashes of what belongs together (one document, or a document and its appendices). A *list* is what RFC
4998 calls a partialHashtree; the lists from a group to the root are its *reduced* hash tree.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from telesphore.ades.algorithms import Digest

Group = tuple[bytes, ...]
Reduced = tuple[tuple[bytes, ...], ...]


def fold(digest: Digest, hashes: Sequence[bytes]) -> bytes:
    """What stands for hashes side by side: the digest of all of them in binary ascending order; a lone one, itself."""
    return hashes[0] if len(hashes) == 1 else digest.of(*sorted(hashes))


def climb(digest: Digest, reduced: Reduced) -> bytes:
    """The root that a reduced hash tree leads to (§4.3, step 3); it has at least one list, and no list is empty."""
    found = fold(digest, reduced[0])
    for siblings in reduced[1:]:
        found = fold(digest, (found, *siblings))
    return found


@dataclass(frozen=True, slots=True)
class HashTree:
    """A binary tree over groups: of n groups, each has a reduced tree of at most ⌈log₂ n⌉ + 1 lists.

    Attributes:
        levels: hashes from the groups' (in the order given) to the root's level, which has one.
    """

    digest: Digest
    groups: tuple[Group, ...]
    levels: tuple[tuple[bytes, ...], ...]

    @classmethod
    def grow(cls, digest: Digest, groups: Sequence[Group]) -> "HashTree":
        """A tree over these groups, of which there is at least one and none is empty.

        Raises:
            ValueError: nothing to grow on, or a hash of another length than the digest's.
        """
        if not groups or not all(groups):
            raise ValueError("A hash tree grows on at least one group, and a group holds at least one hash.")
        length = len(digest.of())
        if any(len(value) != length for group in groups for value in group):
            raise ValueError(f"A hash of {digest.value} has {length} bytes.")
        level = [fold(digest, group) for group in groups]
        levels = [tuple(level)]
        while len(level) > 1:
            pairs = [digest.of(*sorted(level[place : place + 2])) for place in range(0, len(level) - 1, 2)]
            # The last of an odd number has no sibling: it goes up as it is.
            level = pairs + level[len(pairs) * 2 :]
            levels.append(tuple(level))
        return cls(digest, tuple(groups), tuple(levels))

    @property
    def root(self) -> bytes:
        """What is to be timestamped."""
        return self.levels[-1][0]

    def reduced(self, place: int) -> Reduced:
        """The lists from group number `place` to the root; none when a lone hash is the root itself.

        The first list holds the group and nothing else, so that it tells who belongs to it (§4.3, last paragraph).
        """
        group = self.groups[place]
        if len(self.groups) == 1 and len(group) == 1:
            return ()
        lists = [tuple(sorted(group))]
        for level in self.levels[:-1]:
            sibling = place ^ 1
            if sibling < len(level):
                lists.append((level[sibling],))
            place //= 2
        return tuple(lists)
