"""Fields of those who sign: placed in the file before it is sent, and written as rows with their recipient."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pypdfium2

from telesphore.ades.form_fields import FillKind, FormField
from telesphore.kernel.identifiers import uuid7
from telesphore.paper.anchors import cover_anchors, find_anchors
from telesphore.paper.binding import Bound
from telesphore.signature.errors import ChoiceWithoutOptions, FieldsWithoutSignature, NoPlaceToSign, TooManyFields
from telesphore.signature.formats.writing_in import Written, write_in
from telesphore.signature.models import Composition, Envelope, Field, Party, PlacedField
from telesphore.signature.queries.fields import words_context
from telesphore.signature.states import FieldKind, StepKind
from telesphore.vault import actions as vault

MOST = 500
"""Of one envelope, of all its signers."""
_LEAST = {FieldKind.SIGNATURE: (20.0, 10.0), FieldKind.CHECKBOX: (12.0, 12.0)}
_SMALLEST = (12.0, 8.0)


@dataclass(frozen=True, slots=True)
class PlacedFill:
    """A field to be filled in.

    Attributes:
        name: in the file's form.
        page: of the bound file, counted from 0.
    """

    name: str
    page: int
    field: PlacedField

    def in_form(self) -> FormField:
        """As the file's form has it: all that fills itself in is a text."""
        kind = {FieldKind.CHECKBOX: FillKind.CHECKBOX, FieldKind.CHOICE: FillKind.CHOICE}.get(
            self.field.kind, FillKind.TEXT
        )
        return FormField(self.name, kind, self.page, self.field.box, self.field.label, self.field.options)


def page_of(field: PlacedField, bound: Bound) -> int:
    """The page of the bound file that a field is on.

    Raises:
        NoPlaceToSign: no such page.
    """
    if field.part >= len(bound.pages) or field.page >= bound.pages[field.part]:
        raise NoPlaceToSign
    return sum(bound.pages[: field.part]) + field.page


def ready_pages(bound: Bound, composition: Composition) -> Bound:
    """The pages as they are shown for signing: anchors covered, and what the sender filled in written.

    Raises:
        NoPlaceToSign, FieldsWithoutSignature, TooManyFields, ChoiceWithoutOptions: a field can't be where, whose or
            what it is said to be.
        TooManyAnchors, AnchorsUnreadable
    """
    _check(composition, bound)
    anchors = find_anchors(bound.pdf)
    given = [
        Written(page_of(field, bound), field.box, field.value, tick=field.kind is FieldKind.CHECKBOX)
        for party in composition.parties
        for field in party.fields
        if _is_given(field)
    ]
    if not anchors and not given:
        return bound
    return Bound(write_in(cover_anchors(bound.pdf, anchors), given), bound.pages)


def _is_given(field: PlacedField) -> bool:
    """Whether the sender filled it in: it is a field no more. Nobody else than its signer gives a signature."""
    return bool(field.value.strip()) and field.kind is not FieldKind.SIGNATURE


def fills_of(party: Party, bound: Bound, first: int) -> tuple[PlacedFill, ...]:
    """What this party fills in, in the order given, numbered from `first`; their first signature is not among them."""
    own = next((field for field in party.fields if field.kind is FieldKind.SIGNATURE), None)
    asked = [field for field in party.fields if field is not own and not _is_given(field)]
    return tuple(
        PlacedFill(f"Field{number}", page_of(field, bound), field) for number, field in enumerate(asked, first)
    )


def _check(composition: Composition, bound: Bound) -> None:
    fields = list(_fields(composition))
    if len(fields) > MOST:
        raise TooManyFields(most=MOST)
    if not fields:
        return
    document = pypdfium2.PdfDocument(bound.pdf)
    try:
        bounds = {page: document[page].get_mediabox() for page in {page_of(field, bound) for field in fields}}
    finally:
        document.close()
    for field in fields:
        (left, bottom, right, top), page = field.box, bounds[page_of(field, bound)]
        width, height = _LEAST.get(field.kind, _SMALLEST)
        inside = left >= page[0] and bottom >= page[1] and right <= page[2] and top <= page[3]
        if right - left < width or top - bottom < height or not inside:
            raise NoPlaceToSign
        if field.kind is FieldKind.CHOICE and len(set(filter(None, field.options))) < 2:
            raise ChoiceWithoutOptions


def _fields(composition: Composition) -> Iterator[PlacedField]:
    for step in composition.steps:
        for party in step.parties:
            if party.fields and step.kind is not StepKind.SIGN:
                raise FieldsWithoutSignature
            yield from party.fields


def write_fields(envelope: Envelope, recipient_id: UUID, fills: tuple[PlacedFill, ...]) -> None:
    """A row for each, in the caller's transaction."""
    rows = []
    for fill in fills:
        field, identifier = fill.field, uuid7()
        words = json.dumps({"label": field.label, "options": list(dict.fromkeys(filter(None, field.options)))})
        rows.append(
            Field(
                organisation_id=envelope.organisation_id,
                id=identifier,
                envelope_id=envelope.id,
                recipient_id=recipient_id,
                name=fill.name,
                kind=field.kind,
                page=fill.page,
                box=list(field.box),
                required=field.required,
                words_sealed=vault.seal_text(
                    organisation_id=envelope.organisation_id,
                    key_id=envelope.key_id,
                    text=words,
                    context=words_context(identifier),
                ),
            )
        )
    Field.objects.bulk_create(rows)
