"""The guardian of retention: renews the proofs that are due, and says which it can't.

A *turn* watches over what nobody watches yet, applies the table of algorithms of the day, marks what is due and what
was lost, then renews, at most so many documents. Each renewal commits by itself: a turn that is cut short is gone on
with at the next one.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import DateTimeField, F, Q, Value
from django.db.models.functions import Least

from telesphore.ades.algorithms import Digest
from telesphore.ades.errors import NoLongerProof
from telesphore.ades.renewal import LASTING
from telesphore.ades.strength import Cause, digest_end, first_to_weaken, lasting_digest
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.signature import ports, queries
from telesphore.signature.actions import extend, gather, warn, watch
from telesphore.signature.models import Proof
from telesphore.signature.states import ProofMeans, ProofState

logger = logging.getLogger(__name__)

LIVING = (ProofState.STANDING, ProofState.DUE, ProofState.FAILING)


@dataclass(slots=True)
class Turn:
    """What one turn did.

    Attributes:
        watched: envelopes watched since.
        weakened: proofs found to have weakened without being renewed.
        renewed: proofs that stand again.
        failures: code of a refusal → how many proofs met it.
        left: proofs that are due still, for the next turn.
    """

    watched: int = 0
    weakened: int = 0
    renewed: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    left: int = 0

    def failed(self, code: str, count: int = 1) -> None:
        """Count a refusal."""
        self.failures[code] = self.failures.get(code, 0) + count


def renew_due(*, actor: Actor, at: datetime, most: int | None = None) -> Turn:
    """One turn, in all organisations, at most `most` documents (the operator's batch by default) of each means in
    each organisation."""
    retention = ports.retention.get()
    most = most or retention.batch
    turn = Turn(watched=watch.watch_some(actor=actor, at=at, most=most).watched)
    apply_policy(actor=actor, at=at)
    turn.weakened = mark(actor=actor, at=at)
    waiting = Proof.objects.filter(state__in=(ProofState.DUE, ProofState.FAILING))
    for organisation_id in waiting.order_by().values_list("organisation_id", flat=True).distinct():
        own = actor.within(organisation_id)
        _renew_files(turn, own, at, most)
        _renew_records(turn, own, at, most)
    turn.left = waiting.count()
    troubled = Proof.objects.filter(state__in=(ProofState.FAILING, ProofState.WEAKENED))
    for organisation_id in troubled.order_by().values_list("organisation_id", flat=True).distinct():
        warn.warn(actor=actor.within(organisation_id), at=at)
    return turn


def _renew_files(turn: Turn, actor: Actor, at: datetime, most: int) -> None:
    for proof in queries.due_in_files(organisation_id=actor.organisation, most=most):
        try:
            extend.extend(proof_id=proof.id, actor=actor, at=at)
            turn.renewed += 1
        except DomainError as error:
            note_failure(proof_ids=[proof.id], code=error.code, actor=actor, at=at)
            turn.failed(error.code)
            if isinstance(error, NoLongerProof) or error.refusal is Refusal.UNAVAILABLE:
                # It would be the same for all others: nothing is asked of who does not answer.
                logger.warning("renewals of %s stop for this turn: %s", actor.organisation, error.code)
                return


def _renew_records(turn: Turn, actor: Actor, at: datetime, most: int) -> None:
    policy, margin = ports.retention.get().policy, ports.retention.get().margin
    weak = [digest for digest in Digest if digest_end(policy, digest.value) <= at + 2 * margin]
    proofs = queries.due_by_record(organisation_id=actor.organisation, weak=weak, most=most)
    if not proofs:
        return
    digest = lasting_digest(policy, at + LASTING)
    _renew_part(turn, proofs, digest, weak, actor, at)


def _renew_part(
    turn: Turn, proofs: list[Proof], digest: Digest, weak: list[Digest], actor: Actor, at: datetime
) -> None:
    try:
        turn.renewed += gather.renew_by_record(proofs=proofs, digest=digest, weak=weak, actor=actor, at=at)
    except DomainError as error:
        if error.refusal is Refusal.UNAVAILABLE or len(proofs) == 1:
            note_failure(proof_ids=[proof.id for proof in proofs], code=error.code, actor=actor, at=at)
            turn.failed(error.code, len(proofs))
            logger.warning("renewals of %s fail: %s", actor.organisation, error.code)
            return
        # One document spoils the tree: each half goes on alone, until that one is found.
        half = len(proofs) // 2
        _renew_part(turn, proofs[:half], digest, weak, actor, at)
        _renew_part(turn, proofs[half:], digest, weak, actor, at)


@audit.act("signature:proof:judge")
def apply_policy(*, actor: Actor, at: datetime) -> int:
    """Tell anew when proofs weaken, where the table of algorithms was amended since. Returns how many were told.

    One statement for each set of algorithms that occurs: a handful, however many documents.
    """
    retention = ports.retention.get()
    known = Proof.objects.exclude(state=ProofState.ERASED).exclude(algorithms="")
    stale = known.exclude(policy=retention.policy.fingerprint)
    changed = 0
    for algorithms in list(stale.order_by().values_list("algorithms", flat=True).distinct()):
        end, cause, what = first_to_weaken(algorithms.split(","), retention.policy)
        told = Proof()
        told.weaken(end, cause, what, retention.policy, retention.margin, at)
        rows = stale.filter(algorithms=algorithms)
        by_algorithm = {"cause": told.cause, "what": told.what, "policy": told.policy}
        by_expiry = {"cause": Cause.CERTIFICATE.value, "what": "", "policy": told.policy}
        for which, moment, values in (
            (Q(expires_at__gt=told.weakens_at), Value(told.weakens_at, DateTimeField()), by_algorithm),
            (Q(expires_at__lte=told.weakens_at), F("expires_at"), by_expiry),
        ):
            changed += rows.filter(which, timestamped=True).update(
                weakens_at=moment, due_at=moment - retention.margin, **values
            )
            # What no timestamp carries is due already.
            changed += rows.filter(which, timestamped=False).update(weakens_at=moment, **values)
    if changed:
        audit.record(
            "signature:proof:judge",
            actor=actor,
            at=at,
            detail={"documents": changed, "policy": retention.policy.fingerprint},
        )
    return changed


@audit.act("signature:proof:mark")
def mark(*, actor: Actor, at: datetime) -> int:
    """Mark what is due, and what has weakened without being renewed; returns how many of the latter.

    A table that was amended may also say that what seemed due, or lost, stands.
    """
    again = Proof.objects.filter(
        Q(state__in=(ProofState.DUE, ProofState.FAILING), due_at__gt=at)
        | Q(state=ProofState.WEAKENED, weakens_at__gt=at),
    ).update(state=ProofState.STANDING, tries=0, failure="")
    lost = Proof.objects.filter(state__in=LIVING, weakens_at__lte=at).update(state=ProofState.WEAKENED)
    due = Proof.objects.filter(state=ProofState.STANDING, due_at__lte=at).update(state=ProofState.DUE)
    if lost or due or again:
        detail = {"due": due, "weakened": lost, "standing": again}
        audit.record("signature:proof:mark", actor=actor, at=at, detail=detail)
    return lost


@audit.act("signature:proof:fail")
def note_failure(*, proof_ids: list[UUID], code: str, actor: Actor, at: datetime) -> None:
    """Write that renewals failed, so that someone is told; a document that was erased has no proof to keep."""
    rows = Proof.objects.filter(
        organisation_id=actor.organisation, id__in=proof_ids, state__in=(ProofState.DUE, ProofState.FAILING)
    )
    state = ProofState.ERASED if code == "erased" else ProofState.FAILING
    count = rows.update(state=state, failure="" if code == "erased" else code, tries=F("tries") + 1)
    if count:
        audit.record(
            "signature:proof:fail", actor=actor, ground="system", at=at, detail={"documents": count, "code": code}
        )


@audit.act("signature:proof:choose-means")
def set_means(*, means: ProofMeans, actor: Actor, at: datetime) -> int:
    """Renew what is watched in all organisations by this means from now on; returns how many documents it changed.

    What a tree carries already stays with evidence records: a timestamp in the file would not renew them.
    """
    rows = Proof.objects.filter(state__in=LIVING).exclude(means=means)
    if means is ProofMeans.FILE:
        rows = rows.filter(tree_id=None)
    count = rows.update(means=means)
    if count:
        audit.record("signature:proof:choose-means", actor=actor, at=at, detail={"documents": count, "means": means})
    return count


@audit.act("signature:proof:hasten")
def hasten(*, authority: str, actor: Actor, at: datetime) -> int:
    """Make every proof that hangs on an authority due at once: it leaves, or is trusted no more. Returns how many.

    Do it while it still answers: what validates its timestamps must be had before, and their renewal comes from
    another authority.

    Args:
        authority: the common name that `telesphore retention forecast` tells.
    """
    rows = Proof.objects.filter(state__in=LIVING, authority=authority)
    count = rows.update(due_at=Least("due_at", Value(at, DateTimeField())), state=ProofState.DUE)
    if count:
        audit.record("signature:proof:hasten", actor=actor, at=at, detail={"documents": count})
    return count
