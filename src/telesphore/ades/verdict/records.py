"""Evidence records given beside a file (RFC 4998): judged from their last timestamp to their first."""

from collections.abc import Sequence
from datetime import datetime

from telesphore.ades import evidence_records
from telesphore.ades.errors import MalformedSignature, SignatureTooLarge
from telesphore.ades.evidence_records import EvidenceFacts, NotInRecord, StepFacts
from telesphore.ades.verdict.path import weak
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import Finding
from telesphore.ades.verdict.session import Session
from telesphore.ades.verdict.signatures import not_proving
from telesphore.ades.verdict.times import JudgedTimestamp, judge_timestamp, read_token
from telesphore.ades.verdict.trust import Evidence
from telesphore.kernel.errors import DomainError

MOST_RECORDS = 16
MOST_ENDS = 16
"""States of the file that a record may be of: a file may have grown since."""


def judge_records(
    file: bytes, ends: Sequence[int], session: Session, evidence: Evidence
) -> tuple[tuple[JudgedTimestamp, ...], tuple[Finding, ...]]:
    """Judge the records, and let the session know what they prove of the file.

    Args:
        ends: of the revisions of the file; a record may be of an earlier state.
    """
    stamps: list[JudgedTimestamp] = []
    findings: list[Finding] = []
    for record in evidence.records[:MOST_RECORDS]:
        try:
            end, facts = _matching(record, file, ends, evidence)
        except DomainError as refused:
            findings.append(Finding(Reason.RECORD_NOT_USED, {"why": refused.code}))
            continue
        judged = _judge_steps(facts, (*evidence.ocsps, *evidence.crls), session, end)
        findings.extend(not_proving(one) for one in judged if one.problem is not None)
        stamps.extend(judged)
    return tuple(stamps), tuple(findings)


def _matching(record: bytes, file: bytes, ends: Sequence[int], evidence: Evidence) -> tuple[int, EvidenceFacts]:
    """The longest state of the file that the record is about, by its end.

    Raises:
        DomainError: one of `evidence_records`'s.
    """
    beside = (*evidence.ocsps, *evidence.crls)
    for end in [len(file), *sorted({one for one in ends if one < len(file)}, reverse=True)[:MOST_ENDS]]:
        try:
            return end, evidence_records.verify(record, [file[:end]], beside=beside)
        except NotInRecord:
            continue
    raise NotInRecord


def _judge_steps(facts: EvidenceFacts, beside: Sequence[bytes], session: Session, end: int) -> list[JudgedTimestamp]:
    """From the last: each is judged when the next took over, and the first that does not hold ends the proof."""
    found: list[JudgedTimestamp] = []
    proved, renewed = session.at, session.at
    for number, step in reversed(list(enumerate(facts.steps))):
        judged = _judge_step(step, session, proved, renewed)
        found.append(judged)
        if judged.time is None:
            break
        proved = judged.time
        session.prove(end, proved)
        for one, since in zip(beside, facts.beside, strict=True):
            if since is not None and since >= proved:
                session.existed_by(one, since)
        if number and facts.steps[number - 1].chain != step.chain:
            # The chain before had to hold, its digest too, until this one began.
            renewed = proved
    return found[::-1]


def _judge_step(step: StepFacts, session: Session, proved: datetime, renewed: datetime) -> JudgedTimestamp:
    try:
        imprint = read_token(step.token).imprint
    except (MalformedSignature, SignatureTooLarge):
        imprint = b""
    judged = judge_timestamp(step.token, lambda _: imprint, session, kind="evidence-record", proved=proved)
    if judged.problem is None and not session.policy.digest_holds(step.digest.value, renewed):
        wrong = weak(step.digest.upper(), judged.facts.authority, session.policy, digest=step.digest.value)
        return judged.failed(wrong)
    return judged
