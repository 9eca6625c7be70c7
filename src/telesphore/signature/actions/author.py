"""Make a template, change it by another version, put it away. Drafts are the richest way to make one: they become one
once they are rid of their patient."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError

from telesphore.accounts import queries as accounts
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.paper.conversion import AsPdf, as_pdf
from telesphore.paper.words import words_of
from telesphore.records import actions as records
from telesphore.records.formats import intake
from telesphore.records.models import Document, Patient
from telesphore.signature import access, queries
from telesphore.signature.actions.unname import names, unnamed, without_patient
from telesphore.signature.errors import (
    NamesThePatient,
    NobodyToSign,
    NoPlaceToSign,
    NothingToSign,
    NotReadable,
    TemplateArchived,
    UnknownSigner,
)
from telesphore.signature.formats import merge
from telesphore.signature.models import Composition, Definition, Paper, Part, Template, TemplateVersion
from telesphore.signature.queries import templates as read
from telesphore.signature.states import PartyRole, Seat, TemplateScope
from telesphore.vault import actions as vault
from telesphore.vault import queries as vault_queries


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file for a template: its title, its type (LOINC), its category (TRE_A03)."""

    title: str
    type_code: str
    class_code: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Sitter:
    """Who takes a professional's place; `person_id` of a named one only."""

    seat: Seat
    person_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class _Page:
    """A document, in the vault or on its way there."""

    title: str
    paper: Paper
    blob_id: UUID
    deposited: vault.Deposited | None
    made: AsPdf | None = None


@audit.staged("signature:template:make")
def make_template(
    *,
    name: str,
    scope: TemplateScope,
    unit_id: UUID | None,
    sheets: Sequence[Sheet],
    plan: Composition,
    sitters: Sequence[Sitter],
    actor: Actor,
    at: datetime,
) -> UUID:
    """Make a template of files.

    Args:
        plan: all but its documents; its professionals are without `person_id`.
        sitters: one for each professional of the plan, in order.

    Raises:
        TemplateNotYours, NothingToSign, NobodyToSign, NotReadable, and the refusals of
            `paper.conversion.as_pdf` and `intake`.
    """
    access.check_scope(actor=actor, scope=scope, unit_id=unit_id, at=at)
    pages = [_deposited(sheet, actor.organisation) for sheet in sheets]
    return _write(
        template_id=None,
        name=name,
        scope=scope,
        unit_id=unit_id,
        pages=pages,
        definition=_definition(plan, sitters, pages),
        actor=actor,
        at=at,
    )[0]


@audit.staged("signature:template:change")
def revise_template(
    *,
    template_id: UUID,
    plan: Composition,
    sitters: Sequence[Sitter],
    replaced: Mapping[int, bytes],
    actor: Actor,
    at: datetime,
) -> int:
    """Write another version; returns its number. What was sent from earlier ones stays as it was sent.

    Args:
        plan: as the last version's, its documents in the same order, changed.
        replaced: files that take the place of some of its documents, by position.

    Raises:
        TemplateNotFound, TemplateNotYours, TemplateArchived, NobodyToSign, NoPlaceToSign, NotReadable, and the refusals
        of `paper.conversion.as_pdf` and `intake`.
    """
    row = access.template_of(actor=actor, template_id=template_id, at=at)
    access.check_manages(actor, row)
    before = read.definition_of(read.last_version(row))
    if len(plan.documents) != len(before.papers):
        raise NotReadable
    pages = []
    for position, (part, paper) in enumerate(zip(plan.documents, before.papers, strict=True)):
        if position in replaced:
            sheet = Sheet(part.title, paper.type_code, paper.class_code, replaced[position])
            pages.append(_deposited(sheet, row.organisation_id))
        else:
            blob_id = before.composition.documents[position].document_id
            pages.append(_Page(part.title, paper, blob_id, None))
    return _write(
        template_id=row.id,
        name=row.name,
        scope=TemplateScope(row.scope),
        unit_id=row.unit_id,
        pages=pages,
        definition=_definition(plan, sitters, pages),
        actor=actor,
        at=at,
    )[1]


