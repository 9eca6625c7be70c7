"""End the circuits whose time is over."""

import logging
from datetime import datetime
from uuid import UUID

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.signature.actions.close import end, lock
from telesphore.signature.actions.tell_sender import tell_sender
from telesphore.signature.models import Envelope
from telesphore.signature.states import OPEN_STATES, EnvelopeState

logger = logging.getLogger(__name__)

MOST = 1000
"""Envelopes of one turn; the others wait for the next."""


def expire_due(*, actor: Actor, at: datetime) -> int:
    """End each envelope whose time is over, of all organisations; returns how many. One that fails stops no other."""
    due = Envelope.objects.filter(state__in=OPEN_STATES, expires_at__lte=at).order_by("expires_at")
    ended = 0
    for organisation_id, envelope_id in list(due.values_list("organisation_id", "id")[:MOST]):
        try:
            ended += expire(envelope_id=envelope_id, actor=Actor.system(organisation_id), at=at)
        except Exception:  # Whatever ails one envelope, the others' time is over too.
            logger.exception("envelope %s could not be ended", envelope_id)
    return ended


@audit.act("signature:envelope:expire")
def expire(*, envelope_id: UUID, actor: Actor, at: datetime) -> bool:
    """End an envelope whose time is over: links stop working, the sender and those who were awaited are told. False
    when it is closed, or being sealed, or has time left.

    Raises:
        EnvelopeNotFound
    """
    envelope = lock(actor=actor, envelope_id=envelope_id)
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    if envelope.state not in OPEN_STATES or at < envelope.expires_at:
        return False
    end(envelope, EnvelopeState.EXPIRED, "", actor, at)
    audit.record(
        "signature:envelope:expire",
        actor=actor,
        subject=envelope.id,
        patient=envelope.patient_id,
        ground="system",
        at=at,
    )
    tell_sender(envelope, "expired", actor, at)
    return True
