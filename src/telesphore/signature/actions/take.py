"""The stages of a signature: made ready, signed by a token elsewhere, taken if the file is still the one shown.

Nothing is locked while a token works.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.ades.algorithms import Algorithm, check
from telesphore.ades.appearance import Appearance
from telesphore.ades.errors import FieldAlreadySigned
from telesphore.ades.signing import PreparedSignature, complete, prepare
from telesphore.ades.verdict.result import Level
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.pki.ports import algorithm_policy
from telesphore.signature import access, queries
from telesphore.signature.actions.advance import advance
from telesphore.signature.actions.call import drop_prepared, use_up_links
from telesphore.signature.actions.close import lock
from telesphore.signature.actions.fill import NOTHING, fills_for, write_values
from telesphore.signature.actions.prove import time_of_signature
from telesphore.signature.actions.weigh import reached_level
from telesphore.signature.errors import SignatureTooWeak, SomeoneSignedMeanwhile
from telesphore.signature.models import Envelope, Prepared, Recipient, Revision
from telesphore.signature.queries.bedside import seen_at_bedside
from telesphore.signature.queries.reading import sentence_context
from telesphore.signature.states import PreparedState, Purpose, RecipientState, SignatureLevel, at_least
from telesphore.vault import actions as vault
from telesphore.vault import queries as vault_queries

FILE_LIMIT = 300 * 2**20


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that was taken: which envelope, and whether it was the last one."""

    envelope_id: UUID
    last: bool


@dataclass(frozen=True, slots=True)
class Ready:
    """A recipient's signature on the revision that they saw, which lacks only what their token answers."""

    envelope: Envelope
    recipient: Recipient
    revision: Revision
    prepared: PreparedSignature


def make_ready(
    envelope: Envelope,
    recipient: Recipient,
    *,
    certificate: bytes,
    chain: Sequence[bytes],
    algorithm: Algorithm | None,
    appearance: Appearance,
    signer_id: UUID | None,
    at: datetime,
    known: bool = False,
    checks: access.Checks | None = None,
    filled: Mapping[str, str] = NOTHING,
) -> Ready:
    """The first stage: the file as it stands, with all of the signature but what a token answers.

    Args:
        certificate, chain: DER of the signer's and of those above it.
        algorithm: None for the one that fits the certificate's key.
        signer_id: whose the certificate must be; None for one that was issued for this signature.
        known: see `access.check_holder`.
        checks: what was found already of certificates, in the same exchange.
        filled: name of the field → value, of those that the signer is asked for.

    Raises:
        SomeoneSignedMeanwhile, FieldsNotFilled, ValueNotAccepted, FieldNotYours, and what `access.check_certificate`,
        `access.check_holder`, the vault and `ades.signing.prepare` raise.
    """
    organisation_id = envelope.organisation_id
    fills = fills_for(envelope, recipient, filled, appearance)
    chain = (checks or access.Checks()).above(
        certificate, chain, organisation_id=organisation_id, at=at, person_id=signer_id, known=known
    )
    revision = queries.last_revision(organisation_id=organisation_id, envelope_id=envelope.id)
    try:
        prepared = prepare(
            read_revision(revision),
            field=recipient.field_name or "",
            certificate=certificate,
            chain=chain,
            appearance=appearance,
            signed_at=at,
            certify=queries.is_unsigned(revision),
            algorithm=algorithm,
            policy=algorithm_policy.get(),
            fills=fills,
            beside=queries.thread_head(organisation_id=organisation_id, envelope_id=envelope.id),
        )
    except FieldAlreadySigned:
        # Their place was empty when they were found to be awaited: the same decision came twice at once.
        raise SomeoneSignedMeanwhile from None
    return Ready(envelope, recipient, revision, prepared)


def read_revision(revision: Revision) -> bytes:
    """The file in one of its states."""
    return vault_queries.read_blob(organisation_id=revision.organisation_id, blob_id=revision.blob_id, limit=FILE_LIMIT)


def take_signature(
    ready: Ready,
    signature: bytes,
    *,
    actor: Actor,
    at: datetime,
    prepared_id: UUID | None = None,
    sentence: str = "",
    decided_at: datetime | None = None,
) -> Signed:
    """The last stage: the signature is checked, and taken if the file is still the one that was prepared.

    Args:
        prepared_id: the row that kept this signature while it waited; it is used up.
        sentence: the exact words that were signed, shown before; kept sealed in the proof.
        decided_at: see `sign_as_patient`.

    Raises:
        DamagedPrepared, SignatureDoesNotMatch, SomeoneSignedMeanwhile, PreparedUsed, PreparedDropped, PreparedExpired,
        SignatureTooWeak, ClockWrong, AlreadySigned, EnvelopeClosed, EnvelopeExpired, NotYourTurn, ActIsPast,
        MustBeRepresented
    """
    prepared, organisation_id = ready.prepared, ready.envelope.organisation_id
    # No authority is asked for the time of what would not be taken.
    check(prepared.certificate, prepared.algorithm, prepared.to_be_signed, signature)
    timestamp = time_of_signature(signature, organisation_id=organisation_id, at=at)
    signed = complete(prepared, signature, timestamp=timestamp)
    reached = reached_level(
        recipient=ready.recipient, signed=signed, certificate=prepared.certificate, actor=actor, at=at
    )
    if not at_least(reached, ready.recipient.asked_level):
        raise SignatureTooWeak
    deposited = vault.deposit(
        organisation_id=organisation_id,
        key_id=ready.envelope.key_id,
        media_type="application/pdf",
        content=signed,
    )
    # A crash here leaves an orphan in the vault's store and no signature: the step can be taken again.
    level = Level.T if timestamp else Level.B
    return _take(
        ready=ready,
        deposited=deposited,
        level=level,
        reached=reached,
        prepared_id=prepared_id,
        sentence=sentence,
        decided_at=decided_at,
        actor=actor,
        at=at,
    )


