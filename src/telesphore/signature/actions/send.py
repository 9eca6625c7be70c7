"""Send a composition: its documents bound into one file, its circuit written, the first step's recipients called."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from telesphore.accounts import queries as accounts
from telesphore.ades.fields import FieldLock, Locks, SignatureField, add_fields
from telesphore.audit import actions as audit
from telesphore.jobs import actions as jobs
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.paper.binding import Bound, bind
from telesphore.paper.pictures import last_page_size
from telesphore.records import access as records_access
from telesphore.records import actions as records
from telesphore.records.errors import AlreadyWithdrawn, DocumentNotFound
from telesphore.records.models import Document, Patient
from telesphore.signature.actions.call import call_step
from telesphore.signature.errors import (
    DraftChanged,
    NobodyToSign,
    NoChannel,
    NoPlaceToSign,
    NothingToSign,
    UnknownSigner,
)
from telesphore.signature.facts import EnvelopeMoved
from telesphore.signature.models import (
    Composition,
    Draft,
    Envelope,
    EnvelopePart,
    Part,
    Party,
    PlacedField,
    Recipient,
    Revision,
    Step,
    StepPlan,
    Watcher,
)
from telesphore.signature.queries.drafts import context_of
from telesphore.signature.states import FieldKind, PartyRole, Purpose, StepKind
from telesphore.vault import actions as vault

SEAL_FIELD = "Seal"


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


def send(*, document_id: UUID, steps: Sequence[Sequence[Signer]], actor: Actor, at: datetime) -> UUID:
    """Send one document of a record to be signed: a composition in its shortest form. Raises as `send_composition`."""
    plan = tuple(StepPlan(parties=tuple(_party(signer) for signer in step)) for step in steps)
    composition = Composition(documents=(Part(document_id=document_id),), steps=plan)
    return send_composition(composition=composition, actor=actor, at=at)


def _party(signer: Signer) -> Party:
    return Party(
        role=PartyRole.PATIENT if signer.person_id is None else PartyRole.PROFESSIONAL,
        person_id=signer.person_id,
        purpose=signer.purpose,
        fields=()
        if signer.place is None
        else (PlacedField(kind=FieldKind.SIGNATURE, page=signer.place.page, box=signer.place.box),),
    )


@dataclass(frozen=True, slots=True)
class Placed:
    """A party who signs, with the name of their signature field in the file, and where it is."""

    party: Party
    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class ReadyToSend:
    """All that sending writes, made outside its transaction.

    Attributes:
        documents: opened, in order.
        signers: of all steps, in order; a party who does not sign has None.
    """

    composition: Composition
    patient: Patient
    documents: tuple[records.OpenedDocument, ...]
    bound: Bound
    signers: tuple[Placed | None, ...]
    deposited: vault.Deposited
    ground: records_access.Ground


@audit.staged("signature:envelope:send")
def send_composition(
    *,
    composition: Composition,
    actor: Actor,
    at: datetime,
    draft_id: UUID | None = None,
    follows_id: UUID | None = None,
) -> UUID:
    """Send: the recipients of each step are called when the step before is complete.

    The file is given one empty signature field per signer, and one for the organisation's seal, before anyone
    signs: later signatures only fill what the first one certified.

    Args:
        draft_id: the draft that it was; the envelope bears the same id, and the draft's row goes.
        follows_id: the envelope that this one corrects.

    Raises:
        DocumentNotFound, NothingToSign, NobodyToSign, UnknownSigner, NoPlaceToSign, NoChannel
        AlreadyWithdrawn: a document no longer holds.
        DraftChanged: the draft was sent or changed meanwhile.
    """
    if not composition.documents:
        raise NothingToSign
    if not composition.steps or not all(step.parties or step.kind is StepKind.SEAL for step in composition.steps):
        raise NobodyToSign
    documents: list[records.OpenedDocument] = []
    for part in composition.documents:
        row, decision = records_access.decide_document(actor=actor, document_id=part.document_id, at=at)
        if documents and documents[0].patient_id != row.patient_id:
            raise DocumentNotFound
        if row.withdrawn_at is not None:
            raise AlreadyWithdrawn
        documents.append(records.open_document(document_id=row.id, purpose="TREAT", actor=actor, at=at))
    patient = decision.patient
    _check_parties(composition, patient, actor, at)
    titled = [
        (part.title or document.title, document.pdf)
        for part, document in zip(composition.documents, documents, strict=True)
    ]
    bound = bind(titled)
    signers = place_signers(composition, bound)
    deposited = vault.deposit(
        organisation_id=patient.organisation_id,
        key_id=patient.key_id,
        media_type="application/pdf",
        content=with_fields(bound, signers),
    )
    ready = ReadyToSend(composition, patient, tuple(documents), bound, signers, deposited, decision.ground)
    return _send(ready=ready, draft_id=draft_id, follows_id=follows_id, actor=actor, at=at)


def _check_parties(composition: Composition, patient: Patient, actor: Actor, at: datetime) -> None:
    parties = composition.parties
    if any(party.role is PartyRole.PATIENT for party in parties) and not (patient.email and patient.phone):
        raise NoChannel
    asked = {party.person_id for party in parties if party.role is PartyRole.PROFESSIONAL}
    known = {card.person_id for card in accounts.professionals(organisation_id=actor.organisation, at=at)}
    if not asked <= known:
        raise UnknownSigner
    for step in composition.steps:
        if step.kind is StepKind.SIGN and any(party.purpose is None for party in step.parties):
            raise NobodyToSign


def place_signers(composition: Composition, bound: Bound) -> tuple[Placed | None, ...]:
    """A name and a place in the bound file for everyone who signs; the foot of the last page for who has none.

    Raises:
        NoPlaceToSign: outside the pages, or too small.
    """
    signing = [party if step.kind is StepKind.SIGN else None for step in composition.steps for party in step.parties]
    usual = iter(usual_places(bound.pdf, sum(party is not None for party in signing)))
    placed: list[Placed | None] = []
    number = 0
    for party in signing:
        if party is None:
            placed.append(None)
            continue
        number += 1
        foot = next(usual)
        own = next((one for one in party.fields if one.kind is FieldKind.SIGNATURE), None)
        place = foot if own is None else Place(page_of(own, bound), own.box)
        left, bottom, right, top = place.box
        if right - left < 20 or top - bottom < 10:
            raise NoPlaceToSign
        placed.append(Placed(party, f"Signature{number}", place))
    return tuple(placed)


def page_of(field: PlacedField, bound: Bound) -> int:
    """The page of the bound file that a field is on.

    Raises:
        NoPlaceToSign: no such page.
    """
    if field.part >= len(bound.pages) or field.page >= bound.pages[field.part]:
        raise NoPlaceToSign
    return sum(bound.pages[: field.part]) + field.page


def with_fields(bound: Bound, signers: Sequence[Placed | None]) -> bytes:
    """The bound file with its empty signature fields.

    Each signature leaves only the places to sign open, whoever signs first; the seal closes them too.
    """
    placed = [one for one in signers if one is not None]
    lock = FieldLock(Locks.EXCLUDE, (*(one.name for one in placed), SEAL_FIELD))
    fields = [SignatureField(one.name, one.place.page, one.place.box, lock) for one in placed]
    return add_fields(bound.pdf, [*fields, SignatureField(SEAL_FIELD, 0, None, FieldLock(Locks.ALL))])


@audit.act("signature:envelope:send")
def _send(*, ready: ReadyToSend, draft_id: UUID | None, follows_id: UUID | None, actor: Actor, at: datetime) -> UUID:
    composition, patient = ready.composition, ready.patient
    organisation_id, envelope_id = patient.organisation_id, draft_id or uuid7()
    assert actor.person_id is not None
    if draft_id is not None:
        gone, _ = Draft.objects.filter(organisation_id=organisation_id, id=draft_id).delete()
        if not gone:
            raise DraftChanged
    # Again, under the lock that a withdrawal takes: it may have come while the file was prepared.
    rows = Document.objects.select_for_update().filter(
        organisation_id=organisation_id, id__in=[document.document_id for document in ready.documents]
    )
    types = {row.id: row.type_code for row in rows}
    if any(row.withdrawn_at is not None for row in rows):
        raise AlreadyWithdrawn

    def sealed(text: str, context: str) -> bytes:
        return vault.seal_text(organisation_id=organisation_id, key_id=patient.key_id, text=text, context=context)

    first = ready.documents[0]
    title = composition.title or composition.documents[0].title or first.title
    envelope = Envelope.objects.create(
        organisation_id=organisation_id,
        id=envelope_id,
        patient_id=patient.id,
        document_id=first.document_id,
        title_sealed=sealed(title, f"signature:envelope:{envelope_id}"),
        key_id=patient.key_id,
        sender_id=actor.person_id,
        pages=sum(ready.bound.pages),
        sent_at=at,
        expires_at=at + timedelta(days=composition.expires_after_days),
        type_code=types[first.document_id],
        urgent=composition.urgent,
        due_at=composition.due_at,
        remind_after_days=composition.remind_after_days,
        remind_every_days=composition.remind_every_days,
        remind_most=composition.remind_most,
        composition_sealed=sealed(composition.model_dump_json(), context_of(envelope_id)),
        follows_id=follows_id,
    )
    first_page = 0
    for position, (document, pages) in enumerate(zip(ready.documents, ready.bound.pages, strict=True)):
        EnvelopePart.objects.create(
            organisation_id=organisation_id,
            envelope_id=envelope_id,
            position=position,
            document_id=document.document_id,
            title_sealed=sealed(
                composition.documents[position].title or document.title, f"signature:part:{envelope_id}:{position}"
            ),
            first_page=first_page,
            pages=pages,
        )
        first_page += pages
    signers = iter(ready.signers)
    for position, plan in enumerate(composition.steps):
        step = Step.objects.create(
            organisation_id=organisation_id,
            envelope_id=envelope_id,
            position=position,
            kind=plan.kind,
            needed=min(plan.needed or len(plan.parties), len(plan.parties)),
        )
        for party in plan.parties:
            _write_recipient(envelope, step, party, next(signers), patient)
    Watcher.objects.bulk_create(
        Watcher(organisation_id=organisation_id, envelope_id=envelope_id, person_id=person_id)
        for person_id in dict.fromkeys(composition.watchers)
    )
    Revision.objects.create(
        organisation_id=organisation_id,
        envelope_id=envelope_id,
        number=0,
        blob_id=vault.keep(ready.deposited, actor=actor, at=at),
        sha256=ready.deposited.sha256,
        at=at,
    )
    audit.record(
        "signature:envelope:send",
        actor=actor,
        subject=envelope_id,
        patient=patient.id,
        ground=ready.ground,
        at=at,
        detail={
            "document": first.document_id.hex,
            "documents": len(ready.documents),
            "steps": len(composition.steps),
            "recipients": len(composition.parties),
        },
    )
    call_step(envelope=envelope, position=0, actor=actor, at=at)
    jobs.announce(EnvelopeMoved(organisation_id, envelope_id, "sent", uuid7()))
    return envelope_id


def _write_recipient(envelope: Envelope, step: Step, party: Party, placed: Placed | None, patient: Patient) -> None:
    recipient_id = uuid7()
    guest = None
    if party.role not in (PartyRole.PATIENT, PartyRole.PROFESSIONAL):
        guest = vault.seal_text(
            organisation_id=envelope.organisation_id,
            key_id=envelope.key_id,
            text=json.dumps(party.model_dump(include={"name", "email", "phone", "quality"})),
            context=f"signature:guest:{recipient_id}",
        )
    Recipient.objects.create(
        organisation_id=envelope.organisation_id,
        id=recipient_id,
        envelope_id=envelope.id,
        step_id=step.id,
        patient_id=patient.id if party.role is PartyRole.PATIENT else None,
        person_id=party.person_id if party.role is PartyRole.PROFESSIONAL else None,
        guest_sealed=guest,
        role=party.role,
        language=party.language,
        purpose=party.purpose if placed else None,
        asked_level=party.level if placed else "",
        field_name=placed.name if placed else None,
        page=placed.place.page if placed else None,
        box=list(placed.place.box) if placed else None,
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
