"""Signatures that wait for a card elsewhere: prepared here, signed there, completed when the answer comes.

What is kept between is a row, and in the vault what the signature adds to the file; so an hour or a restart may pass.
Of one recipient's, one waits at a time: preparing again drops the one before.
"""

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from telesphore.ades.algorithms import Algorithm
from telesphore.ades.errors import DamagedPrepared
from telesphore.ades.signing import PreparedSignature
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.signature import access, queries
from telesphore.signature.actions.close import lock
from telesphore.signature.actions.fill import NOTHING
from telesphore.signature.actions.sign import appearance_of
from telesphore.signature.actions.take import Ready, Signed, make_ready, read_revision, take_signature
from telesphore.signature.errors import EnvelopeNotFound, SomeoneSignedMeanwhile
from telesphore.signature.models import Prepared, Revision
from telesphore.signature.states import PreparedState
from telesphore.vault import actions as vault
from telesphore.vault import queries as vault_queries

LIFE = timedelta(hours=12)
Checks = access.Checks
"""For who prepares or completes several signatures in one exchange: their certificate is looked up once."""


@dataclass(frozen=True, slots=True)
class ToSign:
    """What a card must sign, and what its holder is shown before they give their PIN.

    Attributes:
        to_be_signed: the bytes that the card hashes and signs.
        title, pages: of the document.
        sha256: of the file that they read, hexadecimal.
        expires_at: until when the signature may be completed.
    """

    prepared_id: UUID
    envelope_id: UUID
    to_be_signed: bytes
    title: str
    pages: int
    sha256: str
    expires_at: datetime


@audit.staged("signature:recipient:prepare")
def prepare_signature(
    *,
    envelope_id: UUID,
    certificate: bytes,
    chain: Sequence[bytes],
    algorithm: Algorithm | None = None,
    drawing: bytes | None,
    actor: Actor,
    at: datetime,
    checks: Checks | None = None,
    filled: Mapping[str, str] = NOTHING,
) -> ToSign:
    """Prepare a professional's signature for a card that is elsewhere.

    Args:
        certificate, chain: DER of the card's, and of those above it.
        algorithm: how the card signs; None for the usual way of its key.
        drawing: PNG of a handwritten signature; decoration only.
        filled: name of the field → value, of those that they are asked for.

    Raises:
        EnvelopeNotFound, AlreadySigned, EnvelopeClosed, EnvelopeExpired, NotYourTurn, SomeoneSignedMeanwhile,
        FieldsNotFilled, ValueNotAccepted, FieldNotYours, and what is wrong with the certificate: CertificateNotYet,
        CertificateOver, CertificateRevoked, ChainIncomplete,
        UnknownKeyType, CertificateOfAnother, CertificateOfUnknown.
    """
    envelope, recipient = access.recipient_of(actor=actor, envelope_id=envelope_id, at=at)
    if recipient.person_id is None:
        # A patient's certificate is made on the spot, and its key never waits.
        raise EnvelopeNotFound
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    access.check_can_sign(envelope, recipient, at)
    ready = make_ready(
        envelope,
        recipient,
        certificate=certificate,
        chain=chain,
        algorithm=algorithm,
        appearance=appearance_of(actor, recipient, drawing, at, checks),
        signer_id=actor.person,
        at=at,
        known=True,
        checks=checks,
        filled=filled,
    )
    # The file is in the vault already: only what follows it is kept.
    added = dataclasses.replace(ready.prepared, original=b"")
    deposited = vault.deposit(
        organisation_id=envelope.organisation_id,
        key_id=envelope.key_id,
        media_type="application/octet-stream",
        content=added.to_bytes(),
    )
    row = _keep(ready=ready, deposited=deposited, actor=actor, at=at)
    return ToSign(
        prepared_id=row.id,
        envelope_id=envelope.id,
        to_be_signed=ready.prepared.to_be_signed,
        title=queries.title(envelope),
        pages=envelope.pages,
        sha256=bytes(ready.revision.sha256).hex(),
        expires_at=row.expires_at,
    )


