"""Erase what events say of persons, when their retention is over or when the law gives that right.

The tree stays as it is: a leaf holds commitments only. The application's role may not do this; these actions work as
the owner of the tables, and each batch leaves an event of its own, which says how many events were erased and binds
which (SHA-256 of their leaf indices, each eight bytes, big-endian, ascending). `audit verify` takes the absence of
what such an event names for an erasure, and any other absence for tampering.
"""

from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import connections, transaction

from telesphore.audit.actions.record import Occurrence, write
from telesphore.audit.models import instant
from telesphore.audit.ports import LOG
from telesphore.audit.states import ERASURE, Family
from telesphore.kernel.actors import Actor

OWNER = "owner"
BATCH = 5_000

_SELECT_DETAIL = """
    SELECT leaf.index, event.id FROM audit_event event JOIN audit_leaf leaf ON leaf.event_id = event.id
    WHERE {condition} AND event.detail_salt IS NOT NULL AND event.action <> %(erasure)s
    ORDER BY leaf.index LIMIT %(batch)s FOR UPDATE OF event
"""
_SELECT_WHOLE = """
    SELECT leaf.index, event.id FROM audit_event event JOIN audit_leaf leaf ON leaf.event_id = event.id
    WHERE {condition} AND event.action <> %(erasure)s
    ORDER BY leaf.index LIMIT %(batch)s FOR UPDATE OF event
"""
_OLD = "event.family = %(family)s AND event.at < %(before)s"
_OF_PATIENT = "event.organisation_id = %(organisation)s AND event.patient_id = %(patient)s"


def apply_retention(*, actor: Actor, at: datetime) -> int:
    """Erase the detail of access events and the whole of technical events that are past their retention.

    Each batch is a transaction: killed in between, the next run does the rest. Events that await the seal are left to
    a later run. Returns how many events were erased.
    """
    log = LOG.get()
    before = {"before": at - log.access_retention, "family": Family.ACCESS.value}
    erased = _erase_all("detail", _OLD, before, ground="retention", actor=actor, at=at)
    before = {"before": at - log.technical_retention, "family": Family.TECHNICAL.value}
    return erased + _erase_all("whole", _OLD, before, ground="retention", actor=actor, at=at)


def erase_patient(*, patient: UUID, organisation: UUID, ground: str, actor: Actor, at: datetime) -> int:
    """Erase the detail of every sealed event about a patient of an organisation, on the `ground` given.

    Events that await the seal are left: run it again once they are sealed. Returns how many events were erased.
    """
    which: dict[str, Any] = {"patient": patient, "organisation": organisation}
    return _erase_all("detail", _OF_PATIENT, which, ground=ground, actor=actor, at=at)


def _erase_all(part: str, condition: str, values: dict[str, Any], *, ground: str, actor: Actor, at: datetime) -> int:
    erased = 0
    while count := _erase_batch(part, condition, values, ground=ground, actor=actor, at=at):
        erased += count
    return erased


def _erase_batch(part: str, condition: str, values: dict[str, Any], *, ground: str, actor: Actor, at: datetime) -> int:
    select = (_SELECT_DETAIL if part == "detail" else _SELECT_WHOLE).format(condition=condition)
    with transaction.atomic(using=OWNER), connections[OWNER].cursor() as cursor:
        cursor.execute(select, {**values, "erasure": ERASURE, "batch": BATCH})
        found = cursor.fetchall()
        if not found:
            return 0
        indices, events = [index for index, _ in found], [event for _, event in found]
        detail: dict[str, Any] = {"part": part, "events": len(found), "leaves": digest_of(indices)}
        detail |= {
            name: instant(value) if isinstance(value, datetime) else value
            for name, value in values.items()
            if name in ("family", "before")
        }
        occurrence = Occurrence(action=ERASURE, actor=actor, at=at, ground=ground, detail=detail)
        (erasure,) = write([occurrence], using=connections[OWNER])
        if part == "detail":
            cursor.execute(
                "UPDATE audit_event SET person_id = NULL, on_behalf_of = NULL, means = '', acr = '', "
                "session_id = NULL, patient_id = NULL, subject_id = NULL, source_address = '', client = '', "
                "detail = '{}', detail_salt = NULL WHERE id = ANY(%s)",
                [events],
            )
            cursor.execute("UPDATE audit_leaf SET detail_erased_by = %s WHERE index = ANY(%s)", [erasure, indices])
        else:
            cursor.execute("DELETE FROM audit_event WHERE id = ANY(%s)", [events])
            cursor.execute("UPDATE audit_leaf SET core_erased_by = %s WHERE index = ANY(%s)", [erasure, indices])
    return len(found)


def digest_of(indices: list[int]) -> str:
    """What binds an erasure to its leaves: hex SHA-256 of their indices in ascending order, eight bytes each."""
    return sha256(b"".join(index.to_bytes(8, "big") for index in indices)).hexdigest()
