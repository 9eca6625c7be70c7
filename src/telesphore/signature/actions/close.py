"""Decline (a recipient) and void (the sender): the circuit stops, the reason is kept sealed."""

from datetime import datetime
from uuid import UUID

from telesphore.audit import actions as audit
from telesphore.jobs import actions as jobs
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.signature import access
from telesphore.signature.actions.call import drop_prepared, release, use_up_links
from telesphore.signature.actions.tell_sender import tell_sender
from telesphore.signature.errors import EnvelopeNotFound, OpinionStopsNothing
from telesphore.signature.facts import EnvelopeMoved
from telesphore.signature.models import Envelope, Recipient, Step
from telesphore.signature.states import EnvelopeState, RecipientState, StepKind
from telesphore.vault import actions as vault


@audit.act("signature:recipient:decline")
def decline(*, envelope_id: UUID, reason: str, actor: Actor, at: datetime) -> None:
    """Refuse to sign or to approve, with a reason or without: it returns to its sender, nobody is asked any more.

    Raises:
        EnvelopeNotFound, AlreadySigned, AlreadyActed, EnvelopeClosed, EnvelopeExpired, NoLongerNeeded, NotYourTurn
        OpinionStopsNothing: one is asked for an opinion.
    """
    access.recipient_of(actor=actor, envelope_id=envelope_id, at=at, act="signature:recipient:decline")
    envelope = lock(actor=actor, envelope_id=envelope_id)
    _envelope, recipient = access.recipient_of(
        actor=actor, envelope_id=envelope_id, at=at, act="signature:recipient:decline"
    )
    authority = access.authority(
        actor=actor, envelope=envelope, recipient=recipient, at=at, act="signature:recipient:decline"
    )
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    access.check_can_sign(envelope, recipient, at)
    step = Step.objects.get(organisation_id=envelope.organisation_id, id=recipient.step_id)
    if step.kind == StepKind.OPINION:
        raise OpinionStopsNothing
    recipient.state, recipient.acted_at = RecipientState.DECLINED, at
    recipient.comment_sealed = seal_comment(envelope, recipient, reason)
    recipient.save(update_fields=["state", "acted_at", "comment_sealed"])
    drop_prepared(recipient, at)
    use_up_links(recipient=recipient, actor=actor, at=at)
    end(envelope, EnvelopeState.DECLINED, reason, actor, at)
    tell_sender(envelope, "declined", actor, at)
    audit.record(
        "signature:recipient:decline",
        actor=access.in_place_of(actor, recipient),
        subject=envelope.id,
        patient=envelope.patient_id,
        ground=authority.ground,
        at=at,
        detail=authority.detail or None,
    )


@audit.act("signature:envelope:void")
def void(*, envelope_id: UUID, reason: str, actor: Actor, at: datetime) -> None:
    """Withdraw an envelope that one has sent.

    Raises:
        EnvelopeNotFound, EnvelopeClosed
    """
    envelope = lock(actor=actor, envelope_id=envelope_id)
    if envelope.sender_id != actor.person_id:
        raise EnvelopeNotFound
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    end(envelope, EnvelopeState.VOIDED, reason, actor, at)
    audit.record(
        "signature:envelope:void",
        actor=actor,
        subject=envelope.id,
        patient=envelope.patient_id,
        ground="sender",
        at=at,
    )


def lock(*, actor: Actor, envelope_id: UUID) -> Envelope:
    """The envelope, held until the transaction ends: acts on one envelope come one after another.

    Raises:
        EnvelopeNotFound
    """
    try:
        return Envelope.objects.select_for_update().get(organisation_id=actor.organisation, id=envelope_id)
    except Envelope.DoesNotExist:
        raise EnvelopeNotFound from None


def end(envelope: Envelope, state: EnvelopeState, reason: str, actor: Actor, at: datetime) -> None:
    """Close an envelope before it was completed, in the caller's transaction and under its lock: nobody is asked for
    anything any more, and those who were awaited are told so."""
    access.check_transition(envelope, state)
    envelope.state = state
    envelope.closed_at = at
    if reason:
        envelope.reason_sealed = vault.seal_text(
            organisation_id=envelope.organisation_id,
            key_id=envelope.key_id,
            text=reason,
            context=f"signature:reason:{envelope.id}",
        )
    envelope.save(update_fields=["state", "closed_at", "reason_sealed"])
    release(envelope=envelope, actor=actor, at=at)
    jobs.announce(EnvelopeMoved(envelope.organisation_id, envelope.id, state.value, uuid7()))


def seal_comment(envelope: Envelope, recipient: Recipient, comment: str) -> bytes | None:
    """What a recipient wrote with their answer, sealed as the envelope's title is; None when they wrote nothing."""
    if not comment.strip():
        return None
    return vault.seal_text(
        organisation_id=envelope.organisation_id,
        key_id=envelope.key_id,
        text=comment.strip(),
        context=f"signature:comment:{recipient.id}",
    )
