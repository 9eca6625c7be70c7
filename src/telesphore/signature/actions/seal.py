"""Seal a document whose last signer has signed: the organisation's signature over all the others, made to last.

The job is safe to run twice: what it adds is taken only while the envelope waits for it.
"""

from datetime import datetime
from uuid import UUID

from telesphore.ades.signing import complete, prepare
from telesphore.ades.verdict.result import Level, SubIndication
from telesphore.audit import actions as audit
from telesphore.jobs import actions as jobs
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.signature import access, ports, queries
from telesphore.signature.actions.close import lock
from telesphore.signature.actions.open_seal import open_seal
from telesphore.signature.actions.prove import LEVELS, make_last, time_of_signature, verdict_on
from telesphore.signature.actions.send import SEAL_FIELD
from telesphore.signature.actions.take import FILE_LIMIT, add_revision
from telesphore.signature.errors import LevelNotReached
from telesphore.signature.facts import EnvelopeCompleted, EnvelopeMoved
from telesphore.signature.models import Envelope
from telesphore.signature.ports import SealRevoked
from telesphore.signature.states import EnvelopeState
from telesphore.vault import actions as vault
from telesphore.vault import queries as vault_queries

_REVOKED = {SubIndication.REVOKED, SubIndication.REVOKED_NO_POE, SubIndication.REVOKED_CA_NO_POE}


@jobs.job("signature:seal")
def seal_when_signed(*, organisation_id: str, envelope_id: str) -> None:
    """The job that the last signature enqueues."""
    seal(envelope_id=UUID(envelope_id), actor=Actor.system(UUID(organisation_id)), at=now())


@audit.staged("signature:envelope:seal")
def seal(*, envelope_id: UUID, actor: Actor, at: datetime) -> None:
    """Seal the file and complete the envelope; nothing happens when that was done.

    Raises:
        EnvelopeNotFound, TimestampUnavailable, ClockWrong, LevelNotReached, SealRevoked, and what the vault or opening
        the seal raises: the job tries again, and the envelope is not completed before.
    """
    envelope = access.sender_or_recipient(actor=actor, envelope_id=envelope_id, at=at)
    if envelope.state != EnvelopeState.SEALING:
        return
    revision = queries.last_revision(organisation_id=envelope.organisation_id, envelope_id=envelope.id)
    file = vault_queries.read_blob(organisation_id=envelope.organisation_id, blob_id=revision.blob_id, limit=FILE_LIMIT)
    with open_seal(organisation_id=envelope.organisation_id, actor=actor, at=at) as opened:
        prepared = prepare(
            file,
            field=SEAL_FIELD,
            certificate=opened.token.certificate,
            chain=opened.chain,
            appearance=None,
            signed_at=at,
            certify=False,
            algorithm=opened.token.algorithm,
            beside=queries.thread_head(organisation_id=envelope.organisation_id, envelope_id=envelope.id),
        )
        signature = opened.token.sign(prepared.to_be_signed)
    timestamp = time_of_signature(signature, organisation_id=envelope.organisation_id, at=at)
    sealed = make_last(
        complete(prepared, signature, timestamp=timestamp), organisation_id=envelope.organisation_id, at=at
    )
    verdict = verdict_on(sealed, SEAL_FIELD, organisation_id=envelope.organisation_id, at=at)
    if verdict is not None and verdict.sub_indication in _REVOKED:
        raise SealRevoked
    if verdict is None or LEVELS.index(verdict.level) < LEVELS.index(ports.level.get()):
        raise LevelNotReached
    deposited = vault.deposit(
        organisation_id=envelope.organisation_id,
        key_id=envelope.key_id,
        media_type="application/pdf",
        content=sealed,
    )
    _complete(
        envelope_id=envelope.id,
        number=revision.number + 1,
        deposited=deposited,
        level=verdict.level,
        actor=actor,
        at=at,
    )


@audit.act("signature:envelope:complete")
def _complete(
    *, envelope_id: UUID, number: int, deposited: vault.Deposited, level: Level, actor: Actor, at: datetime
) -> None:
    envelope: Envelope = lock(actor=actor, envelope_id=envelope_id)
    if envelope.state != EnvelopeState.SEALING:
        return
    access.check_transition(envelope, EnvelopeState.COMPLETED)
    add_revision(envelope, number, deposited, None, level, actor, at)
    envelope.state = EnvelopeState.COMPLETED
    envelope.closed_at = at
    envelope.save(update_fields=["state", "closed_at"])
    audit.record(
        "signature:envelope:complete",
        actor=actor,
        subject=envelope.id,
        patient=envelope.patient_id,
        ground="system",
        at=at,
        detail={"revision": number, "sha256": deposited.sha256.hex(), "level": level.value},
    )
    jobs.announce(EnvelopeCompleted(envelope.organisation_id, envelope.id))
    jobs.announce(EnvelopeMoved(envelope.organisation_id, envelope.id, "completed", uuid7()))
