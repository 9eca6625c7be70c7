"""Change how a patient comes to a document that was sent already: by a link, or by a tablet handed over to them."""

from datetime import datetime
from uuid import UUID

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.signature import access
from telesphore.signature.actions.call import call
from telesphore.signature.actions.close import lock
from telesphore.signature.errors import (
    MustBeRepresented,
    NotAnAddress,
    NotAtBedside,
    NotAwaited,
    RecipientNotFound,
)
from telesphore.signature.models import Recipient
from telesphore.signature.states import RecipientState, SignatureLevel, StepKind, at_least


@audit.act("signature:recipient:change-way")
def change_way(*, envelope_id: UUID, recipient_id: UUID, at_bedside: bool, actor: Actor, at: datetime) -> None:
    """Have the patient of what one has sent sign at the bedside from now on, or by a link; nothing happens when they
    do already. Who is awaited now is called; a link sent before works no more.

    Raises:
        EnvelopeNotFound, EnvelopeClosed, EnvelopeExpired
        RecipientNotFound: no such one, or no patient.
        NotAwaited: they have acted.
        NotAnAddress: their record holds no e-mail address, or no phone for the code.
        MustBeRepresented, NotAtBedside: no tablet may be handed over to them.
    """
    envelope = lock(actor=actor, envelope_id=access.sent_by(actor=actor, envelope_id=envelope_id).id)
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    access.check_open(envelope, at)
    recipient = (
        Recipient.objects.filter(
            organisation_id=envelope.organisation_id,
            envelope_id=envelope.id,
            id=recipient_id,
            patient_id=envelope.patient_id,
        )
        .select_related("step")
        .first()
    )
    if recipient is None:
        raise RecipientNotFound
    if recipient.state not in (RecipientState.WAITING, RecipientState.PENDING):
        raise NotAwaited
    patient, stand_ins = access.stand_ins(envelope, at)
    if at_bedside and stand_ins is not None:
        raise MustBeRepresented
    if at_bedside and not at_least(SignatureLevel.ADVANCED, recipient.asked_level):
        raise NotAtBedside
    if not at_bedside and stand_ins is None and not (patient.email and patient.phone):
        raise NotAnAddress
    if recipient.at_bedside == at_bedside:
        return
    recipient.at_bedside = at_bedside
    recipient.save(update_fields=["at_bedside"])
    audit.record(
        "signature:recipient:change-way",
        actor=actor,
        subject=envelope.id,
        patient=envelope.patient_id,
        ground="sender",
        at=at,
        detail={"recipient": recipient.id.hex, "at_bedside": at_bedside},
    )
    if recipient.state == RecipientState.WAITING:
        call(envelope, recipient, StepKind(recipient.step.kind), actor, at)
