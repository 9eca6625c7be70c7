"""Invite a patient to an account on their own record: a link by e-mail, a code by SMS; confirm it, end it."""

from datetime import datetime, timedelta
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from telesphore.accounts import actions as account_actions
from telesphore.accounts import queries as accounts
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.links import access as link_access
from telesphore.links import actions as links
from telesphore.outbox import actions as outbox
from telesphore.outbox.models import Channel
from telesphore.records import access
from telesphore.records.errors import AnothersInvitation, InvitationNotFound, NoWayToInvite
from telesphore.records.models import Patient, PatientAccount

LINK_TO_ACCOUNT = "records:account"
LIFE = timedelta(days=14)


@audit.act("records:account:invite")
def invite_patient(*, patient_id: UUID, actor: Actor, at: datetime) -> UUID:
    """Invite a patient to their own record, or once more: the link before it dies.

    Who has an account and no other way in comes back by such a link, each time anew.

    Raises:
        RecordNotFound: the actor is not of the care team.
        NoWayToInvite: the record has no e-mail address, or no mobile phone.
    """
    patient, ground = lock_patient(patient_id=patient_id, actor=actor, at=at)
    if not (patient.email and patient.phone):
        raise NoWayToInvite
    live = {"organisation_id": patient.organisation_id, "patient_id": patient.id, "ended_at": None}
    row = PatientAccount.objects.filter(**live).first()
    if row is None:
        row = PatientAccount(organisation_id=patient.organisation_id, id=uuid7(), patient_id=patient.id)
    else:
        links.revoke(organisation_id=row.organisation_id, link_id=row.link_id, actor=actor, at=at)
    if row.confirmed_at is None:
        row.email = patient.email.strip().lower()
    row.invited_by, row.invited_at = actor.person, at
    row.link_id = call(
        purpose=LINK_TO_ACCOUNT,
        row_id=row.id,
        patient=patient,
        email=row.email,
        phone=patient.phone,
        actor=actor,
        at=at,
    )
    row.save()
    audit.record("records:account:invite", actor=actor, subject=row.id, patient=patient.id, ground=ground, at=at)
    return row.id


@audit.act("records:account:confirm")
def confirm_account(*, account_id: UUID, person_id: UUID | None, actor: Actor, at: datetime) -> UUID:
    """Bind the record to the account of who followed the invitation, if it is not yet; returns that person's id.

    Args:
        person_id: the account that is theirs already, as they proved; None when the address has none, and it is made.
        actor: the patient, as the link and its code proved them.

    Raises:
        InvitationNotFound: it ended, or is another patient's.
        LinkUsedUp, LinkRevoked, LinkExpired: its link served already, or leads nowhere any more.
        AnothersInvitation: `person_id` has another address, or the address has an account that was not proved.
    """
    row = (
        PatientAccount.objects.select_for_update()
        .filter(organisation_id=actor.organisation, id=account_id, ended_at=None)
        .first()
    )
    if row is None or row.patient_id != actor.person_id:
        raise InvitationNotFound
    link_access.check_open(organisation_id=row.organisation_id, link_id=row.link_id, purpose=LINK_TO_ACCOUNT, at=at)
    patient = Patient.objects.get(organisation_id=row.organisation_id, id=row.patient_id)
    row.person_id = known_or_new(
        person_id=person_id,
        email=row.email,
        family_name=patient.used_name or patient.birth_name,
        given_name=patient.given_names.split()[0],
        language=patient.reads,
        actor=actor,
        at=at,
    )
    row.confirmed_at = row.confirmed_at or at
    row.save(update_fields=["person_id", "confirmed_at"])
    links.use_up(organisation_id=row.organisation_id, link_id=row.link_id, actor=actor, at=at)
    audit.record(
        "records:account:confirm",
        actor=actor,
        subject=row.id,
        patient=row.patient_id,
        ground=access.Ground.OWN_RECORD,
        at=at,
        detail={"account": str(row.person_id)},
    )
    return row.person_id


