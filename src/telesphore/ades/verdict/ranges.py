"""Digests of the ranges that signatures cover, each byte hashed about once however many signatures there are."""

import hashlib
from collections.abc import Sequence
from typing import Protocol

from telesphore.ades.errors import FileBeyondLimits

MOST_TIMES, MOST_BYTES = 16, 64 * 2**20
"""All digests together hash the file this many times at most, and so many bytes more."""


class _State(Protocol):
    def update(self, content: memoryview, /) -> None: ...
    def copy(self) -> "_State": ...
    def digest(self) -> bytes: ...


class RangeDigests:
    """Digests of `content` without a hole, up to an end.

    A signature covers all before its hole, and what follows it in its own revision: the states of the digests at the
    holes, which are known beforehand, are kept, and only the ends are hashed for each.
    """

    def __init__(self, content: bytes, holes: Sequence[tuple[int, int]]) -> None:
        self._content = memoryview(content)
        self._starts = sorted({start for start, _ in holes})
        self._states: dict[str, dict[int, _State]] = {}
        self._known: dict[tuple[str, int, int, int], bytes] = {}
        self._left = MOST_TIMES * len(content) + MOST_BYTES

    def of(self, name: str, hole: tuple[int, int], end: int) -> bytes:
        """The digest by `name` (`hashlib`'s) of all bytes before `end` that are not in the hole.

        Raises:
            FileBeyondLimits: the signatures of the file overlap so that this would take too long.
        """
        key = (name, *hole, end)
        known = self._known.get(key)
        if known is None:
            self._spend(max(0, end - hole[1]))
            state = self._before(name, hole[0]).copy()
            state.update(self._content[hole[1] : end])
            known = self._known[key] = state.digest()
        return known

    def _before(self, name: str, start: int) -> _State:
        states = self._states.get(name)
        if states is None:
            self._spend(self._starts[-1])
            state: _State = hashlib.new(name)
            states, position = {}, 0
            for stop in self._starts:
                state.update(self._content[position:stop])
                states[stop] = state.copy()
                position = stop
            self._states[name] = states
        return states[start]

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise FileBeyondLimits(why="hashing")
