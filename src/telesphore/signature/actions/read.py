"""Keep how far a signer has read, so that reading goes on where it stopped, on whatever device."""

from datetime import datetime
from uuid import UUID

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.signature import access
from telesphore.signature.models import Recipient


@audit.act("signature:document:read")
def keep_progress(*, envelope_id: UUID, pages: int, actor: Actor, at: datetime) -> None:
    """Remember that the actor has read this many pages, from the first; never fewer than before.

    Each page shown leaves its trace already (`view`): here only the end of the document leaves one.

    Raises:
        EnvelopeNotFound, AlreadySigned, EnvelopeClosed, EnvelopeExpired, NotYourTurn
    """
    envelope, recipient = access.recipient_of(actor=actor, envelope_id=envelope_id, at=at)
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    access.check_can_sign(envelope, recipient, at)
    pages = min(pages, envelope.pages)
    rows = Recipient.objects.filter(organisation_id=envelope.organisation_id, id=recipient.id, pages_read__lt=pages)
    if rows.update(pages_read=pages) and pages == envelope.pages:
        authority = access.authority(actor=actor, envelope=envelope, recipient=recipient, at=at)
        audit.record(
            "signature:document:read",
            actor=access.in_place_of(actor, recipient),
            subject=envelope.id,
            patient=envelope.patient_id,
            ground=authority.ground,
            at=at,
            detail={"pages": pages},
        )