@audit.act("records:account:end")
def end_account(*, patient_id: UUID, actor: Actor, at: datetime) -> None:
    """Close the patient's way in by an account, at once; links that are sent to them keep working.

    Raises:
        RecordNotFound: the actor is not of the care team.
        InvitationNotFound: the patient has neither account nor invitation.
    """
    patient, ground = lock_patient(patient_id=patient_id, actor=actor, at=at)
    row = PatientAccount.objects.filter(
        organisation_id=patient.organisation_id, patient_id=patient.id, ended_at=None
    ).first()
    if row is None:
        raise InvitationNotFound
    row.ended_at, row.ended_by = at, actor.person
    row.save(update_fields=["ended_at", "ended_by"])
    links.revoke(organisation_id=row.organisation_id, link_id=row.link_id, actor=actor, at=at)
    audit.record("records:account:end", actor=actor, subject=row.id, patient=patient.id, ground=ground, at=at)


@audit.act("records:record:enter")
def enter_record(*, row_id: UUID, patient_id: UUID, account: UUID, actor: Actor, at: datetime) -> None:
    """Leave the trace of who came to a record by their account: the acts that follow bear the patient's own id.

    Args:
        row_id: the patient's account or the representation that lets them in.
        account: the person who signed in.
    """
    decision = access.decide(actor=actor, patient_id=patient_id, at=at)
    audit.record(
        "records:record:enter",
        actor=actor,
        subject=row_id,
        patient=patient_id,
        purpose="PATRQT",
        ground=decision.ground,
        at=at,
        detail={"account": str(account)},
    )


def lock_patient(*, patient_id: UUID, actor: Actor, at: datetime) -> tuple[Patient, access.Ground]:
    """The patient, for a member of the care team, held until the end of the transaction.

    Raises:
        RecordNotFound
    """
    decision = access.decide_as_carer(actor=actor, patient_id=patient_id, at=at)
    patient = Patient.objects.select_for_update().get(
        organisation_id=decision.patient.organisation_id, id=decision.patient.id
    )
    return patient, decision.ground


def call(*, purpose: str, row_id: UUID, patient: Patient, email: str, phone: str, actor: Actor, at: datetime) -> UUID:
    """Send an invitation's link, in the caller's transaction; the message names nobody and says nothing of care."""
    link = links.create(
        organisation_id=patient.organisation_id,
        purpose=purpose,
        subject_id=row_id,
        patient_id=patient.id,
        phone=phone,
        language=patient.reads,
        expires_at=at + LIFE,
        actor=actor,
        at=at,
    )
    organisation = accounts.organisation_card(patient.organisation_id)
    with translation.override(patient.reads):
        subject = _("%(organisation)s invites you to open an account") % {"organisation": organisation.name}
        text = _(
            "Hello,\n\n"
            "%(organisation)s invites you to open an account on Telesphore. You are free to do so or not.\n\n"
            "Open this link within 14 days: %(url)s\n\n"
            "A code will be sent to your phone when you ask for it. The link is yours alone: do not forward it.\n"
        ) % {"organisation": organisation.name, "url": link.url}
    outbox.send(
        organisation_id=patient.organisation_id,
        channel=Channel.EMAIL,
        to=email,
        subject=subject,
        text=text,
        kind="records:invitation",
        about=row_id,
        actor=actor,
        at=at,
    )
    return link.link_id


def known_or_new(
    *,
    person_id: UUID | None,
    email: str,
    family_name: str,
    given_name: str,
    language: str,
    actor: Actor,
    at: datetime,
) -> UUID:
    """The account that an invitation leads to, in the caller's transaction. Raises as `confirm_account`."""
    known = accounts.person_of(email)
    if known != person_id:
        raise AnothersInvitation
    if known is not None:
        return known
    return account_actions.add_person(
        email=email,
        password=None,
        family_name=family_name,
        given_name=given_name,
        language=language,
        actor=actor,
        at=at,
    )
