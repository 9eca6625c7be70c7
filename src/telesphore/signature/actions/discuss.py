"""Discuss beside a document: write, edit, ask, answer; each entry is added to the chain and stays in it."""

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.accounts import queries as accounts
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.identifiers import uuid7
from telesphore.records import queries as records
from telesphore.signature import access
from telesphore.signature.access.thread import Seat, check_may_write, entry_of, seat_of
from telesphore.signature.actions.close import lock
from telesphore.signature.actions.tell_thread import tell
from telesphore.signature.errors import (
    EntryNotFound,
    NoSuchPlace,
    NotAQuestion,
    NothingWritten,
    ThreadFull,
    UnknownMention,
)
from telesphore.signature.formats import thread as chain
from telesphore.signature.formats.attachment import Checked, check_attachment
from telesphore.signature.formats.thread import Attached, Content, Pin
from telesphore.signature.models import Entry, Recipient, ThreadReading
from telesphore.signature.queries.thread import circle_of, contents_of, entry_context
from telesphore.signature.states import EntryKind, EntryVisibility, RecipientState
from telesphore.vault import actions as vault
from telesphore.vault import queries as vault_queries

FILE_LIMIT = 16 * 2**20
WORDLESS = EntryKind.ANSWERED


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What somebody wants to add.

    Attributes:
        body: at most `formats.thread.LONGEST_BODY` characters.
        visibility: an answer, a mark and an edit take that of their entry, whatever this says; what a patient or guest
            writes is open to all.
        about: the question that is answered, or the entry that is edited.
        file, file_name: of what is attached.
    """

    body: str = ""
    kind: EntryKind = EntryKind.MESSAGE
    visibility: EntryVisibility = EntryVisibility.PROFESSIONALS
    about: UUID | None = None
    mentions: tuple[UUID, ...] = ()
    pin: Pin | None = None
    file: bytes | None = None
    file_name: str = ""


@audit.staged("signature:thread:write")
def write(*, envelope_id: UUID, words: Words, actor: Actor, at: datetime) -> UUID:
    """Add an entry to the thread; its id.

    Raises:
        EnvelopeNotFound, ThreadClosed, ThreadFull, NothingWritten, EntryNotFound, NotAQuestion, UnknownMention,
        NoSuchPlace, and the refusals of `formats.attachment`.
    """
    seat = seat_of(actor=actor, envelope_id=envelope_id, at=at)
    audit.concerning(patient=seat.envelope.patient_id, subject=envelope_id)
    check_may_write(actor, seat, at)
    if words.file is None:
        return _write(seat=seat, words=words, attached=None, deposited=None, actor=actor, at=at)
    checked = check_attachment(words.file, words.file_name)
    deposited = vault.deposit(
        organisation_id=seat.envelope.organisation_id,
        key_id=seat.envelope.key_id,
        media_type=checked.media_type,
        content=checked.content,
    )
    # A crash here leaves an orphan in the vault's store and no entry: it can be written again.
    return _write(seat=seat, words=words, attached=_described(checked), deposited=deposited, actor=actor, at=at)


def _described(checked: Checked) -> Attached:
    digest = hashlib.sha256(checked.content).hexdigest()
    return Attached(checked.name, checked.media_type, len(checked.content), digest)


@audit.act("signature:thread:write")
def _write(
    *,
    seat: Seat,
    words: Words,
    attached: Attached | None,
    deposited: vault.Deposited | None,
    actor: Actor,
    at: datetime,
) -> UUID:
    # One after another: numbers have no gap, and each hash follows the one before.
    lock(actor=actor, envelope_id=seat.envelope.id)
    seat = seat_of(actor=actor, envelope_id=seat.envelope.id, at=at)
    check_may_write(actor, seat, at)
    envelope = seat.envelope
    own = {"organisation_id": envelope.organisation_id, "envelope_id": envelope.id}
    about = _about(seat, words, actor)
    _check(seat, words, attached)
    last = Entry.objects.filter(**own).order_by("-number").first()
    number = last.number + 1 if last else 1
    files = Entry.objects.filter(**own, blob_id__isnull=False).count() if deposited else 0
    if number > chain.MOST_ENTRIES or files >= chain.MOST_ATTACHMENTS:
        raise ThreadFull
    visibility = EntryVisibility(about.visibility) if about else words.visibility
    if not seat.is_professional:
        visibility = EntryVisibility.EVERYONE
    if visibility not in seat.sees:
        visibility = EntryVisibility.PROFESSIONALS
    answers = about.number if about and words.kind in (EntryKind.ANSWER, EntryKind.ANSWERED) else None
    waiting = Recipient.objects.filter(**own, state=RecipientState.WAITING).order_by("step__position")
    content = Content(
        number=number,
        kind=words.kind.value,
        visibility=visibility.value,
        author_kind=seat.kind.value,
        author_id=seat.reader_id,
        author_name=_name(seat, actor),
        body=words.body.strip(),
        at=at,
        answers=answers,
        replaces=about.number if about and words.kind is EntryKind.EDIT else None,
        mentions=tuple(dict.fromkeys(words.mentions)),
        attachment=attached,
        pin=words.pin,
        step=waiting.values_list("step__position", flat=True).first(),
    )
    encoded, salt, entry_id = chain.canonical(content), secrets.token_bytes(chain.SALT), uuid7()
    previous = bytes(last.hash) if last else chain.empty(envelope.id)
    committed = chain.commitment(salt, encoded)
    entry = Entry.objects.create(
        **own,
        id=entry_id,
        number=number,
        kind=words.kind,
        visibility=visibility,
        author_kind=seat.kind,
        author_id=seat.reader_id,
        answers_number=content.answers,
        replaces_number=content.replaces,
        mentions=list(content.mentions),
        content_sealed=vault.seal_text(
            organisation_id=envelope.organisation_id,
            key_id=envelope.key_id,
            text=f"{salt.hex()}\n{encoded.decode()}",
            context=entry_context(entry_id),
        ),
        blob_id=vault.keep(deposited, actor=actor, at=at) if deposited else None,
        at=at,
        commitment=committed,
        previous=previous,
        hash=chain.chained(previous, number, committed),
    )
    audit.record(
        "signature:thread:write",
        actor=access.in_place_of(actor, seat.place) if seat.place else actor,
        subject=envelope.id,
        patient=envelope.patient_id,
        at=at,
        detail={"entry": entry_id.hex, "number": number, "kind": words.kind.value, "visibility": visibility.value},
    )
    tell(entry=entry, about=about, seat=seat, actor=actor, at=at)
    return entry_id


def _about(seat: Seat, words: Words, actor: Actor) -> Entry | None:
    """The entry that is answered, marked or edited; a program edits what it wrote itself, not what its person wrote.

    Raises:
        EntryNotFound, NotAQuestion
    """
    if words.kind in (EntryKind.MESSAGE, EntryKind.QUESTION):
        return None
    row = entry_of(seat, words.about)
    if words.kind is EntryKind.EDIT:
        if row.author_id != seat.reader_id or row.kind in (EntryKind.EDIT, EntryKind.ANSWERED):
            raise EntryNotFound
        ((_salt, written),) = contents_of(seat.envelope, [row])
        if actor.kind is ActorKind.SOFTWARE and written.author_name != _name(seat, actor):
            raise EntryNotFound
    elif row.kind != EntryKind.QUESTION:
        raise NotAQuestion
    return row


def _check(seat: Seat, words: Words, attached: Attached | None) -> None:
    length = len(words.body.strip())
    if length > chain.LONGEST_BODY or (not length and attached is None and words.kind is not WORDLESS):
        raise NothingWritten
    if words.mentions and (
        not seat.is_professional
        or len(words.mentions) > chain.MOST_MENTIONS
        or not set(words.mentions) <= circle_of(seat.envelope).keys()
    ):
        raise UnknownMention
    if words.pin is not None:
        page, x, y = words.pin.page, words.pin.x, words.pin.y
        if not (0 <= page < seat.envelope.pages and 0 <= x <= chain.ACROSS and 0 <= y <= chain.ACROSS):
            raise NoSuchPlace


def _name(seat: Seat, actor: Actor) -> str:
    """How an author is written for ever: as they were called that day."""
    envelope = seat.envelope
    if actor.kind in (ActorKind.PROFESSIONAL, ActorKind.REPRESENTATIVE):
        return accounts.person_card(actor.person).display_name
    if actor.kind is ActorKind.SOFTWARE:
        # So that nobody takes a program's words for its person's own.
        return f"{accounts.person_card(actor.person).display_name} ({accounts.token_name(actor=actor)})"
    if actor.kind is ActorKind.GUEST and seat.place is not None and seat.place.guest_sealed is not None:
        guest = vault_queries.unseal_text(
            organisation_id=envelope.organisation_id,
            key_id=envelope.key_id,
            sealed=bytes(seat.place.guest_sealed),
            context=f"signature:guest:{seat.place.id}",
        )
        return str(json.loads(guest)["name"])
    cards = records.patient_cards(organisation_id=envelope.organisation_id, patient_ids={envelope.patient_id})
    return cards[envelope.patient_id].display_name


@audit.act("signature:thread:read")
def mark_read(*, envelope_id: UUID, entry_id: UUID, actor: Actor, at: datetime) -> None:
    """Remember that the actor was shown the thread up to this entry; going back changes nothing.

    Raises:
        EnvelopeNotFound, EntryNotFound
    """
    seat = seat_of(actor=actor, envelope_id=envelope_id, at=at)
    envelope = seat.envelope
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    number = entry_of(seat, entry_id).number
    row, made = ThreadReading.objects.select_for_update().get_or_create(
        organisation_id=envelope.organisation_id,
        envelope_id=envelope.id,
        reader_id=seat.reader_id,
        defaults={"number": number, "at": at},
    )
    if not made and row.number >= number:
        return
    row.number, row.at = number, at
    row.save(update_fields=["number", "at"])
    audit.record(
        "signature:thread:read",
        actor=access.in_place_of(actor, seat.place) if seat.place else actor,
        subject=envelope.id,
        patient=envelope.patient_id,
        at=at,
        detail={"number": number},
    )


@dataclass(frozen=True, slots=True)
class OpenedAttachment:
    """A file beside an entry, and what it was called."""

    attached: Attached
    content: bytes


@audit.staged("signature:thread:open-attachment")
def open_attachment(*, envelope_id: UUID, entry_id: UUID, actor: Actor, at: datetime) -> OpenedAttachment:
    """What is attached to an entry. The trace is written before the bytes are given.

    Raises:
        EnvelopeNotFound, EntryNotFound
    """
    seat = seat_of(actor=actor, envelope_id=envelope_id, at=at)
    envelope = seat.envelope
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    row = entry_of(seat, entry_id)
    ((_salt, content),) = contents_of(envelope, [row])
    if row.blob_id is None or content.attachment is None:
        raise EntryNotFound
    file = vault_queries.read_blob(organisation_id=envelope.organisation_id, blob_id=row.blob_id, limit=FILE_LIMIT)
    audit.record(
        "signature:thread:open-attachment",
        actor=access.in_place_of(actor, seat.place) if seat.place else actor,
        subject=envelope.id,
        patient=envelope.patient_id,
        at=at,
        detail={"entry": row.id.hex},
    )
    return OpenedAttachment(content.attachment, file)
