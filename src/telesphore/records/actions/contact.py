"""Write how a patient is reached, and in which language: an e-mail address, a mobile phone, what they speak best."""

from datetime import datetime
from uuid import UUID

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.records import access
from telesphore.records.models import Patient
from telesphore.records.states import Language


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


@audit.act("records:patient:change-language")
def change_language(*, patient_id: UUID, language: Language, actor: Actor, at: datetime) -> None:
    """Change what a patient speaks best; the pages and notices for them follow from now on, as far as they speak it.

    Raises:
        RecordNotFound: no such record, or none that is open to the actor as one of the care team.
    """
    decision = access.decide_as_carer(actor=actor, patient_id=patient_id, at=at)
    row = Patient.objects.select_for_update().get(
        organisation_id=decision.patient.organisation_id, id=decision.patient.id
    )
    before, row.language = row.language, language.value
    row.save(update_fields=["language"])
    audit.record(
        "records:patient:change-language",
        actor=actor,
        subject=row.id,
        patient=row.id,
        ground=decision.ground,
        at=at,
        detail={"from": before, "to": language.value},
    )
