"""Write an envelope: its rows, in one transaction, from what was made ready outside it."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from telesphore.audit import actions as audit
from telesphore.jobs import actions as jobs
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.paper.binding import Bound
from telesphore.records import access as records_access
from telesphore.records import actions as records
from telesphore.records.errors import AlreadyWithdrawn
from telesphore.records.models import Document, Patient
from telesphore.signature.actions.advance import go_on
from telesphore.signature.actions.place_fields import PlacedFill, write_fields
from telesphore.signature.errors import (
    DraftChanged,
)
from telesphore.signature.facts import EnvelopeMoved
from telesphore.signature.models import (
    Composition,
    Draft,
    Envelope,
    EnvelopePart,
    Party,
    Recipient,
    Revision,
    Step,
    Watcher,
)
from telesphore.signature.queries.drafts import context_of
from telesphore.signature.states import PartyRole, RecipientState, SignatureLevel
from telesphore.vault import actions as vault


@dataclass(frozen=True, slots=True)
class Place:
    """Where a signature is shown.

    Attributes:
        page: counted from 0.
        box: left, bottom, right, top, in points from the page's lower left corner.
    """

    page: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Placed:
    """A party who signs, with the name of their signature field in the file, where it is, and what they fill in."""

    party: Party
    name: str
    place: Place
    fills: tuple[PlacedFill, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadyToSend:
    """All that sending writes, made outside its transaction.

    Attributes:
        documents: opened, in order.
        signers: of all steps, in order; a party who does not sign has None.
        levels: the least that is asked of each party's signature, in the same order.
    """

    composition: Composition
    patient: Patient
    documents: tuple[records.OpenedDocument, ...]
    bound: Bound
    signers: tuple[Placed | None, ...]
    deposited: vault.Deposited
    ground: records_access.Ground
    levels: tuple[SignatureLevel, ...]


@audit.act("signature:envelope:send")
def write(
    *,
    ready: ReadyToSend,
    actor: Actor,
    at: datetime,
    draft_id: UUID | None = None,
    follows_id: UUID | None = None,
    withdraws: Envelope | None = None,
) -> UUID:
    """Write the envelope and its circuit, and call the first step.

    Args:
        withdraws: the completed consent that it withdraws: its sender is taken for this one's, and nobody is written
            to, for the patient is there.

    Raises:
        DraftChanged, AlreadyWithdrawn
    """
    composition, patient = ready.composition, ready.patient
    organisation_id, envelope_id = patient.organisation_id, draft_id or uuid7()
    assert actor.person_id is not None
    draft = None
    if draft_id is not None:
        drafts = Draft.objects.select_for_update().filter(organisation_id=organisation_id, id=draft_id)
        if (draft := drafts.first()) is None:
            raise DraftChanged
        draft.delete()
    # Again, under the lock that a withdrawal takes: it may have come while the file was prepared.
    rows = Document.objects.select_for_update().filter(
        organisation_id=organisation_id, id__in=[document.document_id for document in ready.documents]
    )
    types = {row.id: row.type_code for row in rows}
    if withdraws is None and any(row.withdrawn_at is not None for row in rows):
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
        sender_id=withdraws.sender_id if withdraws else actor.person_id,
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
        withdraws_id=withdraws.id if withdraws else None,
        template_version_id=draft.template_version_id if draft else None,
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
    signers, levels = iter(ready.signers), iter(ready.levels)
    for position, plan in enumerate(composition.steps):
        step = Step.objects.create(
            organisation_id=organisation_id,
            envelope_id=envelope_id,
            position=position,
            kind=plan.kind,
            needed=min(plan.needed or len(plan.parties), len(plan.parties)),
        )
        for party in plan.parties:
            _write_recipient(envelope, step, party, next(signers), next(levels), patient)
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
    jobs.announce(EnvelopeMoved(organisation_id, envelope_id, "sent", uuid7()))
    if withdraws is None:
        go_on(envelope=envelope, position=0, actor=actor, at=at)
    else:
        Recipient.objects.filter(organisation_id=organisation_id, envelope_id=envelope_id).update(
            state=RecipientState.WAITING, awaited_at=at
        )
    return envelope_id


def _write_recipient(
    envelope: Envelope, step: Step, party: Party, placed: Placed | None, level: SignatureLevel, patient: Patient
) -> None:
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
        asked_level=level if placed else "",
        field_name=placed.name if placed else None,
        page=placed.place.page if placed else None,
        box=list(placed.place.box) if placed else None,
        kind=step.kind,
        urgent=envelope.urgent,
        due_at=envelope.due_at,
        type_code=envelope.type_code,
        sender_id=envelope.sender_id,
        about_id=envelope.patient_id,
        at_bedside=party.at_bedside and party.role is PartyRole.PATIENT,
    )
    if placed:
        write_fields(envelope, recipient_id, placed.fills)
