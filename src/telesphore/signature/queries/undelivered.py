"""Notices that reached nobody, for who sent the envelope: an address to correct, and they are called again."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.accounts import queries as accounts
from telesphore.kernel.actors import Actor
from telesphore.outbox import queries as outbox
from telesphore.records import queries as records
from telesphore.signature.models import Recipient
from telesphore.signature.queries.circuits import PAGE, titles
from telesphore.signature.queries.guests import guests_of
from telesphore.signature.states import OPEN_STATES, RecipientState


@dataclass(frozen=True, slots=True)
class UndeliveredLine:
    """Somebody who is awaited, and whom the last notice did not reach.

    Attributes:
        why: the gateway's code.
        correctable: whether the sender may correct their address; a colleague's is their own to correct, and so is
            that of who represents a patient.
    """

    envelope_id: UUID
    title: str
    recipient_id: UUID
    name: str
    why: str
    since: datetime
    correctable: bool


def undelivered(*, actor: Actor, at: datetime) -> list[UndeliveredLine]:
    """Of what the actor sent, who is awaited and was not reached, the latest first, at most `PAGE`. A constant
    number of queries."""
    waiting = Recipient.objects.filter(
        organisation_id=actor.organisation,
        state=RecipientState.WAITING,
        envelope__sender_id=actor.person,
        envelope__state__in=OPEN_STATES,
    )
    failed = {
        notice.about: notice
        for notice in outbox.last_failed(
            organisation_id=actor.organisation, about=waiting.values_list("id", flat=True), most=PAGE
        )
    }
    rows = {row.id: row for row in waiting.filter(id__in=failed).select_related("envelope")}
    found = [rows[recipient_id] for recipient_id in failed if recipient_id in rows]
    people = accounts.person_cards({row.person_id for row in found if row.person_id is not None})
    patients = records.patient_cards(
        organisation_id=actor.organisation, patient_ids={row.envelope.patient_id for row in found}
    )
    represented = records.represented(
        organisation_id=actor.organisation,
        patient_ids={row.patient_id for row in found if row.patient_id is not None},
        at=at,
    )
    guests = guests_of([(row.envelope, row) for row in found])

    def name(row: Recipient) -> str:
        if row.person_id is not None:
            return people[row.person_id].display_name
        return guests[row.id].name if row.id in guests else patients[row.envelope.patient_id].display_name

    return [
        UndeliveredLine(
            row.envelope_id,
            title,
            row.id,
            name(row),
            failed[row.id].error_code,
            failed[row.id].queued_at,
            row.person_id is None and row.patient_id not in represented,
        )
        for row, title in zip(found, titles([row.envelope for row in found]), strict=True)
    ]
