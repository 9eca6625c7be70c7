"""Evidence records given beside a file (RFC 4998), judged: each timestamp by the time that the one after it proves."""

from collections.abc import Callable, Sequence
from datetime import datetime

from telesphore.ades.errors import BadEvidenceRecord, BrokenRecord, NotInRecord, RecordOutOfOrder
from telesphore.ades.evidence_records import EvidenceFacts, StepFacts, verify
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import Finding, TimestampFacts
from telesphore.ades.verdict.session import Session
from telesphore.ades.verdict.signatures import not_proving
from telesphore.ades.verdict.times import judge_timestamp, read_token
from telesphore.ades.verdict.trust import Evidence

MOST_RECORDS = 16
MOST_REVISIONS = 20
"""Of a file that grew after a record was made, so many of its ends are tried."""

Judged = tuple[tuple[TimestampFacts, ...], tuple[Finding, ...]]


def judge_records(file: bytes, ends: Sequence[int], evidence: Evidence, session: Session) -> Judged:
    """Let the session know what evidence records prove of the file and of the revocation data given with them.

    Args:
        ends: of the file's revisions; a record may be about an earlier state of the file.

    Returns:
        The records' timestamps, the oldest of each first, and what is wrong with them.
    """
    beside = (*evidence.ocsps, *evidence.crls)
    stamps: list[TimestampFacts] = []
    findings: list[Finding] = []
    for record in evidence.records[:MOST_RECORDS]:
        try:
            end, facts = _find(record, file, ends, beside)
        except (BadEvidenceRecord, NotInRecord, BrokenRecord, RecordOutOfOrder) as bad:
            findings.append(Finding(Reason.RECORD_REFUSED, {"code": bad.code}))
            continue
        judged, wrong = _judge(facts, end, beside, session)
        stamps += judged
        findings += wrong
    return tuple(stamps), tuple(findings)


def _find(record: bytes, file: bytes, ends: Sequence[int], beside: Sequence[bytes]) -> tuple[int, EvidenceFacts]:
    """The record's facts, and where the state of the file ends that it is about."""
    places = dict.fromkeys([len(file), *sorted(ends, reverse=True)[:MOST_REVISIONS]])
    for end in places:
        try:
            return end, verify(record, [file[:end]], beside=beside)
        except NotInRecord:
            continue
    raise NotInRecord


def _judge(facts: EvidenceFacts, end: int, beside: Sequence[bytes], session: Session) -> Judged:
    stamps: list[TimestampFacts] = []
    findings: list[Finding] = []
    proved: datetime = session.at
    for step in reversed(facts.steps):
        judged = judge_timestamp(step.token, _imprint_of(step.token), session, kind="evidence-record", proved=proved)
        stamps.append(judged.facts)
        if judged.time is None:
            findings.append(not_proving(judged))
        elif not _hashes_hold(step, session):
            findings.append(
                Finding(Reason.TIMESTAMP_NOT_VALID, {"authority": judged.facts.authority, "why": _weak(step)})
            )
        else:
            proved = judged.time
            session.prove(end, proved)
            for der, since in zip(beside, facts.beside, strict=True):
                if since == step.time:
                    session.existed_by(der, since)
    return tuple(reversed(stamps)), tuple(findings)


def _imprint_of(token: bytes) -> Callable[[str], bytes]:
    """What it stamps: that this is the tree's root was verified with the record."""
    return lambda _digest: read_token(token).imprint


def _hashes_hold(step: StepFacts, session: Session) -> bool:
    """§5.3, step 3: the tree's algorithm is secure until the first archive timestamp of the next chain."""
    return session.policy.digest_holds(step.digest.value, step.digest_needed_at or session.at)


def _weak(step: StepFacts) -> str:
    return str(Finding(Reason.TREE_WEAK, {"what": step.digest.value.upper()}))
