"""What became of notices; in a demonstration, what the stand-in gateways received."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.outbox import ports
from telesphore.outbox.models import Notice


@dataclass(frozen=True, slots=True)
class NoticeStatus:
    """Where one notice is; its text is not shown to anyone."""

    notice_id: UUID
    channel: str
    kind: str
    about: UUID
    status: str
    error_code: str
    queued_at: datetime
    settled_at: datetime | None


def notices_about(*, organisation_id: UUID, about: Sequence[UUID]) -> list[NoticeStatus]:
    """Notices that speak of these rows, oldest first."""
    rows = Notice.objects.filter(organisation_id=organisation_id, about__in=about).order_by("queued_at", "id")
    return [_status(row) for row in rows]


def local_messages() -> list[ports.LocalMessage]:
    """In a demonstration, what the stand-in gateways received, oldest first."""
    return list(ports.local.get().messages())


def last_notices(*, organisation_id: UUID, about: Sequence[UUID]) -> list[NoticeStatus]:
    """The last notice that speaks of each of these rows; one query."""
    rows = (
        Notice.objects.filter(organisation_id=organisation_id, about__in=about)
        .order_by("about", "-queued_at", "-id")
        .distinct("about")
    )
    return [_status(row) for row in rows]


def _status(row: Notice) -> NoticeStatus:
    return NoticeStatus(
        row.id, row.channel, row.kind, row.about, row.status, row.error_code, row.queued_at, row.settled_at
    )
