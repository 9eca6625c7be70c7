"""What this room needs from elsewhere: the trail, which lies on the same floor."""

from datetime import datetime
from typing import Any, Protocol

from telesphore.kernel.actors import Actor
from telesphore.kernel.ports import Port


class Trail(Protocol):
    """Writes one event in the caller's transaction."""

    def __call__(self, action: str, *, actor: Actor, at: datetime, detail: dict[str, Any]) -> object:
        """Record `action`; `detail` holds identifiers and numbers only."""


trail: Port[Trail] = Port("jobs.trail")
