"""Renew the proofs of many documents by one timestamp: evidence records (RFC 4998).

The stages: *gather* what the tree is to cover, grow it, have its root timestamped, *keep* it. What was renewed or
erased meanwhile is left out when it is kept: a leaf that nobody points to does no harm.
"""

import base64
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import F

from telesphore.ades import evidence_records as records
from telesphore.ades.algorithms import Digest
from telesphore.ades.hash_trees import Group, HashTree
from telesphore.ades.renewal import check_outlasts
from telesphore.ades.strength import Strength, last_proof, strength_of
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.pki import ports as pki
from telesphore.signature import ports, queries
from telesphore.signature.actions.take import FILE_LIMIT
from telesphore.signature.models import Proof, ProofLeaf, ProofTree, Revision
from telesphore.signature.states import ProofState
from telesphore.vault import queries as vault

CARRIED = (ProofState.STANDING, ProofState.DUE, ProofState.FAILING)
"""What a renewal reaches: a proof that has weakened already is not mended by a later timestamp."""


@dataclass(frozen=True, slots=True)
class Covered:
    """What one leaf covers, before its tree is known.

    Attributes:
        leaf: the row to write.
        chains: the document's, when it begins a new one; empty for a first one, and for an earlier tree.
        own: the hash of the document or of the timestamp, under the tree's digest.
        before: the proof that it takes over.
    """

    leaf: ProofLeaf
    chains: tuple[records.Chain, ...]
    own: bytes
    before: Strength


