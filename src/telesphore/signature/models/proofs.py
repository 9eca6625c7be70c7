"""How long the proof of a sealed document stands, and the trees of hashes that carry many at once."""

from datetime import UTC, datetime, timedelta
from typing import ClassVar

from django.db import models

from telesphore.ades.algorithms import AlgorithmPolicy
from telesphore.ades.renewal import due_at
from telesphore.ades.strength import Cause, Strength
from telesphore.kernel.rows import InsertOnly, Owned, SameOrganisation, belongs_to
from telesphore.signature.models.envelopes import Envelope
from telesphore.signature.states import ProofMeans, ProofState

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2999, 12, 31, tzinfo=UTC)
"""Written where a proof never held, and where no end is known."""


def _bounded(moment: datetime) -> datetime:
    return max(min(moment, LATEST), EARLIEST)


class Proof(Owned):
    """How the proof of one sealed document stands, and when it is to be renewed."""

    envelope_id = models.UUIDField()
    envelope = belongs_to(Envelope, "envelope_id")
    state = models.TextField(choices=ProofState, default=ProofState.STANDING)
    means = models.TextField(choices=ProofMeans)
    """Of the next renewal."""
    timestamped = models.BooleanField()
    """False while nothing but signatures carries it: its time is claimed, not proved."""
    proved_at = models.DateTimeField(null=True)
    """The time that its last timestamp proves."""
    expires_at = models.DateTimeField()
    """The first end of its certificates."""
    algorithms = models.TextField(blank=True)
    """What it rests on, as `ades.strength` names it, separated by commas."""
    policy = models.TextField(blank=True)
    """Fingerprint of the table of algorithms by which `weakens_at` was last told."""
    weakens_at = models.DateTimeField()
    cause = models.TextField(blank=True)
    """`certificate`, `authority`, `digest` or `key`: what weakens first; empty when the file can't be read."""
    what = models.TextField(blank=True)
    authority = models.TextField(blank=True)
    """Who issued the certificate of the last timestamp's unit; of the last signer, when there is no timestamp."""
    due_at = models.DateTimeField()
    renewals = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)
    """Since the last success."""
    failure = models.TextField(blank=True)
    """Code of the refusal that the last try met."""
    watched_at = models.DateTimeField()
    tree_id = models.UUIDField(null=True)
    """The last tree that carries it, when an evidence record does."""

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="envelope_id", to="signature.Envelope", name="proof_is_of_an_envelope_of_its_organisation"
            ),
            models.UniqueConstraint(fields=["organisation_id", "envelope_id"], name="proof_is_one_per_envelope"),
            models.CheckConstraint(
                condition=models.Q(timestamped=False, proved_at=None)
                | models.Q(timestamped=True, proved_at__isnull=False),
                name="proof_time_set_exactly_when_timestamped",
            ),
            models.CheckConstraint(
                condition=models.Q(due_at__lte=models.F("weakens_at")) | models.Q(timestamped=False),
                name="proof_is_renewed_before_it_weakens",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "due_at"], name="proof_by_due"),
            models.Index(fields=["organisation_id", "weakens_at"], name="proof_by_weakening"),
            models.Index(fields=["organisation_id", "tree_id"], name="proof_by_tree"),
        ]

    def describe(self, strength: Strength, policy: AlgorithmPolicy, margin: timedelta, at: datetime) -> None:
        """Write how the proof stands now, by this table."""
        self.timestamped = strength.timestamped
        self.proved_at = strength.proved_at
        self.expires_at = _bounded(strength.expires_at)
        self.algorithms = ",".join(strength.algorithms)
        self.authority = strength.authority
        self.weaken(strength.weakens_at, strength.cause, strength.what, policy, margin, at)

    def weaken(
        self, weakens_at: datetime, cause: Cause, what: str, policy: AlgorithmPolicy, margin: timedelta, at: datetime
    ) -> None:
        """Write when the proof weakens, and so when it is due. A document that no timestamp carries is due at once."""
        self.weakens_at = _bounded(weakens_at)
        self.cause, self.what = cause.value, what
        self.policy = policy.fingerprint
        self.due_at = due_at(self.weakens_at, timestamped=self.timestamped, margin=margin, at=at)
        if self.weakens_at <= at:
            self.state = ProofState.WEAKENED
        else:
            self.state = ProofState.DUE if self.due_at <= at else ProofState.STANDING


class ProofTree(Owned, InsertOnly):
    """One timestamp over a hash tree (RFC 4998). The tree is kept once; each document's way to its root is derived.

    For 4096 documents that is 128 KiB and one token of some 6 KiB; a record for each would repeat the token, 24 MiB.
    A leaf's own hashes are in its `ProofLeaf`.
    """

    digest = models.TextField()
    leaves = models.BinaryField()
    """What stands for each group at the tree's foot, one after another."""
    token = models.BinaryField()
    """DER of the TimeStampToken over the root."""
    at = models.DateTimeField()
    """Its genTime."""
    weakens_at = models.DateTimeField()
    """By the table of algorithms of the day when it was made."""
    validation = models.BinaryField()
    """What was known of the proofs that it carries, when it took over: JSON of certificates, OCSP responses and CRLs
    in base64."""


class ProofLeaf(Owned, InsertOnly):
    """What one leaf of a tree covers: a document (the first of a chain), or an earlier tree's timestamp."""

    tree_id = models.UUIDField()
    tree = belongs_to(ProofTree, "tree_id")
    place = models.PositiveIntegerField()
    hashes = models.BinaryField()
    """Of its group, one after another: what it covers, then the OCSP responses and CRLs that validate that."""
    proof_id = models.UUIDField(null=True)
    chain = models.PositiveSmallIntegerField(default=0)
    """Number of the chain that it begins, from 0."""
    revision = models.PositiveSmallIntegerField(null=True)
    """Number of the envelope's revision that it covers."""
    after_id = models.UUIDField(null=True)
    """The last tree of the chain before; a record's earlier chains end there, whatever came to that tree since."""
    covers_id = models.UUIDField(null=True)
    """The tree whose timestamp it covers."""

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="tree_id", to="signature.ProofTree", name="proof_leaf_is_of_a_tree_of_its_organisation"
            ),
            SameOrganisation(
                column="proof_id", to="signature.Proof", name="proof_leaf_is_of_a_proof_of_its_organisation"
            ),
            SameOrganisation(
                column="covers_id", to="signature.ProofTree", name="proof_leaf_covers_a_tree_of_its_organisation"
            ),
            models.CheckConstraint(
                condition=models.Q(proof_id__isnull=False, revision__isnull=False, covers_id=None)
                | models.Q(proof_id=None, revision=None, covers_id__isnull=False, chain=0, after_id=None),
                name="proof_leaf_covers_a_document_or_a_tree",
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "proof_id", "chain"],
                condition=models.Q(proof_id__isnull=False),
                name="proof_leaf_begins_a_chain_once",
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "covers_id"],
                condition=models.Q(covers_id__isnull=False),
                name="proof_leaf_renews_a_tree_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation_id", "tree_id", "place"], name="proof_leaf_by_tree"),
        ]
