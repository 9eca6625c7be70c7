"""Correct the address of who is awaited: the link before is revoked, and a new one is sent.

A patient's is written in their record; a guest's, who has none, in the envelope. A professional's is their own affair.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from uuid import UUID

from telesphore.accounts import queries as accounts
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.records import actions as records
from telesphore.signature import access, queries
from telesphore.signature.actions.call import call
from telesphore.signature.actions.close import lock
from telesphore.signature.errors import MustBeRepresented, NotAnAddress, NotAwaited, OwnAddress, RecipientNotFound
from telesphore.signature.models import Envelope, Recipient
from telesphore.signature.queries.guests import context_of
from telesphore.signature.states import RecipientState, StepKind
from telesphore.vault import actions as vault


@dataclass(frozen=True, slots=True)
class Reach:
    """How somebody without an account is reached; phone in E.164."""

    email: str
    phone: str


@audit.act("signature:recipient:correct")
def correct_recipient(*, envelope_id: UUID, recipient_id: UUID, reach: Reach, actor: Actor, at: datetime) -> None:
    """Write the right address of a patient or a guest of what one has sent; who is awaited now is called again.

    Raises:
        EnvelopeNotFound, EnvelopeClosed, EnvelopeExpired, NotAnAddress
        RecipientNotFound: no such one, or a professional.
        NotAwaited: they have acted.
        OwnAddress: the address or number is one of a professional's of the organisation, the sender's own first of all.
        MustBeRepresented: whoever represents the patient is called, by the address of their own account.
        RecordNotFound: the patient's record is not open to the sender any more.
    """
    envelope = lock(actor=actor, envelope_id=access.sent_by(actor=actor, envelope_id=envelope_id).id)
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    access.check_open(envelope, at)
    recipient = _recipient(envelope, recipient_id)
    _check(reach, actor, at)
    if recipient.patient_id is not None:
        if access.stand_ins(envelope, at)[1] is not None:
            raise MustBeRepresented
        records.change_contact(
            patient_id=recipient.patient_id, email=reach.email, phone=reach.phone, actor=actor, at=at
        )
    else:
        card = queries.guests_of([(envelope, recipient)])[recipient.id]
        recipient.guest_sealed = vault.seal_text(
            organisation_id=envelope.organisation_id,
            key_id=envelope.key_id,
            text=json.dumps(asdict(replace(card, email=reach.email, phone=reach.phone))),
            context=context_of(recipient.id),
        )
        recipient.save(update_fields=["guest_sealed"])
    audit.record(
        "signature:recipient:correct",
        actor=actor,
        subject=envelope.id,
        patient=envelope.patient_id,
        ground="sender",
        at=at,
        detail={"recipient": recipient.id.hex},
    )
    if recipient.state == RecipientState.WAITING:
        call(envelope, recipient, StepKind(recipient.step.kind), actor, at)


def _recipient(envelope: Envelope, recipient_id: UUID) -> Recipient:
    row = (
        Recipient.objects.filter(
            organisation_id=envelope.organisation_id, envelope_id=envelope.id, id=recipient_id, person_id=None
        )
        .select_related("step")
        .first()
    )
    if row is None:
        raise RecipientNotFound
    if row.state not in (RecipientState.WAITING, RecipientState.PENDING):
        raise NotAwaited
    return row


def _check(reach: Reach, actor: Actor, at: datetime) -> None:
    name, _, domain = reach.email.partition("@")
    digits = reach.phone.removeprefix("+")
    if not (name and "." in domain and " " not in reach.email and len(reach.email) <= 254):
        raise NotAnAddress
    if not (reach.phone.startswith("+") and digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 15):
        raise NotAnAddress
    # Who sends could sign as the recipient otherwise: the link and its code would come to them.
    theirs = {card.email.lower() for card in accounts.professionals(organisation_id=actor.organisation, at=at)}
    theirs |= {accounts.person_card(actor.person).email.lower()}
    if reach.email.lower() in theirs:
        raise OwnAddress