@audit.act("signature:recipient:sign")
def _take(
    *,
    ready: Ready,
    deposited: vault.Deposited,
    level: Level,
    reached: SignatureLevel,
    prepared_id: UUID | None,
    sentence: str,
    decided_at: datetime | None,
    actor: Actor,
    at: datetime,
) -> Signed:
    envelope = lock(actor=actor, envelope_id=ready.envelope.id)
    revision = ready.revision
    if prepared_id is not None:
        _use_up(envelope.organisation_id, prepared_id, at)
    recipient = Recipient.objects.get(organisation_id=envelope.organisation_id, id=ready.recipient.id)
    # Again, under the lock: a delegation may have been withdrawn while the token was at work.
    authority = access.authority(actor=actor, envelope=envelope, recipient=recipient, at=at)
    access.check_can_sign(envelope, recipient, at)
    # So may a measure have been recorded.
    access.check_acts_alone(actor=actor, envelope=envelope, at=at)
    if recipient.purpose == Purpose.CONSENTS:
        access.check_before_act(queries.composition_of(envelope), at)
    latest = queries.last_revision(organisation_id=envelope.organisation_id, envelope_id=envelope.id)
    if latest.number != revision.number:
        raise SomeoneSignedMeanwhile
    add_revision(envelope, revision.number + 1, deposited, recipient.id, level, actor, at)
    recipient.state = RecipientState.SIGNED
    recipient.signed_at = at
    recipient.proof = {
        "means": actor.means,
        "acr": actor.acr,
        "source_address": actor.source_address or "",
        "client": actor.client,
        "shown_sha256": bytes(revision.sha256).hex(),
        "level": level.value,
        "signature_level": reached.value,
        "purpose": recipient.purpose,
        "certificate_sha256": hashlib.sha256(ready.prepared.certificate).hexdigest(),
        # Of the thread as it stood when the signature was prepared: what the signer could read.
        "thread_head": (ready.prepared.beside or b"").hex(),
    }
    if authority.row_id is not None:
        recipient.proof |= {"signed_by": actor.person.hex, **authority.detail}
    if sentence:
        sealed = vault.seal_text(
            organisation_id=envelope.organisation_id,
            key_id=envelope.key_id,
            text=sentence,
            context=sentence_context(recipient.id),
        )
        recipient.proof |= {"sentence": sealed.hex()}
    recipient.proof |= seen_at_bedside(recipient=recipient, actor=actor, at=at, decided_at=decided_at)
    recipient.save(update_fields=["state", "signed_at", "proof"])
    if recipient.person_id is not None:
        # Another card may still be asked for this very signature, by them or by whom they delegated to.
        drop_prepared(recipient, at)
    write_values(envelope, recipient, ready.prepared.values)
    use_up_links(recipient=recipient, actor=actor, at=at)
    audit.record(
        "signature:recipient:sign",
        actor=access.in_place_of(actor, recipient),
        subject=envelope.id,
        patient=envelope.patient_id,
        ground=authority.ground,
        at=at,
        detail={
            "revision": revision.number + 1,
            "sha256": deposited.sha256.hex(),
            "purpose": recipient.purpose,
            "level": level.value,
            **authority.detail,
        },
    )
    return Signed(envelope.id, last=advance(envelope, recipient, actor, at))


def _use_up(organisation_id: UUID, prepared_id: UUID, at: datetime) -> None:
    """Raises as `access.check_waits`."""
    rows = Prepared.objects.filter(organisation_id=organisation_id, id=prepared_id)
    waiting = rows.filter(state=PreparedState.WAITING, expires_at__gt=at)
    if not waiting.update(state=PreparedState.COMPLETED, ended_at=at):
        access.check_waits(rows.get(), at)


def add_revision(
    envelope: Envelope,
    number: int,
    deposited: vault.Deposited,
    recipient_id: UUID | None,
    level: Level,
    actor: Actor,
    at: datetime,
) -> None:
    """Write the next state of the file, in the caller's transaction."""
    Revision.objects.create(
        organisation_id=envelope.organisation_id,
        envelope_id=envelope.id,
        number=number,
        blob_id=vault.keep(deposited, actor=actor, at=at),
        sha256=deposited.sha256,
        recipient_id=recipient_id,
        level=level.value,
        at=at,
    )
