"""Bulk sendings of one's own: how far they are, what became of each row."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, QuerySet

from telesphore.kernel.actors import Actor
from telesphore.kernel.errors import DomainError
from telesphore.records import queries as records
from telesphore.signature import access, errors
from telesphore.signature.formats import rows
from telesphore.signature.models import BulkRow, BulkSend
from telesphore.signature.states import BulkState, RowState
from telesphore.vault import queries as vault

PAGE = 100
NOT_SENT = (RowState.BAD, RowState.FAILED)


@dataclass(frozen=True, slots=True)
class BulkLine:
    """A bulk sending, and how many of its rows are in each state."""

    bulk_id: UUID
    template: str
    number: int
    state: BulkState
    rows: int
    counts: dict[RowState, int]
    made_at: datetime
    confirmed_at: datetime | None

    @property
    def sent(self) -> int:
        return self.counts[RowState.SENT]

    @property
    def ready(self) -> int:
        return self.counts[RowState.READY]

    @property
    def troubled(self) -> int:
        """Rows that were not sent, or will not be."""
        return self.counts[RowState.BAD] + self.counts[RowState.FAILED]

    @property
    def stopped(self) -> int:
        return self.counts[RowState.CANCELLED]

    @property
    def to_send(self) -> int:
        """Rows that were, are or will be sent."""
        return self.rows - self.counts[RowState.BAD] - self.stopped

    @property
    def ended(self) -> int:
        """Of those, how many are done with."""
        return self.sent + self.counts[RowState.FAILED]


@dataclass(frozen=True, slots=True)
class RowLine:
    """One row and its fate.

    Attributes:
        who: the patient's name once they are known; else what the list says of them.
        why: the sentence that explains why it is not sent; empty otherwise.
        envelope_id: of the envelope that it became; None before.
    """

    number: int
    who: str
    state: RowState
    code: str
    why: str
    envelope_id: UUID | None


def bulks(*, actor: Actor) -> list[BulkLine]:
    """The actor's, newest first, at most `PAGE`."""
    found = BulkSend.objects.filter(organisation_id=actor.organisation, sender_id=actor.person)
    return _lines(found.order_by("-made_at")[:PAGE])


def bulk(*, bulk_id: UUID, actor: Actor) -> BulkLine:
    """One of the actor's.

    Raises:
        BulkNotFound
    """
    row = access.bulk_of(actor=actor, bulk_id=bulk_id)
    return _lines(BulkSend.objects.filter(organisation_id=row.organisation_id, id=row.id))[0]


def bulk_rows(
    *, bulk_id: UUID, actor: Actor, after: int = 0, troubled: bool = False, most: int | None = PAGE
) -> list[RowLine]:
    """Rows of one's own bulk sending, in the list's order, those numbered above `after`; all of them when `most` is
    None.

    Raises:
        BulkNotFound
    """
    row = access.bulk_of(actor=actor, bulk_id=bulk_id)
    wanted = BulkRow.objects.filter(organisation_id=row.organisation_id, bulk_id=row.id, number__gt=after)
    if troubled:
        wanted = wanted.filter(state__in=NOT_SENT)
    found = list(wanted.order_by("number")[:most])
    people = records.patient_cards(
        organisation_id=row.organisation_id, patient_ids={one.patient_id for one in found if one.patient_id}
    )
    unknown = [one for one in found if one.patient_id not in people]
    said = {one.id: _said(words) for one, words in zip(unknown, given(unknown), strict=True)}
    return [
        RowLine(
            one.number,
            people[one.patient_id].display_name if one.patient_id in people else said[one.id],
            RowState(one.state),
            one.code,
            sentence(one.code),
            one.id if one.state == RowState.SENT else None,
        )
        for one in found
    ]


def count_under_way(*, actor: Actor) -> int:
    """How many of the actor's are being checked, or have rows that wait to be sent."""
    waiting = [line for line in bulks(actor=actor) if line.state in (BulkState.CHECKING, BulkState.SENDING)]
    return len(waiting)


def given(found: Sequence[BulkRow]) -> list[dict[str, str]]:
    """What the list says in these rows, by column; they are of one organisation."""
    if not found:
        return []
    organisation_id = found[0].organisation_id
    key_id = vault.organisation_keyset(organisation_id)
    texts = vault.unseal_texts(
        organisation_id=organisation_id,
        texts=[vault.Sealed(key_id, bytes(row.given_sealed), context_of(row.id)) for row in found],
    )
    return [json.loads(text) for text in texts]


def context_of(row_id: UUID) -> str:
    """What a row's words are sealed for."""
    return f"signature:bulk-row:{row_id}"


def sentence(code: str) -> str:
    """Why a row is not sent, from the refusal's code."""
    if not code:
        return ""
    found = _REFUSALS.get(code)
    return found().sentence if found else errors.RowNotSent().sentence


_REFUSALS = {
    one.code: one
    for one in vars(errors).values()
    if isinstance(one, type) and issubclass(one, DomainError) and "%(" not in (one.__doc__ or "")
}


def _said(words: dict[str, str]) -> str:
    name = " ".join(words[key] for key in (rows.NAME, rows.GIVEN) if key in words)
    return ", ".join(
        part for part in (name, *(words.get(key, "") for key in (rows.BORN, rows.INS, rows.PATIENT))) if part
    )


def _lines(found: QuerySet[BulkSend]) -> list[BulkLine]:
    listed = list(found.select_related("version__template"))
    counts: dict[UUID, dict[RowState, int]] = {one.id: dict.fromkeys(RowState, 0) for one in listed}
    if listed:
        totals = (
            BulkRow.objects.filter(organisation_id=listed[0].organisation_id, bulk_id__in=counts)
            .values_list("bulk_id", "state")
            .annotate(total=Count("id"))
            .order_by()
        )
        for bulk_id, state, total in totals:
            counts[bulk_id][RowState(state)] = total
    return [
        BulkLine(
            one.id,
            one.version.template.name,
            one.version.number,
            _state(one, counts[one.id]),
            sum(counts[one.id].values()),
            counts[one.id],
            one.made_at,
            one.confirmed_at,
        )
        for one in listed
    ]


def _state(row: BulkSend, counts: dict[RowState, int]) -> BulkState:
    if counts[RowState.SENDING] or (counts[RowState.READY] and row.confirmed_at is not None):
        return BulkState.SENDING
    if row.cancelled_at is not None:
        return BulkState.CANCELLED
    if row.checked_at is None:
        return BulkState.CHECKING
    if row.confirmed_at is None and counts[RowState.READY]:
        return BulkState.READY
    return BulkState.DONE
