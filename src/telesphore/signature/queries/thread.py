"""The discussion beside a document, as one of its readers sees it; its head; questions that nobody answered yet."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from telesphore.accounts import queries as accounts
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.signature import access
from telesphore.signature.access.thread import Seat, may_write, seat_of
from telesphore.signature.errors import EnvelopeNotFound
from telesphore.signature.formats import thread as chain
from telesphore.signature.models import Entry, Envelope, Recipient, ThreadReading, Watcher
from telesphore.signature.states import AuthorKind, EntryKind, EntryVisibility
from telesphore.vault import queries as vault


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One entry, with the words of its last edit.

    Attributes:
        before: what it said before it was edited, oldest first, each with the time when it was written.
        answers: the question that it answers; None for none.
        answered_by: of a question, who answered it or marked it as answered; empty while it is open.
        shared: whether the patient and guests read it.
    """

    entry_id: UUID
    kind: EntryKind
    author: str
    author_kind: AuthorKind
    mine: bool
    at: datetime
    body: str
    before: tuple[tuple[datetime, str], ...]
    answers: UUID | None
    answered_by: str
    mentions: tuple[accounts.PersonCard, ...]
    attachment: chain.Attached | None
    pin: chain.Pin | None
    shared: bool
    unread: bool

    @property
    def open_question(self) -> bool:
        """Whether it waits for an answer."""
        return self.kind is EntryKind.QUESTION and not self.answered_by


@dataclass(frozen=True, slots=True)
class ThreadView:
    """A thread, as one reader sees it.

    Attributes:
        unread: entries of others that they have not been shown.
        may_write: whether they may add to it now.
        last_id: the last entry that they may see; None for none.
        circle: professionals of the circuit whom they may mention.
        with_patient: whether entries may be open to the patient and guests.
    """

    envelope_id: UUID
    lines: tuple[EntryLine, ...]
    unread: int
    may_write: bool
    last_id: UUID | None
    circle: tuple[accounts.PersonCard, ...]
    with_patient: bool

    @property
    def open_questions(self) -> int:
        """Questions that wait for an answer."""
        return sum(line.open_question for line in self.lines)

    @property
    def unread_questions(self) -> int:
        """Questions of others that wait for an answer, and that they have not been shown."""
        return sum(line.open_question and line.unread for line in self.lines)


def thread(*, envelope_id: UUID, actor: Actor, at: datetime) -> ThreadView | None:
    """The thread of an envelope that the actor reads; None when it is not open to the patient. A constant number of
    queries.

    Raises:
        EnvelopeNotFound
    """
    try:
        seat = seat_of(actor=actor, envelope_id=envelope_id, at=at)
    except EnvelopeNotFound:
        access.sender_or_recipient(actor=actor, envelope_id=envelope_id, at=at)
        return None
    envelope = seat.envelope
    rows = entries_seen(seat)
    read = read_to(seat)
    circle = circle_of(envelope) if seat.is_professional else {}
    return ThreadView(
        envelope.id,
        _lines(seat, rows, read, circle),
        sum(row.number > read and row.author_id != seat.reader_id for row in rows),
        may_write(actor, seat, at),
        rows[-1].id if rows else None,
        tuple(card for person_id, card in circle.items() if person_id != actor.person_id),
        seat.patient_reads,
    )


def entries_seen(seat: Seat) -> list[Entry]:
    """What somebody may read, oldest first."""
    rows = Entry.objects.filter(organisation_id=seat.envelope.organisation_id, envelope_id=seat.envelope.id)
    return list(rows.filter(visibility__in=seat.sees).order_by("number"))


def read_to(seat: Seat) -> int:
    """Number of the last entry that somebody was shown; 0 for none."""
    found = ThreadReading.objects.filter(
        organisation_id=seat.envelope.organisation_id, envelope_id=seat.envelope.id, reader_id=seat.reader_id
    ).values_list("number", flat=True)
    return found.first() or 0


def circle_of(envelope: Envelope) -> dict[UUID, accounts.PersonCard]:
    """Professionals of the circuit: the sender, recipients, watchers."""
    own = {"organisation_id": envelope.organisation_id, "envelope_id": envelope.id}
    recipients = Recipient.objects.filter(**own, person_id__isnull=False).values_list("person_id", flat=True)
    watchers = Watcher.objects.filter(**own).values_list("person_id", flat=True)
    people = {envelope.sender_id, *(one for one in recipients if one is not None), *watchers}
    cards = accounts.person_cards(people)
    return dict(sorted(cards.items(), key=lambda one: one[1].display_name))


