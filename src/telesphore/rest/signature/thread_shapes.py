"""What this face gives and takes of the discussion beside a document."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from telesphore.signature.formats import thread as chain
from telesphore.signature.states import AuthorKind, EntryKind

Page = Annotated[int, Field(ge=0, le=2**31 - 1)]
Across = Annotated[int, Field(ge=0, le=chain.ACROSS)]
Body = Annotated[str, StringConstraints(max_length=chain.LONGEST_BODY, pattern=r"^[^\x00]*$")]
Mentions = Annotated[list[UUID], Field(max_length=chain.MOST_MENTIONS)]
"""Ids of people of the circuit, who are told."""


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Person(BaseModel):
    """Somebody of the circuit."""

    id: UUID
    display_name: str


class Pin(_Given):
    """A place on a page of the document, which counts from 0: thousandths of its width from the left, and of its height
    from the top."""

    page: Page
    x: Across
    y: Across


class Attached(BaseModel):
    """A file beside an entry, as it is kept: written anew on its way in. It is read apart."""

    name: str
    media_type: str
    size: int
    sha256: str
    """Hexadecimal."""


class Earlier(BaseModel):
    """What an entry said before it was edited."""

    at: datetime
    body: str


class Entry(BaseModel):
    """What somebody wrote beside the document, with the words of its last edit."""

    id: UUID
    kind: EntryKind
    author: str
    author_kind: AuthorKind
    at: datetime
    body: str
    before: list[Earlier]
    """The oldest first; none when it was never edited."""
    answers: UUID | None
    """The question that it answers."""
    answered: bool
    answered_by: str
    """Of a question, who answered it or marked it as answered; empty while it waits."""
    with_patient: bool
    mentions: list[Person]
    attachment: Attached | None
    pin: Pin | None


class Entries(BaseModel):
    """One page, the oldest first; `may_write` says whether the token's person may add to it now, `people` whom an entry
    may mention."""

    items: list[Entry]
    next_cursor: str | None
    may_write: bool
    people: list[Person]


class _Words(_Given):
    body: Body = ""
    with_patient: bool = False
    answers: UUID | None = None
    mentions: Mentions = []


class NewEntry(_Words):
    """What a program adds under its person's name, with its own beside.

    An answer, and the mark that a question is answered, name it in `answers`; an edit names in `replaces` an entry that
    the program wrote. They are read by those who read that entry, whatever `with_patient` says.
    """

    kind: EntryKind = EntryKind.MESSAGE
    replaces: UUID | None = None
    pin: Pin | None = None


class FiledEntry(_Words):
    """The fields of a form that adds an entry with a file; `page`, `x` and `y` are those of a pin, given together."""

    kind: Literal["message", "question", "answer"] = "message"
    page: Page | None = None
    x: Across | None = None
    y: Across | None = None

    @model_validator(mode="after")
    def _pin_is_whole(self) -> "FiledEntry":
        if len({None is one for one in (self.page, self.x, self.y)}) > 1:
            raise ValueError("half-a-pin")
        return self

    def pin(self) -> chain.Pin | None:
        """Where it is pinned."""
        if self.page is None or self.x is None or self.y is None:
            return None
        return chain.Pin(self.page, self.x, self.y)


class Written(BaseModel):
    """The entry that was added."""

    id: UUID
