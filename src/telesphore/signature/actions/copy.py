"""Give the patient a copy of what was completed: a link by e-mail, a code by SMS, the signed file behind them."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from telesphore.accounts import queries as accounts
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.links import actions as links
from telesphore.links import queries as link_queries
from telesphore.outbox import actions as outbox
from telesphore.outbox import queries as notices
from telesphore.outbox.models import Channel
from telesphore.records import access as records_access
from telesphore.records import actions as records
from telesphore.records import queries as record_queries
from telesphore.records.errors import RecordNotFound
from telesphore.records.models import Patient
from telesphore.signature import access
from telesphore.signature.actions.call import my_page
from telesphore.signature.errors import EnvelopeNotFound, NotAnAddress
from telesphore.signature.models import Envelope, Recipient
from telesphore.signature.states import EnvelopeState

LIFE = timedelta(days=90)
LINK_TO_COPY = "signature:copy"
COPY = "signature:copy"
"""Kind of the notice."""


@transaction.atomic
def send_copy(*, envelope_id: UUID, actor: Actor, at: datetime) -> None:
    """Send the patient a link to the completed document, once; a patient without address or phone gets none. Who acts
    in the patient's place is led to it by their account."""
    envelope = Envelope.objects.select_for_update().get(organisation_id=actor.organisation, id=envelope_id)
    organisation_id = envelope.organisation_id
    if link_queries.exists(organisation_id=organisation_id, subject_id=envelope.id, purpose=LINK_TO_COPY):
        return
    patient, stand_ins = access.stand_ins(envelope, at)
    if stand_ins is not None:
        _tell_stand_ins(envelope, stand_ins, actor, at)
        return
    if not (patient.email and patient.phone):
        return
    _send(envelope, patient, actor, at)


def _send(envelope: Envelope, patient: Patient, actor: Actor, at: datetime) -> None:
    organisation_id = envelope.organisation_id
    called = Recipient.objects.filter(organisation_id=organisation_id, envelope_id=envelope.id, patient_id=patient.id)
    language = called.values_list("language", flat=True).first() or patient.reads
    link = links.create(
        organisation_id=organisation_id,
        purpose=LINK_TO_COPY,
        subject_id=envelope.id,
        patient_id=patient.id,
        phone=patient.phone,
        language=language,
        expires_at=at + LIFE,
        actor=actor,
        at=at,
    )
    organisation = accounts.organisation_card(organisation_id)
    with translation.override(language):
        subject = _("Your copy of the document that you signed")
        text = _(
            "Hello,\n\n"
            "The document that you signed with %(organisation)s is complete.\n\n"
            "Your copy is behind this link, for 90 days: %(url)s\n\n"
            "A code will be sent to your phone when you ask for it. The link is yours alone: do not forward it.\n"
        ) % {"organisation": organisation.name, "url": link.url}
    outbox.send(
        organisation_id=organisation_id,
        channel=Channel.EMAIL,
        to=patient.email,
        subject=subject,
        text=text,
        kind=COPY,
        about=envelope.id,
        actor=actor,
        at=at,
    )
    audit.record("signature:copy:send", actor=actor, subject=envelope.id, patient=envelope.patient_id, at=at)


@audit.act("signature:copy:send")
def send_again(*, envelope_id: UUID, actor: Actor, at: datetime) -> None:
    """Send a new link to what a patient signed, which they may withdraw by it if it is a consent: the one before has
    run out, or was lost, and works no more. Who acts in the patient's place is told of it.

    Raises:
        EnvelopeNotFound: no such one, not completed, or of a patient whose record is not open to the actor.
        NotAnAddress: the record holds no e-mail address, or no phone for the code.
    """
    try:
        envelope = Envelope.objects.select_for_update().get(
            organisation_id=actor.organisation, id=envelope_id, state=EnvelopeState.COMPLETED
        )
        records_access.decide_as_carer(actor=actor, patient_id=envelope.patient_id, at=at)
    except (Envelope.DoesNotExist, RecordNotFound):
        raise EnvelopeNotFound from None
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    patient, stand_ins = access.stand_ins(envelope, at)
    if stand_ins is None and not (patient.email and patient.phone):
        raise NotAnAddress
    links.revoke_all(
        organisation_id=envelope.organisation_id, purpose=LINK_TO_COPY, subject_id=envelope.id, actor=actor, at=at
    )
    if stand_ins is None:
        _send(envelope, patient, actor, at)
    else:
        _write_to_stand_ins(envelope, stand_ins, actor, at)


def _tell_stand_ins(envelope: Envelope, stand_ins: tuple[UUID, ...], actor: Actor, at: datetime) -> None:
    told = notices.notices_about(organisation_id=envelope.organisation_id, about=[envelope.id])
    if stand_ins and not any(notice.kind == COPY for notice in told):
        _write_to_stand_ins(envelope, stand_ins, actor, at)


def _write_to_stand_ins(envelope: Envelope, stand_ins: tuple[UUID, ...], actor: Actor, at: datetime) -> None:
    organisation = accounts.organisation_card(envelope.organisation_id)
    for person in accounts.person_cards(set(stand_ins)).values():
        with translation.override(person.language):
            subject = _("A document that you followed is complete")
            text = _(
                "Hello,\n\n"
                "A document of %(organisation)s for somebody for whom you act is complete.\n\n"
                "Find it in your account: %(url)s\n"
            ) % {"organisation": organisation.name, "url": my_page()}
        outbox.send(
            organisation_id=envelope.organisation_id,
            channel=Channel.EMAIL,
            to=person.email,
            subject=subject,
            text=text,
            kind=COPY,
            about=envelope.id,
            actor=actor,
            at=at,
        )
    audit.record("signature:copy:send", actor=actor, subject=envelope.id, patient=envelope.patient_id, at=at)


def print_copy(*, envelope_id: UUID, language: str, actor: Actor, at: datetime) -> records.PrintedDocument:
    """The signed document to print, with its proof, for the patient who came through the link.

    Raises:
        EnvelopeNotFound: no such envelope, not theirs, or not completed.
        AlreadyWithdrawn
    """
    results = record_queries.results_of(organisation_id=actor.organisation, source_id=envelope_id)
    if "signed" not in results:
        raise EnvelopeNotFound
    return records.print_document(document_id=results["signed"], language=language, actor=actor, at=at)


def open_copy(*, envelope_id: UUID, actor: Actor, at: datetime) -> records.OpenedDocument:
    """The signed document, for the patient who came through the link.

    Raises:
        EnvelopeNotFound: no such envelope, not theirs, or not completed.
    """
    results = record_queries.results_of(organisation_id=actor.organisation, source_id=envelope_id)
    if "signed" not in results:
        raise EnvelopeNotFound
    return records.open_document(document_id=results["signed"], purpose="PATRQT", actor=actor, at=at)
