"""The verdict on a file: every signature and timestamp judged, what later revisions did, what pages show."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from telesphore.ades.errors import FileBeyondLimits, UnreadableFile
from telesphore.ades.pdf.objects import Name, read_text
from telesphore.ades.pdf.reader import Document
from telesphore.ades.verdict import level, pixels, signed_fields
from telesphore.ades.verdict.qualification import qualify
from telesphore.ades.verdict.ranges import RangeDigests
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.records import judge_records
from telesphore.ades.verdict.result import (
    Finding,
    Indication,
    PageFacts,
    RevisionFacts,
    SignatureFacts,
    SubIndication,
    TimestampFacts,
    Verdict,
    conclude,
)
from telesphore.ades.verdict.revisions import Examination, examine
from telesphore.ades.verdict.session import Session
from telesphore.ades.verdict.signatures import judge_signature, not_proving, summary
from telesphore.ades.verdict.signed_fields import SignedField, StoredData
from telesphore.ades.verdict.times import JudgedTimestamp, judge_timestamp
from telesphore.ades.verdict.trust import NOTHING_MORE, Evidence, Trust

MOST_PAGES = 5000
"""Pages spoken of; a file may claim to have any number."""


def validate(
    file: bytes, *, trust: Trust, at: datetime, evidence: Evidence = NOTHING_MORE, compare_pages: bool = True
) -> Verdict:
    """Judge a signed PDF. It never raises for what the file holds: that is in the verdict.

    Args:
        trust: who is believed, and which algorithms.
        at: the moment of the judgement; aware.
        evidence: what is known beside the file.
        compare_pages: draw the pages as signed and as shown now.
    """
    try:
        return _validate(file, trust, at, evidence, compare_pages=compare_pages)
    except FileBeyondLimits as beyond:
        return _nothing(file, Reason.TOO_LARGE, trust, at, limit=beyond.why)
    except UnreadableFile:
        return _nothing(file, Reason.NOT_READABLE, trust, at)


def _validate(file: bytes, trust: Trust, at: datetime, evidence: Evidence, *, compare_pages: bool) -> Verdict:
    document = Document(file)
    fields = signed_fields.find(document)
    stored = signed_fields.stored_data(document)
    session = Session(trust, at, evidence)
    _learn(session, stored)
    digests = RangeDigests(file, [one.hole for one in fields if not one.malformed])
    records, unproving = judge_records(file, [one.end for one in document.revisions], evidence, session)
    timestamps = _judge_timestamps(fields, digests, session)
    signatures = tuple(
        _judge_field(document, one, digests, session, timestamps, stored, len(file))
        for one in fields
        if not one.is_timestamp
    )
    examined = _examine(document, signatures)
    pages, shown = _compare(document, examined) if compare_pages and signatures else ((), ())
    findings = [finding for one in signatures for finding in one.findings]
    findings += [_of_document_timestamp(one) for one in timestamps if one.problem is not None]
    findings += [*unproving, *examined.findings, *_unheeded(signatures, examined), *shown]
    if not signatures:
        findings.append(Finding(Reason.NOT_SIGNED))
    conclusion, ordered = conclude(tuple(findings))
    return Verdict(
        conclusion=conclusion,
        findings=ordered,
        signatures=signatures,
        timestamps=(*(one.facts for one in timestamps), *records),
        revisions=examined.revisions,
        pages=pages,
        pages_compared=bool(pages),
        validated_at=at,
        file_sha256=hashlib.sha256(file).hexdigest(),
        file_size=len(file),
        policy=trust.policy.name,
    )


def _nothing(file: bytes, reason: Reason, trust: Trust, at: datetime, **details: str) -> Verdict:
    conclusion, findings = conclude((Finding(reason, details),))
    return Verdict(
        conclusion=conclusion,
        findings=findings,
        signatures=(),
        timestamps=(),
        revisions=(),
        pages=(),
        pages_compared=False,
        validated_at=at,
        file_sha256=hashlib.sha256(file).hexdigest(),
        file_size=len(file),
        policy=trust.policy.name,
    )


def _learn(session: Session, stored: StoredData) -> None:
    for kind in (stored.certificates, stored.ocsps, stored.crls):
        for content, offset in kind:
            session.stands_at(content, offset)
    session.learn(*([content for content, _ in kind] for kind in (stored.certificates, stored.ocsps, stored.crls)))
    session.learn_evidence()


def _judge_timestamps(fields: Sequence[SignedField], digests: RangeDigests, session: Session) -> list[JudgedTimestamp]:
    """Document timestamps, the oldest first; judged from the last, so that each proves the one before."""
    found: list[JudgedTimestamp] = []
    for one in sorted((field for field in fields if field.is_timestamp), key=lambda field: -field.end):
        if one.malformed:
            judged = judge_timestamp(
                b"", lambda _: b"", session, kind="document", proved=session.at, field_name=one.name
            )
        else:
            judged = judge_timestamp(
                one.contents,
                lambda name, one=one: digests.of(name, one.hole, one.end),  # type: ignore[misc]  # Bound in the loop.
                session,
                kind="document",
                proved=session.proved_at(one.hole[0]) or session.at,
                field_name=one.name,
                revision=one.revision,
            )
        if judged.time is not None:
            session.prove(one.end, judged.time)
        found.append(judged)
    return found[::-1]


def _judge_field(
    document: Document,
    field: SignedField,
    digests: RangeDigests,
    session: Session,
    timestamps: Sequence[JudgedTimestamp],
    stored: StoredData,
    size: int,
) -> SignatureFacts:
    place = field.hole[0]
    claimed = None if document.encrypted else signed_fields.read_date(document.resolve(field.value.get(Name("M"))))
    judged = judge_signature(
        field.contents,
        None if field.malformed else lambda name: digests.of(name, field.hole, field.end),
        session,
        name=field.name,
        existed=session.proved_at(place),
        claimed=claimed,
        malformed=field.malformed,
    )
    reached, missing = level.of_field(document, field, judged, timestamps, stored)
    permission = signed_fields.docmdp(document, field.value)
    certified = permission is not None and signed_fields.certifies(document, field)
    reason = document.resolve(field.value.get(Name("Reason")))
    return SignatureFacts(
        field_name=field.name,
        status=summary(judged, covers_whole=field.end == size),
        indication=judged.indication,
        sub_indication=judged.problem.sub_indication if judged.problem is not None else None,
        findings=judged.findings,
        level=reached,
        next_level_missing=missing,
        qualification=qualify(
            judged.judged.path if judged.judged is not None else None,
            passed=judged.problem is None,
            signed_at=judged.proved,
        ),
        signer=judged.signer,
        algorithm=judged.algorithm.scheme.value if judged.algorithm is not None else "",
        digest=judged.algorithm.digest.value if judged.algorithm is not None else "",
        claimed_at=judged.claimed,
        proved_at=judged.proved_at,
        covers_whole_file=not field.malformed and field.end == size,
        revision=field.revision,
        certified=certified,
        permission=permission if certified else None,
        reason=read_text(reason) if isinstance(reason, bytes) and not document.encrypted else "",
        short_lived=judged.certificate is not None and judged.certificate.needs_no_revocation,
        chain=judged.judged.chain if judged.judged is not None else (),
        timestamps=tuple(one.facts for one in judged.timestamps),
    )


def _of_document_timestamp(stamp: JudgedTimestamp) -> Finding:
    assert stamp.problem is not None
    if stamp.problem.sub_indication in (SubIndication.HASH_FAILURE, SubIndication.SIG_CRYPTO_FAILURE):
        return Finding(Reason.TIMESTAMP_BROKEN, {"field": stamp.facts.field_name})
    return not_proving(stamp)


def _unheeded(signatures: Sequence[SignatureFacts], examined: Examination) -> list[Finding]:
    """Signatures that hold, and after which nobody looked: the two looks must agree on what is signed."""
    if examined.signed_end is None and examined.findings:
        # It was given up, and says so.
        return []
    return [
        Finding(Reason.COVERAGE_MALFORMED, {"field": one.field_name, "what": "its field is not one of the form’s own"})
        for one in signatures
        if one.indication is Indication.TOTAL_PASSED and one.field_name not in examined.heeded
    ]


def _examine(document: Document, signatures: Sequence[SignatureFacts]) -> Examination:
    first = min((one.revision for one in signatures if one.revision is not None), default=None)
    try:
        return examine(
            document, {one.field_name: one.signer.name for one in signatures if one.signer.name}, known=first
        )
    except FileBeyondLimits as beyond:
        finding = Finding(Reason.TOO_LARGE, {"limit": beyond.why})
    except UnreadableFile:
        finding = Finding(Reason.NOT_READABLE)
    unjudged = tuple(RevisionFacts(one.index, one.end, "", (), ()) for one in document.revisions)
    return Examination(unjudged, (finding,))


def _compare(document: Document, examined: Examination) -> tuple[tuple[PageFacts, ...], tuple[Finding, ...]]:
    if examined.signed_end is None:
        return (), ()
    try:
        pages = min(len(document.pages), MOST_PAGES)
    except UnreadableFile:
        return (), (Finding(Reason.PAGES_NOT_COMPARED, {"limit": "unreadable"}),)
    return pixels.compare(document.content, examined.signed_end, examined.places, pages=pages)


def all_timestamps(verdict: Verdict) -> tuple[TimestampFacts, ...]:
    """Those of the file and those in signatures."""
    return (*verdict.timestamps, *(stamp for one in verdict.signatures for stamp in one.timestamps))
