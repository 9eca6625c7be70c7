"""Who waits for the organisation's seal, and why it does not come: nothing is lost meanwhile, and it is tried again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext

from telesphore.jobs import queries as jobs
from telesphore.signature.models import Envelope
from telesphore.signature.states import OPEN_STATES, EnvelopeState

SEALABLE = frozenset({*OPEN_STATES, EnvelopeState.SEALING})
"""States in which nobody being awaited means that the seal is."""


@dataclass(frozen=True, slots=True)
class SealWait:
    """The seal is awaited.

    Attributes:
        trouble: why the last try failed, in the reader's language; empty while none has.
        stopped: whether no further try is made unless an administrator asks.
        next_try_at: None when it runs now, or stopped.
    """

    trouble: str = ""
    stopped: bool = False
    next_try_at: datetime | None = None


def seal_waits(envelopes: Sequence[Envelope]) -> dict[UUID, SealWait]:
    """How the seal of each of these envelopes, which await nobody, stands; one query."""
    if not envelopes:
        return {}
    troubles = jobs.troubles_of(
        names=("signature:seal", "signature:seal-step"),
        argument="envelope_id",
        values=[str(row.id) for row in envelopes],
    )
    found = {}
    for row in envelopes:
        trouble = troubles.get(str(row.id))
        found[row.id] = (
            SealWait(gettext(trouble.sentence), trouble.stopped, trouble.next_try_at) if trouble else SealWait()
        )
    return found
