"""Who may see what, and on which ground: `decide` is the one place that says it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db.models import Q

from telesphore.kernel.actors import Actor, ActorKind
from telesphore.records.errors import DocumentNotFound, RecordNotFound
from telesphore.records.models import CareTeamMember, Document, Patient


class Ground(StrEnum):
    """What allows an access; written in the trail beside it."""

    CARE_TEAM = "care-team"
    AUTHOR = "author"
    OWN_RECORD = "own-record"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Decision:
    """A granted access: its ground, and whether it covers all documents or the actor's own only."""

    patient: Patient
    ground: Ground
    reads_documents: bool


def decide(*, actor: Actor, patient_id: UUID, at: datetime) -> Decision:
    """Whether `actor` may open this patient's record at `at`, and on which ground.

    One query for the patient, one for the care team.

    Raises:
        RecordNotFound: no such record in the actor's organisation, or none that is open to them.
    """
    if actor.organisation_id is None:
        raise RecordNotFound
    try:
        patient = Patient.objects.get(organisation_id=actor.organisation, id=patient_id)
    except Patient.DoesNotExist:
        raise RecordNotFound from None
    if actor.kind is ActorKind.SYSTEM:
        return Decision(patient, Ground.SYSTEM, reads_documents=True)
    if actor.kind is ActorKind.PATIENT and actor.person_id == patient.id:
        return Decision(patient, Ground.OWN_RECORD, reads_documents=True)
    if actor.kind is ActorKind.PROFESSIONAL and actor.roles:
        member = CareTeamMember.objects.filter(
            Q(ends_at=None) | Q(ends_at__gt=at),
            organisation_id=actor.organisation,
            patient_id=patient.id,
            person_id=actor.person,
            starts_at__lte=at,
        ).first()
        if member is not None:
            return Decision(patient, Ground.CARE_TEAM, reads_documents=member.reads_documents)
    raise RecordNotFound


def decide_document(*, actor: Actor, document_id: UUID, at: datetime) -> tuple[Document, Decision]:
    """Whether `actor` may read this document, and on which ground.

    Raises:
        DocumentNotFound: no such document, or not open to them.
    """
    try:
        document = Document.objects.get(organisation_id=actor.organisation, id=document_id)
        decision = decide(actor=actor, patient_id=document.patient_id, at=at)
    except (Document.DoesNotExist, RecordNotFound):
        raise DocumentNotFound from None
    if decision.reads_documents:
        return document, decision
    if document.author_id == actor.person_id:
        return document, Decision(decision.patient, Ground.AUTHOR, reads_documents=False)
    raise DocumentNotFound
