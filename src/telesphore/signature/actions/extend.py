"""Renew a proof in its file: what validates the last timestamp, then a new timestamp over all (EN 319 142-1 §5.5).

The pages and every signature stay as they are; the file grows by two incremental updates.
"""

from datetime import datetime
from uuid import UUID

from telesphore.ades import lasting, renewal
from telesphore.ades.strength import last_proof, strength_of
from telesphore.ades.verdict.result import Level
from telesphore.ades.verdict.trust import Evidence
from telesphore.audit import actions as audit
from telesphore.jobs import actions as jobs
from telesphore.kernel.actors import Actor
from telesphore.pki import ports as pki
from telesphore.pki import queries as pki_queries
from telesphore.signature import ports, queries
from telesphore.signature.actions.close import lock
from telesphore.signature.actions.prove import level_of
from telesphore.signature.actions.send import SEAL_FIELD
from telesphore.signature.actions.take import FILE_LIMIT, add_revision
from telesphore.signature.errors import ProofChangedMeanwhile
from telesphore.signature.facts import ProofRenewed
from telesphore.signature.models import Envelope, Proof, Revision
from telesphore.signature.states import ProofState
from telesphore.vault import actions as vault
from telesphore.vault import queries as vault_queries


@audit.staged("signature:proof:renew")
def extend(*, proof_id: UUID, actor: Actor, at: datetime) -> None:
    """Renew the proof of one document in its file, which gets a new revision; every earlier one is kept.

    Raises:
        TimestampUnavailable, NoLongerProof, ProofChangedMeanwhile, what the vault and reading the file raise: the
        next turn tries again.
    """
    proof = Proof.objects.select_related("envelope").get(organisation_id=actor.organisation, id=proof_id)
    envelope = proof.envelope
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    revision = queries.last_revision(organisation_id=envelope.organisation_id, envelope_id=envelope.id)
    file = vault_queries.read_blob(organisation_id=envelope.organisation_id, blob_id=revision.blob_id, limit=FILE_LIMIT)
    renewed = _with_longer_proof(file, envelope.organisation_id, at)
    deposited = vault.deposit(
        organisation_id=envelope.organisation_id,
        key_id=envelope.key_id,
        media_type="application/pdf",
        content=renewed,
    )
    level = level_of(renewed, SEAL_FIELD, organisation_id=envelope.organisation_id, at=at)
    # A crash here leaves an orphan in the vault's store: the proof is due still.
    _keep(proof_id=proof.id, revision=revision, deposited=deposited, renewed=renewed, level=level, actor=actor, at=at)


def _with_longer_proof(file: bytes, organisation_id: UUID, at: datetime) -> bytes:
    policy = ports.retention.get().policy
    prepared = renewal.prepare_renewal(file, _evidence(file, organisation_id, at), policy=policy, at=at)
    stamped = prepared.timestamp
    token = pki.timestamper.get().stamp(stamped.imprint, stamped.digest, organisation_id=organisation_id, at=at)
    return renewal.complete_renewal(prepared, token, policy=policy)


def _evidence(file: bytes, organisation_id: UUID, at: datetime) -> Evidence:
    """What validates every signature and timestamp of the file, as far as can be had today."""
    anchors = pki_queries.anchors(organisation_id)
    before = strength_of(last_proof(file), ports.retention.get().policy)
    # Of the last proof what it bears is asked after in any case, whether we know its anchor or not.
    chains = dict.fromkeys((before.certificates, *lasting.chains(file, anchors=anchors, at=at)))
    found = [pki.revocation_source.get().fetch(chain, organisation_id=organisation_id, at=at) for chain in chains]
    return Evidence(
        certificates=[one for chain in chains for one in chain] + [one for data in found for one in data.certificates],
        ocsps=[one for data in found for one in data.ocsps],
        crls=[one for data in found for one in data.crls],
    )


@audit.act("signature:proof:renew")
def _keep(
    *,
    proof_id: UUID,
    revision: Revision,
    deposited: vault.Deposited,
    renewed: bytes,
    level: Level,
    actor: Actor,
    at: datetime,
) -> None:
    retention = ports.retention.get()
    proof = Proof.objects.select_for_update().get(organisation_id=actor.organisation, id=proof_id)
    envelope: Envelope = lock(actor=actor, envelope_id=proof.envelope_id)
    audit.concerning(patient=envelope.patient_id, subject=envelope.id)
    latest = queries.last_revision(organisation_id=envelope.organisation_id, envelope_id=envelope.id)
    if latest.number != revision.number or proof.state not in (ProofState.DUE, ProofState.FAILING):
        raise ProofChangedMeanwhile
    add_revision(envelope, revision.number + 1, deposited, None, level, actor, at)
    proof.describe(strength_of(last_proof(renewed), retention.policy), retention.policy, retention.margin, at)
    proof.renewals += 1
    proof.tries, proof.failure = 0, ""
    proof.save()
    audit.record(
        "signature:proof:renew",
        actor=actor,
        subject=envelope.id,
        patient=envelope.patient_id,
        ground="system",
        at=at,
        detail={
            "revision": revision.number + 1,
            "sha256": deposited.sha256.hex(),
            "weakens_at": proof.weakens_at.date().isoformat(),
        },
    )
    jobs.announce(ProofRenewed(envelope.organisation_id, envelope.id))