@audit.act("signature:recipient:prepare")
def _keep(*, ready: Ready, deposited: vault.Deposited, actor: Actor, at: datetime) -> Prepared:
    envelope = lock(actor=actor, envelope_id=ready.envelope.id)
    _envelope, recipient = access.recipient_of(actor=actor, envelope_id=envelope.id, at=at)
    access.check_can_sign(envelope, recipient, at)
    _check_last(ready.revision)
    Prepared.objects.filter(
        organisation_id=envelope.organisation_id, recipient_id=recipient.id, state=PreparedState.WAITING
    ).update(state=PreparedState.DROPPED, ended_at=at)
    digest = hashlib.sha256(ready.prepared.to_be_signed).digest()
    row = Prepared.objects.create(
        organisation_id=envelope.organisation_id,
        id=uuid7(),
        envelope_id=envelope.id,
        recipient_id=recipient.id,
        revision=ready.revision.number,
        blob_id=vault.keep(deposited, actor=actor, at=at),
        to_be_signed_sha256=digest,
        prepared_at=at,
        expires_at=min(at + LIFE, envelope.expires_at),
    )
    audit.record(
        "signature:recipient:prepare",
        actor=actor,
        subject=envelope.id,
        patient=envelope.patient_id,
        ground="recipient",
        at=at,
        detail={"revision": ready.revision.number, "prepared": row.id.hex, "to_be_signed_sha256": digest.hex()},
    )
    return row


@audit.staged("signature:recipient:sign")
def complete_signature(
    *, prepared_id: UUID, signature: bytes, actor: Actor, at: datetime, checks: Checks | None = None
) -> Signed:
    """Take what a card answered for a prepared signature.

    A signature that does not match leaves it waiting: the card may be asked again. A file that moved on, or that is not
    what it was, drops it.

    Raises:
        PreparedNotFound, PreparedUsed, PreparedDropped, PreparedExpired, SomeoneSignedMeanwhile, DamagedPrepared,
        SignatureDoesNotMatch, AlreadySigned, EnvelopeClosed, EnvelopeExpired, NotYourTurn, and what has become wrong
        with the certificate.
    """
    row = access.prepared_of(actor=actor, prepared_id=prepared_id, at=at)
    envelope = row.envelope
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    if row.state == PreparedState.DROPPED:
        # What ended the circuit says more than that this was given up.
        access.check_can_sign(envelope, row.recipient, at)
    access.check_waits(row, at)
    access.check_can_sign(envelope, row.recipient, at)
    try:
        ready = _reopen(row)
        (checks or Checks()).above(
            ready.prepared.certificate, ready.prepared.chain, organisation_id=row.organisation_id, at=at
        )
        return take_signature(ready, signature, actor=actor, at=at, prepared_id=row.id)
    except (SomeoneSignedMeanwhile, DamagedPrepared):
        # Whoever signed meanwhile may be this very answer, given twice.
        access.check_waits(access.prepared_of(actor=actor, prepared_id=prepared_id, at=at), at)
        # A crash before this leaves a row that waits for what will be refused again: nothing is lost.
        drop_prepared(prepared_id=prepared_id, actor=actor, at=at)
        raise


@audit.act("signature:recipient:drop-prepared")
def drop_prepared(*, prepared_id: UUID, actor: Actor, at: datetime) -> None:
    """Give up a prepared signature; nothing happens when it ended already.

    Raises:
        PreparedNotFound
    """
    envelope = lock(
        actor=actor, envelope_id=access.prepared_of(actor=actor, prepared_id=prepared_id, at=at).envelope_id
    )
    row = access.prepared_of(actor=actor, prepared_id=prepared_id, at=at)
    if row.state != PreparedState.WAITING:
        return
    row.state, row.ended_at = PreparedState.DROPPED, at
    row.save(update_fields=["state", "ended_at"])
    audit.record(
        "signature:recipient:drop-prepared",
        actor=actor,
        subject=envelope.id,
        patient=envelope.patient_id,
        ground="recipient",
        at=at,
        detail={"prepared": row.id.hex},
    )


def _reopen(row: Prepared) -> Ready:
    """What was prepared, as it was.

    Raises:
        SomeoneSignedMeanwhile: the file moved on.
        DamagedPrepared: what was kept is not what was prepared.
    """
    revision = queries.last_revision(organisation_id=row.organisation_id, envelope_id=row.envelope_id)
    if revision.number != row.revision:
        raise SomeoneSignedMeanwhile
    kept = vault_queries.read_blob(organisation_id=row.organisation_id, blob_id=row.blob_id, limit=queries.ADDED_LIMIT)
    added = PreparedSignature.from_bytes(kept)
    if hashlib.sha256(added.to_be_signed).digest() != bytes(row.to_be_signed_sha256):
        raise DamagedPrepared
    prepared = dataclasses.replace(added, original=read_revision(revision))
    return Ready(row.envelope, row.recipient, revision, prepared)


def _check_last(revision: Revision) -> None:
    last = queries.last_revision(organisation_id=revision.organisation_id, envelope_id=revision.envelope_id)
    if last.number != revision.number:
        raise SomeoneSignedMeanwhile
