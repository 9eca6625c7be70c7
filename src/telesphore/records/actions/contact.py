"""Write how a patient is reached: an e-mail address and a mobile phone."""

from datetime import datetime
from uuid import UUID

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.records import access
from telesphore.records.models import Patient


@audit.act("records:patient:change-contact")
def change_contact(*, patient_id: UUID, email: str, phone: str, actor: Actor, at: datetime) -> None:
    """Change the address and the phone of a patient whose record is open to the actor; phone in E.164.

    Raises:
        RecordNotFound
    """
    decision = access.decide(actor=actor, patient_id=patient_id, at=at)
    row = Patient.objects.select_for_update().get(
        organisation_id=decision.patient.organisation_id, id=decision.patient.id
    )
    row.email, row.phone = email, phone
    row.save(update_fields=["email", "phone"])
    audit.record(
        "records:patient:change-contact",
        actor=actor,
        subject=row.id,
        patient=row.id,
        ground=decision.ground,
        at=at,
    )