@audit.staged("signature:template:make")
def template_from_draft(
    *,
    draft_id: UUID,
    name: str,
    scope: TemplateScope,
    unit_id: UUID | None,
    actor: Actor,
    at: datetime,
    template_id: UUID | None = None,
    sitters: Sequence[Sitter] | None = None,
) -> UUID:
    """Make a template of a draft of one's own, or another version of the template `template_id`, whose name and scope
    then stay. The draft stays too.

    Its documents are copied. What is of its patient goes: dates, guests' names and addresses, what was written into
    places; the patient's name and birth date become merge fields in its texts.

    Args:
        sitters: one for each professional; by default whoever sends is the sender, others are named.

    Raises:
        DraftNotFound, TemplateNotFound, TemplateNotYours, TemplateArchived, NothingToSign, NobodyToSign
        NamesThePatient: a document's text, or a text of the draft, still says who the patient is.
    """
    draft = access.draft_of(actor=actor, draft_id=draft_id)
    if template_id is None:
        access.check_scope(actor=actor, scope=scope, unit_id=unit_id, at=at)
    else:
        access.check_manages(actor, access.template_of(actor=actor, template_id=template_id, at=at))
    patient = Patient.objects.get(organisation_id=draft.organisation_id, id=draft.patient_id)
    composition = queries.draft(draft_id=draft_id, actor=actor).composition
    opened = [
        records.open_document(document_id=part.document_id, purpose="TREAT", actor=actor, at=at)
        for part in composition.documents
    ]
    plan = without_patient(composition, patient)
    titles = [
        unnamed(part.title or one.title, patient) for part, one in zip(composition.documents, opened, strict=True)
    ]
    texts = [plan.title, plan.message, plan.easy_text, *titles]
    texts += [text for party in plan.parties for field in party.fields for text in (field.label, field.value)]
    if any(names(text, patient) for text in texts) or any(names(words_of(one.pdf), patient) for one in opened):
        raise NamesThePatient
    rows = Document.objects.filter(
        organisation_id=draft.organisation_id, id__in=[part.document_id for part in composition.documents]
    )
    kinds = {row.id: row for row in rows}
    pages = []
    for title, one in zip(titles, opened, strict=True):
        kind = kinds[one.document_id]
        paper = Paper(type_code=kind.type_code, class_code=kind.class_code, pages=one.pages)
        deposited = _to_vault(one.pdf, draft.organisation_id)
        pages.append(_Page(title, paper, deposited.blob_id, deposited))
    if sitters is None:
        sitters = [
            Sitter(Seat.CHOSEN)
            if party.person_id is None
            else Sitter(Seat.SENDER)
            if party.person_id == actor.person_id
            else Sitter(Seat.NAMED, party.person_id)
            for party in composition.parties
            if party.role is PartyRole.PROFESSIONAL
        ]
    return _write(
        template_id=template_id,
        name=name,
        scope=scope,
        unit_id=unit_id,
        pages=pages,
        definition=_definition(plan, sitters, pages),
        actor=actor,
        at=at,
    )[0]


@audit.act("signature:template:archive")
def archive_template(*, template_id: UUID, actor: Actor, at: datetime) -> None:
    """Put a template away: nothing more is sent from it; what was sent stays.

    Raises:
        TemplateNotFound, TemplateNotYours, TemplateArchived
    """
    row = access.template_of(actor=actor, template_id=template_id, at=at, lock=True)
    audit.concerning(subject=row.id)
    access.check_manages(actor, row)
    if row.archived_at is not None:
        raise TemplateArchived
    row.archived_at = at
    row.save(update_fields=["archived_at"])
    audit.record("signature:template:archive", actor=actor, subject=row.id, at=at)