@dataclass(slots=True)
class Known:
    """What is known today of who gave the proofs that are taken over; each is asked after once."""

    organisation_id: UUID
    at: datetime
    answers: dict[tuple[bytes, ...], pki.RevocationData] = field(default_factory=dict)

    def of(self, chain: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """The OCSP responses and CRLs (DER) about this chain."""
        if chain not in self.answers:
            source = pki.revocation_source.get()
            self.answers[chain] = source.fetch(chain, organisation_id=self.organisation_id, at=self.at)
        return (*self.answers[chain].ocsps, *self.answers[chain].crls)

    def to_json(self) -> bytes:
        """All of it, to be kept beside a tree."""
        found: dict[str, dict[bytes, None]] = {"certificates": {}, "ocsps": {}, "crls": {}}
        for chain, answer in self.answers.items():
            found["certificates"] |= dict.fromkeys((*chain, *answer.certificates))
            found["ocsps"] |= dict.fromkeys(answer.ocsps)
            found["crls"] |= dict.fromkeys(answer.crls)
        known = {name: [base64.b64encode(one).decode() for one in ones] for name, ones in found.items()}
        return json.dumps(known, separators=(",", ":")).encode()


@audit.staged("signature:proof:gather")
def renew_by_record(
    *, proofs: Sequence[Proof], digest: Digest, weak: Collection[Digest], actor: Actor, at: datetime
) -> int:
    """Have one timestamp carry these proofs of one organisation; returns how many of them stand again.

    A proof that an earlier tree carries brings all documents of that tree with it, at the cost of one leaf, unless the
    tree's own hash algorithm weakens: then each document is hashed anew, with the chains before (§5.3).

    Args:
        digest: to hash with, for documents that begin a chain.
        weak: digests that no new timestamp of an old chain should rest on.

    Raises:
        TimestampUnavailable, NoLongerProof, and what the vault raises: the next turn tries again.
    """
    organisation_id = actor.organisation
    kept = 0
    for used, covered in _gather(organisation_id, proofs, digest, weak).items():
        known = Known(organisation_id, at)
        groups = [_group(used, one, known) for one in covered]
        tree = HashTree.grow(used, groups)
        token = pki.timestamper.get().stamp(tree.root, used, organisation_id=organisation_id, at=at)
        strength = strength_of(token, ports.retention.get().policy)
        for one in covered:
            check_outlasts(strength, one.before)
        # A crash here costs one timestamp, and nothing else: the next turn grows the tree again.
        kept += _keep(
            tree=tree,
            token=token,
            validation=known.to_json(),
            leaves=[one.leaf for one in covered],
            strength=strength,
            actor=actor,
            at=at,
        )
    return kept


def _group(digest: Digest, covered: Covered, known: Known) -> Group:
    beside = records.group_of(digest, known.of(covered.before.certificates))
    group = (covered.own, *beside)
    return records.renewed_group(digest, group, covered.chains) if covered.chains else group


def _gather(
    organisation_id: UUID, proofs: Sequence[Proof], digest: Digest, weak: Collection[Digest]
) -> dict[Digest, list[Covered]]:
    policy = ports.retention.get().policy
    found: dict[Digest, list[Covered]] = {}
    tree_ids = {proof.tree_id for proof in proofs if proof.tree_id is not None}
    trees = {row.id: row for row in ProofTree.objects.filter(organisation_id=organisation_id, id__in=tree_ids)}
    renewed: set[UUID] = set()
    for proof in proofs:
        tree = trees.get(proof.tree_id) if proof.tree_id else None
        used = Digest(tree.digest) if tree else None
        if tree is not None and used is not None and used not in weak:
            if tree.id not in renewed:
                renewed.add(tree.id)
                token = bytes(tree.token)
                leaf = ProofLeaf(organisation_id=organisation_id, covers_id=tree.id)
                found.setdefault(used, []).append(Covered(leaf, (), used.of(token), strength_of(token, policy)))
            continue
        revision = queries.last_revision(organisation_id=organisation_id, envelope_id=proof.envelope_id)
        chains = queries.chains_of(proof=proof) if tree else ()
        file = _file(revision, chains, organisation_id)
        leaf = ProofLeaf(
            organisation_id=organisation_id,
            proof_id=proof.id,
            chain=len(chains),
            revision=revision.number,
            after_id=tree.id if tree else None,
        )
        before = strength_of(bytes(tree.token) if tree else last_proof(file), policy)
        found.setdefault(digest, []).append(Covered(leaf, chains, digest.of(file), before))
    return found


def _file(revision: Revision, chains: Sequence[records.Chain], organisation_id: UUID) -> bytes:
    """The document, which must be the one that the record is about already: its vault verifies the hash."""
    file = vault.read_blob(organisation_id=organisation_id, blob_id=revision.blob_id, limit=FILE_LIMIT)
    if chains:
        records.verify(records.EvidenceRecord(tuple(chains)).dump(), [file])
    return file


@audit.act("signature:proof:gather")
def _keep(
    *,
    tree: HashTree,
    token: bytes,
    validation: bytes,
    leaves: Sequence[ProofLeaf],
    strength: Strength,
    actor: Actor,
    at: datetime,
) -> int:
    organisation_id, retention = actor.organisation, ports.retention.get()
    assert strength.proved_at is not None
    row = ProofTree.objects.create(
        organisation_id=organisation_id,
        digest=tree.digest.value,
        leaves=b"".join(tree.levels[0]),
        token=token,
        at=strength.proved_at,
        weakens_at=min(strength.weakens_at, strength.expires_at),
        validation=validation,
    )
    standing = dict(
        Proof.objects.select_for_update()
        .filter(
            organisation_id=organisation_id,
            id__in=[leaf.proof_id for leaf in leaves if leaf.proof_id is not None],
            state__in=CARRIED,
        )
        .values_list("id", "tree_id")
    )
    kept = [
        leaf
        for leaf in leaves
        if leaf.covers_id or (leaf.proof_id in standing and standing[leaf.proof_id] == leaf.after_id)
    ]
    for place, leaf in enumerate(leaves):
        leaf.tree_id, leaf.place, leaf.hashes = row.id, place, b"".join(tree.groups[place])
    ProofLeaf.objects.bulk_create(kept)
    described = Proof()
    described.describe(strength, retention.policy, retention.margin, at)
    now_standing = {
        name: getattr(described, name)
        for name in (
            "timestamped", "proved_at", "expires_at", "algorithms", "policy", "authority", "weakens_at", "cause",
            "what", "due_at", "state",
        )
    } | {"tree_id": row.id, "tries": 0, "failure": ""}  # fmt: skip
    carried = Proof.objects.filter(organisation_id=organisation_id, state__in=CARRIED)
    documents = [leaf.proof_id for leaf in kept if leaf.proof_id]
    earlier = [leaf.covers_id for leaf in kept if leaf.covers_id]
    count = carried.filter(id__in=documents).update(renewals=F("renewals") + 1, **now_standing)
    count += carried.filter(tree_id__in=earlier).update(renewals=F("renewals") + 1, **now_standing)
    audit.record(
        "signature:proof:gather",
        actor=actor,
        subject=row.id,
        ground="system",
        at=at,
        detail={"documents": count, "leaves": len(kept), "root": tree.root.hex(), "digest": tree.digest.value},
    )
    return count
