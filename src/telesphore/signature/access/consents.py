"""Who may withdraw a consent once it is completed: the patient, while they act alone, or who represents them.

Whoever signed it: who came of age withdraws what a parent signed, who is represented since asks their representative.
"""

from datetime import datetime
from uuid import UUID

from telesphore.kernel.actors import Actor, ActorKind
from telesphore.signature.access.places import recipient_of
from telesphore.signature.access.represented import check_acts_alone
from telesphore.signature.errors import EnvelopeNotFound, NothingToWithdraw
from telesphore.signature.models import Envelope, Recipient
from telesphore.signature.states import EnvelopeState, Purpose, RecipientState


def consent_of(*, actor: Actor, envelope_id: UUID, at: datetime) -> tuple[Envelope, Recipient]:
    """The completed consent, and the patient's place in it.

    Raises:
        EnvelopeNotFound: no such envelope, or not theirs.
        NothingToWithdraw: not completed, no consent, or withdrawn already.
        MustBeRepresented: whoever represents the patient withdraws it.
    """
    if actor.kind not in (ActorKind.PATIENT, ActorKind.REPRESENTATIVE):
        raise EnvelopeNotFound
    envelope, recipient = recipient_of(actor=actor, envelope_id=envelope_id, at=at)
    if (
        envelope.state != EnvelopeState.COMPLETED
        or envelope.withdrawn_at is not None
        or recipient.state != RecipientState.SIGNED
        or recipient.purpose != Purpose.CONSENTS
    ):
        raise NothingToWithdraw
    check_acts_alone(actor=actor, envelope=envelope, at=at)
    return envelope, recipient
