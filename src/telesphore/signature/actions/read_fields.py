"""Read what was filled in, as data: it is content of the document, so reading it leaves its trace."""

from datetime import datetime
from uuid import UUID

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.signature import access
from telesphore.signature.models import Field, Recipient
from telesphore.signature.queries.fields import fields_of
from telesphore.signature.queries.lists import FieldLine
from telesphore.signature.states import RecipientState


@audit.act("signature:field:read")
def read_fields(*, envelope_id: UUID, actor: Actor, at: datetime) -> list[FieldLine]:
    """The places to fill in beside the signatures, for the sender and the recipients; what a recipient who has signed
    filled in, for the sender and for themselves. Others read it in the file.

    Raises:
        EnvelopeNotFound
    """
    envelope = access.sender_or_recipient(actor=actor, envelope_id=envelope_id, at=at)
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    own = {"organisation_id": envelope.organisation_id, "envelope_id": envelope.id}
    rows = {row.id: row for row in Field.objects.filter(**own)}
    found = []
    for recipient in Recipient.objects.filter(**own, id__in={row.recipient_id for row in rows.values()}).order_by("id"):
        theirs = envelope.sender_id == actor.person or access.is_own(actor, recipient)
        told = theirs and recipient.state == RecipientState.SIGNED
        for line in fields_of(envelope, recipient):
            row = rows[line.field_id]
            found.append(
                FieldLine(
                    row.id,
                    row.recipient_id,
                    row.name,
                    row.kind,
                    row.page,
                    tuple(row.box),
                    row.required,
                    line.label,
                    line.options,
                    line.value if told else None,
                )
            )
    audit.record("signature:field:read", actor=actor, subject=envelope.id, patient=envelope.patient_id, at=at)
    return found
