"""Who holds a tablet that was handed over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.accounts.states import Acr
from telesphore.kernel.actors import Actor
from telesphore.records import queries as records
from telesphore.signature import access
from telesphore.signature.errors import EnvelopeNotFound, NobodyAtBedside, NotYourTurn
from telesphore.signature.models import Bedside, Recipient
from telesphore.signature.queries.circuits import title
from telesphore.signature.states import OPEN_STATES, BedsideEnd, RecipientState, SignatureLevel, at_least

DECIDED: Mapping[str, str] = {
    RecipientState.SIGNED: BedsideEnd.SIGNED,
    RecipientState.DECLINED: BedsideEnd.DECLINED,
}


@dataclass(frozen=True, slots=True)
class AtBedside:
    """A patient with a tablet in their hands.

    Attributes:
        means: how they were recognised, as an `Actor` says it.
        ends_at: until when they may hold it.
        language: in which the sender has them spoken to; empty for the one that the tablet speaks.
    """

    bedside_id: UUID
    organisation_id: UUID
    envelope_id: UUID
    patient_id: UUID
    seen_by: UUID
    means: str
    ends_at: datetime
    language: str


def at_bedside(*, bedside_id: UUID, session_id: UUID, at: datetime) -> AtBedside:
    """Who holds the tablet of this session.

    Raises:
        NobodyAtBedside: it came back, the hour is over, or it is another session's.
    """
    try:
        row = Bedside.objects.select_related("envelope", "recipient").get(
            id=bedside_id, session_id=session_id, ended_at=None
        )
    except Bedside.DoesNotExist:
        raise NobodyAtBedside from None
    if at >= row.ends_at:
        raise NobodyAtBedside
    return AtBedside(
        row.id,
        row.organisation_id,
        row.envelope_id,
        row.envelope.patient_id,
        row.seen_by,
        _means(row),
        row.ends_at,
        row.recipient.language,
    )


def _means(row: Bedside) -> str:
    ways = [row.document, "bracelet" if row.bracelet else "", "code" if row.code_link_id else ""]
    return "bedside:" + "+".join(way for way in ways if way)


def bedside_ended(*, bedside_id: UUID, session_id: UUID) -> str:
    """How a tablet came back (`BedsideEnd`), or will, once what its patient decided is taken; empty when they did not
    decide, or when it was never handed over."""
    row = Bedside.objects.filter(id=bedside_id, session_id=session_id).values_list("end", "recipient__state").first()
    if row is None:
        return ""
    end, state = row
    return end or DECIDED.get(state, "")


def envelope_at_bedside(*, bedside_id: UUID, session_id: UUID) -> UUID:
    """The envelope for which a tablet was handed over, be it back or not.

    Raises:
        NobodyAtBedside
    """
    row = Bedside.objects.filter(id=bedside_id, session_id=session_id).values_list("envelope_id", flat=True).first()
    if row is None:
        raise NobodyAtBedside
    return row


@dataclass(frozen=True, slots=True)
class ForBedside:
    """What a professional sees before handing a tablet over.

    Attributes:
        phone_end: last two digits of the patient's phone; empty when the record has none.
        bracelet_alone: whether it would do, for the level of signature asked.
    """

    envelope_id: UUID
    title: str
    patient: records.PatientCard
    phone_end: str
    bracelet_alone: bool


def for_bedside(*, envelope_id: UUID, actor: Actor, at: datetime) -> ForBedside:
    """An envelope that awaits its patient, for whoever may open the patient's record.

    Raises:
        EnvelopeNotFound
        NotYourTurn: the patient is not awaited.
    """
    row, recipient, decision = access.patient_awaited(actor=actor, envelope_id=envelope_id, at=at)
    card = records.patient_cards(organisation_id=row.organisation_id, patient_ids={row.patient_id})[row.patient_id]
    bracelet_alone = at_least(SignatureLevel.SIMPLE, recipient.asked_level)
    return ForBedside(row.id, title(row), card, decision.patient.phone[-2:], bracelet_alone)


def awaits_patient(*, organisation_id: UUID, patient_id: UUID) -> frozenset[UUID]:
    """The envelopes that await this patient's own signature. The caller has opened the record."""
    waiting = Recipient.objects.filter(
        organisation_id=organisation_id,
        patient_id=patient_id,
        state=RecipientState.WAITING,
        envelope__state__in=OPEN_STATES,
    )
    return frozenset(waiting.values_list("envelope_id", flat=True))


def may_hand_tablet_over(*, envelope_id: UUID, actor: Actor, at: datetime) -> bool:
    """Whether the actor may hand a tablet over to the patient for this envelope, now."""
    try:
        access.patient_awaited(actor=actor, envelope_id=envelope_id, at=at)
    except (EnvelopeNotFound, NotYourTurn):
        return False
    return True


def seen_at_bedside(
    *, recipient: Recipient, actor: Actor, at: datetime, decided_at: datetime | None = None
) -> dict[str, object]:
    """What the proof of a signature given at the bedside says more; nothing for any other.

    Args:
        decided_at: when the patient decided, as the tablet says; kept when it lies within the time that they held it.
    """
    if actor.acr != Acr.BEDSIDE or actor.session_id is None:
        return {}
    row = Bedside.objects.filter(
        organisation_id=recipient.organisation_id,
        recipient_id=recipient.id,
        session_id=actor.session_id,
        ended_at=None,
        ends_at__gt=at,
    ).first()
    if row is None:
        return {}
    return {"bedside": identity_of(row=row), **decided_within(row=row, decided_at=decided_at, at=at)}


def decided_within(*, row: Bedside, decided_at: datetime | None, at: datetime) -> dict[str, str]:
    """When the patient decided, as the proof and the trail say it; nothing when they did not hold the tablet then."""
    if decided_at is None or not row.began_at <= decided_at <= at:
        return {}
    return {"decided_at": decided_at.isoformat()}


def identity_of(*, row: Bedside) -> dict[str, str | bool]:
    """How the patient was recognised, as the proof and the trail say it."""
    return {
        "seen_by": row.seen_by.hex,
        "document": row.document,
        "bracelet": row.bracelet,
        "code": row.code_link_id is not None,
    }
