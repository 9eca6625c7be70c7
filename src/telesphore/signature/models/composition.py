"""The shape of what is composed before it is sent: parsed strictly, kept sealed, frozen into the envelope.

A draft is a composition for a patient; a template, one whose parties are roles; what programs send is one too.
"""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic import Field as Bounds

from telesphore.kernel.instants import Instant
from telesphore.signature.states import FieldKind, PartyRole, Purpose, SignatureLevel, StepKind

MOST_DOCUMENTS, MOST_STEPS, MOST_PARTIES, MOST_FIELDS = 20, 20, 50, 100
"""Of one envelope; fields are counted per party."""

Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Paragraphs = Annotated[str, StringConstraints(max_length=5000)]
Points = Annotated[float, Bounds(ge=-14400, le=14400, allow_inf_nan=False)]
Days = Annotated[int, Bounds(ge=0, le=365)]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(_Shape):
    """One document of the patient's record, under the title that it bears in this envelope (empty for its own)."""

    document_id: UUID
    title: Line = ""


class PlacedField(_Shape):
    """A place on a page, for one party.

    Attributes:
        part: which document, counted from 0.
        page: of that document, counted from 0.
        box: left, bottom, right, top, in points from the page's lower left corner.
        label: what is asked; shown beside the place.
        options: of a choice.
        value: written by the sender or a template's merge field, and then no longer asked.
    """

    kind: FieldKind
    part: Annotated[int, Bounds(ge=0, lt=MOST_DOCUMENTS)] = 0
    page: Annotated[int, Bounds(ge=0, lt=100_000)]
    box: tuple[Points, Points, Points, Points]
    label: Line = ""
    required: bool = True
    options: Annotated[tuple[Line, ...], Bounds(max_length=50)] = ()
    value: Paragraphs = ""


class Party(_Shape):
    """Who takes part in a step.

    Attributes:
        person_id: of a professional; None while a template or draft leaves it open, and for all others.
        name, email, phone, quality: of a guest (interpreter, witness); phone in E.164, quality such as
            "interprète en LSF".
        language: in which they are written to; empty for their own.
        purpose: what their signature means (CSP L.1111-28); a step of signature needs one.
        at_bedside: of a patient: nobody writes to them, a professional hands a tablet over.
        level: the least that is asked of their signature; the table by type of document may ask for more.
    """

    role: PartyRole
    person_id: UUID | None = None
    name: Line = ""
    email: Line = ""
    phone: Line = ""
    quality: Line = ""
    language: Literal["", "fr", "en"] = ""
    purpose: Purpose | None = None
    level: SignatureLevel = SignatureLevel.SIMPLE
    at_bedside: bool = False
    fields: Annotated[tuple[PlacedField, ...], Bounds(max_length=MOST_FIELDS)] = ()


class StepPlan(_Shape):
    """One step; `needed` of its parties must act, all of them when it is None."""

    kind: StepKind = StepKind.SIGN
    needed: Annotated[int, Bounds(ge=1, le=MOST_PARTIES)] | None = None
    parties: Annotated[tuple[Party, ...], Bounds(max_length=MOST_PARTIES)] = ()


class Composition(_Shape):
    """All that an envelope will be.

    Attributes:
        title: empty for the first document's.
        message: what the sender writes to all recipients; shown on the page, never in an e-mail.
        easy_text: the document told in easy words, shown to the patient beside it.
        act_on: the day of the medical act that is consented to.
        expires_after_days: counted from sending.
        patient_reads_thread: whether the patient may see and write the thread's open entries.
    """

    title: Line = ""
    documents: Annotated[tuple[Part, ...], Bounds(max_length=MOST_DOCUMENTS)] = ()
    steps: Annotated[tuple[StepPlan, ...], Bounds(max_length=MOST_STEPS)] = ()
    watchers: Annotated[tuple[UUID, ...], Bounds(max_length=MOST_PARTIES)] = ()
    message: Paragraphs = ""
    easy_text: Annotated[str, StringConstraints(max_length=20_000)] = ""
    urgent: bool = False
    due_at: Instant | None = None
    act_on: date | None = None
    remind_after_days: Days = 3
    remind_every_days: Days = 7
    remind_most: Annotated[int, Bounds(ge=0, le=20)] = 3
    expires_after_days: Annotated[int, Bounds(ge=1, le=365)] = 30
    patient_reads_thread: bool = True

    @property
    def parties(self) -> tuple[Party, ...]:
        """Of all steps, in order."""
        return tuple(party for step in self.steps for party in step.parties)
