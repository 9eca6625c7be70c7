"""What happened here, for the reactions."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class NoticeUndelivered:
    """A gateway refused an address for good: whom the notice was for was not told."""

    organisation_id: UUID
    notice_id: UUID
    kind: str
    about: UUID
