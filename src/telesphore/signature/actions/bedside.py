"""The bedside: a professional who saw who the patient is hands over a tablet, for one document, and takes it back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.links import actions as links
from telesphore.signature import access
from telesphore.signature.actions.close import lock
from telesphore.signature.errors import (
    BraceletOfAnother,
    IdentityNotSeen,
    IdentityTooWeak,
    NobodyAtBedside,
    NotAtBedside,
)
from telesphore.signature.models import Bedside
from telesphore.signature.queries.bedside import decided_within, identity_of
from telesphore.signature.states import BedsideEnd, IdentityDocument, SignatureLevel, at_least

LIFE = timedelta(hours=1)
LINK_AT_BEDSIDE = "signature:bedside"
CODE_LIFE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How a professional knows who is in front of them.

    Attributes:
        document: the identity document that they looked at.
        bracelet: what was scanned from the bracelet: the INS, or the record's id; empty when it was not.
        code_link_id: the link whose code the patient read out from their phone.
    """

    document: IdentityDocument | None = None
    bracelet: str = ""
    code_link_id: UUID | None = None


@audit.act("signature:bedside:code")
def send_code(*, envelope_id: UUID, actor: Actor, at: datetime) -> links.NewLink:
    """A link whose code is to be sent to the patient's phone (`links.send_code`): whoever reads it out holds the phone.

    Raises:
        EnvelopeNotFound, NotYourTurn
        IdentityNotSeen: the record has no phone number.
    """
    envelope, _recipient, decision = access.patient_awaited(actor=actor, envelope_id=envelope_id, at=at)
    patient = decision.patient
    if not patient.phone:
        raise IdentityNotSeen
    link = links.create(
        organisation_id=envelope.organisation_id,
        purpose=LINK_AT_BEDSIDE,
        subject_id=envelope.id,
        patient_id=patient.id,
        phone=patient.phone,
        language=patient.reads,
        expires_at=at + CODE_LIFE,
        actor=actor,
        at=at,
    )
    audit.record(
        "signature:bedside:code", actor=actor, subject=envelope.id, patient=patient.id, ground="care-team", at=at
    )
    return link


@audit.act("signature:bedside:open")
def hand_over(
    *, envelope_id: UUID, seen: Seen, session_id: UUID, session_ends_at: datetime, actor: Actor, at: datetime
) -> UUID:
    """Hand a tablet over to the patient for this document; returns the id by which it is taken back.

    The caller locks the professional's session at once: until it is unlocked the tablet opens nothing else.

    Args:
        session_id, session_ends_at: the professional's; the tablet is not handed over for longer.

    Raises:
        EnvelopeNotFound: nothing of a patient whose record is open to the actor.
        NotYourTurn: the patient is not awaited.
        IdentityNotSeen, BraceletOfAnother
        IdentityTooWeak, NotAtBedside: what was seen would not make a signature of the level asked.
    """
    access.patient_awaited(actor=actor, envelope_id=envelope_id, at=at)
    lock(actor=actor, envelope_id=envelope_id)
    envelope, recipient, decision = access.patient_awaited(actor=actor, envelope_id=envelope_id, at=at)
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    access.check_can_sign(envelope, recipient, at)
    scanned = seen.bracelet.strip().replace("-", "").replace(" ", "").lower()
    if scanned and scanned not in {decision.patient.ins, decision.patient.id.hex} - {""}:
        raise BraceletOfAnother
    if not (seen.document or scanned or seen.code_link_id):
        raise IdentityNotSeen
    _check_level(recipient.asked_level, seen)
    for left in Bedside.objects.filter(organisation_id=actor.organisation, session_id=session_id, ended_at=None):
        _end(left, BedsideEnd.RETURNED, at)
    row = Bedside.objects.create(
        organisation_id=envelope.organisation_id,
        envelope_id=envelope.id,
        recipient_id=recipient.id,
        session_id=session_id,
        seen_by=actor.person,
        document=seen.document or "",
        bracelet=bool(scanned),
        code_link_id=seen.code_link_id,
        began_at=at,
        ends_at=min(at + LIFE, session_ends_at, envelope.expires_at),
    )
    audit.record(
        "signature:bedside:open",
        actor=actor,
        subject=envelope.id,
        patient=envelope.patient_id,
        ground=decision.ground,
        at=at,
        detail={"bedside": row.id.hex, **identity_of(row=row)},
    )
    return row.id


@audit.act("signature:bedside:end")
def take_back(
    *, bedside_id: UUID, end: BedsideEnd, actor: Actor, at: datetime, decided_at: datetime | None = None
) -> None:
    """The tablet is the professional's again; nothing happens when it was already.

    Args:
        decided_at: when the patient decided, as the tablet says; kept when it lies within the time that they held it.

    Raises:
        NobodyAtBedside: no such one in the actor's organisation.
    """
    try:
        row = Bedside.objects.select_related("envelope").get(organisation_id=actor.organisation, id=bedside_id)
    except Bedside.DoesNotExist:
        raise NobodyAtBedside from None
    if row.ended_at is not None:
        return
    _end(row, end, at)
    audit.record(
        "signature:bedside:end",
        actor=actor,
        subject=row.envelope_id,
        patient=row.envelope.patient_id,
        ground="bedside",
        at=at,
        detail={"bedside": row.id.hex, "end": end.value, **decided_within(row=row, decided_at=decided_at, at=at)},
    )


def _check_level(asked: str, seen: Seen) -> None:
    """Refused before the patient has the tablet, rather than once they have signed."""
    if not at_least(SignatureLevel.ADVANCED, asked):
        raise NotAtBedside
    if not (seen.document or seen.code_link_id or at_least(SignatureLevel.SIMPLE, asked)):
        raise IdentityTooWeak


def _end(row: Bedside, end: BedsideEnd, at: datetime) -> None:
    row.ended_at, row.end = at, end
    row.save(update_fields=["ended_at", "end"])
