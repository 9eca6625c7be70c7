"""What this face gives and takes, as pydantic shapes; what is composed has its own (`signature.actions.compose`)."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from telesphore.signature.actions.compose import Composition
from telesphore.signature.states import (
    EnvelopeState,
    FieldKind,
    RecipientState,
)

Cursor = Annotated[str, StringConstraints(max_length=500, pattern=r"^[A-Za-z0-9_-]*$")]
Code = Annotated[str, StringConstraints(max_length=20, pattern=r"^[A-Za-z0-9._-]+$")]
Text = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00]*$")]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """RFC 9457. `code` is stable; `title` is a sentence in the reader's language."""

    type: str
    title: str
    status: int
    code: str
    errors: list[dict[str, str]] | None = None


class Search(_Given):
    """Which patients: by the beginning of a name, or by a whole national identifier."""

    name: Text = ""
    ins: Annotated[str, StringConstraints(pattern=r"^([0-9AB]{15})?$")] = ""
    cursor: Cursor = ""


class Patient(BaseModel):
    """Enough to know that it is the right one."""

    id: UUID
    ins: str
    display_name: str
    birth_date: date
    sex: str
    identity_status: str


class Patients(BaseModel):
    """One page."""

    items: list[Patient]
    next_cursor: str | None


class Professional(BaseModel):
    """A health professional of the token's organisation."""

    id: UUID
    display_name: str
    specialty: str
    rpps: str


class Professionals(BaseModel):
    """All of them."""

    items: list[Professional]


class Document(BaseModel):
    """A document of a record; its bytes are read apart."""

    id: UUID
    patient_id: UUID
    title: str
    type_code: str
    pages: int
    created_at: datetime
    envelope_id: UUID | None
    """The envelope that it is the result of."""
    converted_from: str
    """The media type of the file that it was made of; empty when that was a PDF."""


class Documents(BaseModel):
    """One page, the newest first."""

    items: list[Document]
    next_cursor: str | None


class Deposited(BaseModel):
    """A document that was filed; `notices` say what was changed in the file, `converted_from` its media type when it
    was no PDF."""

    id: UUID
    notices: list[str]
    converted_from: str


class NewEnvelope(_Given):
    """What begins a draft, and sends it at once when asked."""

    patient_id: UUID
    composition: Composition = Composition()
    send: bool = False


class Change(_Given):
    """What a draft is from now on; `version` is the one that was read."""

    composition: Composition
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]


class Sending(_Given):
    """Which version of a draft is sent; null for the one that stands."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class Reason(_Given):
    """Why; kept sealed, shown to those concerned."""

    reason: Annotated[str, StringConstraints(max_length=1000)] = ""


class Envelope(BaseModel):
    """An envelope on its way, or at its end."""

    id: UUID
    state: EnvelopeState
    patient_id: UUID
    document_id: UUID
    title: str
    type_code: str
    urgent: bool
    sent_at: datetime
    expires_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    follows_id: UUID | None


class Envelopes(BaseModel):
    """One page, the newest first."""

    items: list[Envelope]
    next_cursor: str | None


class Draft(BaseModel):
    """An envelope that is not sent yet."""

    id: UUID
    state: Literal["draft"] = "draft"
    patient_id: UUID
    version: int
    changed_at: datetime
    composition: Composition


class DraftLine(BaseModel):
    """A draft in a list."""

    id: UUID
    patient_id: UUID
    title: str
    changed_at: datetime


class Drafts(BaseModel):
    """The newest fifty."""

    items: list[DraftLine]


class Gap(BaseModel):
    """One thing that is missing; `step` and `party` say where, counted from 0, null for the whole."""

    code: str
    title: str
    step: int | None
    party: int | None


class Gaps(BaseModel):
    """All of them; none when it can be sent."""

    items: list[Gap]


class Anchored(BaseModel):
    """A draft with the fields that its documents' text asks for; `left_out`, as the text has them (`text:witness`): of
    no kind that there is, or for nobody who signs."""

    draft: Draft
    found: int
    left_out: list[str]


class Reach(_Given):
    """How somebody without an account is reached; phone in E.164."""

    email: Annotated[str, StringConstraints(max_length=254, pattern=r"^[^\x00]*$")] = ""
    phone: Annotated[str, StringConstraints(max_length=20, pattern=r"^[+0-9]*$")] = ""


class Frame(_Given):
    """Which pages will show it: origins that an administrator allowed."""

    origins: Annotated[list[Annotated[str, StringConstraints(max_length=300)]], Field(max_length=20)] = []


class Embedding(BaseModel):
    """Where the frame leads. Whoever has the address may ask for the code, and no more: keep it out of logs."""

    url: str
    expires_at: datetime


class Recipient(BaseModel):
    """Someone who is asked to act, and how far they are. Never their link."""

    id: UUID
    name: str
    is_patient: bool
    purpose: str
    state: RecipientState
    awaited_at: datetime | None
    signed_at: datetime | None
    opened_at: datetime | None
    notice: str


class Step(BaseModel):
    """One step of the circuit: complete when `needed` of its recipients have acted."""

    position: int
    needed: int
    done: int
    completed_at: datetime | None
    recipients: list[Recipient]


class Circuit(Envelope):
    """An envelope with its circuit."""

    pages: int
    reason: str
    steps: list[Step]
    signed_document_id: UUID | None
    evidence_document_id: UUID | None


class Recipients(BaseModel):
    """Of all steps, in order."""

    items: list[Recipient]


class FieldLine(BaseModel):
    """A place to fill in, beside the signatures; page counted from 0, box in points from the lower left corner."""

    id: UUID
    recipient_id: UUID
    name: str
    kind: FieldKind
    page: int
    box: list[float]
    required: bool
    label: str
    options: list[str]
    value: str | None
    """What was filled in, once its recipient has signed; null for whom it is not."""


class Fields(BaseModel):
    """All of them."""

    items: list[FieldLine]


class Event(BaseModel):
    """What the trail says of one act: who did what when, nothing of the content."""

    id: UUID
    at: datetime
    action: str
    actor_kind: str
    person_id: UUID | None


class Events(BaseModel):
    """One page, the newest first."""

    items: list[Event]
    next_cursor: str | None