def _deposited(sheet: Sheet, organisation_id: UUID) -> _Page:
    made = as_pdf(sheet.content)
    normalised = intake.normalise(made.pdf)
    deposited = _to_vault(normalised.pdf, organisation_id)
    paper = Paper(type_code=sheet.type_code, class_code=sheet.class_code, pages=normalised.pages)
    return _Page(sheet.title, paper, deposited.blob_id, deposited, made)


def _to_vault(pdf: bytes, organisation_id: UUID) -> vault.Deposited:
    return vault.deposit(
        organisation_id=organisation_id,
        key_id=vault_queries.organisation_keyset(organisation_id),
        media_type="application/pdf",
        content=pdf,
    )


def _definition(plan: Composition, sitters: Sequence[Sitter], pages: Sequence[_Page]) -> Definition:
    if not pages:
        raise NothingToSign
    if not plan.steps or not plan.parties:
        raise NobodyToSign
    for party in plan.parties:
        for field in party.fields:
            if field.part >= len(pages) or field.page >= pages[field.part].paper.pages:
                raise NoPlaceToSign
    waiting = iter(sitters)
    seats: list[Seat | None] = []
    steps = []
    try:
        for step in plan.steps:
            parties = []
            for party in step.parties:
                sitter = next(waiting) if party.role is PartyRole.PROFESSIONAL else None
                seats.append(sitter.seat if sitter else None)
                parties.append(party.model_copy(update={"person_id": sitter.person_id if sitter else None}))
            steps.append(step.model_copy(update={"parties": tuple(parties)}))
        documents = tuple(Part(document_id=page.blob_id, title=page.title) for page in pages)
        definition = Definition(
            composition=plan.model_copy(update={"documents": documents, "steps": tuple(steps)}),
            papers=tuple(page.paper for page in pages),
            seats=tuple(seats),
        )
        # Copies are not checked; what is read again is.
        definition = Definition.model_validate_json(definition.model_dump_json())
    except (ValidationError, StopIteration):
        raise NotReadable from None
    if len(read.columns_of(definition)) > merge.MOST_COLUMNS:
        raise NotReadable
    return definition


@audit.act("signature:template:write")
def _write(
    *,
    template_id: UUID | None,
    name: str,
    scope: TemplateScope,
    unit_id: UUID | None,
    pages: Sequence[_Page],
    definition: Definition,
    actor: Actor,
    at: datetime,
) -> tuple[UUID, int]:
    organisation_id = actor.organisation
    assert actor.person_id is not None
    named = {party.person_id for party in definition.composition.parties if party.person_id}
    if len(accounts.professionals(organisation_id=organisation_id, at=at, among=named)) < len(named):
        raise UnknownSigner
    if template_id is None:
        row = Template.objects.create(
            organisation_id=organisation_id,
            name=name,
            scope=scope,
            unit_id=unit_id if scope is TemplateScope.UNIT else None,
            owner_id=actor.person_id,
            made_at=at,
        )
        number = 1
    else:
        # Two who change it at once: the second waits here, and writes the number after.
        row = access.template_of(actor=actor, template_id=template_id, at=at, lock=True)
        access.check_manages(actor, row)
        if row.archived_at is not None:
            raise TemplateArchived
        number = read.last_version(row).number + 1
    for page in pages:
        if page.deposited is not None:
            vault.keep(page.deposited, actor=actor, at=at)
    version_id = uuid7()
    TemplateVersion.objects.create(
        organisation_id=organisation_id,
        id=version_id,
        template_id=row.id,
        number=number,
        definition_sealed=vault.seal_text(
            organisation_id=organisation_id,
            key_id=vault_queries.organisation_keyset(organisation_id),
            text=definition.model_dump_json(),
            context=read.definition_context(version_id),
        ),
        author_id=actor.person_id,
        at=at,
    )
    converted = [page.made.trace for page in pages if page.made and page.made.originals]
    audit.record(
        "signature:template:make" if number == 1 else "signature:template:change",
        actor=actor,
        subject=row.id,
        at=at,
        detail={
            "version": number,
            "documents": len(pages),
            "scope": row.scope,
            **({"converted": converted} if converted else {}),
        },
    )
    return row.id, number
