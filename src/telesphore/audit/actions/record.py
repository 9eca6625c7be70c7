"""Record acts in the caller's transaction: the event, and the request that the sealer give it a place."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from telesphore.audit.states import Family, Outcome
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7

# Organisation of events that belong to none (sign-in of a stranger, the operator's commands).
NO_ORGANISATION = UUID(int=0)

SALT_BYTES = 16
CLIENT_CHARACTERS = 200

_COLUMNS = (
    "organisation_id, id, family, at, action, outcome, actor_kind, categories, origin, purpose, ground, core_salt, "
    "person_id, on_behalf_of, means, acr, session_id, patient_id, subject_id, source_address, client, detail, "
    "detail_salt"
)
# One statement, so that no event can be without its request for a place, even outside of a transaction.
_INSERT = f"""
    WITH event AS (
        INSERT INTO audit_event ({_COLUMNS}) VALUES ({", ".join(["%s"] * 23)}) RETURNING organisation_id, id
    )
    INSERT INTO audit_pending (organisation_id, id) SELECT organisation_id, id FROM event
"""  # noqa: S608 - made of constants only.


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One act to record; the fields are those of `record`."""

    action: str
    actor: Actor
    at: datetime
    subject: UUID | None = None
    patient: UUID | None = None
    categories: Sequence[str] = ()
    origin: str = ""
    purpose: str = ""
    ground: str = ""
    outcome: Outcome = Outcome.DONE
    detail: Mapping[str, Any] = field(default_factory=dict)
    family: Family = Family.ACCESS


def record(
    action: str,
    *,
    actor: Actor,
    at: datetime,
    subject: UUID | None = None,
    patient: UUID | None = None,
    categories: Sequence[str] = (),
    origin: str = "",
    purpose: str = "",
    ground: str = "",
    outcome: Outcome = Outcome.DONE,
    detail: Mapping[str, Any] | None = None,
    family: Family = Family.ACCESS,
) -> UUID:
    """Write one event in the caller's transaction, and return its id.

    Args:
        action: `room:thing:verb`.
        at: aware.
        subject: the row acted upon.
        patient: whose record is concerned.
        categories: data categories concerned, as TRE_A03 class codes (EHDS annex II 3.2).
        origin: where the data come from; empty for this organisation.
        purpose: why, as a v3-PurposeOfUse code, e.g. `TREAT`.
        ground: what allowed it, e.g. `care-team`, `consent`, `own-record`, `emergency`.
        detail: identifiers and whole numbers only, never content; no fractions, which have no one spelling.
        family: `Family.TECHNICAL` for what concerns nobody's data; its detail is kept for less long.

    Raises:
        ValueError: a naive `at`, or a detail that has no canonical spelling.
    """
    occurrence = Occurrence(
        action=action,
        actor=actor,
        at=at,
        subject=subject,
        patient=patient,
        categories=categories,
        origin=origin,
        purpose=purpose,
        ground=ground,
        outcome=outcome,
        detail=detail or {},
        family=family,
    )
    return write([occurrence])[0]


def record_many(occurrences: Sequence[Occurrence]) -> list[UUID]:
    """Write many events at once, all or none; returns their ids in the order given.

    Raises:
        ValueError: as `record`.
    """
    rows = [_row(occurrence) for occurrence in occurrences]
    with transaction.atomic(), connection.cursor() as cursor:
        with cursor.copy(f"COPY audit_event ({_COLUMNS}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        with cursor.copy("COPY audit_pending (organisation_id, id) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row[:2])
    return [row[1] for row in rows]


def write(occurrences: Sequence[Occurrence], *, using: BaseDatabaseWrapper | None = None) -> list[UUID]:
    """Write events one by one, through a connection of the caller's choice; returns their ids."""
    rows = [_row(occurrence) for occurrence in occurrences]
    with (using or connections["default"]).cursor() as cursor:
        for row in rows:
            cursor.execute(_INSERT, row)
    return [row[1] for row in rows]


def _row(occurrence: Occurrence) -> tuple[Any, ...]:
    actor, at = occurrence.actor, occurrence.at
    if at.tzinfo is None:
        raise ValueError("An event's time is aware: give it a time zone.")
    salts = os.urandom(2 * SALT_BYTES)
    return (
        actor.organisation_id or NO_ORGANISATION,
        uuid7(),
        occurrence.family.value,
        at,
        occurrence.action,
        occurrence.outcome.value,
        actor.kind.value,
        list(occurrence.categories),
        occurrence.origin,
        occurrence.purpose,
        occurrence.ground,
        salts[:SALT_BYTES],
        actor.person_id,
        actor.on_behalf_of,
        actor.means,
        actor.acr,
        actor.session_id,
        occurrence.patient,
        occurrence.subject,
        # What a client says of itself is foreign: PostgreSQL's text can't hold a NUL, and no act may fail for one.
        (actor.source_address or "").replace("\0", ""),
        actor.client.replace("\0", "")[:CLIENT_CHARACTERS],
        json.dumps(_canonical(occurrence.detail)),
        salts[SALT_BYTES:],
    )


def _canonical(value: Any) -> Any:
    """`value`, in which every part has one spelling only in JSON (RFC 8785) whatever store it went through."""
    if isinstance(value, UUID):
        return str(value)
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    if isinstance(value, Mapping) and all(isinstance(key, str) and key.isascii() for key in value):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_canonical(item) for item in value]
    raise ValueError(f"An event's detail holds text, whole numbers, true, false, null, lists and tables: {value!r}")
