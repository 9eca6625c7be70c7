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
SEALING = ("signature:seal", "signature:seal-step")
"""The jobs that seal."""


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
    troubles = jobs.troubles_of(names=SEALING, argument="envelope_id", values=[str(row.id) for row in envelopes])
    return {row.id: _wait(troubles.get(str(row.id))) for row in envelopes}


def troubled_seals(organisation_id: UUID) -> dict[UUID, SealWait]:
    """The envelopes of an organisation whose seal was tried and did not come; one query, of those alone."""
    troubles = jobs.troubles_of(names=SEALING, argument="envelope_id", organisation_id=organisation_id)
    return {UUID(envelope_id): _wait(trouble) for envelope_id, trouble in troubles.items()}


def _wait(trouble: jobs.TroubledJob | None) -> SealWait:
    return SealWait(gettext(trouble.sentence), trouble.stopped, trouble.next_try_at) if trouble else SealWait()
