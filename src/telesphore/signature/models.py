"""Envelopes, steps, recipients, the revisions of the signed file, signatures that wait for a card, and how long its
proof stands."""

from datetime import UTC, datetime, timedelta
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from telesphore.ades.algorithms import AlgorithmPolicy
from telesphore.ades.renewal import due_at
from telesphore.ades.strength import Cause, Strength
from telesphore.kernel.rows import InsertOnly, Owned, SameOrganisation, belongs_to
from telesphore.signature.states import EnvelopeState, PreparedState, ProofMeans, ProofState, Purpose, RecipientState

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2999, 12, 31, tzinfo=UTC)
"""Written where a proof never held, and where no end is known."""


def _bounded(moment: datetime) -> datetime:
    return max(min(moment, LATEST), EARLIEST)


class Envelope(Owned):
    """A document on its way through a circuit. Its title is sealed under the patient's keyset."""

    patient_id = models.UUIDField()
    document_id = models.UUIDField()
    """The record's document that it started from; it never changes."""
    title_sealed = models.BinaryField()
    key_id = models.UUIDField()
    sender_id = models.UUIDField()
    state = models.TextField(choices=EnvelopeState, default=EnvelopeState.SENT)
    pages = models.PositiveIntegerField()
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    reason_sealed = models.BinaryField(null=True)
    """Why it was declined or voided, when a reason was given."""

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(
                    closed_at=None,
                    state__in=[EnvelopeState.SENT, EnvelopeState.IN_PROGRESS, EnvelopeState.SEALING],
                )
                | models.Q(
                    closed_at__isnull=False,
                    state__in=[EnvelopeState.COMPLETED, EnvelopeState.DECLINED, EnvelopeState.VOIDED],
                ),
                name="envelope_closed_at_set_exactly_when_closed",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation_id", "patient_id", "sent_at"], name="envelope_by_patient"),
            models.Index(fields=["organisation_id", "sender_id", "state", "sent_at"], name="envelope_by_sender"),
        ]


class Step(Owned):
    """One step of a circuit: completes when `needed` of its recipients have acted."""

    envelope_id = models.UUIDField()
    envelope = belongs_to(Envelope, "envelope_id")
    position = models.PositiveSmallIntegerField()
    needed = models.PositiveSmallIntegerField(default=1)
    completed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="envelope_id", to="signature.Envelope", name="step_is_of_an_envelope_of_its_organisation"
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "envelope_id", "position"], name="step_position_is_free"
            ),
        ]


class Recipient(Owned):
    """Someone who is asked to sign: the patient, or a professional. Exactly one of the two ids is set."""

    envelope_id = models.UUIDField()
    envelope = belongs_to(Envelope, "envelope_id")
    step_id = models.UUIDField()
    step = belongs_to(Step, "step_id")
    patient_id = models.UUIDField(null=True)
    person_id = models.UUIDField(null=True)
    purpose = models.TextField(choices=Purpose)
    field_name = models.TextField()
    page = models.PositiveIntegerField()
    box = ArrayField(models.FloatField(), size=4)
    """Left, bottom, right, top, in points from the page's lower left corner."""
    state = models.TextField(choices=RecipientState, default=RecipientState.PENDING)
    link_id = models.UUIDField(null=True)
    awaited_at = models.DateTimeField(null=True)
    signed_at = models.DateTimeField(null=True)
    proof = models.JSONField(null=True)
    """How the signer was identified: means, address, client, hash shown, certificate's fingerprint."""

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="envelope_id", to="signature.Envelope", name="recipient_is_of_an_envelope_of_its_organisation"
            ),
            SameOrganisation(column="step_id", to="signature.Step", name="recipient_is_of_a_step_of_its_organisation"),
            models.CheckConstraint(
                condition=models.Q(patient_id=None, person_id__isnull=False)
                | models.Q(patient_id__isnull=False, person_id=None),
                name="recipient_is_a_patient_or_a_professional",
            ),
            models.CheckConstraint(
                condition=models.Q(state=RecipientState.SIGNED, signed_at__isnull=False, proof__isnull=False)
                | (~models.Q(state=RecipientState.SIGNED) & models.Q(signed_at=None)),
                name="recipient_signed_at_set_exactly_when_signed",
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "envelope_id", "field_name"], name="recipient_field_is_its_own"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation_id", "person_id", "state", "awaited_at"], name="recipient_by_person"),
            models.Index(fields=["organisation_id", "envelope_id"], name="recipient_by_envelope"),
        ]


class Revision(Owned, InsertOnly):
    """One state of the file: 0 is what is shown for signing, each signature and the seal add one."""

    envelope_id = models.UUIDField()
    envelope = belongs_to(Envelope, "envelope_id")
    number = models.PositiveSmallIntegerField()
    blob_id = models.UUIDField()
    sha256 = models.BinaryField(max_length=32)
    recipient_id = models.UUIDField(null=True)
    """Whose signature it added; None for the first revision and for the seal."""
    level = models.TextField(db_default="")
    """The level that the signature which it added reached at once (`B-B`…`B-LTA`); empty for the first revision, and
    for those of before levels were written."""
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="envelope_id", to="signature.Envelope", name="revision_is_of_an_envelope_of_its_organisation"
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "envelope_id", "number"], name="revision_number_is_taken_once"
            ),
        ]


class Prepared(Owned):
    """A recipient's signature that lacks only what their card answers: it waits hours, and survives a restart."""

    envelope_id = models.UUIDField()
    envelope = belongs_to(Envelope, "envelope_id")
    recipient_id = models.UUIDField()
    recipient = belongs_to(Recipient, "recipient_id")
    revision = models.PositiveSmallIntegerField()
    """The number of the revision that it was made on."""
    blob_id = models.UUIDField()
    """What it adds to that revision's file."""
    to_be_signed_sha256 = models.BinaryField(max_length=32)
    state = models.TextField(choices=PreparedState, default=PreparedState.WAITING)
    prepared_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            SameOrganisation(
                column="envelope_id", to="signature.Envelope", name="prepared_is_of_an_envelope_of_its_organisation"
            ),
            SameOrganisation(
                column="recipient_id", to="signature.Recipient", name="prepared_is_of_a_recipient_of_its_organisation"
            ),
            models.UniqueConstraint(
                fields=["organisation_id", "recipient_id"],
                condition=models.Q(state=PreparedState.WAITING),
                name="prepared_one_waits_per_recipient",
            ),
            models.CheckConstraint(
                condition=models.Q(state=PreparedState.WAITING, ended_at=None)
                | (~models.Q(state=PreparedState.WAITING) & models.Q(ended_at__isnull=False)),
                name="prepared_ended_at_set_exactly_when_ended",
            ),
        ]


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
