"""The discussion beside a document: read, and added to in the name of who answers for the token."""

from uuid import UUID

from django.http import HttpRequest

from telesphore.kernel.clock import now
from telesphore.rest.signature import shapes
from telesphore.rest.signature.cursors import cursor_of, place
from telesphore.rest.signature.envelopes import ONE, READ
from telesphore.rest.signature.face import actor_of, offer
from telesphore.signature import queries
from telesphore.signature.actions import discuss
from telesphore.signature.errors import EnvelopeNotFound
from telesphore.signature.states import EntryKind, EntryVisibility

PAGE = 100
_NOTHING = shapes.NewEntry()


@offer("GET", f"{ONE}/thread", scope=READ, response=shapes.Entries)
def list_entries(request: HttpRequest, envelope_id: UUID, cursor: shapes.Cursor = "") -> shapes.Entries:
    """What was written beside the document, the oldest first. It is marked as read for nobody."""
    seen = queries.thread(envelope_id=envelope_id, actor=actor_of(request), at=now())
    if seen is None:
        raise EnvelopeNotFound
    # Entries are only ever added: the number of those that were shown stays right.
    shown = place(cursor)
    lines = seen.lines[shown : shown + PAGE]
    return shapes.Entries(
        items=[
            shapes.Entry(
                id=line.entry_id, kind=line.kind, author=line.author, author_kind=line.author_kind, at=line.at,
                body=line.body, answers=line.answers, answered=bool(line.answered_by), with_patient=line.shared,
                attachment=line.attachment.name if line.attachment else None,
            )
            for line in lines
        ],
        next_cursor=cursor_of(shown + PAGE) if len(seen.lines) > shown + PAGE else None,
    )  # fmt: skip


@offer("POST", f"{ONE}/thread", scope="signature:thread:write", response=shapes.Written, status=201)
def write_entry(request: HttpRequest, envelope_id: UUID, new: shapes.NewEntry = _NOTHING) -> shapes.Written:
    """Add a message, a question or an answer, under the person's name with the token's beside it."""
    words = discuss.Words(
        body=new.body,
        kind=EntryKind(new.kind),
        visibility=EntryVisibility.EVERYONE if new.with_patient else EntryVisibility.PROFESSIONALS,
        about=new.answers,
    )
    return shapes.Written(id=discuss.write(envelope_id=envelope_id, words=words, actor=actor_of(request), at=now()))
