"""Ports: what a room needs from outside is named here as a slot, filled once at start by `config/`."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PortNotBound(RuntimeError):
    """Raised when a room asks the outside before `config/` has said who answers."""


class Port(Generic[T]):
    """A named slot for one implementation of a protocol.

    The factory given to `bind` is called at first use, so that starting a process opens nothing that it does not need.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._factory: Callable[[], T] | None = None
        self._instance: T | None = None

    def bind(self, factory: Callable[[], T]) -> None:
        """Say who answers; an earlier answer is forgotten."""
        self._factory = factory
        self._instance = None

    def get(self) -> T:
        """The implementation.

        Raises:
            PortNotBound: nothing was bound.
        """
        if self._instance is None:
            if self._factory is None:
                raise PortNotBound(self.name)
            self._instance = self._factory()
        return self._instance
