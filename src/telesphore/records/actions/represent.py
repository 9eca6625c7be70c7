"""Record who acts for a patient, invite them, confirm them, end it."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.identifiers import uuid7
from telesphore.links import access as link_access
from telesphore.links import actions as links
from telesphore.records import access
from telesphore.records.actions.invite import call, known_or_new, lock_patient
from telesphore.records.errors import (
    AlreadyInvited,
    DocumentNotFound,
    EndsBeforeItStarts,
    InvitationNotFound,
    NotAMinor,
    NoWayToInvite,
    RecordNotFound,
    RepresentationNotFound,
)
from telesphore.records.models import Patient, Representation
from telesphore.records.states import REPRESENTING, Measure

LINK_TO_REPRESENT = "records:representation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """Who is to act for a patient, and how to reach them; who only assists needs neither address nor phone."""

    family_name: str
    given_name: str
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """On what ground they act, between which instants, and what was seen of it.

    Attributes:
        ends_at: None when nothing says; of a minor's, the eighteenth birthday is put in its place when it comes first.
    """

    measure: Measure
    starts_at: datetime
    ends_at: datetime | None
    evidence: str
    evidence_document_id: UUID | None = None


@audit.act("records:representation:record")
def record_representation(*, patient_id: UUID, who: Somebody, basis: Basis, actor: Actor, at: datetime) -> UUID:
    """Record that somebody acts for a patient, and invite them if they act in the patient's place.

    Raises:
        RecordNotFound: the actor is not of the care team.
        NotAMinor: parental authority over somebody who will be of age when it begins.
        EndsBeforeItStarts
        NoWayToInvite: no e-mail address, or no mobile phone.
        AlreadyInvited: this address acts for this patient already.
        DocumentNotFound: the evidence is no document of this record that the actor may read.
    """
    patient, ground = lock_patient(patient_id=patient_id, actor=actor, at=at)
    ends_at = _end(patient, basis)
    if ends_at is not None and ends_at <= basis.starts_at:
        raise EndsBeforeItStarts
    email = who.email.strip().lower() if basis.measure in REPRESENTING else ""
    if basis.measure in REPRESENTING and not (email and who.phone):
        raise NoWayToInvite
    _check_evidence(patient, basis, actor, at)
    same = Representation.objects.filter(
        organisation_id=patient.organisation_id, patient_id=patient.id, email=email, ended_at=None
    ).exclude(email="")
    # What ended by its own date leaves its place to the next.
    same.filter(ends_at__lte=at).update(ended_at=at)
    if same.exists():
        raise AlreadyInvited
    row = Representation(
        organisation_id=patient.organisation_id,
        id=uuid7(),
        patient_id=patient.id,
        family_name=who.family_name,
        given_name=who.given_name,
        email=email,
        phone=who.phone if email else "",
        measure=basis.measure,
        starts_at=basis.starts_at,
        ends_at=ends_at,
        evidence=basis.evidence,
        evidence_document_id=basis.evidence_document_id,
        recorded_by=actor.person,
        recorded_at=at,
    )
    if email:
        row.link_id = _call(row, patient, actor, at)
    row.save()
    audit.record(
        "records:representation:record",
        actor=actor,
        subject=row.id,
        patient=patient.id,
        ground=ground,
        at=at,
        detail={"measure": basis.measure.value},
    )
    return row.id


@audit.act("records:representation:invite")
def invite_representative_again(*, representation_id: UUID, actor: Actor, at: datetime) -> None:
    """Send the invitation once more; the link before it dies.

    Raises:
        RepresentationNotFound: none that is open to the actor, or over.
    """
    row, patient, ground = _lock(representation_id, actor, at)
    if row.link_id is None or (row.ends_at is not None and at >= row.ends_at):
        raise RepresentationNotFound
    links.revoke(organisation_id=row.organisation_id, link_id=row.link_id, actor=actor, at=at)
    row.link_id = _call(row, patient, actor, at)
    row.save(update_fields=["link_id"])
    audit.record("records:representation:invite", actor=actor, subject=row.id, patient=patient.id, ground=ground, at=at)


@audit.act("records:representation:confirm")
def confirm_representation(*, representation_id: UUID, person_id: UUID | None, actor: Actor, at: datetime) -> UUID:
    """Bind a representation to the account of who followed its invitation, if it is not yet; returns that person's id.

    Args:
        person_id: as for `confirm_account`.
        actor: whoever came in by the link and its code, in the organisation.

    Raises:
        InvitationNotFound, LinkUsedUp, LinkRevoked, LinkExpired, AnothersInvitation: as `confirm_account`.
    """
    row = (
        Representation.objects.select_for_update()
        .filter(organisation_id=actor.organisation, id=representation_id, ended_at=None)
        .first()
    )
    if row is None or row.link_id is None:
        raise InvitationNotFound
    link_access.check_open(organisation_id=row.organisation_id, link_id=row.link_id, purpose=LINK_TO_REPRESENT, at=at)
    language = Patient.objects.get(organisation_id=row.organisation_id, id=row.patient_id).reads
    row.person_id = known_or_new(
        person_id=person_id,
        email=row.email,
        family_name=row.family_name,
        given_name=row.given_name,
        language=language,
        actor=actor,
        at=at,
    )
    row.confirmed_at = row.confirmed_at or at
    row.save(update_fields=["person_id", "confirmed_at"])
    links.use_up(organisation_id=row.organisation_id, link_id=row.link_id, actor=actor, at=at)
    known = replace(actor, kind=ActorKind.REPRESENTATIVE, person_id=row.person_id, on_behalf_of=row.patient_id)
    audit.record(
        "records:representation:confirm",
        actor=known,
        subject=row.id,
        patient=row.patient_id,
        ground=access.Ground.REPRESENTATIVE,
        at=at,
    )
    return row.person_id


@audit.act("records:representation:end")
def end_representation(*, representation_id: UUID, reason: str, actor: Actor, at: datetime) -> None:
    """Say that somebody acts for the patient no more; it takes effect at their next request.

    Raises:
        RepresentationNotFound: none that is open to the actor, or over already.
    """
    row, patient, ground = _lock(representation_id, actor, at)
    row.ended_at, row.ended_by, row.end_reason = at, actor.person, reason
    row.save(update_fields=["ended_at", "ended_by", "end_reason"])
    if row.link_id is not None:
        links.revoke(organisation_id=row.organisation_id, link_id=row.link_id, actor=actor, at=at)
    audit.record("records:representation:end", actor=actor, subject=row.id, patient=patient.id, ground=ground, at=at)


def _end(patient: Patient, basis: Basis) -> datetime | None:
    """When it ends at the latest: what begins before the eighteenth birthday ends with it."""
    of_age = access.majority(patient.birth_date)
    if basis.starts_at < of_age:
        return min(basis.ends_at or of_age, of_age)
    if basis.measure is Measure.PARENTAL_AUTHORITY:
        raise NotAMinor
    return basis.ends_at


def _check_evidence(patient: Patient, basis: Basis, actor: Actor, at: datetime) -> None:
    if basis.evidence_document_id is None:
        return
    document, _decision = access.decide_document(actor=actor, document_id=basis.evidence_document_id, at=at)
    if document.patient_id != patient.id:
        raise DocumentNotFound


def _lock(representation_id: UUID, actor: Actor, at: datetime) -> tuple[Representation, Patient, access.Ground]:
    row = (
        Representation.objects.select_for_update(of=("self",))
        .filter(organisation_id=actor.organisation, id=representation_id, ended_at=None)
        .first()
    )
    if row is None:
        raise RepresentationNotFound
    audit.concerning(patient=row.patient_id, subject=row.id)
    try:
        decision = access.decide_as_carer(actor=actor, patient_id=row.patient_id, at=at)
    except RecordNotFound:
        raise RepresentationNotFound from None
    return row, decision.patient, decision.ground


def _call(row: Representation, patient: Patient, actor: Actor, at: datetime) -> UUID:
    return call(
        purpose=LINK_TO_REPRESENT, row_id=row.id, patient=patient, email=row.email, phone=row.phone, actor=actor, at=at
    )
