"""Who may read and write an envelope's thread, and which entries.

Whoever may open the envelope may read its thread: professionals all of it, the patient, who represents them and guests
what is open to everyone, if the sender let the patient take part.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.accounts.access import may
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.signature.access.places import place_read, sender_or_recipient
from telesphore.signature.errors import EntryNotFound, EnvelopeNotFound, ThreadClosed
from telesphore.signature.models import Composition, Entry, Envelope, Recipient
from telesphore.signature.states import OPEN_STATES, AuthorKind, EntryVisibility
from telesphore.vault import queries as vault

AUTHORS = {
    ActorKind.PROFESSIONAL: AuthorKind.PROFESSIONAL,
    ActorKind.PATIENT: AuthorKind.PATIENT,
    ActorKind.REPRESENTATIVE: AuthorKind.REPRESENTATIVE,
    ActorKind.GUEST: AuthorKind.GUEST,
    # It writes in the name of who answers for its token, and is named beside them in what it writes.
    ActorKind.SOFTWARE: AuthorKind.PROFESSIONAL,
}


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody's place in a thread.

    Attributes:
        place: in whose place among the recipients they read; None for the sender's own.
        reader_id: by which their entries and their reading are known.
        sees: the visibilities that they read, and may write under.
        patient_reads: whether the patient takes part.
    """

    envelope: Envelope
    place: Recipient | None
    reader_id: UUID
    kind: AuthorKind
    sees: frozenset[EntryVisibility]
    patient_reads: bool

    @property
    def is_professional(self) -> bool:
        """Whether they read all of it."""
        return self.kind is AuthorKind.PROFESSIONAL


def seat_of(*, actor: Actor, envelope_id: UUID, at: datetime) -> Seat:
    """The actor's place in the thread of an envelope.

    Raises:
        EnvelopeNotFound: no such envelope, not theirs, or one whose thread is not open to them.
    """
    kind = AUTHORS.get(actor.kind)
    if kind is None or actor.person_id is None:
        raise EnvelopeNotFound
    envelope = sender_or_recipient(actor=actor, envelope_id=envelope_id, at=at)
    patient_reads = _patient_reads(envelope)
    sees = frozenset({EntryVisibility.EVERYONE} if patient_reads else ())
    if kind is AuthorKind.PROFESSIONAL:
        sees = frozenset(EntryVisibility) if patient_reads else frozenset({EntryVisibility.PROFESSIONALS})
    elif not patient_reads:
        raise EnvelopeNotFound
    place = place_read(actor=actor, envelope=envelope, at=at)
    return Seat(envelope, place, actor.person_id, kind, sees, patient_reads)


def may_write(actor: Actor, seat: Seat, at: datetime) -> bool:
    """Whether they may add an entry now: nothing is added once the circuit has ended, nor while the seal is made."""
    allowed = not seat.is_professional or may(actor, "signature:thread:write")
    return allowed and seat.envelope.state in OPEN_STATES and at < seat.envelope.expires_at


def check_may_write(actor: Actor, seat: Seat, at: datetime) -> None:
    """As `may_write`.

    Raises:
        ThreadClosed
    """
    if not may_write(actor, seat, at):
        raise ThreadClosed


def entry_of(seat: Seat, entry_id: UUID | None) -> Entry:
    """One entry that somebody may read.

    Raises:
        EntryNotFound
    """
    envelope = seat.envelope
    rows = Entry.objects.filter(organisation_id=envelope.organisation_id, envelope_id=envelope.id)
    row = rows.filter(id=entry_id, visibility__in=seat.sees).first() if entry_id else None
    if row is None:
        raise EntryNotFound
    return row


def _patient_reads(envelope: Envelope) -> bool:
    if envelope.composition_sealed is None:
        return Composition().patient_reads_thread
    sealed = vault.unseal_text(
        organisation_id=envelope.organisation_id,
        key_id=envelope.key_id,
        sealed=bytes(envelope.composition_sealed),
        # As `queries.context_of` says it.
        context=f"signature:composition:{envelope.id}",
    )
    return Composition.model_validate_json(sealed).patient_reads_thread
