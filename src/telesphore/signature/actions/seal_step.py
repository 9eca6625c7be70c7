"""Seal a step: the organisation's signature in the middle of a circuit, which then goes on.

The job is safe to run twice: what it adds is taken only while the same step is due on the same file.
"""

from datetime import datetime
from uuid import UUID

from telesphore.ades.signing import complete, prepare
from telesphore.ades.verdict.result import Level
from telesphore.audit import actions as audit
from telesphore.jobs import actions as jobs
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.signature import access, queries
from telesphore.signature.actions.advance import complete_step
from telesphore.signature.actions.close import lock
from telesphore.signature.actions.open_seal import open_seal
from telesphore.signature.actions.prove import time_of_signature
from telesphore.signature.actions.send import SEAL_FIELD
from telesphore.signature.actions.take import add_revision, read_revision
from telesphore.signature.models import Envelope, Revision, Step
from telesphore.signature.states import OPEN_STATES, StepKind
from telesphore.vault import actions as vault


@jobs.job("signature:seal-step")
def seal_step_when_due(*, organisation_id: str, envelope_id: str) -> None:
    """The job that the end of the step before enqueues."""
    seal_step(envelope_id=UUID(envelope_id), actor=Actor.system(UUID(organisation_id)), at=now())


@audit.staged("signature:step:seal")
def seal_step(*, envelope_id: UUID, actor: Actor, at: datetime) -> None:
    """Seal the step that is due, and go on; nothing happens when none is: it was done, taken back, or the circuit
    ended.

    Raises:
        EnvelopeNotFound, TimestampUnavailable, ClockWrong, and what the vault or opening the seal raises: the job
        tries again, and the circuit waits.
    """
    envelope = access.sender_or_recipient(actor=actor, envelope_id=envelope_id, at=at)
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    step = _due(envelope)
    if step is None:
        return
    revision = queries.last_revision(organisation_id=envelope.organisation_id, envelope_id=envelope.id)
    with open_seal(organisation_id=envelope.organisation_id, actor=actor, at=at) as opened:
        prepared = prepare(
            read_revision(revision),
            field=_field_of(step),
            certificate=opened.token.certificate,
            chain=opened.chain,
            appearance=None,
            signed_at=at,
            certify=queries.is_unsigned(revision),
            algorithm=opened.token.algorithm,
            beside=queries.thread_head(organisation_id=envelope.organisation_id, envelope_id=envelope.id),
        )
        signature = opened.token.sign(prepared.to_be_signed)
    timestamp = time_of_signature(signature, organisation_id=envelope.organisation_id, at=at)
    deposited = vault.deposit(
        organisation_id=envelope.organisation_id,
        key_id=envelope.key_id,
        media_type="application/pdf",
        content=complete(prepared, signature, timestamp=timestamp),
    )
    # A crash here leaves an orphan in the vault's store: the step is due still.
    level = Level.T if timestamp else Level.B
    _take(step=step, revision=revision, deposited=deposited, level=level, actor=actor, at=at)


@audit.act("signature:step:seal")
def _take(
    *, step: Step, revision: Revision, deposited: vault.Deposited, level: Level, actor: Actor, at: datetime
) -> None:
    envelope = lock(actor=actor, envelope_id=step.envelope_id)
    due = _due(envelope)
    latest = queries.last_revision(organisation_id=envelope.organisation_id, envelope_id=envelope.id)
    if due is None or due.id != step.id or latest.number != revision.number:
        # Somebody took their signature back meanwhile. Who signs again asks for the seal again.
        return
    add_revision(envelope, revision.number + 1, deposited, None, level, actor, at)
    audit.record(
        "signature:step:seal",
        actor=actor,
        subject=envelope.id,
        patient=envelope.patient_id,
        ground="system",
        at=at,
        detail={"revision": revision.number + 1, "sha256": deposited.sha256.hex(), "level": level.value},
    )
    complete_step(envelope, due, actor, at)


def _field_of(step: Step) -> str:
    """The name of a sealing step's own field in the file."""
    before = Step.objects.filter(
        organisation_id=step.organisation_id,
        envelope_id=step.envelope_id,
        kind=StepKind.SEAL,
        position__lte=step.position,
    )
    return f"{SEAL_FIELD}{before.count()}"


def _due(envelope: Envelope) -> Step | None:
    """The step whose turn it is, when it is one that seals."""
    if envelope.state not in OPEN_STATES:
        return None
    step = (
        Step.objects.filter(organisation_id=envelope.organisation_id, envelope_id=envelope.id, completed_at=None)
        .order_by("position")
        .first()
    )
    return step if step is not None and step.kind == StepKind.SEAL else None
