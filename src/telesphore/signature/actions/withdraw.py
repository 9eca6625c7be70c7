"""Withdraw a consent: a counter-document that names the first, signed by whoever gave it, told to the team at once."""

from datetime import datetime
from uuid import UUID

from django.utils import translation
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from telesphore.accounts import queries as accounts
from telesphore.audit import actions as audit
from telesphore.jobs import actions as jobs
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.identifiers import uuid7
from telesphore.links import ports as link_ports
from telesphore.outbox import actions as outbox
from telesphore.outbox.models import Channel
from telesphore.paper.binding import bind
from telesphore.records import access as records_access
from telesphore.records import actions as records
from telesphore.signature import access, queries
from telesphore.signature.actions.close import lock
from telesphore.signature.actions.send import place_signers, with_fields
from telesphore.signature.actions.sign import sign_as_patient
from telesphore.signature.actions.write import ReadyToSend, write
from telesphore.signature.facts import ConsentWithdrawn
from telesphore.signature.formats.withdrawal import Declaration, declaration_pdf, declaration_title
from telesphore.signature.models import Composition, Envelope, Part, Party, Recipient, StepPlan
from telesphore.signature.states import OPEN_STATES, EnvelopeState, PartyRole, Purpose, RecipientState, SignatureLevel
from telesphore.vault import actions as vault

KIND = "signature:withdrawal"


@audit.staged("signature:consent:withdraw")
def withdraw(*, envelope_id: UUID, reason: str, drawing: bytes | None, actor: Actor, at: datetime) -> UUID:
    """Withdraw a completed consent; returns the envelope of the signed counter-document.

    Three stages, each safe to come back to: the declaration is written as an envelope of its own, signed, and the
    consent is marked. What a crash leaves between them is taken up by the next try, or by the worker.

    Args:
        reason: in the patient's own words; empty for none, for none is needed.
        drawing: PNG of a handwritten signature; decoration only.

    Raises:
        EnvelopeNotFound, NothingToWithdraw, MustBeRepresented, and what `sign_as_patient` raises.
    """
    envelope, recipient = access.consent_of(actor=actor, envelope_id=envelope_id, at=at)
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    begun = Envelope.objects.filter(
        organisation_id=envelope.organisation_id, withdraws_id=envelope.id, state__in=OPEN_STATES
    ).first()
    withdrawal_id = begun.id if begun else _write_declaration(envelope, recipient, reason, actor, at)
    pages = queries.envelope(envelope_id=withdrawal_id, actor=actor, at=at).pages
    sign_as_patient(envelope_id=withdrawal_id, pages_shown=pages, drawing=drawing, actor=actor, at=at)
    # A crash here leaves a signed withdrawal: the worker that completes it marks the consent.
    mark_withdrawn(withdrawal_id=withdrawal_id, actor=Actor.system(envelope.organisation_id), at=at)
    return withdrawal_id


def _write_declaration(envelope: Envelope, recipient: Recipient, reason: str, actor: Actor, at: datetime) -> UUID:
    # The platform files for the patient, who writes nothing into a record.
    patient = records_access.decide(
        actor=Actor.system(envelope.organisation_id), patient_id=envelope.patient_id, at=at
    ).patient
    by = patient.display_name
    if actor.kind is ActorKind.REPRESENTATIVE:
        by = accounts.person_card(actor.person).display_name
    assert recipient.signed_at is not None
    assert envelope.closed_at is not None
    sealed = queries.last_revision(organisation_id=envelope.organisation_id, envelope_id=envelope.id)
    title = queries.title(envelope)
    declaration = Declaration(
        organisation=accounts.organisation_card(envelope.organisation_id).name,
        title=title,
        patient=patient.display_name,
        by=by,
        envelope_id=envelope.id,
        sha256=bytes(sealed.sha256).hex(),
        signed_at=localtime(recipient.signed_at),
        completed_at=localtime(envelope.closed_at),
        reason=reason,
        at=localtime(at),
    )
    titled = declaration_title(title, patient.reads)
    pdf = declaration_pdf(declaration, patient.reads)
    composition = Composition(
        title=titled,
        documents=(Part(document_id=envelope.document_id, title=titled),),
        steps=(StepPlan(parties=(Party(role=PartyRole.PATIENT, purpose=Purpose.VALIDATES),)),),
        remind_most=0,
    )
    bound = bind([(titled, pdf)])
    signers = place_signers(composition, bound)
    deposited = vault.deposit(
        organisation_id=patient.organisation_id,
        key_id=patient.key_id,
        media_type="application/pdf",
        content=with_fields(bound, signers),
    )
    ground = records_access.Ground.REPRESENTATIVE if by != patient.display_name else records_access.Ground.OWN_RECORD
    source = records.OpenedDocument(envelope.document_id, patient.id, titled, sum(bound.pages), pdf)
    ready = ReadyToSend(composition, patient, (source,), bound, signers, deposited, ground, (SignatureLevel.SIMPLE,))
    return write(ready=ready, withdraws=envelope, actor=actor, at=at)


@audit.act("signature:consent:withdraw")
def mark_withdrawn(*, withdrawal_id: UUID, actor: Actor, at: datetime) -> None:
    """Mark the consent that a signed counter-document withdraws, and tell who was in its circuit; nothing happens when
    that was done, or when the envelope withdraws nothing.

    Raises:
        EnvelopeNotFound
    """
    withdrawal = lock(actor=actor, envelope_id=withdrawal_id)
    if withdrawal.withdraws_id is None:
        return
    signed = Recipient.objects.filter(
        organisation_id=actor.organisation,
        envelope_id=withdrawal.id,
        patient_id__isnull=False,
        state=RecipientState.SIGNED,
    )
    envelope = lock(actor=actor, envelope_id=withdrawal.withdraws_id)
    if envelope.withdrawn_at is not None or not signed.exists():
        return
    assert envelope.state == EnvelopeState.COMPLETED
    envelope.withdrawn_at = at
    envelope.save(update_fields=["withdrawn_at"])
    _tell(envelope, actor, at)
    audit.record(
        "signature:consent:withdraw",
        actor=actor,
        subject=envelope.id,
        patient=envelope.patient_id,
        ground="system",
        at=at,
        detail={"withdrawal": withdrawal.id.hex},
    )
    jobs.announce(ConsentWithdrawn(envelope.organisation_id, envelope.id, uuid7()))


def _tell(envelope: Envelope, actor: Actor, at: datetime) -> None:
    """Write to the sender and to every professional of the circuit; the e-mail names neither patient nor document."""
    of_circuit = Recipient.objects.filter(
        organisation_id=envelope.organisation_id, envelope_id=envelope.id, person_id__isnull=False
    ).values_list("person_id", flat=True)
    people = accounts.person_cards({envelope.sender_id, *(one for one in of_circuit if one is not None)})
    for person in people.values():
        with translation.override(person.language):
            subject = _("A consent was withdrawn")
            text = _(
                "Hello,\n\nA patient has withdrawn a consent that you sent or signed. "
                "From now on it no longer holds.\n\n"
                "See which one: %(url)s\n"
            ) % {"url": f"{link_ports.base_url.get()}/book/{envelope.id}/"}
        outbox.send(
            organisation_id=envelope.organisation_id,
            channel=Channel.EMAIL,
            to=person.email,
            subject=subject,
            text=text,
            kind=KIND,
            about=envelope.id,
            actor=actor,
            at=at,
        )
