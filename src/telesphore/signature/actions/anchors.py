"""Fields that the documents' own text asks for: found, and given to the parties that it names."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.paper.anchors import Anchor
from telesphore.paper.anchors import find_anchors as find_in_pdf
from telesphore.records import actions as records
from telesphore.signature.models import Composition, Part, Party, PlacedField, StepPlan
from telesphore.signature.models.composition import MOST_FIELDS
from telesphore.signature.states import FieldKind, PartyRole, StepKind

_SIZES = {
    FieldKind.SIGNATURE: (190.0, 56.0),
    FieldKind.INITIALS: (60.0, 20.0),
    FieldKind.NAME: (190.0, 18.0),
    FieldKind.DATE: (110.0, 18.0),
    FieldKind.TEXT: (220.0, 18.0),
    FieldKind.CHECKBOX: (13.0, 13.0),
    FieldKind.CHOICE: (170.0, 18.0),
}
"""Points: across, down."""
_MARGIN = 12.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """A field that the text asks for.

    Attributes:
        party: as the text names them: a role, and which of them where it is not the first (`professional-2`).
        asked: kind and party, as the text has them: `signature:patient`.
        field: None when there is no such kind.
    """

    party: str
    asked: str
    field: PlacedField | None


@audit.staged("signature:draft:find-anchors")
def find_anchors(*, documents: Sequence[Part], actor: Actor, at: datetime) -> tuple[Proposal, ...]:
    """What the text of these documents asks for, in order; each is opened as the actor may, which leaves its trace.

    `{{kind:party}}` or `{{kind:party:Label|option|option}}`: kind is one of `FieldKind`, party a `PartyRole`.

    Raises:
        DocumentNotFound, TooManyAnchors, AnchorsUnreadable
    """
    found: list[Proposal] = []
    for number, part in enumerate(documents):
        opened = records.open_document(document_id=part.document_id, purpose="TREAT", actor=actor, at=at)
        found.extend(_proposals(opened.pdf, number))
    return tuple(found)


def _proposals(pdf: bytes, part: int) -> list[Proposal]:
    """As `find_anchors`, of one file: the envelope's document of this number.

    Raises:
        TooManyAnchors, AnchorsUnreadable
    """
    kinds = {kind.value for kind in FieldKind}
    return [
        Proposal(anchor.party, f"{anchor.kind}:{anchor.party}", _field(anchor, part) if anchor.kind in kinds else None)
        for anchor in find_in_pdf(pdf)
    ]


def _field(anchor: Anchor, part: int) -> PlacedField:
    kind = FieldKind(anchor.kind)
    width, height = _SIZES[kind]
    (left, bottom, _right, top), edges = anchor.boxes[0], anchor.bounds
    left = max(edges[0], min(left, edges[2] - width - _MARGIN))
    # A signature hangs from the line that asks for it; all others stand on it.
    low = top - height if kind is FieldKind.SIGNATURE else (bottom + top - height) / 2
    low = max(edges[1], min(low, edges[3] - height))
    label, *options = anchor.words
    return PlacedField(
        kind=kind,
        part=part,
        page=anchor.page,
        box=(round(left, 2), round(low, 2), round(left + width, 2), round(low + height, 2)),
        label=label[:200],
        options=tuple(one[:200] for one in options if one)[:50] if kind is FieldKind.CHOICE else (),
    )


def place_anchors(composition: Composition, found: Sequence[Proposal]) -> tuple[Composition, tuple[str, ...]]:
    """The composition with these fields given to the signers whom they name, and those left out, as the text asks for
    them: of no kind, for nobody who signs, or one more than `MOST_FIELDS` for somebody.

    A field that is there already, in its very place, is not given twice.
    """
    named = _named(composition)
    given: dict[int, list[PlacedField]] = {}
    left_out: list[str] = []
    for one in found:
        place = named.get(one.party)
        if place is None or one.field is None:
            left_out.append(one.asked)
            continue
        own = given.setdefault(place, list(composition.parties[place].fields))
        if any(_where(field) == _where(one.field) for field in own):
            continue
        if len(own) < MOST_FIELDS:
            own.append(one.field)
        else:
            left_out.append(one.asked)
    return with_fields_of(composition, {place: tuple(fields) for place, fields in given.items()}), tuple(left_out)


def _where(field: PlacedField) -> tuple[FieldKind, int, int, tuple[float, float, float, float]]:
    return field.kind, field.part, field.page, field.box


def _named(composition: Composition) -> dict[str, int]:
    """How a text may name each signer: `professional` and `professional-1` are the same."""
    named: dict[str, int] = {}
    count: dict[PartyRole, int] = {}
    number = 0
    for step in composition.steps:
        for party in step.parties:
            if step.kind is StepKind.SIGN:
                count[party.role] = count.get(party.role, 0) + 1
                named[f"{party.role.value}-{count[party.role]}"] = number
                named.setdefault(party.role.value, number)
            number += 1
    return named


def with_fields_of(composition: Composition, fields: dict[int, tuple[PlacedField, ...]]) -> Composition:
    """The composition with the fields of these parties, counted over all steps from 0; the others keep theirs."""
    steps: list[StepPlan] = []
    number = 0
    for step in composition.steps:
        parties: list[Party] = []
        for party in step.parties:
            own = fields.get(number)
            parties.append(party if own is None else party.model_copy(update={"fields": own}))
            number += 1
        steps.append(step.model_copy(update={"parties": tuple(parties)}))
    return composition.model_copy(update={"steps": tuple(steps)})
