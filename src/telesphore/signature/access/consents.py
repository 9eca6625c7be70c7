"""Who may withdraw a consent: the patient who gave it, or who represents them, once it is completed."""

from datetime import datetime
from uuid import UUID

from telesphore.kernel.actors import Actor, ActorKind
from telesphore.signature.access.places import recipient_of
from telesphore.signature.errors import EnvelopeNotFound, NothingToWithdraw
from telesphore.signature.models import Envelope, Recipient
from telesphore.signature.states import EnvelopeState, Purpose, RecipientState


def consent_of(*, actor: Actor, envelope_id: UUID, at: datetime) -> tuple[Envelope, Recipient]:
    """The completed consent, and the patient's place in it.

    Raises:
        EnvelopeNotFound: no such envelope, or not theirs.
        NothingToWithdraw: not completed, no consent, or withdrawn already.
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
    return envelope, recipient
