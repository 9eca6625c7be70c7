"""Send one template to many patients: a list is given, checked, confirmed or stopped. Each row is then a job."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from telesphore.accounts.access import check
from telesphore.audit import actions as audit
from telesphore.jobs import actions as jobs
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.kernel.identifiers import uuid7
from telesphore.signature import access
from telesphore.signature.actions import send_row
from telesphore.signature.actions.use import check_filled, filled
from telesphore.signature.errors import (
    BulkNotReady,
    ListNotReadable,
    NoPatientColumn,
    SamePatientTwice,
    TemplateArchived,
    TooManyBulks,
)
from telesphore.signature.formats import rows
from telesphore.signature.models import BulkRow, BulkSend
from telesphore.signature.queries import bulk as read_bulk
from telesphore.signature.queries import templates as read
from telesphore.signature.states import RowState
from telesphore.vault import actions as vault
from telesphore.vault import queries as vault_queries

UNDER_WAY = 3
"""Lists of one sender that may be checked or sent at a time."""
AT_ONCE, PACE = 20, timedelta(seconds=0.5)
"""So many rows are due at once, the others one after the other: codes and notices of others pass in between."""


@audit.act("signature:bulk:give")
def give_list(
    *,
    template_id: UUID,
    table: rows.Table,
    professional_id: UUID | None,
    actor: Actor,
    at: datetime,
) -> UUID:
    """Take a list to be checked; returns the id of the bulk sending. Nothing is sent before it is confirmed.

    Raises:
        NotAllowed, TemplateNotFound, TemplateArchived, ListNotReadable, NoPatientColumn, TooManyBulks
    """
    check(actor, "signature:envelope:send")
    row = access.template_of(actor=actor, template_id=template_id, at=at)
    if row.archived_at is not None:
        raise TemplateArchived
    if not 1 <= len(table.rows) <= rows.MOST_ROWS:
        raise ListNotReadable(rows=rows.MOST_ROWS, limit=rows.LARGEST // rows.MEGABYTE)
    if not {rows.INS, rows.PATIENT} & set(table.header) and not {rows.NAME, rows.BORN} <= set(table.header):
        raise NoPatientColumn
    if read_bulk.count_under_way(actor=actor) >= UNDER_WAY:
        raise TooManyBulks
    organisation_id, bulk_id = actor.organisation, uuid7()
    key_id = vault_queries.organisation_keyset(organisation_id)
    BulkSend.objects.create(
        organisation_id=organisation_id,
        id=bulk_id,
        version_id=read.last_version(row).id,
        sender_id=actor.person,
        means=actor.means,
        acr=actor.acr,
        professional_id=professional_id,
        made_at=at,
    )
    made = []
    for number, cells in enumerate(table.rows, 1):
        row_id = uuid7()
        given = {name: cell for name, cell in zip(table.header, cells, strict=True) if cell}
        sealed = vault.seal_text(
            organisation_id=organisation_id, key_id=key_id, text=json.dumps(given), context=read_bulk.context_of(row_id)
        )
        made.append(
            BulkRow(organisation_id=organisation_id, id=row_id, bulk_id=bulk_id, number=number, given_sealed=sealed)
        )
    BulkRow.objects.bulk_create(made, batch_size=500)
    audit.record("signature:bulk:give", actor=actor, subject=bulk_id, at=at, detail={"rows": len(made)})
    jobs.enqueue("signature:bulk:check", organisation_id=organisation_id, bulk_id=bulk_id)
    return bulk_id


@jobs.job("signature:bulk:check")
def check_given(*, organisation_id: str, bulk_id: str) -> None:
    """The job that a list enqueues."""
    check_list(organisation_id=UUID(organisation_id), bulk_id=UUID(bulk_id), at=now())


def check_list(*, organisation_id: UUID, bulk_id: UUID, at: datetime) -> None:
    """Say of each row whether it will be sent, or why not; once."""
    bulk = BulkSend.objects.select_related("version").get(organisation_id=organisation_id, id=bulk_id)
    if bulk.checked_at is not None or bulk.cancelled_at is not None:
        return
    _check_list(bulk=bulk, actor=send_row.sender_of(bulk, at), at=at)


@audit.act("signature:bulk:check")
def _check_list(*, bulk: BulkSend, actor: Actor, at: datetime) -> None:
    bulk = (
        BulkSend.objects.select_for_update(of=("self",))
        .select_related("version")
        .get(organisation_id=bulk.organisation_id, id=bulk.id)
    )
    if bulk.checked_at is not None or bulk.cancelled_at is not None:
        return
    found = list(BulkRow.objects.filter(organisation_id=bulk.organisation_id, bulk_id=bulk.id).order_by("number"))
    professionals = send_row.professionals_of(bulk, at)
    definition = read.definition_of(bulk.version)
    taken: set[UUID] = set()
    for row, given in zip(found, read_bulk.given(found), strict=True):
        try:
            decision = send_row.patient_of(given, actor, at)
            choices = send_row.choices_of(given, bulk, professionals, at)
            ready = filled(definition, decision, choices, actor, at)
            check_filled(ready=ready, definition=definition, decision=decision, actor=actor, at=at)
            if decision.patient.id in taken:
                raise SamePatientTwice
        except DomainError as refused:
            row.state, row.code = RowState.BAD, refused.code
        else:
            taken.add(decision.patient.id)
            row.state, row.patient_id = RowState.READY, decision.patient.id
    BulkRow.objects.bulk_update(found, ["state", "code", "patient_id"], batch_size=500)
    bulk.checked_at = at
    bulk.save(update_fields=["checked_at"])
    ready_rows = sum(row.state == RowState.READY for row in found)
    audit.record(
        "signature:bulk:check",
        actor=actor,
        subject=bulk.id,
        at=at,
        detail={"rows": len(found), "ready": ready_rows},
    )


@audit.act("signature:bulk:confirm")
def confirm_list(*, bulk_id: UUID, actor: Actor, at: datetime) -> int:
    """Send every row that will be sent; returns how many. Each is a job of its own.

    Raises:
        BulkNotFound, BulkNotReady: not checked yet, confirmed already, stopped, or nothing to send.
    """
    bulk = access.bulk_of(actor=actor, bulk_id=bulk_id, lock=True)
    audit.concerning(subject=bulk.id)
    ready = list(_rows(bulk).filter(state=RowState.READY).order_by("number").values_list("id", flat=True))
    if bulk.checked_at is None or bulk.confirmed_at is not None or bulk.cancelled_at is not None or not ready:
        raise BulkNotReady
    if bulk.version.template.archived_at is not None:
        raise TemplateArchived
    bulk.confirmed_at = at
    bulk.save(update_fields=["confirmed_at"])
    for index, row_id in enumerate(ready):
        jobs.enqueue(
            "signature:bulk:send-row",
            lock=f"bulk-row:{row_id}",
            at=None if index < AT_ONCE else at + (index - AT_ONCE + 1) * PACE,
            organisation_id=bulk.organisation_id,
            row_id=row_id,
        )
    audit.record("signature:bulk:confirm", actor=actor, subject=bulk.id, at=at, detail={"rows": len(ready)})
    return len(ready)


@audit.act("signature:bulk:cancel")
def cancel_list(*, bulk_id: UUID, actor: Actor, at: datetime) -> int:
    """Stop what is not sent yet; returns how many rows. What was sent stays sent, and is withdrawn one by one.

    Raises:
        BulkNotFound, BulkNotReady: nothing is left to stop.
    """
    bulk = access.bulk_of(actor=actor, bulk_id=bulk_id, lock=True)
    audit.concerning(subject=bulk.id)
    waiting = _rows(bulk).filter(state__in=[RowState.CHECKING, RowState.READY])
    if bulk.cancelled_at is not None:
        raise BulkNotReady
    stopped = waiting.update(state=RowState.CANCELLED, acted_at=at)
    if not stopped and bulk.checked_at is not None:
        raise BulkNotReady
    bulk.cancelled_at = at
    bulk.save(update_fields=["cancelled_at"])
    audit.record("signature:bulk:cancel", actor=actor, subject=bulk.id, at=at, detail={"rows": stopped})
    return stopped


def _rows(bulk: BulkSend) -> QuerySet[BulkRow]:
    return BulkRow.objects.filter(organisation_id=bulk.organisation_id, bulk_id=bulk.id)


def table_of_objects(given: Sequence[Mapping[str, str]]) -> rows.Table:
    """The list that a program gives: one object for each row, its keys the names of columns.

    Raises:
        ListNotReadable
    """
    try:
        return rows.table(given)
    except rows.Unreadable:
        raise ListNotReadable(rows=rows.MOST_ROWS, limit=rows.LARGEST // rows.MEGABYTE) from None


def table_of(patient_ids: Sequence[UUID]) -> rows.Table:
    """The list of these patients, chosen one by one."""
    return rows.Table((rows.PATIENT,), tuple((str(patient_id),) for patient_id in patient_ids))
