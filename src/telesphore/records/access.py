"""Who may see what, and on which ground: `decide` is the one place that says it."""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery
from django.utils.timezone import get_default_timezone

from telesphore.kernel.actors import Actor, ActorKind
from telesphore.records.errors import DocumentNotFound, RecordNotFound
from telesphore.records.models import CareTeamMember, Document, Patient, Representation
from telesphore.records.states import REPRESENTING, Measure

MAJORITY = 18


class Ground(StrEnum):
    """What allows an access; written in the trail beside it."""

    CARE_TEAM = "care-team"
    AUTHOR = "author"
    OWN_RECORD = "own-record"
    REPRESENTATIVE = "representative"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Decision:
    """A granted access: its ground, and whether it covers all documents or the actor's own only."""

    patient: Patient
    ground: Ground
    reads_documents: bool


def decide(*, actor: Actor, patient_id: UUID, at: datetime) -> Decision:
    """Whether `actor` may open this patient's record at `at`, and on which ground.

    One query obtains the patient, and with it what the care team says of a professional; another asks for a
    representation.

    Raises:
        RecordNotFound: no such record in the actor's organisation, or none that is open to them.
    """
    if actor.organisation_id is None:
        raise RecordNotFound
    found = Patient.objects.filter(organisation_id=actor.organisation, id=patient_id)
    # A program sees what the person who answers for it sees; its scopes were asked at the door.
    carer = actor.kind in (ActorKind.PROFESSIONAL, ActorKind.SOFTWARE) and bool(actor.roles)
    patient = (found.annotate(team_reads=_as_member_of_the_team(actor, at)) if carer else found).first()
    if patient is None:
        raise RecordNotFound
    if actor.kind is ActorKind.SYSTEM:
        return Decision(patient, Ground.SYSTEM, reads_documents=True)
    if actor.kind is ActorKind.PATIENT and actor.person_id == patient.id:
        return Decision(patient, Ground.OWN_RECORD, reads_documents=True)
    if actor.kind is ActorKind.REPRESENTATIVE and actor.on_behalf_of == patient.id and represents(actor, patient, at):
        return Decision(patient, Ground.REPRESENTATIVE, reads_documents=True)
    team_reads: bool | None = getattr(patient, "team_reads", None)
    if team_reads is not None:
        return Decision(patient, Ground.CARE_TEAM, reads_documents=team_reads)
    raise RecordNotFound


def _as_member_of_the_team(actor: Actor, at: datetime) -> Subquery:
    """Whether the actor reads all documents as a member of the patient's care team; null when they are none."""
    rows = CareTeamMember.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=at),
        organisation_id=actor.organisation,
        patient_id=OuterRef("id"),
        person_id=actor.person,
        starts_at__lte=at,
    )
    return Subquery(rows.order_by("id").values("reads_documents")[:1])


def decide_as_carer(*, actor: Actor, patient_id: UUID, at: datetime) -> Decision:
    """As `decide`, for a member of the care team only: what is done about the patient, not by them.

    Raises:
        RecordNotFound
    """
    decision = decide(actor=actor, patient_id=patient_id, at=at)
    if decision.ground is not Ground.CARE_TEAM:
        raise RecordNotFound
    return decision


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


def majority(birth_date: date) -> datetime:
    """The instant at which somebody comes of age: the first one of the eighteenth birthday, in the instance's zone.

    Who was born on 29 February comes of age on 1 March.
    """
    year = birth_date.year + MAJORITY
    try:
        day = birth_date.replace(year=year)
    except ValueError:
        day = date(year, 3, 1)
    return datetime.combine(day, time.min, get_default_timezone())


def represents(actor: Actor, patient: Patient, at: datetime) -> bool:
    """Whether the actor acts in this patient's place at `at`, by a representation that was confirmed and holds."""
    return _representation(actor, patient, at) is not None


def representation(*, actor: Actor, at: datetime) -> Representation:
    """The representation by which the actor acts at `at` for the patient whom they name.

    Raises:
        RecordNotFound: they represent nobody, or not this patient now.
    """
    if actor.kind is not ActorKind.REPRESENTATIVE or actor.on_behalf_of is None:
        raise RecordNotFound
    patient = Patient.objects.filter(organisation_id=actor.organisation, id=actor.on_behalf_of).first()
    found = _representation(actor, patient, at) if patient else None
    if found is None:
        raise RecordNotFound
    return found


def _representation(actor: Actor, patient: Patient, at: datetime) -> Representation | None:
    rows = Representation.objects.filter(
        organisation_id=patient.organisation_id, patient_id=patient.id, person_id=actor.person, confirmed_at__lte=at
    )
    return next((row for row in rows.order_by("confirmed_at", "id") if representation_holds(row, patient, at)), None)


def who_acts_for(patient: Patient, at: datetime) -> tuple[UUID, ...] | None:
    """The accounts of those who act in this patient's place at `at`, in the order in which they came; None for a
    patient who acts alone. One query.

    Empty when the law gives the patient a representative and nobody could act here: a minor for whom nobody is
    recorded, somebody under a measure whose representative has not followed their invitation. Parents each act alone
    (Code civil, art. 372-2).
    """
    rows = Representation.objects.filter(organisation_id=patient.organisation_id, patient_id=patient.id, ended_at=None)
    holding = [row for row in rows.order_by("confirmed_at", "id") if representation_holds(row, patient, at)]
    if not holding and at >= majority(patient.birth_date):
        return None
    return tuple(row.person_id for row in holding if row.person_id is not None and _since(row, at))


def _since(row: Representation, at: datetime) -> bool:
    return row.confirmed_at is not None and row.confirmed_at <= at


def representation_holds(row: Representation, patient: Patient, at: datetime) -> bool:
    """Whether a representation opens the record at `at`: begun, not ended, and none of a minor past their majority.

    The birthday is asked anew each time: a birth date may have been mended since.
    """
    if row.measure not in REPRESENTING or row.ended_at is not None or at < row.starts_at:
        return False
    if row.ends_at is not None and at >= row.ends_at:
        return False
    of_age = majority(patient.birth_date)
    return at < of_age or (row.starts_at >= of_age and row.measure != Measure.PARENTAL_AUTHORITY)
