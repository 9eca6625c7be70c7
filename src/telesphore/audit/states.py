"""How an act ended, and which of the two families of events it belongs to."""

from enum import StrEnum


class Outcome(StrEnum):
    """How an act ended."""

    DONE = "done"
    REFUSED = "refused"


class Family(StrEnum):
    """The two families of events; each keeps its detail for as long as the operator says."""

    ACCESS = "access"
    """Who did what with whose data; at least three years visible to the patient (EHDS art. 9)."""
    TECHNICAL = "technical"
    """What the platform and its operators did with itself."""


ERASURE = "audit:event:erase"
"""The action of the events that tell of an erasure; they are never erased themselves."""
