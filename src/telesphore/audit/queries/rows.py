"""Events as rows of a query written by hand, where the order of a join matters too much to leave it to a planner.

They come by the ten thousand, so they are tuples: a model's instance costs more to make than its leaf.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import UUIDField

from telesphore.audit.models import Contents, Event


class _Columns(NamedTuple):
    organisation_id: str
    id: str
    family: str
    at: datetime
    action: str
    outcome: str
    actor_kind: str
    categories: list[str]
    origin: str
    purpose: str
    ground: str
    core_salt: bytes
    person_id: str | None
    on_behalf_of: str | None
    means: str
    acr: str
    session_id: str | None
    patient_id: str | None
    subject_id: str | None
    source_address: str
    client: str
    detail: dict[str, Any]
    detail_salt: bytes | None


class EventRow(Contents, _Columns):
    """An event's columns under the model's names; identifiers are text, which is how a leaf spells them."""

    __slots__ = ()


_DETAIL = EventRow._fields.index("detail")
EVENT_COLUMNS = ", ".join(
    f"event.{name}{'::text' if isinstance(Event._meta.get_field(name), UUIDField) else ''}" for name in EventRow._fields
)


def event_of(values: Sequence[Any]) -> EventRow | None:
    """The event of the columns EVENT_COLUMNS; None from an outer join that met none."""
    if values[0] is None:
        return None
    row = list(values)
    row[_DETAIL] = json.loads(row[_DETAIL])
    return EventRow(*row)
