"""Card readers and the cards in them, through the system's PC/SC service, watched by one thread."""

import importlib
import logging
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

logger = logging.getLogger(__name__)

PLUGGED = r"\\?PnP?\Notification"
"""The name under which PC/SC tells of readers that come and go; macOS does not."""
PERIOD_MS = 2000
AGAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Reader:
    name: str
    card: bool


@dataclass(frozen=True, slots=True)
class State:
    """What PC/SC shows.

    Attributes:
        service: whether PC/SC answers at all.
    """

    service: bool = False
    readers: tuple[Reader, ...] = ()

    @property
    def cards(self) -> int:
        return sum(reader.card for reader in self.readers)


class Readers:
    """The state of the readers, as it changes."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._state = State()
        self._version = 0
        self._known = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="readers", daemon=True)

    def start(self) -> None:
        """Start watching; returns once the present state is known."""
        self._thread.start()
        self._known.wait(AGAIN_SECONDS)

    @property
    def state(self) -> State:
        return self.now()[1]

    def now(self) -> tuple[int, State]:
        """The state, and its number: one more at each change."""
        with self._changed:
            return self._version, self._state

    def wait(self, after: int, timeout: float) -> tuple[int, State] | None:
        """The first state later than this number, or None when none came in this many seconds."""
        with self._changed:
            if self._changed.wait_for(lambda: self._version > after, timeout):
                return self._version, self._state
            return None

    def _set(self, state: State) -> None:
        with self._changed:
            if state != self._state:
                self._state = state
                self._version += 1
                self._changed.notify_all()
        self._known.set()

    def _watch(self) -> None:
        while True:
            try:
                self._follow(importlib.import_module("smartcard.scard"))
            except ImportError:
                logger.warning("PC/SC is not installed: readers can't be watched")
                self._set(State())
                return
            except _ServiceGone:
                self._set(State())
            time.sleep(AGAIN_SECONDS)

    def _follow(self, scard: Any) -> None:
        """Tell of each change, until the service goes."""
        status, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        if status != scard.SCARD_S_SUCCESS:
            raise _ServiceGone
        try:
            known: dict[str, int] = {}
            while True:
                names = _names(scard, context)
                if not names:
                    # Known at once: the question below is answered when one is plugged in, or after its time.
                    self._set(State(service=True))
                asked = [(name, known.get(name, scard.SCARD_STATE_UNAWARE)) for name in names]
                if sys.platform != "darwin":
                    asked.append((PLUGGED, known.get(PLUGGED, scard.SCARD_STATE_UNAWARE)))
                if not asked:
                    time.sleep(AGAIN_SECONDS)
                    continue
                status, answers = scard.SCardGetStatusChange(context, PERIOD_MS, asked)
                if status == scard.SCARD_E_UNKNOWN_READER:
                    # It went between the list and the question.
                    known = {}
                    continue
                if status not in (scard.SCARD_S_SUCCESS, scard.SCARD_E_TIMEOUT):
                    raise _ServiceGone
                known = {name: state & ~scard.SCARD_STATE_CHANGED for name, state, _atr in answers}
                self._set(
                    State(
                        service=True,
                        readers=tuple(
                            Reader(name, bool(state & scard.SCARD_STATE_PRESENT))
                            for name, state, _atr in answers
                            if name != PLUGGED and not state & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_IGNORE)
                        ),
                    )
                )
        finally:
            scard.SCardReleaseContext(context)


class _ServiceGone(Exception):
    """PC/SC answers no more, or not yet."""


def _names(scard: Any, context: Any) -> list[str]:
    status, names = scard.SCardListReaders(context, [])
    if status == scard.SCARD_E_NO_READERS_AVAILABLE:
        return []
    if status != scard.SCARD_S_SUCCESS:
        raise _ServiceGone
    return list(names)
