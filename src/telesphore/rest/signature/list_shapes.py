"""What this face gives and takes of templates and lists of patients."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from telesphore.kernel.instants import Instant
from telesphore.signature.actions.compose import Composition
from telesphore.signature.states import BulkState, RowState, Seat, TemplateScope

Cell = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TemplateLine(BaseModel):
    """A template that the token's person may use."""

    id: UUID
    name: str
    scope: TemplateScope
    unit: str
    version: int
    changed_at: datetime


class Templates(BaseModel):
    """By name, at most a hundred; search for the others."""

    items: list[TemplateLine]


class Template(TemplateLine):
    """What its last version says: its documents are named by blank forms, its open places by seats."""

    composition: Composition
    seats: list[Seat | None]
    columns: list[str]
    """Merge fields that neither the patient nor the sender gives."""


class UseTemplate(_Given):
    """Which template, for whom, and what it leaves open."""

    template_id: UUID
    patient_id: UUID
    professional_id: UUID | None = None
    values: Annotated[dict[Cell, Cell], Field(max_length=40)] = {}
    due_at: Instant | None = None
    send: bool = False


class NewBulk(_Given):
    """A list of patients: in each row `ins`, `patient`, or `name` and `birth_date`; `due`, `professional`, and the
    template's columns."""

    template_id: UUID
    professional_id: UUID | None = None
    rows: Annotated[list[dict[Cell, Cell]], Field(min_length=1, max_length=2000)]


class Bulk(BaseModel):
    """A bulk sending, and how far it is: nothing is sent before it is confirmed."""

    id: UUID
    template: str
    version: int
    state: BulkState
    rows: int
    counts: dict[RowState, int]
    made_at: datetime
    confirmed_at: datetime | None


class Bulks(BaseModel):
    """The newest hundred of the token's person."""

    items: list[Bulk]


class BulkRow(BaseModel):
    """One row and its fate; `code` and `title` say why it is not sent."""

    number: int
    who: str
    state: RowState
    code: str
    title: str
    envelope_id: UUID | None


class BulkRows(BaseModel):
    """One page, in the list's order."""

    items: list[BulkRow]
    next_cursor: str | None
