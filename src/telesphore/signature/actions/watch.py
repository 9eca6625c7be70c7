"""Watch over the proof of a sealed document: read from its file how long it stands, and when to renew it."""

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef

from telesphore.ades.strength import Strength, last_proof, strength_of
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.signature import ports, queries
from telesphore.signature.actions.take import FILE_LIMIT
from telesphore.signature.errors import EnvelopeNotFound
from telesphore.signature.models import Envelope, Proof
from telesphore.signature.states import EnvelopeState, ProofState
from telesphore.vault import queries as vault

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Watched:
    """How many envelopes are watched since this turn, and how many of their files could not be read."""

    watched: int
    unreadable: int


@audit.staged("signature:proof:watch")
def watch(*, envelope_id: UUID, actor: Actor, at: datetime) -> None:
    """Watch over a completed envelope's proof, once. A file that can't be read is watched as weakened, and shouted
    about.

    Raises:
        EnvelopeNotFound: no such completed envelope.
        StoreAway, and what else is away: the job tries again.
    """
    try:
        envelope = Envelope.objects.get(
            organisation_id=actor.organisation, id=envelope_id, state=EnvelopeState.COMPLETED
        )
    except Envelope.DoesNotExist:
        raise EnvelopeNotFound from None
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    strength, failure = None, ""
    try:
        revision = queries.last_revision(organisation_id=envelope.organisation_id, envelope_id=envelope.id)
        file = vault.read_blob(organisation_id=envelope.organisation_id, blob_id=revision.blob_id, limit=FILE_LIMIT)
        strength = strength_of(last_proof(file), ports.retention.get().policy)
    except DomainError as error:
        if error.refusal is Refusal.UNAVAILABLE:
            raise
        logger.warning("the proof of envelope %s can't be read: %s", envelope.id, error.code)
        failure = error.code
    _watch(envelope=envelope, strength=strength, failure=failure, actor=actor, at=at)


@audit.act("signature:proof:watch")
def _watch(*, envelope: Envelope, strength: Strength | None, failure: str, actor: Actor, at: datetime) -> None:
    retention = ports.retention.get()
    proof = Proof(
        organisation_id=envelope.organisation_id,
        envelope_id=envelope.id,
        means=retention.means,
        watched_at=at,
    )
    if strength is None:
        # An erased document has no proof to keep; one that is damaged is an incident.
        proof.state = ProofState.ERASED if failure == "erased" else ProofState.WEAKENED
        proof.timestamped, proof.failure = False, failure
        proof.expires_at = proof.weakens_at = proof.due_at = at
    else:
        proof.describe(strength, retention.policy, retention.margin, at)
    # Of two workers at once, one watches, and leaves the trace.
    Proof.objects.bulk_create([proof], ignore_conflicts=True)
    if Proof.objects.filter(organisation_id=proof.organisation_id, id=proof.id).exists():
        audit.record(
            "signature:proof:watch",
            actor=actor,
            subject=envelope.id,
            patient=envelope.patient_id,
            ground="system",
            at=at,
            detail={"state": str(proof.state), "weakens_at": proof.weakens_at.date().isoformat()},
        )


def watch_some(*, actor: Actor, at: datetime, most: int) -> Watched:
    """Watch over completed envelopes that nobody watches yet, at most so many: those of before the guardian, and those
    whose reaction was lost."""
    unwatched = Envelope.objects.filter(
        ~Exists(Proof.objects.filter(organisation_id=OuterRef("organisation_id"), envelope_id=OuterRef("id"))),
        state=EnvelopeState.COMPLETED,
    )
    rows = list(unwatched.order_by("closed_at").values_list("organisation_id", "id")[:most])
    for organisation_id, envelope_id in rows:
        watch(envelope_id=envelope_id, actor=actor.within(organisation_id), at=at)
    unreadable = Proof.objects.filter(
        envelope_id__in=[envelope_id for _, envelope_id in rows], cause="", state=ProofState.WEAKENED
    ).count()
    return Watched(len(rows), unreadable)
