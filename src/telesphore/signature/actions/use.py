"""Use a template for a patient: its merge fields filled, its places taken, its documents put into the record."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.utils.timezone import localtime
from pydantic import ValidationError

from telesphore.accounts import queries as accounts
from telesphore.accounts.access import check
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.records import access as records_access
from telesphore.records import actions as records
from telesphore.records import queries as records_queries
from telesphore.records.states import DocumentType
from telesphore.signature import access
from telesphore.signature.actions import compose
from telesphore.signature.actions.send import check_ready
from telesphore.signature.errors import ColumnMissing, NotReadable, ProfessionalToChoose, TemplateArchived
from telesphore.signature.formats import merge
from telesphore.signature.formats.writing_in import Written, write_in
from telesphore.signature.models import Composition, Definition, Part, Party, TemplateVersion
from telesphore.signature.queries import templates as read
from telesphore.signature.states import FieldKind, Seat
from telesphore.vault import queries as vault

REFERRING = ("référent", "referent", "traitant", "referring")
"""What the function of a referring doctor says in a care team."""
TITLE, PARAGRAPHS, EASY = 200, 5000, 20_000
WRITTEN = frozenset({FieldKind.NAME, FieldKind.DATE, FieldKind.TEXT})


@dataclass(frozen=True, slots=True)
class Choices:
    """What a template leaves open.

    Attributes:
        professional_id: who takes the places to choose, and a referring doctor's when the record knows none.
        values: of the merge fields that neither the patient nor the sender gives.
    """

    professional_id: UUID | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Filled:
    """A template for one patient, before its documents are anywhere.

    Attributes:
        composition: its documents still named by the template's blobs.
        written: what is written onto the pages of each document, in order.
    """

    composition: Composition
    written: tuple[tuple[Written, ...], ...]


@audit.staged("signature:template:use")
def use_template(
    *, template_id: UUID, patient_id: UUID, choices: Choices, actor: Actor, at: datetime, complete: bool = False
) -> UUID:
    """Begin a draft from a template's last version; returns its id. Its documents are new ones of the record.

    Args:
        complete: refuse, before anything is put into the record, what could not be sent as it stands.

    Raises:
        TemplateNotFound, TemplateArchived, RecordNotFound, NotAllowed, ProfessionalToChoose, ColumnMissing
        What `send.check_ready` raises, only when `complete`.
    """
    check(actor, "signature:envelope:send")
    row = access.template_of(actor=actor, template_id=template_id, at=at)
    if row.archived_at is not None:
        raise TemplateArchived
    version = read.last_version(row)
    definition = read.definition_of(version)
    decision = records_access.decide(actor=actor, patient_id=patient_id, at=at)
    ready = filled(definition, decision, choices, actor, at)
    if complete:
        check_filled(ready=ready, definition=definition, decision=decision, actor=actor, at=at)

    def put(position: int, title: str, pdf: bytes) -> UUID:
        paper = definition.papers[position]
        return records.deposit(
            patient_id=patient_id,
            title=title,
            type_code=paper.type_code,
            class_code=paper.class_code,
            content=pdf,
            actor=actor,
            at=at,
        ).document_id

    composition = deposited(version, definition, ready, put)
    return compose.begin(
        patient_id=patient_id, composition=composition, template_version_id=version.id, actor=actor, at=at
    )


def check_filled(
    *, ready: Filled, definition: Definition, decision: records_access.Decision, actor: Actor, at: datetime
) -> None:
    """Whether what a template became for one patient could be sent, before anything is put into the record. Raises as
    `send.check_ready`."""
    papers = {
        part.document_id: records_queries.Paper(decision.patient.id, paper.type_code, paper.pages, stands=True)
        for part, paper in zip(ready.composition.documents, definition.papers, strict=True)
    }
    check_ready(composition=ready.composition, decision=decision, actor=actor, at=at, papers=papers)


def filled(
    definition: Definition, decision: records_access.Decision, choices: Choices, actor: Actor, at: datetime
) -> Filled:
    """What a template says of one patient. Steps, parties and their order are the template's.

    Raises:
        ProfessionalToChoose, ColumnMissing, NotReadable
    """
    values = {**choices.values, **_known(decision, actor, at)}
    missing = [name for name in read.columns_of(definition) if not values.get(name, "").strip()]
    if missing:
        raise ColumnMissing
    whole = definition.composition
    seats = iter(definition.seats)
    written: list[list[Written]] = [[] for _ in whole.documents]

    def party(one: Party) -> Party:
        seat, fields = next(seats), []
        for place in one.fields:
            named = place.model_copy(update={"label": merge.merge(place.label, values, TITLE)})
            if place.value and place.kind in WRITTEN:
                text = merge.merge(place.value, values, PARAGRAPHS)
                written[place.part].append(Written(place.page, place.box, text))
            else:
                fields.append(named)
        return one.model_copy(
            update={
                "fields": tuple(fields),
                "person_id": one.person_id if seat is None else _sitter(seat, one, decision, choices, actor, at),
            }
        )

    composition = whole.model_copy(
        update={
            "title": merge.merge(whole.title, values, TITLE),
            "message": merge.merge(whole.message, values, PARAGRAPHS),
            "easy_text": merge.merge(whole.easy_text, values, EASY),
            "documents": tuple(
                part.model_copy(update={"title": merge.merge(part.title, values, TITLE)}) for part in whole.documents
            ),
            "steps": tuple(
                step.model_copy(update={"parties": tuple(party(one) for one in step.parties)}) for step in whole.steps
            ),
            "due_at": choices.due_at,
            "expires_after_days": _life(whole.expires_after_days, choices.due_at, at),
        }
    )
    try:
        checked = Composition.model_validate_json(composition.model_dump_json())
    except ValidationError:
        raise NotReadable from None
    return Filled(checked, tuple(tuple(texts) for texts in written))


def _life(days: int, due_at: datetime | None, at: datetime) -> int:
    """An envelope does not end before it is due."""
    return days if due_at is None else min(365, max(days, (due_at - at).days + 1))


def deposited(
    version: TemplateVersion, definition: Definition, ready: Filled, put: Callable[[int, str, bytes], UUID]
) -> Composition:
    """The composition, once `put` has filed each document (position, title, PDF) and said its id."""
    parts = []
    for position, part in enumerate(ready.composition.documents):
        blank = vault.read_blob(
            organisation_id=version.organisation_id, blob_id=part.document_id, limit=read.FILE_LIMIT
        )
        title = part.title or str(DocumentType(definition.papers[position].type_code).label)
        document_id = put(position, title, write_in(blank, ready.written[position]))
        parts.append(Part(document_id=document_id, title=part.title))
    return ready.composition.model_copy(update={"documents": tuple(parts)})


def _known(decision: records_access.Decision, actor: Actor, at: datetime) -> dict[str, str]:
    patient = decision.patient
    return {
        "patient.name": patient.display_name,
        "patient.birth_date": f"{patient.birth_date:%d/%m/%Y}",
        "sender.name": accounts.person_card(actor.person).display_name,
        "organisation.name": accounts.organisation_card(patient.organisation_id).name,
        "date": f"{localtime(at):%d/%m/%Y}",
    }


def _sitter(
    seat: Seat, party: Party, decision: records_access.Decision, choices: Choices, actor: Actor, at: datetime
) -> UUID:
    found: UUID | None
    if seat is Seat.NAMED:
        found = party.person_id
    elif seat is Seat.SENDER:
        found = actor.person_id
    elif seat is Seat.REFERRING:
        found = referring_doctor(decision, at) or choices.professional_id
    else:
        found = choices.professional_id
    if found is None:
        raise ProfessionalToChoose
    return found


def referring_doctor(decision: records_access.Decision, at: datetime) -> UUID | None:
    """The one whom the care team's functions call so; else its only member who reads all documents; None when the
    record does not tell."""
    team = [line for line in records_queries.care_team(decision=decision, at=at) if line.reads_documents]
    called = [line for line in team if any(word in line.function.casefold() for word in REFERRING)]
    found = called or team
    return found[0].person.person_id if len(found) == 1 else None
