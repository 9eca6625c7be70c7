"""The renewal of a proof in its file, in stages: *prepare*, have an authority stamp, *complete* (EN 319 142-1 §5.5).

What validates the last timestamp goes into the file first, then a new timestamp over all of it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from telesphore.ades import lasting
from telesphore.ades.algorithms import AlgorithmPolicy
from telesphore.ades.errors import NoLongerProof
from telesphore.ades.lasting import PreparedTimestamp
from telesphore.ades.strength import Strength, last_proof, lasting_digest, strength_of
from telesphore.ades.verdict.trust import Evidence

LASTING = timedelta(days=3 * 365)
"""New proofs are made with what holds that long, where it can be had."""


@dataclass(frozen=True, slots=True)
class PreparedRenewal:
    """A file that lacks only its new timestamp, over `timestamp.imprint`; and the proof that it takes over."""

    timestamp: PreparedTimestamp
    before: Strength


def due_at(weakens_at: datetime, *, timestamped: bool, margin: timedelta, at: datetime) -> datetime:
    """When a proof that stands at `at` is to be renewed. What no timestamp carries is due at once; of a proof that
    lives for less than twice the margin, half the life is the margin."""
    if not timestamped:
        return min(at, weakens_at)
    return weakens_at - min(margin, max(weakens_at - at, timedelta(0)) / 2)


def prepare_renewal(file: bytes, evidence: Evidence, *, policy: AlgorithmPolicy, at: datetime) -> PreparedRenewal:
    """The file with what validates its signatures and timestamps, ready to be stamped with a digest that lasts.

    Raises:
        NotSignable, UnreadableProof
    """
    before = strength_of(last_proof(file), policy)
    ready = lasting.add_validation_data(file, evidence)
    digest = lasting_digest(policy, at + LASTING)
    return PreparedRenewal(lasting.prepare_document_timestamp(ready, digest=digest), before)


def complete_renewal(prepared: PreparedRenewal, token: bytes, *, policy: AlgorithmPolicy) -> bytes:
    """The file with its new timestamp.

    Raises:
        NoLongerProof: it does not outlast the one in place, which is of the same authority.
        DamagedPrepared, TimestampOfOther, TimestampMalformed, SignatureTooLarge
    """
    check_outlasts(strength_of(token, policy), prepared.before)
    return lasting.complete_document_timestamp(prepared.timestamp, token)


def check_outlasts(new: Strength, before: Strength) -> None:
    """Take a timestamp only if it stands for longer than the one that it takes over, or is another authority's.

    Raises:
        NoLongerProof
    """
    longer = new.weakens_at > before.weakens_at or new.authority != before.authority
    if not new.timestamped or (before.timestamped and not longer):
        raise NoLongerProof
