"""Events as rows of a query written by hand, where the order of a join matters too much to leave it to a planner."""

import json
from collections.abc import Sequence
from typing import Any

from telesphore.audit.models import Event

_FIELDS = [field.attname for field in Event._meta.concrete_fields]
_DETAIL = _FIELDS.index("detail")
EVENT_COLUMNS = ", ".join(f"event.{name}" for name in _FIELDS)
WIDTH = len(_FIELDS)


def event_of(values: Sequence[Any]) -> Event | None:
    """The event of the columns EVENT_COLUMNS; None from an outer join that met none."""
    if values[0] is None:
        return None
    row = list(values)
    row[_DETAIL] = json.loads(row[_DETAIL])
    return Event.from_db("default", _FIELDS, row)
