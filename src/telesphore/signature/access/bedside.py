"""Who may hand a tablet over to a patient: whoever may open the record, while the patient is awaited."""

from datetime import datetime
from uuid import UUID

from telesphore.kernel.actors import Actor, ActorKind
from telesphore.records import access as records_access
from telesphore.records.errors import RecordNotFound
from telesphore.signature.errors import EnvelopeNotFound, MustBeRepresented, NotYourTurn
from telesphore.signature.models import Envelope, Recipient
from telesphore.signature.states import RecipientState


def patient_awaited(
    *, actor: Actor, envelope_id: UUID, at: datetime
) -> tuple[Envelope, Recipient, records_access.Decision]:
    """The envelope, the patient's place that is awaited in it, and on which ground the record is open to the actor.

    Raises:
        EnvelopeNotFound: no such envelope, or the record is not open to them.
        NotYourTurn: the patient is not awaited.
        MustBeRepresented: whoever represents the patient signs, from their own account.
    """
    if actor.kind is not ActorKind.PROFESSIONAL:
        raise EnvelopeNotFound
    try:
        envelope = Envelope.objects.get(organisation_id=actor.organisation, id=envelope_id)
        decision = records_access.decide(actor=actor, patient_id=envelope.patient_id, at=at)
    except (Envelope.DoesNotExist, RecordNotFound):
        raise EnvelopeNotFound from None
    recipient = (
        Recipient.objects.filter(
            organisation_id=actor.organisation,
            envelope_id=envelope.id,
            patient_id__isnull=False,
            state=RecipientState.WAITING,
        )
        .order_by("id")
        .first()
    )
    if recipient is None:
        raise NotYourTurn
    if records_access.who_acts_for(decision.patient, at) is not None:
        # A tablet proves who the patient is, and nothing of who stands beside the bed.
        raise MustBeRepresented
    return envelope, recipient, decision
