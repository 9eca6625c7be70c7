"""What the buttons of the page of composition do to a composition: put in, move, take out. Nothing is kept here."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from telesphore.records.states import DocumentType
from telesphore.signature.actions.compose import Composition, Part, Party, StepPlan
from telesphore.signature.states import PartyRole, Purpose, StepKind

Row = TypeVar("Row")
USUAL = {
    PartyRole.PATIENT: Purpose.ACKNOWLEDGES,
    PartyRole.PROFESSIONAL: Purpose.VALIDATES,
    PartyRole.INTERPRETER: Purpose.VALIDATES,
    PartyRole.WITNESS: Purpose.ACKNOWLEDGES,
}
"""What a signature means unless the sender says otherwise."""


def usual(document_id: UUID, type_code: str, professional_id: UUID | None) -> Composition:
    """What a document mostly goes through: the patient signs a consent first; then a professional signs."""
    doctor = Party(role=PartyRole.PROFESSIONAL, person_id=professional_id, purpose=Purpose.VALIDATES)
    steps = [StepPlan(parties=(doctor,))]
    if type_code == DocumentType.CONSENT:
        steps.insert(0, StepPlan(parties=(Party(role=PartyRole.PATIENT, purpose=Purpose.CONSENTS),)))
    return Composition(documents=(Part(document_id=document_id),), steps=tuple(steps))


def party_of(chosen: str, type_code: str) -> Party:
    """Who was chosen in a step's list: a role, or a professional by their id."""
    if chosen in PartyRole.values:
        role = PartyRole(chosen)
        consents = role is PartyRole.PATIENT and type_code == DocumentType.CONSENT
        return Party(role=role, purpose=Purpose.CONSENTS if consents else USUAL[role])
    return Party(role=PartyRole.PROFESSIONAL, person_id=UUID(chosen), purpose=Purpose.VALIDATES)


def add_document(whole: Composition, document_id: UUID) -> Composition:
    """At the end; once."""
    if any(part.document_id == document_id for part in whole.documents):
        return whole
    return whole.model_copy(update={"documents": (*whole.documents, Part(document_id=document_id))})


def move_document(whole: Composition, number: int, by: int) -> Composition:
    """Up (-1) or down (+1); fields stay on their document."""
    order = list(range(len(whole.documents)))
    _swap(order, number, number + by)
    return _reordered(whole, order)


def remove_document(whole: Composition, number: int) -> Composition:
    """With the fields that were placed on it."""
    return _reordered(whole, [index for index in range(len(whole.documents)) if index != number])


def add_step(whole: Composition, kind: StepKind = StepKind.SIGN) -> Composition:
    """At the end, with nobody in it yet."""
    return whole.model_copy(update={"steps": (*whole.steps, StepPlan(kind=kind))})


def move_step(whole: Composition, number: int, by: int) -> Composition:
    """Earlier (-1) or later (+1)."""
    steps = list(whole.steps)
    _swap(steps, number, number + by)
    return whole.model_copy(update={"steps": tuple(steps)})


def remove_step(whole: Composition, number: int) -> Composition:
    """With all who are in it."""
    return whole.model_copy(update={"steps": _without(whole.steps, number)})


def add_party(whole: Composition, number: int, party: Party) -> Composition:
    """At the end of a step."""
    return _in_step(whole, number, lambda step: (*step.parties, party))


def remove_party(whole: Composition, number: int, place: int) -> Composition:
    """With their fields."""
    return _in_step(whole, number, lambda step: _without(step.parties, place))


def _reordered(whole: Composition, order: list[int]) -> Composition:
    place = {old: new for new, old in enumerate(order)}

    def party(one: Party) -> Party:
        kept = (field for field in one.fields if field.part in place)
        return one.model_copy(
            update={"fields": tuple(field.model_copy(update={"part": place[field.part]}) for field in kept)}
        )

    steps = (step.model_copy(update={"parties": tuple(party(one) for one in step.parties)}) for step in whole.steps)
    documents = tuple(whole.documents[old] for old in order)
    return whole.model_copy(update={"documents": documents, "steps": tuple(steps)})


def _in_step(whole: Composition, number: int, parties: Callable[[StepPlan], tuple[Party, ...]]) -> Composition:
    steps = tuple(
        step.model_copy(update={"parties": parties(step)}) if index == number else step
        for index, step in enumerate(whole.steps)
    )
    return whole.model_copy(update={"steps": steps})


def _without(rows: Sequence[Row], number: int) -> tuple[Row, ...]:
    return tuple(row for index, row in enumerate(rows) if index != number)


def _swap(rows: list[Row], one: int, other: int) -> None:
    if 0 <= one < len(rows) and 0 <= other < len(rows):
        rows[one], rows[other] = rows[other], rows[one]
