"""Who holds a tablet that was handed over."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.accounts.states import Acr
from telesphore.kernel.actors import Actor
from telesphore.records import queries as records
from telesphore.signature import access
from telesphore.signature.errors import NobodyAtBedside
from telesphore.signature.models import Bedside, Recipient
from telesphore.signature.queries.circuits import title


@dataclass(frozen=True, slots=True)
class AtBedside:
    """A patient with a tablet in their hands.

    Attributes:
        means: how they were recognised, as an `Actor` says it.
    """

    bedside_id: UUID
    organisation_id: UUID
    envelope_id: UUID
    patient_id: UUID
    seen_by: UUID
    means: str


def at_bedside(*, bedside_id: UUID, session_id: UUID, at: datetime) -> AtBedside:
    """Who holds the tablet of this session.

    Raises:
        NobodyAtBedside: it came back, the hour is over, or it is another session's.
    """
    try:
        row = Bedside.objects.select_related("envelope").get(id=bedside_id, session_id=session_id, ended_at=None)
    except Bedside.DoesNotExist:
        raise NobodyAtBedside from None
    if at >= row.ends_at:
        raise NobodyAtBedside
    return AtBedside(row.id, row.organisation_id, row.envelope_id, row.envelope.patient_id, row.seen_by, _means(row))


def _means(row: Bedside) -> str:
    ways = [row.document, "bracelet" if row.bracelet else "", "code" if row.code_link_id else ""]
    return "bedside:" + "+".join(way for way in ways if way)


def bedside_ended(*, bedside_id: UUID, session_id: UUID) -> str:
    """How a tablet came back (`BedsideEnd`); empty when it did not, or was never handed over."""
    row = Bedside.objects.filter(id=bedside_id, session_id=session_id).values_list("end", flat=True).first()
    return row or ""


@dataclass(frozen=True, slots=True)
class ForBedside:
    """What a professional sees before handing a tablet over.

    Attributes:
        phone_end: last two digits of the patient's phone; empty when the record has none.
    """

    envelope_id: UUID
    title: str
    patient: records.PatientCard
    phone_end: str


def for_bedside(*, envelope_id: UUID, actor: Actor, at: datetime) -> ForBedside:
    """An envelope that awaits its patient, for whoever may open the patient's record.

    Raises:
        EnvelopeNotFound
        NotYourTurn: the patient is not awaited.
    """
    row, _recipient, decision = access.patient_awaited(actor=actor, envelope_id=envelope_id, at=at)
    card = records.patient_cards(organisation_id=row.organisation_id, patient_ids={row.patient_id})[row.patient_id]
    return ForBedside(row.id, title(row), card, decision.patient.phone[-2:])


def seen_at_bedside(*, recipient: Recipient, actor: Actor, at: datetime) -> dict[str, object]:
    """What the proof of a signature given at the bedside says more; nothing for any other."""
    if actor.acr != Acr.BEDSIDE or actor.session_id is None:
        return {}
    row = Bedside.objects.filter(
        organisation_id=recipient.organisation_id,
        recipient_id=recipient.id,
        session_id=actor.session_id,
        ended_at=None,
        ends_at__gt=at,
    ).first()
    return {} if row is None else {"bedside": identity_of(row=row)}


def identity_of(*, row: Bedside) -> dict[str, str | bool]:
    """How the patient was recognised, as the proof and the trail say it."""
    return {
        "seen_by": row.seen_by.hex,
        "document": row.document,
        "bracelet": row.bracelet,
        "code": row.code_link_id is not None,
    }
