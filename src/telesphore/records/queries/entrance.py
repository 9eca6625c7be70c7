"""Who comes to a record otherwise than by its care team: the patient by an account, and those who act for them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from telesphore.accounts import queries as accounts
from telesphore.kernel.actors import ActorKind
from telesphore.records.access import Decision, majority, representation_holds, who_acts_for
from telesphore.records.errors import InvitationNotFound
from telesphore.records.models import Patient, PatientAccount, Representation
from telesphore.records.queries.record import PatientCard, card
from telesphore.records.states import REPRESENTING, Measure


@dataclass(frozen=True, slots=True)
class Entrance:
    """One record that a person may come to by their account: their own, or that of whom they represent.

    Attributes:
        kind: `PATIENT` or `REPRESENTATIVE`.
        row_id: the account's or the representation's row, which allows it.
        measure: on what ground they represent; empty for one's own record.
    """

    kind: ActorKind
    row_id: UUID
    organisation: accounts.OrganisationCard
    patient: PatientCard
    measure: str


@dataclass(frozen=True, slots=True)
class AccountView:
    """How far a patient's account is."""

    account_id: UUID
    email: str
    invited_at: datetime
    confirmed_at: datetime | None


class Standing(StrEnum):
    """Where a representation is: derived, never stored."""

    INVITED = "invited"
    TO_COME = "to-come"
    HOLDS = "holds"
    ASSISTS = "assists"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class RepresentationLine:
    """One person who acts for a patient, or did.

    Attributes:
        until: its last instant, by its own end or because it was ended; None while nothing says so.
    """

    representation_id: UUID
    name: str
    email: str
    measure: Measure
    starts_at: datetime
    evidence: str
    evidence_document_id: UUID | None
    standing: Standing
    until: datetime | None


@dataclass(frozen=True, slots=True)
class InvitationView:
    """What an invitation is for, told to who followed its link and gave its code.

    Attributes:
        known_person_id: the account of the address that it went to, if there is one already.
    """

    email: str
    patient: PatientCard
    measure: str
    known_person_id: UUID | None


def entrances(*, person_id: UUID, at: datetime) -> list[Entrance]:
    """The records that a person may come to by their account at `at`: theirs first, then by name.

    Two queries for who has none, four otherwise.
    """
    accounts_of = PatientAccount.objects.filter(person_id=person_id, confirmed_at__lte=at, ended_at=None)
    own = list(accounts_of.select_related("patient"))
    others = [
        row
        for row in Representation.objects.filter(person_id=person_id, confirmed_at__lte=at).select_related("patient")
        if representation_holds(row, row.patient, at)
    ]
    cards = {id_: accounts.organisation_card(id_) for id_ in {row.organisation_id for row in [*own, *others]}}
    found = [Entrance(ActorKind.PATIENT, row.id, cards[row.organisation_id], card(row.patient), "") for row in own] + [
        Entrance(ActorKind.REPRESENTATIVE, row.id, cards[row.organisation_id], card(row.patient), row.measure)
        for row in others
    ]
    return sorted(found, key=lambda one: (bool(one.measure), one.patient.display_name, one.organisation.name))


def opens_a_record(*, person_id: UUID) -> bool:
    """Whether an account opens a patient's record, or may: an invitation that was followed, and has not ended."""
    return (
        PatientAccount.objects.filter(person_id=person_id, ended_at=None).exists()
        or Representation.objects.filter(person_id=person_id, ended_at=None).exists()
    )


def contact(*, decision: Decision) -> tuple[str, str]:
    """Where an invitation would go: the patient's e-mail address, and their phone (E.164); empty when not known."""
    return decision.patient.email, decision.patient.phone


def account_of(*, decision: Decision) -> AccountView | None:
    """The patient's account, invited or confirmed, if it has not ended."""
    patient = decision.patient
    row = PatientAccount.objects.filter(
        organisation_id=patient.organisation_id, patient_id=patient.id, ended_at=None
    ).first()
    return AccountView(row.id, row.email, row.invited_at, row.confirmed_at) if row else None


def representations(*, decision: Decision, at: datetime) -> list[RepresentationLine]:
    """Who acts for the patient or did, those who may now first."""
    patient = decision.patient
    rows = Representation.objects.filter(organisation_id=patient.organisation_id, patient_id=patient.id)
    lines = [_line(row, patient, at) for row in rows.order_by("-recorded_at")]
    return sorted(lines, key=lambda line: line.standing is Standing.OVER)


def stand_ins(*, organisation_id: UUID, patient_id: UUID, at: datetime) -> tuple[str, ...] | None:
    """The names of those who act in a patient's place, in the order in which they came; None for a patient who acts
    alone, empty when nobody could act here. For who may know it: the patient, or a professional who sees the record."""
    acting = who_acts_for(Patient.objects.get(organisation_id=organisation_id, id=patient_id), at)
    if acting is None:
        return None
    people = accounts.person_cards(set(acting))
    return tuple(people[person_id].display_name for person_id in acting)


def represented(*, organisation_id: UUID, patient_ids: Iterable[UUID], at: datetime) -> frozenset[UUID]:
    """Those of these patients whom the law has represented (see `access.who_acts_for`), in two queries."""
    patients = {row.id: row for row in Patient.objects.filter(organisation_id=organisation_id, id__in=set(patient_ids))}
    rows = Representation.objects.filter(organisation_id=organisation_id, patient_id__in=patients, ended_at=None)
    minors = {patient.id for patient in patients.values() if at < majority(patient.birth_date)}
    return frozenset(
        minors | {row.patient_id for row in rows if representation_holds(row, patients[row.patient_id], at)}
    )


def _line(row: Representation, patient: Patient, at: datetime) -> RepresentationLine:
    # Its own end is the first instant outside it: shown as a day, that would be one too many.
    own_end = row.ends_at - timedelta(microseconds=1) if row.ends_at else None
    until = min((end for end in (row.ended_at, own_end) if end is not None), default=None)
    if until is not None and until < at:
        standing = Standing.OVER
    elif row.measure not in REPRESENTING:
        standing = Standing.ASSISTS
    elif row.confirmed_at is None:
        standing = Standing.INVITED
    elif representation_holds(row, patient, at):
        standing = Standing.HOLDS
    else:
        standing = Standing.TO_COME if at < row.starts_at else Standing.OVER
    return RepresentationLine(
        row.id,
        row.display_name,
        row.email,
        Measure(row.measure),
        row.starts_at,
        row.evidence,
        row.evidence_document_id,
        standing,
        until,
    )


def invitation(*, organisation_id: UUID, row_id: UUID) -> InvitationView:
    """What an invitation is for. The caller has proved the link and its code.

    Raises:
        InvitationNotFound: it ended.
    """
    waiting = {"organisation_id": organisation_id, "id": row_id, "ended_at": None}
    row = (
        PatientAccount.objects.filter(**waiting).select_related("patient").first()
        or Representation.objects.filter(**waiting).select_related("patient").first()
    )
    if row is None:
        raise InvitationNotFound
    measure = row.measure if isinstance(row, Representation) else ""
    return InvitationView(row.email, card(row.patient), measure, accounts.person_of(row.email))
