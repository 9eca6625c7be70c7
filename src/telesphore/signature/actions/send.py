"""Send a composition: its documents bound into one file, its circuit written, the first step's recipients called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.ades.fields import FieldLock, Locks, SignatureField
from telesphore.ades.form_fields import add_form
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.errors import DomainError
from telesphore.paper.binding import Bound, bind
from telesphore.paper.pictures import last_page_size
from telesphore.records import access as records_access
from telesphore.records import actions as records
from telesphore.records.errors import AlreadyWithdrawn, DocumentNotFound
from telesphore.records.queries import Paper
from telesphore.signature.actions.place_fields import PlacedFill, fills_of, page_of, ready_pages
from telesphore.signature.actions.write import Place, Placed, ReadyToSend, write
from telesphore.signature.errors import (
    ChoiceWithoutOptions,
    FieldsWithoutSignature,
    NobodyToSign,
    NoChannel,
    NoPlaceToSign,
    NothingToSign,
    NotReady,
    UnknownSigner,
)
from telesphore.signature.models import (
    Composition,
    Part,
    Party,
    PlacedField,
    StepPlan,
)
from telesphore.signature.queries.requirements import Facts, asked_level, facts_for, missing
from telesphore.signature.states import FieldKind, PartyRole, Purpose, StepKind
from telesphore.vault import actions as vault

SEAL_FIELD = "Seal"
_ALONE: Mapping[str, type[DomainError]] = {
    one.code: one
    for one in (
        ChoiceWithoutOptions, FieldsWithoutSignature, NobodyToSign, NoChannel, NoPlaceToSign, UnknownSigner
    )
}  # fmt: skip
"""What is missing, when it is all that is missing."""


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
        DocumentNotFound, NothingToSign, NoPlaceToSign, and those of `check_ready`
        FieldsWithoutSignature, TooManyFields, ChoiceWithoutOptions, TooManyAnchors, AnchorsUnreadable
        AlreadyWithdrawn: a document no longer holds.
        DraftChanged: the draft was sent or changed meanwhile.
    """
    if not composition.documents:
        raise NothingToSign
    documents: list[records.OpenedDocument] = []
    for part in composition.documents:
        row, decision = records_access.decide_document(actor=actor, document_id=part.document_id, at=at)
        if documents and documents[0].patient_id != row.patient_id:
            raise DocumentNotFound
        if row.withdrawn_at is not None:
            raise AlreadyWithdrawn
        documents.append(records.open_document(document_id=row.id, purpose="TREAT", actor=actor, at=at))
    patient = decision.patient
    facts = check_ready(composition=composition, decision=decision, actor=actor, at=at)
    titled = [
        (part.title or document.title, document.pdf)
        for part, document in zip(composition.documents, documents, strict=True)
    ]
    bound = ready_pages(bind(titled), composition)
    signers = place_signers(composition, bound)
    deposited = vault.deposit(
        organisation_id=patient.organisation_id,
        key_id=patient.key_id,
        media_type="application/pdf",
        content=with_fields(bound, signers, sum(step.kind is StepKind.SEAL for step in composition.steps)),
    )
    levels = tuple(asked_level(composition, party, facts) for party in composition.parties)
    ready = ReadyToSend(composition, patient, tuple(documents), bound, signers, deposited, decision.ground, levels)
    return write(ready=ready, draft_id=draft_id, follows_id=follows_id, actor=actor, at=at)


def check_ready(
    *,
    composition: Composition,
    decision: records_access.Decision,
    actor: Actor,
    at: datetime,
    papers: Mapping[UUID, Paper] | None = None,
) -> Facts:
    """Whether nothing is missing; what was found out for it.

    Args:
        papers: of documents that are no record's yet, by the id that the composition names them by.

    Raises:
        NoChannel, UnknownSigner, NobodyToSign: nothing else is missing.
        NotReady: with all that is missing.
    """
    facts = facts_for(composition=composition, decision=decision, actor=actor, at=at, papers=papers)
    gaps = missing(composition, facts)
    if len(gaps) == 1 and gaps[0].code in _ALONE:
        raise _ALONE[gaps[0].code]
    if gaps:
        raise NotReady(*((gap.code, gap.sentence) for gap in gaps))
    return facts


def place_signers(composition: Composition, bound: Bound) -> tuple[Placed | None, ...]:
    """A name and a place in the bound file for everyone who signs; the foot of the last page for who has none.

    Raises:
        NoPlaceToSign: outside the pages, or too small.
    """
    signing = [party if step.kind is StepKind.SIGN else None for step in composition.steps for party in step.parties]
    usual = iter(usual_places(bound.pdf, sum(party is not None for party in signing)))
    placed: list[Placed | None] = []
    number = filled = 0
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
        fills = fills_of(party, bound, filled + 1)
        filled += len(fills)
        placed.append(Placed(party, f"Signature{number}", place, fills))
    return tuple(placed)


def with_fields(bound: Bound, signers: Sequence[Placed | None], seals: int = 0) -> bytes:
    """The bound file with its empty fields and places to sign; `seals` is the number of steps that seal.

    Each signature leaves open the places to sign and the fields of all others: those of who signed before are closed by
    their own signature. The last seal closes all.
    """
    placed = [one for one in signers if one is not None]
    fills = [fill for one in placed for fill in one.fills]
    of_steps = [f"{SEAL_FIELD}{number}" for number in range(1, seals + 1)]
    names = (*(one.name for one in placed), *of_steps, SEAL_FIELD)

    def lock(own: Sequence[PlacedFill]) -> FieldLock:
        return FieldLock(Locks.EXCLUDE, (*names, *(fill.name for fill in fills if fill not in own)))

    fields = [SignatureField(one.name, one.place.page, one.place.box, lock(one.fills)) for one in placed]
    fields += [SignatureField(name, 0, None, lock(())) for name in of_steps]
    fields.append(SignatureField(SEAL_FIELD, 0, None, FieldLock(Locks.ALL)))
    return add_form(bound.pdf, fields, [fill.in_form() for fill in fills])


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
