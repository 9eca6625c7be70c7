"""What happened here, for the reactions."""

from dataclasses import dataclass
from uuid import UUID

from telesphore.kernel.actors import NIL


@dataclass(frozen=True, slots=True)
class EnvelopeCompleted:
    """Every step is done and the document is sealed."""

    organisation_id: UUID
    envelope_id: UUID


@dataclass(frozen=True, slots=True)
class ConsentWithdrawn:
    """The patient, or who represents them, signed the withdrawal of a completed consent.

    Attributes:
        event_id: of this one fact, for who is told of it twice.
    """

    organisation_id: UUID
    envelope_id: UUID
    event_id: UUID = NIL


@dataclass(frozen=True, slots=True)
class EnvelopeMoved:
    """An envelope was sent, a recipient acted, or it came to its end.

    Attributes:
        how: `sent`, `acted`, `completed`, `declined`, `voided` or `expired`.
        event_id: of this one fact, for who is told of it twice.
    """

    organisation_id: UUID
    envelope_id: UUID
    how: str
    event_id: UUID


@dataclass(frozen=True, slots=True)
class ProofRenewed:
    """The file of a sealed document has a new revision, with the same pages and a proof that lasts longer."""

    organisation_id: UUID
    envelope_id: UUID
