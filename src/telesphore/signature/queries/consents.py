"""Consents that their patient may still withdraw, and the withdrawals that were signed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.accounts import queries as accounts
from telesphore.kernel.actors import Actor
from telesphore.records import queries as records
from telesphore.signature import access
from telesphore.signature.errors import EnvelopeNotFound, MustBeRepresented, NothingToWithdraw
from telesphore.signature.models import Envelope, Recipient
from telesphore.signature.queries.circuits import title
from telesphore.signature.states import RecipientState


@dataclass(frozen=True, slots=True)
class ConsentView:
    """A completed consent, as the patient who gave it sees it before withdrawing it."""

    envelope_id: UUID
    title: str
    signed_at: datetime


def consent(*, envelope_id: UUID, actor: Actor, at: datetime) -> ConsentView:
    """A consent that the actor may withdraw.

    Raises:
        EnvelopeNotFound, NothingToWithdraw, MustBeRepresented
    """
    envelope, recipient = access.consent_of(actor=actor, envelope_id=envelope_id, at=at)
    assert recipient.signed_at is not None
    return ConsentView(envelope.id, title(envelope), recipient.signed_at)


def may_withdraw(*, envelope_id: UUID | None, actor: Actor, at: datetime) -> bool:
    """Whether this is a consent that the actor may withdraw."""
    if envelope_id is None:
        return False
    try:
        access.consent_of(actor=actor, envelope_id=envelope_id, at=at)
    except (EnvelopeNotFound, NothingToWithdraw, MustBeRepresented):
        return False
    return True


def asks_to_withdraw(*, envelope_id: UUID | None, actor: Actor, at: datetime) -> tuple[str, ...] | None:
    """The names of those whom the actor, a patient, asks to withdraw this consent in their place; None where they need
    ask nobody: it is theirs to withdraw, or there is nothing to."""
    if envelope_id is None:
        return None
    try:
        access.consent_of(actor=actor, envelope_id=envelope_id, at=at)
    except MustBeRepresented:
        return records.stand_ins(organisation_id=actor.organisation, patient_id=actor.person, at=at)
    except (EnvelopeNotFound, NothingToWithdraw):
        pass
    return None


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What those who may read a consent see of its withdrawal.

    Attributes:
        by: who signed it.
        document_id: the signed withdrawal in the record; None until it is filed.
    """

    at: datetime
    by: str
    document_id: UUID | None


def withdrawal_signed(envelope: Envelope) -> Withdrawal | None:
    """The withdrawal of an envelope that the caller has found for somebody who may read it; None while it holds."""
    if envelope.withdrawn_at is None:
        return None
    organisation_id = envelope.organisation_id
    signed = Recipient.objects.filter(
        organisation_id=organisation_id,
        envelope__withdraws_id=envelope.id,
        patient_id=envelope.patient_id,
        state=RecipientState.SIGNED,
    ).first()
    assert signed is not None
    cards = records.patient_cards(organisation_id=organisation_id, patient_ids={envelope.patient_id})
    by = cards[envelope.patient_id].display_name
    if signed.proof and "signed_by" in signed.proof:
        by = accounts.person_card(UUID(signed.proof["signed_by"])).display_name
    filed = records.results_of(organisation_id=organisation_id, source_id=signed.envelope_id)
    return Withdrawal(envelope.withdrawn_at, by, filed.get("signed"))


def withdrawal_of(*, organisation_id: UUID, envelope_id: UUID) -> UUID | None:
    """The envelope of the counter-document that withdraws this one; None while it holds. For those who may read it."""
    row = Envelope.objects.filter(organisation_id=organisation_id, withdraws_id=envelope_id).order_by("-sent_at")
    return row.values_list("id", flat=True).first()
