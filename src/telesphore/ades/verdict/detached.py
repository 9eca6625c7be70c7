"""The verdict on a detached CAdES signature (ETSI EN 319 122-1) of any file."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from telesphore.ades import archive, cms, der
from telesphore.ades.errors import (
    ArchiveTimestampBroken,
    MalformedSignature,
    NotDer,
    SignatureTooLarge,
    UnknownAlgorithm,
)
from telesphore.ades.verdict.level import missing_chain
from telesphore.ades.verdict.qualification import qualify
from telesphore.ades.verdict.result import Level, SignatureFacts, Verdict, conclude
from telesphore.ades.verdict.session import Session
from telesphore.ades.verdict.signatures import JudgedSignature, judge_signature, not_proving, summary
from telesphore.ades.verdict.times import JudgedTimestamp, judge_timestamp, read_token
from telesphore.ades.verdict.trust import NOTHING_MORE, Evidence, Trust

MOST_ARCHIVES = 64
"""Archive timestamps in one signature."""


def validate_detached(
    content: bytes | Mapping[str, bytes],
    signature: bytes,
    *,
    trust: Trust,
    at: datetime,
    evidence: Evidence = NOTHING_MORE,
) -> Verdict:
    """Judge a detached signature. It never raises for what the signature holds: that is in the verdict.

    Args:
        content: what was signed; or its digests, by `hashlib`'s names, where the content itself is elsewhere.
        signature: DER of a CMS.
        trust, at, evidence: as for `validate.validate`.
    """
    session = Session(trust, at, evidence)

    def digest_of(name: str) -> bytes:
        return content.get(name, b"") if isinstance(content, Mapping) else hashlib.new(name, content).digest()

    archives = _judge_archives(signature, digest_of, session)
    session.learn_evidence()
    existed = min((one.time for _, one in archives if one.time is not None), default=None)
    judged = judge_signature(
        signature,
        digest_of if content or not isinstance(content, Mapping) else None,
        session,
        name="",
        existed=existed,
        claimed=None,
        existed_by=_covered_by(archives),
    )
    reached, missing = _level(judged, archives)
    stamps = (*judged.timestamps, *(one for _, one in archives))
    facts = SignatureFacts(
        field_name="",
        status=summary(judged, covers_whole=True),
        indication=judged.indication,
        sub_indication=judged.problem.sub_indication if judged.problem is not None else None,
        findings=(*judged.findings, *(not_proving(one) for _, one in archives if one.problem is not None)),
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
        covers_whole_file=True,
        revision=None,
        certified=False,
        permission=None,
        reason="",
        short_lived=judged.certificate is not None and judged.certificate.needs_no_revocation,
        chain=judged.judged.chain if judged.judged is not None else (),
        timestamps=tuple(one.facts for one in stamps),
    )
    conclusion, findings = conclude(facts.findings)
    known = isinstance(content, Mapping)
    return Verdict(
        conclusion=conclusion,
        findings=findings,
        signatures=(facts,),
        timestamps=(),
        revisions=(),
        pages=(),
        pages_compared=False,
        validated_at=at,
        file_sha256=digest_of("sha256").hex(),
        file_size=0 if known else len(content),
        policy=trust.policy.name,
    )


Archives = Sequence[tuple[archive.Coverage, JudgedTimestamp]]


def _judge_archives(
    signature: bytes, digest_of: Callable[[str], bytes], session: Session
) -> list[tuple[archive.Coverage, JudgedTimestamp]]:
    """From the latest to the first: each proves the one before, and what it covers."""
    try:
        signed = cms.parse(signature)
        bones = cms.bones(signature)
    except (MalformedSignature, SignatureTooLarge):
        return []
    session.learn(signed.certificates, signed.ocsps, signed.crls)
    session.learn_evidence()
    found: list[tuple[archive.Coverage, JudgedTimestamp]] = []
    for value, one in _archives(signed, bones):
        later = [stamp.time for above, stamp in found if stamp.time is not None and value in above.all]

        def imprint(name: str, one: archive.Coverage = one) -> bytes:
            # §5.5.2 and §5.5.3: one digest for all, and what is listed must still be there.
            if name != one.digest.value or not one.whole:
                return b""
            return archive.imprint(bones, digest_of(name), one.index, one.digest)

        judged = judge_timestamp(value, imprint, session, kind="archive", proved=min(later, default=session.at))
        if judged.time is not None:
            for covered in one.all:
                session.existed_by(_source(covered), judged.time)
        found.append((one, judged))
    return found


def _archives(signed: cms.Parsed, bones: cms.Bones) -> list[tuple[bytes, archive.Coverage]]:
    """Those that can be read, the latest first by their own word: DER of each, and what it covers."""
    found = []
    for value in signed.values(archive.ARCHIVE_TIME_STAMP_V3)[:MOST_ARCHIVES]:
        try:
            token = read_token(value)
            found.append((token.time, value, archive.coverage(token.signed, bones)))
        except (MalformedSignature, SignatureTooLarge, ArchiveTimestampBroken, UnknownAlgorithm):
            continue
    return [(value, one) for _time, value, one in sorted(found, key=lambda each: each[0], reverse=True)]


def _source(choice: bytes) -> bytes:
    """An OCSP response out of the RevocationInfoChoice that holds it (RFC 5940 §2.1); all else as it is."""
    try:
        top = der.node(choice, 0, len(choice))
        if top[0] == 0xA1:
            return der.encoding(choice, der.children(choice, top[2], top[3])[1])
    except (NotDer, IndexError):
        pass
    return choice


def _covered_by(archives: Archives) -> Mapping[bytes, datetime]:
    """When each value of an unsigned attribute is proved to have existed."""
    found: dict[bytes, datetime] = {}
    for one, judged in archives:
        if judged.time is not None:
            for covered in one.all:
                found[covered] = min(judged.time, found.get(covered, judged.time))
    return found


def _level(judged: JudgedSignature, archives: Archives) -> tuple[Level, str]:
    """EN 319 122-1 §6.3."""
    signed = judged.signed
    if not judged.intact or signed is None:
        return Level.NONE, "The signature itself does not hold."
    if missing := next(_missing_for_b(judged, signed), ""):
        return Level.NONE, missing
    stamps = [one for one in judged.timestamps if one.facts.kind == "signature" and one.time is not None]
    if not stamps:
        return Level.B, "No timestamp proves when it was signed."
    certificates, sources = set(signed.certificates), {*signed.ocsps, *signed.crls}
    for stamp in stamps:
        if stamp.token is not None:
            certificates |= set(stamp.token.signed.certificates)
            sources |= {*stamp.token.signed.ocsps, *stamp.token.signed.crls}
    for one in (judged.judged, *(stamp.judged for stamp in stamps)):
        if missing := missing_chain(one, certificates, sources):
            return Level.T, missing
    needed = {source for one in (judged.judged,) if one is not None for source in one.revocation.used}
    for reach, stamp in archives:
        covered = {_source(one) for one in reach.all}
        if stamp.time is not None and needed & {*signed.ocsps, *signed.crls} <= covered:
            return Level.LTA, ""
    return Level.LT, "No archive timestamp covers the validation data."


def _missing_for_b(judged: JudgedSignature, signed: cms.Parsed) -> Iterator[str]:
    if cms.SIGNING_TIME not in signed.signed:
        yield "It does not say when it was made (signing-time)."
    if cms.SIGNING_CERTIFICATE_V2 not in signed.signed:
        yield "It lacks the signing-certificate-v2 attribute."
    if judged.certificate is not None and judged.certificate.der not in signed.certificates:
        yield "It does not bear its signer’s certificate."
