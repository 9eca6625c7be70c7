"""What a patient was asked to sign, once it no longer awaits them: where each document is, and since when."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.accounts import queries as accounts
from telesphore.signature.models import Envelope, Recipient
from telesphore.signature.queries.circuits import titles
from telesphore.signature.states import OPEN_STATES, EnvelopeState, RecipientState

MOST = 10
"""Lines that a patient's first page has room for; what was completed stands among the documents as well."""


@dataclass(frozen=True, slots=True)
class Journey:
    """One document that the patient signed, refused, or is asked to sign no more.

    Attributes:
        standing: `signed` (others are awaited), `sealing`, `completed`, `declined` (by the patient), `refused` (by
            another), `voided` (by its sender), `expired`, or `withdrawn` (the patient took their consent back).
        at: since when it stands so.
        link_id: of a signature that may be on its way: the link that led to it.
    """

    envelope_id: UUID
    title: str
    sender: str
    standing: str
    at: datetime
    link_id: UUID | None


def journeys_of_patient(*, organisation_id: UUID, patient_id: UUID) -> list[Journey]:
    """The last ones sent, newest first, at most `MOST`, one line for each document. A constant number of queries."""
    rows = (
        Recipient.objects.filter(
            organisation_id=organisation_id, patient_id=patient_id, envelope__withdraws_id__isnull=True
        )
        .exclude(state=RecipientState.PENDING)
        .exclude(state=RecipientState.WAITING, envelope__state__in=OPEN_STATES)
        .select_related("envelope")
        .order_by("-envelope__sent_at", "-signed_at")
    )
    found: dict[UUID, Recipient] = {}
    for row in rows[: 2 * MOST]:
        found.setdefault(row.envelope_id, row)
    shown = [row for row in found.values() if row.state != RecipientState.RELEASED or _closed(row)][:MOST]
    people = accounts.person_cards({row.envelope.sender_id for row in shown})
    return [
        Journey(
            row.envelope_id,
            title,
            people[row.envelope.sender_id].display_name,
            *_standing(row.envelope, row),
            row.link_id,
        )
        for row, title in zip(shown, titles([row.envelope for row in shown]), strict=True)
    ]


def _closed(row: Recipient) -> bool:
    return row.envelope.closed_at is not None


def _standing(envelope: Envelope, row: Recipient) -> tuple[str, datetime]:
    ended = envelope.closed_at or row.signed_at or row.acted_at or envelope.sent_at
    match EnvelopeState(envelope.state):
        case EnvelopeState.COMPLETED if envelope.withdrawn_at is not None:
            return "withdrawn", envelope.withdrawn_at
        case EnvelopeState.DECLINED:
            return ("declined" if row.state == RecipientState.DECLINED else "refused"), ended
        case EnvelopeState.SEALING:
            return "sealing", row.signed_at or ended
        case EnvelopeState.SENT | EnvelopeState.IN_PROGRESS:
            return "signed", row.signed_at or ended
        case state:
            return state.value, ended
