"""Consents that their patient may still withdraw, and the withdrawals that were signed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.kernel.actors import Actor
from telesphore.signature import access
from telesphore.signature.errors import EnvelopeNotFound, NothingToWithdraw
from telesphore.signature.models import Envelope
from telesphore.signature.queries.circuits import title


@dataclass(frozen=True, slots=True)
class ConsentView:
    """A completed consent, as the patient who gave it sees it before withdrawing it."""

    envelope_id: UUID
    title: str
    signed_at: datetime


def consent(*, envelope_id: UUID, actor: Actor, at: datetime) -> ConsentView:
    """A consent that the actor may withdraw.

    Raises:
        EnvelopeNotFound, NothingToWithdraw
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
    except (EnvelopeNotFound, NothingToWithdraw):
        return False
    return True


def withdrawal_of(*, organisation_id: UUID, envelope_id: UUID) -> UUID | None:
    """The envelope of the counter-document that withdraws this one; None while it holds. For those who may read it."""
    row = Envelope.objects.filter(organisation_id=organisation_id, withdraws_id=envelope_id).order_by("-sent_at")
    return row.values_list("id", flat=True).first()
