"""Report an access that the patient does not recognise: the data protection officer is told at once."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from telesphore.accounts import queries as accounts
from telesphore.audit import actions as audit
from telesphore.audit.errors import EventNotFound
from telesphore.audit.queries import events
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.outbox import actions as outbox
from telesphore.outbox.models import Channel
from telesphore.records import access
from telesphore.records.errors import AccessNotFound, AlreadyReported, RecordNotFound

REPORT = "records:access:report"


class Why(StrEnum):
    """What the patient says of an access."""

    NOT_THERE = "not-there"
    UNKNOWN_PERSON = "unknown-person"
    OTHER = "other"


@audit.act("records:access:report")
def report_access(*, patient_id: UUID, event_id: UUID, why: Why, actor: Actor, at: datetime) -> None:
    """Tell the organisation's data protection officers, or else its administrators, of an access, by its reference.

    The message says neither whose record it is nor what was read: that is in the journal, under the reference.

    Raises:
        RecordNotFound: not the actor's record, nor that of whom they represent.
        AccessNotFound: no access to this record has this reference.
        AlreadyReported
    """
    decision = access.decide(actor=actor, patient_id=patient_id, at=at)
    if actor.kind not in (ActorKind.PATIENT, ActorKind.REPRESENTATIVE):
        raise RecordNotFound
    audit.concerning(patient=patient_id, subject=event_id)
    organisation_id = decision.patient.organisation_id
    try:
        events.access_of_patient(organisation_id=organisation_id, patient_id=patient_id, event_id=event_id)
    except EventNotFound:
        raise AccessNotFound from None
    if event_id in events.subjects(organisation_id=organisation_id, patient_id=patient_id, action=REPORT):
        raise AlreadyReported
    told = accounts.privacy_officers(organisation_id=organisation_id, at=at)
    told = told or accounts.administrators(organisation_id=organisation_id, at=at)
    for officer in told:
        with translation.override(officer.language):
            subject = _("A patient reports an access to their record")
            text = _(
                "Hello,\n\n"
                "A patient does not recognise an access to their record, and awaits an answer.\n\n"
                "Reference in the journal: %(reference)s\n"
            ) % {"reference": event_id}
        outbox.send(
            organisation_id=organisation_id,
            channel=Channel.EMAIL,
            to=officer.email,
            subject=subject,
            text=text,
            kind=REPORT,
            about=event_id,
            actor=actor,
            at=at,
        )
    audit.record(
        REPORT,
        actor=actor,
        subject=event_id,
        patient=patient_id,
        purpose="PATRQT",
        ground=decision.ground,
        at=at,
        detail={"why": why.value, "told": len(told)},
    )
