"""Send a document through a circuit, and call each step's recipients when their turn comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext as _

from telesphore.accounts import queries as accounts
from telesphore.ades.fields import FieldLock, Locks, SignatureField, add_fields
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.links import actions as links
from telesphore.links import ports as link_ports
from telesphore.outbox import actions as outbox
from telesphore.outbox.models import Channel
from telesphore.paper.pictures import last_page_size
from telesphore.records import access as records_access
from telesphore.records import actions as records
from telesphore.records.errors import AlreadyWithdrawn
from telesphore.records.models import Document, Patient
from telesphore.signature.errors import NobodyToSign, NoChannel, NoPlaceToSign, UnknownSigner
from telesphore.signature.models import Envelope, Recipient, Revision, Step
from telesphore.signature.states import Purpose, RecipientState
from telesphore.vault import actions as vault

LIFE = timedelta(days=30)
SEAL_FIELD = "Seal"
LINK_TO_SIGN = "signature:sign"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a signature is shown.

    Attributes:
        page: counted from 0.
        box: left, bottom, right, top, in points from the page's lower left corner.
    """

    page: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Someone to sign. `person_id` None means the patient of the document; `place` None the foot of the last page."""

    person_id: UUID | None
    purpose: Purpose
    place: Place | None = None


@audit.staged("signature:envelope:send")
def send(*, document_id: UUID, steps: Sequence[Sequence[Signer]], actor: Actor, at: datetime) -> UUID:
    """Send a document of a record: the signers of each step are called when the step before is complete.

    The file is given one empty signature field per signer, and one for the organisation's seal, before anyone
    signs: later signatures only fill what the first one certified.

    Raises:
        DocumentNotFound, NobodyToSign, UnknownSigner, NoPlaceToSign, NoChannel
        AlreadyWithdrawn: the document no longer holds.
    """
    if not steps or not all(steps):
        raise NobodyToSign
    row, decision = records_access.decide_document(actor=actor, document_id=document_id, at=at)
    if row.withdrawn_at is not None:
        raise AlreadyWithdrawn
    document = records.open_document(document_id=document_id, purpose="TREAT", actor=actor, at=at)
    patient = decision.patient
    signers = [signer for step in steps for signer in step]
    if any(signer.person_id is None for signer in signers) and not (patient.email and patient.phone):
        raise NoChannel
    asked = {signer.person_id for signer in signers if signer.person_id is not None}
    if not asked <= {card.person_id for card in accounts.professionals(organisation_id=actor.organisation, at=at)}:
        raise UnknownSigner
    places = [
        signer.place or usual for signer, usual in zip(signers, usual_places(document.pdf, len(signers)), strict=True)
    ]
    _check_places(document, places)
    names = [f"Signature{number}" for number in range(1, len(places) + 1)]
    # Each signature leaves only the places to sign open, whoever signs first; the seal closes them too.
    lock = FieldLock(Locks.EXCLUDE, (*names, SEAL_FIELD))
    fields = [SignatureField(name, place.page, place.box, lock) for name, place in zip(names, places, strict=True)]
    prepared = add_fields(document.pdf, [*fields, SignatureField(SEAL_FIELD, 0, None, FieldLock(Locks.ALL))])
    deposited = vault.deposit(
        organisation_id=patient.organisation_id,
        key_id=patient.key_id,
        media_type="application/pdf",
        content=prepared,
    )
    return _send(
        document=document,
        patient=patient,
        steps=steps,
        places=places,
        deposited=deposited,
        ground=decision.ground,
        actor=actor,
        at=at,
    )


@audit.act("signature:envelope:send")
def _send(
    *,
    document: records.OpenedDocument,
    patient: Patient,
    steps: Sequence[Sequence[Signer]],
    places: Sequence[Place],
    deposited: vault.Deposited,
    ground: records_access.Ground,
    actor: Actor,
    at: datetime,
) -> UUID:
    organisation_id, envelope_id = patient.organisation_id, uuid7()
    assert actor.person_id is not None
    # Again, under the lock that a withdrawal takes: it may have come while the file was prepared.
    row = Document.objects.select_for_update().get(organisation_id=organisation_id, id=document.document_id)
    if row.withdrawn_at is not None:
        raise AlreadyWithdrawn
    envelope = Envelope.objects.create(
        organisation_id=organisation_id,
        id=envelope_id,
        patient_id=patient.id,
        document_id=document.document_id,
        title_sealed=vault.seal_text(
            organisation_id=organisation_id,
            key_id=patient.key_id,
            text=document.title,
            context=f"signature:envelope:{envelope_id}",
        ),
        key_id=patient.key_id,
        sender_id=actor.person_id,
        pages=document.pages,
        sent_at=at,
        expires_at=at + LIFE,
    )
    number = 0
    for position, signers in enumerate(steps):
        step = Step.objects.create(
            organisation_id=organisation_id, envelope_id=envelope_id, position=position, needed=len(signers)
        )
        for signer in signers:
            place = places[number]
            number += 1
            Recipient.objects.create(
                organisation_id=organisation_id,
                envelope_id=envelope_id,
                step_id=step.id,
                patient_id=patient.id if signer.person_id is None else None,
                person_id=signer.person_id,
                purpose=signer.purpose,
                field_name=f"Signature{number}",
                page=place.page,
                box=list(place.box),
            )
    Revision.objects.create(
        organisation_id=organisation_id,
        envelope_id=envelope_id,
        number=0,
        blob_id=vault.keep(deposited, actor=actor, at=at),
        sha256=deposited.sha256,
        at=at,
    )
    audit.record(
        "signature:envelope:send",
        actor=actor,
        subject=envelope_id,
        patient=patient.id,
        ground=ground,
        at=at,
        detail={"document": document.document_id.hex, "steps": len(steps), "recipients": number},
    )
    call_step(envelope=envelope, position=0, actor=actor, at=at)
    return envelope_id


def call_step(*, envelope: Envelope, position: int, actor: Actor, at: datetime) -> bool:
    """Tell the recipients of a step that it is their turn, in the caller's transaction. False when there is no such
    step: the circuit is at its end."""
    recipients = list(
        Recipient.objects.filter(
            organisation_id=envelope.organisation_id, envelope_id=envelope.id, step__position=position
        )
    )
    for recipient in recipients:
        recipient.state = RecipientState.WAITING
        recipient.awaited_at = at
        if recipient.patient_id is not None:
            recipient.link_id = _call_patient(envelope, recipient, actor, at)
        else:
            _call_professional(envelope, recipient, actor, at)
        recipient.save(update_fields=["state", "awaited_at", "link_id"])
    return bool(recipients)


def _call_patient(envelope: Envelope, recipient: Recipient, actor: Actor, at: datetime) -> UUID:
    patient = records_access.decide(
        actor=Actor.system(envelope.organisation_id), patient_id=envelope.patient_id, at=at
    ).patient
    link = links.create(
        organisation_id=envelope.organisation_id,
        purpose=LINK_TO_SIGN,
        subject_id=envelope.id,
        patient_id=patient.id,
        phone=patient.phone,
        language=patient.language,
        expires_at=envelope.expires_at,
        actor=actor,
        at=at,
    )
    organisation = accounts.organisation_card(envelope.organisation_id)
    with translation.override(patient.language):
        subject = _("%(organisation)s asks you to read and sign a document") % {"organisation": organisation.name}
        text = _(
            "Hello,\n\n"
            "%(organisation)s asks you to read and sign a document.\n\n"
            "Open this link: %(url)s\n\n"
            "A code will be sent to your phone when you ask for it. The link is yours alone: do not forward it.\n"
        ) % {"organisation": organisation.name, "url": link.url}
    outbox.send(
        organisation_id=envelope.organisation_id,
        channel=Channel.EMAIL,
        to=patient.email,
        subject=subject,
        text=text,
        kind="signature:invitation",
        about=recipient.id,
        actor=actor,
        at=at,
    )
    return link.link_id


def _call_professional(envelope: Envelope, recipient: Recipient, actor: Actor, at: datetime) -> None:
    assert recipient.person_id is not None
    person = accounts.person_card(recipient.person_id)
    with translation.override(person.language):
        subject = _("A document awaits your signature")
        text = _("Hello,\n\nA document awaits your signature in your signature book.\n\nOpen it: %(url)s\n") % {
            "url": f"{link_ports.base_url.get()}/book/{envelope.id}/"
        }
    outbox.send(
        organisation_id=envelope.organisation_id,
        channel=Channel.EMAIL,
        to=person.email,
        subject=subject,
        text=text,
        kind="signature:invitation",
        about=recipient.id,
        actor=actor,
        at=at,
    )


def usual_places(pdf: bytes, signers: int) -> list[Place]:
    """Places at the foot of the last page, from left to right, two in a row, rows upward."""
    page, (across, _down) = last_page_size(pdf)
    margin, gap, height = 36.0, 12.0, 64.0
    width = (across - 2 * margin - gap) / 2
    places = []
    for number in range(signers):
        left = margin + (number % 2) * (width + gap)
        bottom = margin + (number // 2) * (height + gap)
        places.append(Place(page, (left, bottom, left + width, bottom + height)))
    return places


def _check_places(document: records.OpenedDocument, places: Sequence[Place]) -> None:
    for place in places:
        left, bottom, right, top = place.box
        if not 0 <= place.page < document.pages or right - left < 20 or top - bottom < 10:
            raise NoPlaceToSign
