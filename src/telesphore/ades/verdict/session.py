"""What one validation knows: certificates, revocation data, and since when each thing is proved to have existed.

A *proof of existence* (EN 319 102-1 §5.6.2) is a valid timestamp's time, for the bytes that it covers. Timestamps are
judged from the last to the first, so that each is judged at the time that the next one proves: what expired, was
revoked or grew weak since then takes nothing away.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from telesphore.ades.algorithms import AlgorithmPolicy
from telesphore.ades.verdict.certificates import Certificate
from telesphore.ades.verdict.path import Path, Paths, Purpose, check_algorithms, check_dates, check_rules
from telesphore.ades.verdict.problem import Problem, problem
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import SubIndication
from telesphore.ades.verdict.revocation import CLOCKS_DISAGREE, Checked, Revocations
from telesphore.ades.verdict.trust import Evidence, Trust

_NOTHING = Checked(None, (), complete=False, revoked_later=None)


@dataclass(frozen=True, slots=True)
class Judged:
    """A certificate, judged for one use of it.

    Attributes:
        problem: None when all is well.
        path: the best one; None when none leads to an anchor.
        chain: DER, from the certificate as far up as could be built.
        revocation: what was asked and answered.
    """

    problem: Problem | None
    path: Path | None
    chain: tuple[bytes, ...]
    revocation: Checked


class Session:
    """One validation; nothing of it outlives it."""

    def __init__(self, trust: Trust, at: datetime, evidence: Evidence) -> None:
        self.at = at
        self.policy: AlgorithmPolicy = trust.policy
        self.paths = Paths(trust.anchors)
        self.revocations = Revocations(self.paths, now=at, policy=trust.policy)
        self._covered: list[tuple[int, datetime]] = []
        self._places: dict[bytes, int] = {}
        self._times: dict[bytes, datetime] = {}
        self._evidence = evidence

    def learn(
        self, certificates: Sequence[bytes] = (), ocsps: Sequence[bytes] = (), crls: Sequence[bytes] = ()
    ) -> None:
        """Make certificates and revocation data known, all DER. What the file bears is learnt first, and preferred."""
        self.paths.add(certificates)
        self.revocations.add(ocsps, crls)

    def learn_evidence(self) -> None:
        """What was given beside the file, however much the file bears."""
        self.revocations.make_room()
        self.learn(self._evidence.certificates, self._evidence.ocsps, self._evidence.crls)

    def stands_at(self, der: bytes, offset: int) -> None:
        """Say that these bytes are in the file, in an object that begins there."""
        known = self._places.get(der)
        if known is None or offset < known:
            self._places[der] = offset

    def existed_by(self, der: bytes, time: datetime) -> None:
        """Say that these bytes, wherever they are, existed at this time."""
        self._times[der] = min(time, self._times.get(der, time))

    def prove(self, end: int, time: datetime) -> None:
        """Say that the file's bytes before `end` existed at this time."""
        self._covered.append((end, time))

    def proved_at(self, offset: int) -> datetime | None:
        """Since when what stands at this place is proved to have existed; None when nothing proves it."""
        return min((time for end, time in self._covered if end > offset), default=None)

    def existed(self, der: bytes) -> datetime:
        """Since when these bytes are proved to have existed."""
        place = self._places.get(der)
        covered = None if place is None else self.proved_at(place)
        return min(filter(None, (self._times.get(der), covered, self.at)))

    def judge(
        self, certificate: Certificate, purpose: Purpose, *, proved: datetime, claimed: datetime | None
    ) -> Judged:
        """A certificate, as it was when what it signed is proved to have existed.

        Args:
            proved: that moment.
            claimed: what is said of that moment: a timestamp's time, or a signer's word.
        """
        paths = self.paths.to_anchor(certificate)
        if not paths:
            wrong = problem(SubIndication.NO_CERTIFICATE_CHAIN_FOUND, Reason.NOT_TRUSTED, signer=certificate.name)
            return Judged(wrong, None, self.paths.far_as_possible(certificate), _NOTHING)
        best: tuple[int, Judged] | None = None
        for path in paths:
            stage, judged = self._judge_path(path, purpose, proved, claimed)
            if judged.problem is None:
                return judged
            if best is None or stage > best[0]:
                best = stage, judged
        assert best is not None
        return best[1]

    def _judge_path(
        self, path: Path, purpose: Purpose, proved: datetime, claimed: datetime | None
    ) -> tuple[int, Judged]:
        """How far it came, and the outcome."""
        if wrong := check_rules(path, purpose):
            return 0, Judged(wrong, path, path.ders, _NOTHING)
        if wrong := check_dates(path, proved):
            # What was revoked before it expired is said first, since waiting will not mend it.
            asked = self._ask(path, purpose, min(proved, path.certificates[0].until), claimed)
            if asked.problem is not None and asked.problem.finding.reason is Reason.REVOKED_WHEN_SIGNED:
                wrong = asked.problem
            elif (
                wrong.finding.reason is Reason.EXPIRED_NO_PROOF
                and claimed is not None
                and claimed > path.certificates[0].until
            ):
                wrong = problem(SubIndication.EXPIRED, Reason.EXPIRED_WHEN_SIGNED, **wrong.finding.details)
            elif (
                wrong.finding.reason is Reason.NOT_YET_VALID
                and claimed is not None
                and claimed > self.at + CLOCKS_DISAGREE
            ):
                # The file speaks of a time that has not come for who judges it: that accuses nobody.
                details = {"signer": path.certificates[0].name, "date": claimed.isoformat()}
                wrong = problem(SubIndication.TRY_LATER, Reason.JUDGED_TOO_EARLY, **details)
            elif wrong.finding.reason is Reason.EXPIRED_NO_PROOF and asked.problem is None:
                wrong = replace(wrong, sub_indication=SubIndication.OUT_OF_BOUNDS_NOT_REVOKED)
            return 1, Judged(wrong, path, path.ders, asked)
        asked = self._ask(path, purpose, proved, claimed)
        weak = check_algorithms(path, proved, self.policy)
        # What is too weak to be believed is the cause; lists that rest on the same algorithm are silent because of it.
        silent = asked.problem is None or asked.problem.sub_indication is SubIndication.TRY_LATER
        wrong = weak if weak is not None and silent else asked.problem
        return 2 if wrong is not None else 3, Judged(wrong, path, path.ders, asked)

    def _ask(self, path: Path, purpose: Purpose, proved: datetime, claimed: datetime | None) -> Checked:
        return self.revocations.check(path, purpose, proved=proved, claimed=claimed, existed=self.existed)
