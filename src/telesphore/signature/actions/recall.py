"""Take back what one did (droit de remords), until the next has acted; the sender, until anybody has.

A signature that is taken back leaves the file for who signs next, and stays in the trail and among the revisions.
"""

from datetime import datetime
from uuid import UUID

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.signature import access, queries
from telesphore.signature.actions import compose
from telesphore.signature.actions.call import await_recipient, call_step, dismiss
from telesphore.signature.actions.close import end, lock
from telesphore.signature.errors import TooLateToTakeBack
from telesphore.signature.models import Envelope, Recipient, Revision, Step
from telesphore.signature.states import ACTED, EnvelopeState, RecipientState, StepKind


@audit.act("signature:recipient:recall")
def take_back(*, envelope_id: UUID, actor: Actor, at: datetime) -> None:
    """Undo one's last act in this circuit, if nobody has acted since: one is awaited again, and those who were called
    after it are not.

    Raises:
        EnvelopeNotFound
        TooLateToTakeBack: one has not acted, somebody acted after, a step was sealed after, or it is closed, or over.
    """
    access.sender_or_recipient(actor=actor, envelope_id=envelope_id, at=at)
    envelope = lock(actor=actor, envelope_id=envelope_id)
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    recipient = queries.may_take_back(envelope, actor, at)
    if recipient is None:
        raise TooLateToTakeBack
    acted = recipient.state
    revision = _without_signature(envelope, recipient, at) if acted == RecipientState.SIGNED else None
    recipient.signed_at = recipient.acted_at = recipient.proof = recipient.comment_sealed = None
    recipient.opinion = ""
    recipient.state = RecipientState.PENDING
    recipient.save(update_fields=["state", "signed_at", "acted_at", "proof", "comment_sealed", "opinion"])
    step = Step.objects.get(organisation_id=envelope.organisation_id, id=recipient.step_id)
    _reopen(envelope, step, recipient, actor, at)
    _stand(envelope)
    audit.record(
        "signature:recipient:recall",
        actor=actor,
        subject=envelope.id,
        patient=envelope.patient_id,
        ground="recipient",
        at=at,
        detail={"acted": acted} | ({"revision": revision} if revision else {}),
    )


def _without_signature(envelope: Envelope, recipient: Recipient, at: datetime) -> int:
    """The file as it was before this signature is the file again: a new revision of the same bytes; its number."""
    latest = queries.last_revision(organisation_id=envelope.organisation_id, envelope_id=envelope.id)
    chain = queries.revisions_of(organisation_id=envelope.organisation_id, envelope_id=envelope.id)
    if chain[-1].recipient_id != recipient.id:
        raise TooLateToTakeBack
    before = chain[-2]
    Revision.objects.create(
        organisation_id=envelope.organisation_id,
        envelope_id=envelope.id,
        number=latest.number + 1,
        blob_id=before.blob_id,
        sha256=before.sha256,
        level=before.level,
        at=at,
    )
    return latest.number + 1


def _reopen(envelope: Envelope, step: Step, recipient: Recipient, actor: Actor, at: datetime) -> None:
    later = Recipient.objects.filter(
        organisation_id=envelope.organisation_id,
        envelope_id=envelope.id,
        step__position__gt=step.position,
        state__in=(RecipientState.WAITING, RecipientState.RELEASED),
    )
    dismiss(envelope, list(later.order_by("id")), RecipientState.PENDING, actor, at)
    later_ones = Step.objects.filter(
        organisation_id=envelope.organisation_id, envelope_id=envelope.id, position__gt=step.position
    )
    later_ones.update(completed_at=None)
    if step.completed_at is None:
        await_recipient(envelope, recipient, StepKind(step.kind), actor, at)
        return
    step.completed_at = None
    step.save(update_fields=["completed_at"])
    # With those of the step who were asked no more, because this act had completed it.
    call_step(envelope=envelope, step=step, actor=actor, at=at)


def _stand(envelope: Envelope) -> None:
    """Sent again, when nothing is left of what was done."""
    acted = Recipient.objects.filter(
        organisation_id=envelope.organisation_id, envelope_id=envelope.id, state__in=ACTED
    ).exists()
    sealed = Step.objects.filter(
        organisation_id=envelope.organisation_id, envelope_id=envelope.id, completed_at__isnull=False
    ).exists()
    if not acted and not sealed and envelope.state != EnvelopeState.SENT:
        access.check_transition(envelope, EnvelopeState.SENT)
        envelope.state = EnvelopeState.SENT
        envelope.save(update_fields=["state"])


@audit.act("signature:envelope:recall")
def recall(*, envelope_id: UUID, actor: Actor, at: datetime) -> UUID:
    """Take back what one has sent, as long as nobody has acted: it is withdrawn, and becomes a draft again. Returns the
    draft's id.

    Raises:
        EnvelopeNotFound, EnvelopeClosed
        TooLateToTakeBack: somebody has acted, or it is closed.
    """
    envelope = lock(actor=actor, envelope_id=access.sent_by(actor=actor, envelope_id=envelope_id).id)
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    if not queries.may_recall(envelope):
        raise TooLateToTakeBack
    end(envelope, EnvelopeState.VOIDED, "", actor, at)
    audit.record(
        "signature:envelope:recall",
        actor=actor,
        subject=envelope.id,
        patient=envelope.patient_id,
        ground="sender",
        at=at,
    )
    return compose.correct(envelope_id=envelope.id, actor=actor, at=at)
