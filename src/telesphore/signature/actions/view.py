"""Read a document that one is asked to sign: an act that leaves its trace."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.signature import access, queries
from telesphore.signature.errors import EnvelopeNotFound
from telesphore.signature.models import Envelope, Recipient
from telesphore.signature.states import RecipientState
from telesphore.vault import queries as vault_queries

FILE_LIMIT = 300 * 2**20


@dataclass(frozen=True, slots=True)
class ViewedFile:
    """The file as it stands, with the number of its last revision."""

    pdf: bytes
    revision: int


@audit.staged("signature:document:view")
def view(*, envelope_id: UUID, actor: Actor, at: datetime) -> ViewedFile:
    """The file as it stands, for the sender, the recipients and the watchers. The trace is written before the bytes are
    given.

    Raises:
        EnvelopeNotFound
    """
    envelope = access.sender_or_recipient(actor=actor, envelope_id=envelope_id, at=at, watchers=True)
    recipient = _place(actor, envelope, at)
    if actor.kind is ActorKind.GUEST and (recipient is None or recipient.state != RecipientState.WAITING):
        # A guest sees the document while they are awaited, and keeps nothing of it.
        raise EnvelopeNotFound
    revision = queries.last_revision(organisation_id=envelope.organisation_id, envelope_id=envelope.id)
    pdf = vault_queries.read_blob(organisation_id=envelope.organisation_id, blob_id=revision.blob_id, limit=FILE_LIMIT)
    audit.record(
        "signature:document:view",
        actor=access.in_place_of(actor, recipient) if recipient else actor,
        subject=envelope.id,
        patient=envelope.patient_id,
        ground=_ground(actor, envelope, recipient),
        at=at,
        detail={"revision": revision.number},
    )
    return ViewedFile(pdf, revision.number)


def _place(actor: Actor, envelope: Envelope, at: datetime) -> Recipient | None:
    try:
        return access.place_read(actor=actor, envelope=envelope, at=at)
    except EnvelopeNotFound:
        # Let in above, without a place: a watcher.
        return None


def _ground(actor: Actor, envelope: Envelope, recipient: Recipient | None) -> str:
    if envelope.sender_id == actor.person_id:
        return "sender"
    if recipient is None:
        return "system" if actor.kind is ActorKind.SYSTEM else "watcher"
    if actor.kind is ActorKind.REPRESENTATIVE:
        return "representative"
    if actor.kind is ActorKind.GUEST:
        return "guest"
    return "recipient" if access.is_own(actor, recipient) else "delegation"
