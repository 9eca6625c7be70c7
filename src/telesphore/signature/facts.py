"""What happened here, for the reactions."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class EnvelopeCompleted:
    """Every step is done and the document is sealed."""

    organisation_id: UUID
    envelope_id: UUID
