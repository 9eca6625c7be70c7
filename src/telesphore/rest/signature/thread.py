"""The discussion beside a document: read, and added to in the name of who answers for the token."""

from typing import Annotated
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import File, Form, UploadedFile

from telesphore.accounts.queries import PersonCard
from telesphore.kernel.clock import now
from telesphore.rest.signature import shapes, thread_shapes
from telesphore.rest.signature.cursors import cursor_of, place
from telesphore.rest.signature.envelopes import ONE, READ
from telesphore.rest.signature.face import actor_of, offer
from telesphore.rest.signature.files import attachment
from telesphore.signature import queries
from telesphore.signature.actions import discuss
from telesphore.signature.errors import EnvelopeNotFound
from telesphore.signature.formats.attachment import LARGEST, BadAttachment
from telesphore.signature.formats.thread import ENDINGS, Pin
from telesphore.signature.queries.thread import EntryLine
from telesphore.signature.states import EntryKind, EntryVisibility

PAGE = 100
WRITE = "signature:thread:write"
_NOTHING = thread_shapes.NewEntry()


@offer("GET", f"{ONE}/thread", scope=READ, response=thread_shapes.Entries)
def list_entries(request: HttpRequest, envelope_id: UUID, cursor: shapes.Cursor = "") -> thread_shapes.Entries:
    """What was written beside the document, the oldest first. It is marked as read for nobody."""
    seen = queries.thread(envelope_id=envelope_id, actor=actor_of(request), at=now())
    if seen is None:
        raise EnvelopeNotFound
    # Entries are only ever added: the number of those that were shown stays right.
    shown = place(cursor)
    return thread_shapes.Entries(
        items=[_entry(line) for line in seen.lines[shown : shown + PAGE]],
        next_cursor=cursor_of(shown + PAGE) if len(seen.lines) > shown + PAGE else None,
        may_write=seen.may_write,
        people=[_person(card) for card in seen.circle],
    )


def _entry(line: EntryLine) -> thread_shapes.Entry:
    file, pin = line.attachment, line.pin
    return thread_shapes.Entry(
        id=line.entry_id, kind=line.kind, author=line.author, author_kind=line.author_kind, at=line.at, body=line.body,
        before=[thread_shapes.Earlier(at=at, body=body) for at, body in line.before],
        answers=line.answers, answered=bool(line.answered_by), answered_by=line.answered_by, with_patient=line.shared,
        mentions=[_person(card) for card in line.mentions],
        attachment=thread_shapes.Attached(
            name=file.name, media_type=file.media_type, size=file.size, sha256=file.sha256
        ) if file else None,
        pin=thread_shapes.Pin(page=pin.page, x=pin.x, y=pin.y) if pin else None,
    )  # fmt: skip


def _person(card: PersonCard) -> thread_shapes.Person:
    return thread_shapes.Person(id=card.person_id, display_name=card.display_name)


@offer("POST", f"{ONE}/thread", scope=WRITE, response=thread_shapes.Written, status=201)
def write_entry(
    request: HttpRequest, envelope_id: UUID, new: thread_shapes.NewEntry = _NOTHING
) -> thread_shapes.Written:
    """Add a message, a question, an answer, an edit, or the mark that a question is answered.

    It bears the person's name with the token's beside it. Only what the program itself wrote is edited.
    """
    words = discuss.Words(
        body=new.body, kind=new.kind, visibility=_visibility(new), mentions=tuple(new.mentions),
        about=new.replaces if new.kind is EntryKind.EDIT else new.answers,
        pin=Pin(new.pin.page, new.pin.x, new.pin.y) if new.pin else None,
    )  # fmt: skip
    return _written(request, envelope_id, words)


@offer("POST", f"{ONE}/thread/files", scope=WRITE, response=thread_shapes.Written, status=201)
def write_entry_with_file(
    request: HttpRequest,
    envelope_id: UUID,
    new: Annotated[thread_shapes.FiledEntry, Form()],
    file: Annotated[UploadedFile, File()],
) -> thread_shapes.Written:
    """Add a message, a question or an answer, and a file to it: a PDF or a picture (PNG, JPEG) of at most 10 MB.

    What the file is, is read in the file; it is written anew, as its entry tells.
    """
    if (file.size or 0) > LARGEST:
        raise BadAttachment
    words = discuss.Words(
        body=new.body, kind=EntryKind(new.kind), visibility=_visibility(new), mentions=tuple(new.mentions),
        about=new.answers, pin=new.pin(), file=file.read(),
        file_name=file.name or "",
    )  # fmt: skip
    return _written(request, envelope_id, words)


def _visibility(new: thread_shapes.NewEntry | thread_shapes.FiledEntry) -> EntryVisibility:
    return EntryVisibility.EVERYONE if new.with_patient else EntryVisibility.PROFESSIONALS


def _written(request: HttpRequest, envelope_id: UUID, words: discuss.Words) -> thread_shapes.Written:
    actor = actor_of(request)
    return thread_shapes.Written(id=discuss.write(envelope_id=envelope_id, words=words, actor=actor, at=now()))


@offer("GET", f"{ONE}/thread/{{uuid:entry_id}}/attachment", scope=READ, file=tuple(ENDINGS))
def download_attachment(request: HttpRequest, envelope_id: UUID, entry_id: UUID) -> HttpResponse:
    """The file beside an entry. Reading it is an act that the patient sees."""
    opened = discuss.open_attachment(envelope_id=envelope_id, entry_id=entry_id, actor=actor_of(request), at=now())
    return attachment(opened.content, opened.attached.media_type, opened.attached.name)
