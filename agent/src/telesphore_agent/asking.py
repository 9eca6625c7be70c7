"""Asking the holder: the question, and the dialogue between the thread that asks and the one that shows."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from telesphore_agent.errors import Refused
from telesphore_agent.pins import Pin
from telesphore_agent.protocol import Document

PATIENCE = 300.0
"""Seconds that a question stays open."""
PERIOD = 0.2


@dataclass(frozen=True, slots=True)
class Question:
    """What the holder reads before agreeing.

    Attributes:
        documents: none to sign in.
        keypad: the PIN is typed on the reader.
        last_try: one more wrong PIN locks the card.
    """

    origin: str
    language: str
    purpose: str
    documents: tuple[Document, ...]
    card: str
    keypad: bool
    last_try: bool


class Dialogue:
    """One question, what the holder says, and how far the work is."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.done = 0
        self.stopped = False
        self._lock = threading.Lock()
        self._pin: Pin | None = None
        self._agreed = False
        self._answered = threading.Event()
        self._over = threading.Event()
        self._news = threading.Event()

    # The thread that shows

    def agree(self, pin: Pin | None) -> None:
        """The holder agreed to all that is shown. A PIN that comes too late is wiped."""
        with self._lock:
            if self._over.is_set() or self._answered.is_set():
                if pin is not None:
                    pin.wipe()
                return
            self._pin, self._agreed = pin, True
            self._answered.set()

    def refuse(self) -> None:
        """The holder refused; while signing: stop there."""
        self.stopped = True
        self._answered.set()

    @property
    def over(self) -> bool:
        return self._over.is_set()

    def wait_for_news(self, seconds: float) -> None:
        """Until something more is done, or all is over."""
        self._news.wait(seconds)
        self._news.clear()

    # The thread that asks

    def answer(self, still_there: Callable[[], bool]) -> Pin | None:
        """The PIN, once the holder agreed; None when it is typed on the reader.

        Raises:
            Refused: `refused-by-holder`; also when nobody answers, or who asked has gone.
        """
        until = time.monotonic() + PATIENCE
        while not self._answered.wait(PERIOD):
            if time.monotonic() > until or not still_there():
                raise Refused("refused-by-holder")
        with self._lock:
            if not self._agreed or not still_there():
                raise Refused("refused-by-holder")
            return self._pin

    def progress(self, done: int) -> bool:
        """So many are signed; False when the holder wants no more."""
        self.done = done
        self._news.set()
        return not self.stopped

    def close(self) -> None:
        with self._lock:
            self._over.set()
            self._news.set()
            if self._pin is not None:
                self._pin.wipe()


class Asker:
    """Puts questions before the holder, one at a time, from the program's main thread."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[Dialogue | None] = queue.Queue()

    @contextmanager
    def ask(self, question: Question) -> Iterator[Dialogue]:
        """Show a question. Whatever happens inside, its window closes at the end and its PIN is wiped."""
        dialogue = Dialogue(question)
        self._waiting.put(dialogue)
        try:
            yield dialogue
        finally:
            dialogue.close()

    def serve(self) -> None:
        """Show questions as they come, until `stop`."""
        while True:
            try:
                # A wait without end can't be interrupted on Windows.
                dialogue = self._waiting.get(timeout=1)
            except queue.Empty:
                continue
            if dialogue is None:
                return
            if not dialogue.over:
                self.show(dialogue)

    def stop(self) -> None:
        self._waiting.put(None)

    def show(self, dialogue: Dialogue) -> None:
        """Show one dialogue until it is over."""
        raise NotImplementedError
