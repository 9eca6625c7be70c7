"""Remind those who are awaited: by itself after some days, then every n days, at most so often; or when asked to.

Under the envelope's lock: nobody is reminded of what they have just done.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Q, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import LessThanOrEqual

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.signature import access
from telesphore.signature.actions.call import REMINDER, call
from telesphore.signature.actions.close import lock
from telesphore.signature.errors import NotAwaited, RecipientNotFound, RemindedLately
from telesphore.signature.models import Envelope, Recipient
from telesphore.signature.states import OPEN_STATES, REMINDER_PAUSE, RecipientState, StepKind

logger = logging.getLogger(__name__)

MOST = 1000
"""Reminders of one turn; the others wait for the next."""


def remind_due(*, actor: Actor, at: datetime) -> int:
    """Remind each recipient who is due, of all organisations; returns how many. One that fails stops no other."""
    due = Recipient.objects.filter(_is_due(at), state=RecipientState.WAITING).order_by("awaited_at")
    reminded = 0
    for organisation_id, recipient_id, envelope_id in list(
        due.values_list("organisation_id", "id", "envelope_id")[:MOST]
    ):
        try:
            reminded += _remind_when_due(
                envelope_id=envelope_id, recipient_id=recipient_id, actor=Actor.system(organisation_id), at=at
            )
        except Exception:  # Whatever ails one, the others are reminded.
            logger.exception("recipient %s could not be reminded", recipient_id)
    return reminded


def _is_due(at: datetime) -> Q:
    def passed(days: str) -> Q:
        wait = ExpressionWrapper(F(f"envelope__{days}") * Value(timedelta(days=1)), output_field=DurationField())
        due = ExpressionWrapper(Coalesce(F("reminded_at"), F("awaited_at")) + wait, output_field=DateTimeField())
        return Q(LessThanOrEqual(due, Value(at)))

    first = Q(reminders=0, envelope__remind_after_days__gt=0) & passed("remind_after_days")
    later = Q(reminders__gt=0, envelope__remind_every_days__gt=0) & passed("remind_every_days")
    return (first | later) & Q(
        envelope__state__in=OPEN_STATES,
        envelope__expires_at__gt=at,
        at_bedside=False,
        reminders__lt=F("envelope__remind_most"),
    )


@audit.act("signature:recipient:remind")
def _remind_when_due(*, envelope_id: UUID, recipient_id: UUID, actor: Actor, at: datetime) -> bool:
    envelope = lock(actor=actor, envelope_id=envelope_id)
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    recipient = _awaited(envelope, recipient_id)
    if recipient is None or at >= envelope.expires_at or not _due_at(envelope, recipient, at):
        return False
    recipient.reminders += 1
    _remind(envelope, recipient, "system", actor, at)
    return True


def _due_at(envelope: Envelope, recipient: Recipient, at: datetime) -> bool:
    """Whether this recipient is to be reminded by itself at `at`; the same rule as the query's, under the lock."""
    days = envelope.remind_every_days if recipient.reminders else envelope.remind_after_days
    last = recipient.reminded_at or recipient.awaited_at
    return bool(days and last and recipient.reminders < envelope.remind_most and at >= last + timedelta(days=days))


@audit.act("signature:recipient:remind")
def remind_now(*, envelope_id: UUID, recipient_id: UUID, actor: Actor, at: datetime) -> None:
    """Remind one recipient of what one has sent: at most once an hour. It counts among no maximum.

    Raises:
        EnvelopeNotFound, RecipientNotFound, EnvelopeClosed, EnvelopeExpired, NotAwaited, RemindedLately
    """
    envelope = lock(actor=actor, envelope_id=access.sent_by(actor=actor, envelope_id=envelope_id).id)
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    access.check_open(envelope, at)
    if not Recipient.objects.filter(
        organisation_id=envelope.organisation_id, envelope_id=envelope.id, id=recipient_id
    ).exists():
        raise RecipientNotFound
    recipient = _awaited(envelope, recipient_id)
    if recipient is None:
        raise NotAwaited
    if recipient.reminded_at is not None and at - recipient.reminded_at < REMINDER_PAUSE:
        raise RemindedLately
    _remind(envelope, recipient, "sender", actor, at)


def _awaited(envelope: Envelope, recipient_id: UUID) -> Recipient | None:
    if envelope.state not in OPEN_STATES:
        return None
    return (
        Recipient.objects.filter(
            organisation_id=envelope.organisation_id,
            envelope_id=envelope.id,
            id=recipient_id,
            state=RecipientState.WAITING,
            at_bedside=False,
        )
        .select_related("step")
        .first()
    )


def _remind(envelope: Envelope, recipient: Recipient, ground: str, actor: Actor, at: datetime) -> None:
    recipient.reminded_at = at
    recipient.save(update_fields=["reminders", "reminded_at"])
    call(envelope, recipient, StepKind(recipient.step.kind), actor, at, REMINDER)
    audit.record(
        "signature:recipient:remind",
        actor=actor,
        subject=envelope.id,
        patient=envelope.patient_id,
        ground=ground,
        at=at,
        detail={"recipient": recipient.id.hex},
    )
