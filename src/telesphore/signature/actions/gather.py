"""Renew the proofs of many documents by one timestamp: evidence records (RFC 4998).

The stages: *gather* what the tree is to cover, grow it, have its root timestamped, *keep* it. What was renewed or
erased meanwhile is left out when it is kept: a leaf that nobody points to does no harm.
"""

import base64
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import F

from telesphore.ades import evidence_records as records
from telesphore.ades.algorithms import Digest
from telesphore.ades.hash_trees import Group, HashTree
from telesphore.ades.strength import Strength, last_proof, strength_of
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.pki import ports as pki
from telesphore.signature import ports, queries
from telesphore.signature.actions.sign import FILE_LIMIT
from telesphore.signature.errors import NoLongerProof
from telesphore.signature.models import Proof, ProofLeaf, ProofTree, Revision
from telesphore.signature.states import ProofState
from telesphore.vault import queries as vault

CARRIED = (ProofState.STANDING, ProofState.DUE, ProofState.FAILING)
"""What a renewal reaches: a proof that has weakened already is not mended by a later timestamp."""


@dataclass(slots=True)
class Gathered:
    """What one tree is to cover.

    Attributes:
        leaves: rows to write, in the order of `groups`; their tree is not known yet.
        chains: the certificates of the proofs that it takes over, to be asked after.
        best: when the last of the timestamps taken over weakens, which the new one must outlast; None without any.
    """

    digest: Digest
    groups: list[Group] = field(default_factory=list)
    leaves: list[ProofLeaf] = field(default_factory=list)
    chains: dict[tuple[bytes, ...], None] = field(default_factory=dict)
    best: datetime | None = None

    def add(self, leaf: ProofLeaf, group: Group, strength: Strength) -> None:
        """One more leaf."""
        leaf.place = len(self.groups)
        self.groups.append(group)
        self.leaves.append(leaf)
        self.chains[strength.certificates] = None
        if strength.timestamped:
            self.best = max(self.best or strength.weakens_at, strength.weakens_at)


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
    for gathered in _gather(organisation_id, proofs, digest, weak):
        validation = _validation(gathered.chains, organisation_id, at)
        tree = HashTree.grow(gathered.digest, [*gathered.groups, (gathered.digest.of(validation),)])
        token = pki.timestamper.get().stamp(tree.root, gathered.digest, organisation_id=organisation_id, at=at)
        strength = strength_of(token, ports.retention.get().policy)
        if strength.proved_at is None or (gathered.best and strength.weakens_at <= gathered.best):
            raise NoLongerProof
        # A crash here costs one timestamp, and nothing else: the next turn grows the tree again.
        kept += _keep(
            tree=tree,
            token=token,
            validation=validation,
            leaves=gathered.leaves,
            strength=strength,
            proved_at=strength.proved_at,
            actor=actor,
            at=at,
        )
    return kept


def _gather(
    organisation_id: UUID, proofs: Sequence[Proof], digest: Digest, weak: Collection[Digest]
) -> Iterable[Gathered]:
    policy = ports.retention.get().policy
    found: dict[Digest, Gathered] = {}
    tree_ids = {proof.tree_id for proof in proofs if proof.tree_id is not None}
    trees = {row.id: row for row in ProofTree.objects.filter(organisation_id=organisation_id, id__in=tree_ids)}
    renewed: set[UUID] = set()
    for proof in proofs:
        tree = trees.get(proof.tree_id) if proof.tree_id else None
        used = Digest(tree.digest) if tree else None
        if tree is not None and used is not None and used not in weak:
            if tree.id in renewed:
                continue
            renewed.add(tree.id)
            token = bytes(tree.token)
            leaf = ProofLeaf(organisation_id=organisation_id, covers_id=tree.id)
            found.setdefault(used, Gathered(used)).add(
                leaf, records.group_of_timestamp(used, token), strength_of(token, policy)
            )
            continue
        revision = queries.last_revision(organisation_id=organisation_id, envelope_id=proof.envelope_id)
        chains = queries.chains_of(proof=proof) if tree else ()
        file = _file(revision, chains, organisation_id)
        group = records.group_of(digest, [file])
        before = strength_of(bytes(tree.token) if tree else last_proof(file), policy)
        if chains:
            group = records.renewed_group(digest, group, chains)
        leaf = ProofLeaf(
            organisation_id=organisation_id,
            proof_id=proof.id,
            chain=len(chains),
            revision=revision.number,
            after_id=tree.id if tree else None,
        )
        found.setdefault(digest, Gathered(digest)).add(leaf, group, before)
    return found.values()


def _file(revision: Revision, chains: Sequence[records.Chain], organisation_id: UUID) -> bytes:
    """The document, which must be the one that the record is about already: its vault verifies the hash."""
    file = vault.read_blob(organisation_id=organisation_id, blob_id=revision.blob_id, limit=FILE_LIMIT)
    if chains:
        records.verify(records.EvidenceRecord(tuple(chains)).dump(), [file])
    return file


def _validation(chains: Iterable[tuple[bytes, ...]], organisation_id: UUID, at: datetime) -> bytes:
    """What is known today of those who gave the proofs that the tree takes over, as JSON: asked once for each."""
    certificates: dict[bytes, None] = {}
    ocsps: dict[bytes, None] = {}
    crls: dict[bytes, None] = {}
    for chain in chains:
        data = pki.revocation_source.get().fetch(chain, organisation_id=organisation_id, at=at)
        certificates |= dict.fromkeys((*chain, *data.certificates))
        ocsps |= dict.fromkeys(data.ocsps)
        crls |= dict.fromkeys(data.crls)
    known = {
        name: [base64.b64encode(one).decode() for one in ones]
        for name, ones in (("certificates", certificates), ("ocsps", ocsps), ("crls", crls))
    }
    return json.dumps(known, separators=(",", ":"), sort_keys=True).encode()


@audit.act("signature:proof:gather")
def _keep(
    *,
    tree: HashTree,
    token: bytes,
    validation: bytes,
    leaves: Sequence[ProofLeaf],
    strength: Strength,
    proved_at: datetime,
    actor: Actor,
    at: datetime,
) -> int:
    organisation_id, retention = actor.organisation, ports.retention.get()
    row = ProofTree.objects.create(
        organisation_id=organisation_id,
        digest=tree.digest.value,
        leaves=b"".join(group[0] for group in tree.groups),
        token=token,
        at=proved_at,
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
    for leaf in kept:
        leaf.tree_id = row.id
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
