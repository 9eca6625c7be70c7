"""The fields that a signer fills in."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.kernel.actors import Actor
from telesphore.signature import access
from telesphore.signature.models import Envelope, Field, Recipient
from telesphore.signature.states import ASKED_FIELDS, FieldKind
from telesphore.vault import queries as vault

LONGEST = 2000
_LINES_FROM = 30


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One field of a signer.

    Attributes:
        name: under which its value is given.
        page: counted from 1.
        label: what is asked; empty when only the place tells.
        longest: letters that fit in its place.
        several_lines: whether its place is high enough for them.
        value: what was filled in; empty before, and for a box that is not ticked.
    """

    field_id: UUID
    name: str
    kind: FieldKind
    page: int
    label: str
    options: tuple[str, ...]
    required: bool
    longest: int
    several_lines: bool
    value: str

    @property
    def asked(self) -> bool:
        """Whether the signer is asked; it fills itself in otherwise."""
        return self.kind in ASKED_FIELDS


def fields_to_fill(*, envelope_id: UUID, actor: Actor, at: datetime) -> tuple[FieldLine, ...]:
    """What the actor is asked to fill in as they sign, page after page; their filled values once they have.

    Raises:
        EnvelopeNotFound: the actor has no place among its recipients.
    """
    envelope, recipient = access.recipient_of(actor=actor, envelope_id=envelope_id, at=at)
    lines = [line for line in fields_of(envelope, recipient) if line.asked]
    return tuple(lines)


def fields_of(envelope: Envelope, recipient: Recipient) -> tuple[FieldLine, ...]:
    """All of a recipient's, page after page, from top to bottom."""
    rows = list(Field.objects.filter(organisation_id=envelope.organisation_id, recipient_id=recipient.id))
    if not rows:
        return ()
    rows.sort(key=lambda row: (row.page, -row.box[3], row.box[0]))
    texts = vault.unseal_texts(
        organisation_id=envelope.organisation_id,
        texts=[
            *(vault.Sealed(envelope.key_id, bytes(row.words_sealed), words_context(row.id)) for row in rows),
            *(
                vault.Sealed(envelope.key_id, bytes(row.value_sealed), value_context(row.id))
                for row in rows
                if row.value_sealed is not None
            ),
        ],
    )
    values = dict(zip([row.id for row in rows if row.value_sealed is not None], texts[len(rows) :], strict=True))
    return tuple(_line(row, json.loads(words), values.get(row.id, "")) for row, words in zip(rows, texts, strict=False))


def _line(row: Field, words: dict[str, object], value: str) -> FieldLine:
    options = words["options"]
    assert isinstance(options, list)
    return FieldLine(
        field_id=row.id,
        name=row.name,
        kind=FieldKind(row.kind),
        page=row.page + 1,
        label=str(words["label"]),
        options=tuple(options),
        required=row.required,
        longest=fitting(row.box),
        several_lines=row.box[3] - row.box[1] >= _LINES_FROM,
        value=value,
    )


def fitting(box: Sequence[float]) -> int:
    """How many letters can still be read in a box: those of six points, about three wide and seven and a half high."""
    left, bottom, right, top = box
    return max(1, min(LONGEST, int((right - left - 4) / 2.8) * max(1, int((top - bottom - 2) / 7.5))))


def words_context(field_id: UUID) -> str:
    """What a field's label and options are sealed for."""
    return f"signature:field:{field_id}"


def value_context(field_id: UUID) -> str:
    """What a field's value is sealed for."""
    return f"signature:field-value:{field_id}"
