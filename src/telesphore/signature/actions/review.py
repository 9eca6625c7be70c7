"""Approve what one is asked to review (a visa), with a comment or without. Who does not approve refuses: `decline`."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.signature import access
from telesphore.signature.actions.advance import advance
from telesphore.signature.actions.call import use_up_links
from telesphore.signature.actions.close import lock, seal_comment
from telesphore.signature.models import Envelope, Recipient
from telesphore.signature.states import Opinion, RecipientState, StepKind

ACTED = {StepKind.REVIEW: RecipientState.APPROVED, StepKind.OPINION: RecipientState.ADVISED}


@dataclass(frozen=True, slots=True)
class Answered:
    """An approval or an opinion that was taken: on which envelope, and whether it was the last act."""

    envelope_id: UUID
    last: bool


@audit.act("signature:recipient:review")
def approve(*, envelope_id: UUID, comment: str, actor: Actor, at: datetime) -> Answered:
    """Approve the document, in one's own place or that of whoever delegated reviewing.

    Raises:
        EnvelopeNotFound, NotAskedForThat, AlreadyActed, EnvelopeClosed, EnvelopeExpired, NoLongerNeeded, NotYourTurn
        MustBeRepresented: the patient does not approve alone.
    """
    return answer(StepKind.REVIEW, envelope_id=envelope_id, opinion=None, comment=comment, actor=actor, at=at)


def answer(
    kind: StepKind, *, envelope_id: UUID, opinion: Opinion | None, comment: str, actor: Actor, at: datetime
) -> Answered:
    """Take an approval or an opinion, in the caller's transaction."""
    act = access.ACTS[kind]
    # Who has no place here waits for no lock.
    access.recipient_of(actor=actor, envelope_id=envelope_id, at=at, act=act)
    envelope = lock(actor=actor, envelope_id=envelope_id)
    _, recipient = access.recipient_of(actor=actor, envelope_id=envelope_id, at=at, act=act)
    authority = access.authority(actor=actor, envelope=envelope, recipient=recipient, at=at, act=act)
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    access.check_asked(recipient, kind)
    access.check_can_sign(envelope, recipient, at)
    if kind is StepKind.REVIEW:
        access.check_acts_alone(actor=actor, envelope=envelope, at=at)
    _write(envelope, recipient, ACTED[kind], opinion, comment, at)
    recipient.proof = {
        "means": actor.means,
        "acr": actor.acr,
        "source_address": actor.source_address or "",
        "client": actor.client,
    }
    if authority.row_id is not None:
        recipient.proof |= {"signed_by": actor.person.hex, **authority.detail}
    recipient.save(update_fields=["proof"])
    use_up_links(recipient=recipient, actor=actor, at=at)
    audit.record(
        act,
        actor=access.in_place_of(actor, recipient),
        subject=envelope.id,
        patient=envelope.patient_id,
        ground=authority.ground,
        at=at,
        detail=({"opinion": opinion.value} if opinion else {}) | authority.detail or None,
    )
    return Answered(envelope.id, advance(envelope, recipient, actor, at))


def _write(
    envelope: Envelope,
    recipient: Recipient,
    state: RecipientState,
    opinion: Opinion | None,
    comment: str,
    at: datetime,
) -> None:
    recipient.state, recipient.acted_at = state, at
    recipient.opinion = opinion.value if opinion else ""
    recipient.comment_sealed = seal_comment(envelope, recipient, comment)
    recipient.save(update_fields=["state", "acted_at", "opinion", "comment_sealed"])
