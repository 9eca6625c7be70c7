"""Who may act on an envelope: its recipients when it is their turn, its sender."""

from datetime import datetime
from uuid import UUID

from telesphore.kernel.actors import Actor, ActorKind
from telesphore.signature.errors import (
    AlreadySigned,
    EnvelopeClosed,
    EnvelopeExpired,
    EnvelopeNotFound,
    NotYourTurn,
    PreparedDropped,
    PreparedExpired,
    PreparedNotFound,
    PreparedUsed,
)
from telesphore.signature.models import Envelope, Prepared, Recipient
from telesphore.signature.states import OPEN_STATES, TRANSITIONS, EnvelopeState, PreparedState, RecipientState


def recipient_of(*, actor: Actor, envelope_id: UUID) -> tuple[Envelope, Recipient]:
    """The envelope and the actor's place in it.

    Raises:
        EnvelopeNotFound: no such envelope, or the actor is not among its recipients.
    """
    recipients = Recipient.objects.filter(organisation_id=actor.organisation, envelope_id=envelope_id)
    if actor.kind is ActorKind.PATIENT and actor.person_id is not None:
        recipients = recipients.filter(patient_id=actor.person_id)
    elif actor.kind is ActorKind.PROFESSIONAL and actor.person_id is not None and actor.roles:
        recipients = recipients.filter(person_id=actor.person)
    else:
        raise EnvelopeNotFound
    # Of several places of one person, the one that is awaited comes first.
    recipient = min(
        recipients.select_related("envelope"), key=lambda row: row.state != RecipientState.WAITING, default=None
    )
    if recipient is None:
        raise EnvelopeNotFound
    return recipient.envelope, recipient


def check_can_sign(envelope: Envelope, recipient: Recipient, at: datetime) -> None:
    """Whether it is this recipient's turn, and not too late.

    Raises:
        AlreadySigned, EnvelopeClosed, EnvelopeExpired, NotYourTurn
    """
    if recipient.state == RecipientState.SIGNED:
        raise AlreadySigned
    if envelope.state not in OPEN_STATES or recipient.state == RecipientState.DECLINED:
        raise EnvelopeClosed
    if at >= envelope.expires_at:
        raise EnvelopeExpired
    if recipient.state != RecipientState.WAITING:
        raise NotYourTurn


def prepared_of(*, actor: Actor, prepared_id: UUID) -> Prepared:
    """A signature that the actor prepared, with its envelope and recipient.

    Raises:
        PreparedNotFound: no such one, or another's.
    """
    if actor.kind is not ActorKind.PROFESSIONAL or actor.person_id is None or not actor.roles:
        raise PreparedNotFound
    try:
        return Prepared.objects.select_related("envelope", "recipient").get(
            organisation_id=actor.organisation, id=prepared_id, recipient__person_id=actor.person_id
        )
    except Prepared.DoesNotExist:
        raise PreparedNotFound from None


def check_waits(prepared: Prepared, at: datetime) -> None:
    """Whether a prepared signature may still be completed.

    Raises:
        PreparedUsed, PreparedDropped, PreparedExpired
    """
    if prepared.state == PreparedState.COMPLETED:
        raise PreparedUsed
    if prepared.state == PreparedState.DROPPED:
        raise PreparedDropped
    if at >= prepared.expires_at:
        raise PreparedExpired


def sender_or_recipient(*, actor: Actor, envelope_id: UUID) -> Envelope:
    """The envelope, for those whom it concerns.

    Raises:
        EnvelopeNotFound
    """
    try:
        envelope = Envelope.objects.get(organisation_id=actor.organisation, id=envelope_id)
    except Envelope.DoesNotExist:
        raise EnvelopeNotFound from None
    if actor.kind is ActorKind.SYSTEM:
        return envelope
    if actor.kind is ActorKind.PROFESSIONAL and actor.roles and envelope.sender_id == actor.person_id:
        return envelope
    return recipient_of(actor=actor, envelope_id=envelope_id)[0]


def check_transition(envelope: Envelope, to: EnvelopeState) -> None:
    """Whether the table of states allows it.

    Raises:
        EnvelopeClosed
    """
    if to not in TRANSITIONS[EnvelopeState(envelope.state)]:
        raise EnvelopeClosed