def contents_of(envelope: Envelope, rows: Sequence[Entry]) -> list[tuple[bytes, chain.Content]]:
    """The salts and contents of entries, unsealed, in the order given: one query.

    Raises:
        BadThread: what is kept is not what was chained.
    """
    if not rows:
        return []
    texts = vault.unseal_texts(
        organisation_id=envelope.organisation_id,
        texts=[vault.Sealed(envelope.key_id, bytes(row.content_sealed), entry_context(row.id)) for row in rows],
    )
    found = []
    for row, text in zip(rows, texts, strict=True):
        salt, _, encoded = text.partition("\n")
        if chain.commitment(bytes.fromhex(salt), encoded.encode()) != bytes(row.commitment):
            raise chain.BadThread(f"entry {row.number} has changed")
        found.append((bytes.fromhex(salt), chain.parse(encoded.encode())))
    return found


def entry_context(entry_id: UUID) -> str:
    """What an entry's content is sealed for."""
    return f"signature:entry:{entry_id}"


def _lines(
    seat: Seat, rows: Sequence[Entry], read: int, circle: dict[UUID, accounts.PersonCard]
) -> tuple[EntryLine, ...]:
    said = {content.number: content for _salt, content in contents_of(seat.envelope, rows)}
    edits: dict[int, list[chain.Content]] = {}
    answered: dict[int, str] = {}
    ids = {row.number: row.id for row in rows}
    for content in said.values():
        if content.replaces is not None:
            edits.setdefault(content.replaces, []).append(content)
        elif content.answers is not None:
            answered.setdefault(content.answers, content.author_name)
    lines = []
    for row in rows:
        if row.kind in (EntryKind.EDIT, EntryKind.ANSWERED):
            continue
        content = said[row.number]
        versions = [content, *edits.get(row.number, [])]
        lines.append(
            EntryLine(
                entry_id=row.id,
                kind=EntryKind(row.kind),
                author=content.author_name,
                author_kind=AuthorKind(row.author_kind),
                mine=row.author_id == seat.reader_id,
                at=row.at,
                body=versions[-1].body,
                before=tuple((one.at, one.body) for one in versions[:-1]),
                answers=ids.get(content.answers) if content.answers else None,
                answered_by=answered.get(row.number, ""),
                mentions=tuple(circle[one] for one in content.mentions if one in circle),
                attachment=content.attachment,
                pin=content.pin,
                shared=row.visibility == EntryVisibility.EVERYONE,
                unread=row.number > read and row.author_id != seat.reader_id,
            )
        )
    return tuple(lines)


def thread_head(*, organisation_id: UUID, envelope_id: UUID) -> bytes:
    """The head of a thread as it stands: what a signature made now is bound to."""
    last = Entry.objects.filter(organisation_id=organisation_id, envelope_id=envelope_id).order_by("-number")
    found = last.values_list("hash", flat=True).first()
    return chain.empty(envelope_id) if found is None else bytes(found)


def thread_links(*, envelope: Envelope, shown: frozenset[EntryVisibility]) -> list[chain.Link]:
    """The whole chain, with salt and content of what may be shown, and commitments of the rest.

    Raises:
        BadThread: it does not hold.
    """
    rows = list(
        Entry.objects.filter(organisation_id=envelope.organisation_id, envelope_id=envelope.id).order_by("number")
    )
    readable = [row for row in rows if row.visibility in shown]
    said = dict(zip((row.number for row in readable), contents_of(envelope, readable), strict=True))
    links = [
        chain.Link(row.number, bytes(row.commitment), bytes(row.hash), *said.get(row.number, (None, None)))
        for row in rows
    ]
    chain.check(envelope.id, links)
    return links


def unread_questions(*, envelope_ids: Sequence[UUID], actor: Actor) -> dict[UUID, int]:
    """For a list of envelopes that the actor is shown: how many questions of others wait for an answer, and were not
    shown to the actor yet. One query; envelopes without any are left out.

    The caller has checked that the envelopes are the actor's to see.
    """
    rows = questions_for(actor).filter(envelope_id__in=envelope_ids)
    return dict(Counter(rows.values_list("envelope_id", flat=True)))


def questions_for(actor: Actor) -> QuerySet[Entry]:
    """Questions of others that wait for an answer, and were not shown to the actor yet, in all threads: the caller
    narrows them to what is the actor's to see."""
    own = {"organisation_id": OuterRef("organisation_id"), "envelope_id": OuterRef("envelope_id")}
    read = ThreadReading.objects.filter(**own, reader_id=actor.person, number__gte=OuterRef("number"))
    answered = Entry.objects.filter(**own, answers_number=OuterRef("number"))
    rows = Entry.objects.filter(
        ~Exists(read), ~Exists(answered), organisation_id=actor.organisation, kind=EntryKind.QUESTION
    ).exclude(author_id=actor.person)
    return rows if actor.kind is ActorKind.PROFESSIONAL else rows.filter(visibility=EntryVisibility.EVERYONE)
