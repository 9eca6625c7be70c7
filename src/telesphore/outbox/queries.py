"""What became of notices; in a demonstration, what the stand-in gateways received."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from telesphore.outbox import ports
from telesphore.outbox.models import Notice, Status


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


def last_failed(*, organisation_id: UUID, about: "QuerySet[Any, UUID]", most: int) -> list[NoticeStatus]:
    """Of these rows, those that the last notice about them did not reach, the latest first: that notice; one query.

    Args:
        about: asks for the rows' ids; they are many, and never leave the database.
    """
    later = Notice.objects.filter(
        Q(queued_at__gt=OuterRef("queued_at")) | Q(queued_at=OuterRef("queued_at"), id__gt=OuterRef("id")),
        organisation_id=OuterRef("organisation_id"),
        about=OuterRef("about"),
    )
    rows = Notice.objects.filter(~Exists(later), organisation_id=organisation_id, status=Status.FAILED, about__in=about)
    return [_status(row) for row in rows.order_by("-queued_at", "-id")[:most]]


def _status(row: Notice) -> NoticeStatus:
    return NoticeStatus(
        row.id, row.channel, row.kind, row.about, row.status, row.error_code, row.queued_at, row.settled_at
    )
