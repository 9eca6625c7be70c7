"""One CMS signature, judged: the bytes, the signer's certificate, the time (EN 319 102-1 §5.3, §5.5 and §5.6)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from telesphore.ades import cms
from telesphore.ades.algorithms import Algorithm, Digest, check_key
from telesphore.ades.errors import MalformedSignature, SignatureDoesNotMatch, SignatureTooLarge, UnknownAlgorithm
from telesphore.ades.verdict.certificates import Certificate
from telesphore.ades.verdict.path import Purpose, weak
from telesphore.ades.verdict.problem import Problem, problem
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import Finding, Indication, Signer, SubIndication
from telesphore.ades.verdict.session import Judged, Session
from telesphore.ades.verdict.times import JudgedTimestamp, judge_timestamp, signer_of

CONTENT_TIME_STAMP = "1.2.840.113549.1.9.16.2.20"
MOST_TIMESTAMPS = 20
"""Timestamps read in one signature."""
CLOCKS_DISAGREE = timedelta(minutes=10)
"""A signer's clock may be this far ahead."""
NOBODY = Signer("", "", "", "", b"", "", "")


@dataclass(frozen=True, slots=True)
class JudgedSignature:
    """What was found of a CMS signature.

    Attributes:
        problem: the first thing that keeps it from being valid; None when it is.
        findings: the problem's, and what is worth telling.
        signed: None when it can't be read.
        certificate: the signer's; None when it isn't known.
        judged: the certificate at `proved`; None when the signature itself is wrong already.
        proved: when the signature is proved to have existed; now, when nothing proves more.
        timestamps: in the signature.
    """

    problem: Problem | None
    findings: tuple[Finding, ...]
    signed: cms.Parsed | None
    certificate: Certificate | None
    algorithm: Algorithm | None
    judged: Judged | None
    proved: datetime
    proved_at: datetime | None
    claimed: datetime | None
    timestamps: tuple[JudgedTimestamp, ...]
    intact: bool

    @property
    def indication(self) -> Indication:
        """TS 119 102-1 §5.1.3."""
        return Indication.TOTAL_PASSED if self.problem is None else self.problem.indication

    @property
    def signer(self) -> Signer:
        """Who signed."""
        return NOBODY if self.certificate is None else self.certificate.signer()


def judge_signature(
    content: bytes,
    digest_of: Callable[[str], bytes] | None,
    session: Session,
    *,
    name: str,
    existed: datetime | None,
    claimed: datetime | None,
    malformed: str = "",
    existed_by: Mapping[bytes, datetime] = MappingProxyType({}),
) -> JudgedSignature:
    """Judge a detached CMS signature.

    Args:
        content: its DER; zeros may follow.
        digest_of: the digest of what it covers, given `hashlib`'s name of an algorithm; None when that is not at hand.
        name: of the field, for findings.
        existed: when the signature is proved to have existed, by what covers it from outside; None for nothing.
        claimed: /M; signing-time counts where this is None.
        malformed: why what it covers can't be believed.
        existed_by: when single values of its unsigned attributes (DER) are proved to have existed.
    """
    try:
        signed: cms.Parsed | None = cms.parse(content)
    except (MalformedSignature, SignatureTooLarge):
        signed = None
    if signed is None:
        wrong = _coverage(name, malformed) or _malformed(name, "it is not a CMS signature of one signer")
        return _refused(wrong, existed or session.at, claimed)
    session.learn(signed.certificates, signed.ocsps, signed.crls)
    certificate, algorithm = None, None
    try:
        claimed = claimed or signed.claimed_at
        certificate = signer_of(signed, session)
        algorithm = signed.algorithm
        found = _coverage(name, malformed) or _check_bytes(signed, certificate, algorithm, digest_of, name)
    except MalformedSignature:
        found = _coverage(name, malformed) or _malformed(name, "its attributes can’t be read")
    except UnknownAlgorithm:
        found = problem(
            SubIndication.CRYPTO_CONSTRAINTS_FAILURE, Reason.ALGORITHM_FORBIDDEN, what="the signature’s algorithm"
        )
    if found is not None or certificate is None or algorithm is None:
        assert found is not None
        return replace(
            _refused(found, existed or session.at, claimed), signed=signed, certificate=certificate, algorithm=algorithm
        )
    contents = _content_timestamps(signed, digest_of, session, existed or session.at)
    stamps = _signature_timestamps(signed, session, existed_by, existed or session.at)
    times = [stamp.time for stamp in stamps if stamp.time is not None]
    proof = min((time for time in (existed, *times) if time is not None), default=None)
    proved = session.at if proof is None else min(proof, session.at)
    # What the signer says, and what a timestamp of the content proves, speak against a signature that comes too late.
    not_before = max(
        (time for time in (claimed, *(stamp.time for stamp in contents)) if time is not None), default=None
    )
    judged = session.judge(certificate, Purpose.SIGNATURE, proved=proved, claimed=not_before)
    wrong_time = judged.problem or _check_strength(algorithm, certificate, session, proved)
    findings = [] if wrong_time is None else [wrong_time.finding]
    findings += _remarks(certificate, claimed, proof, session, (*stamps, *contents))
    return JudgedSignature(
        problem=wrong_time,
        findings=tuple(findings),
        signed=signed,
        certificate=certificate,
        algorithm=algorithm,
        judged=judged,
        proved=proved,
        proved_at=proof,
        claimed=claimed,
        timestamps=(*stamps, *contents),
        intact=True,
    )


def _refused(wrong: Problem, existed: datetime, claimed: datetime | None) -> JudgedSignature:
    return JudgedSignature(
        problem=wrong,
        findings=(wrong.finding,),
        signed=None,
        certificate=None,
        algorithm=None,
        judged=None,
        proved=existed,
        proved_at=None,
        claimed=claimed,
        timestamps=(),
        intact=False,
    )


def _malformed(name: str, what: str) -> Problem:
    return problem(SubIndication.FORMAT_FAILURE, Reason.SIGNATURE_MALFORMED, field=name, what=what)


def _coverage(name: str, malformed: str) -> Problem | None:
    if not malformed:
        return None
    return problem(SubIndication.FORMAT_FAILURE, Reason.COVERAGE_MALFORMED, field=name, what=malformed)


def _check_bytes(
    signed: cms.Parsed,
    certificate: Certificate | None,
    algorithm: Algorithm,
    digest_of: Callable[[str], bytes] | None,
    name: str,
) -> Problem | None:
    """Integrity: EN 319 102-1 §5.2.2, §5.2.3 and §5.2.7."""
    if certificate is None:
        return _no_signer(signed, name)
    if signed.content is not None:
        return _malformed(name, "it carries a content of its own")
    if digest_of is None:
        return problem(SubIndication.SIGNED_DATA_NOT_FOUND, Reason.CONTENT_NOT_FOUND)
    if not signed.signed_attributes:
        return _malformed(name, "nothing in it is signed with the document")
    if signed.signed_content_type != signed.content_type:
        return _malformed(name, "it signs another type of content than it says")
    if digest_of(algorithm.digest.value) != signed.message_digest:
        return problem(SubIndication.HASH_FAILURE, Reason.DIGEST_DIFFERS, signer=certificate.name)
    try:
        check_key(certificate.key, algorithm, signed.signed_attributes, signed.signature)
    except SignatureDoesNotMatch:
        return problem(SubIndication.SIG_CRYPTO_FAILURE, Reason.SIGNATURE_WRONG, field=name)
    return None


def _no_signer(signed: cms.Parsed, name: str) -> Problem:
    """None at all, or one that the signature's own reference does not mean."""
    for one in signed.certificates:
        try:
            named = cms.issuer_and_serial(one) == (signed.issuer, signed.serial)
        except MalformedSignature:
            continue
        if named:
            return problem(SubIndication.SIG_CONSTRAINTS_FAILURE, Reason.CERTIFICATE_SUBSTITUTED, field=name)
    return problem(SubIndication.NO_SIGNING_CERTIFICATE_FOUND, Reason.NO_SIGNING_CERTIFICATE, field=name)


def _check_strength(
    algorithm: Algorithm, certificate: Certificate, session: Session, proved: datetime
) -> Problem | None:
    if session.policy.digest_holds(algorithm.digest.value, proved):
        return None
    return weak(algorithm.digest.upper(), certificate.name, session.policy, digest=algorithm.digest.value)


def _signature_timestamps(
    signed: cms.Parsed, session: Session, existed_by: Mapping[bytes, datetime], existed: datetime
) -> tuple[JudgedTimestamp, ...]:
    # What an archive timestamp proves of the signature, it proves of a token in it only if it lists that token.
    return tuple(
        judge_timestamp(
            token,
            lambda name: Digest(name).of(signed.signature),
            session,
            kind="signature",
            proved=existed_by.get(token, session.at) if existed_by else existed,
        )
        for token in signed.values(cms.SIGNATURE_TIME_STAMP)[:MOST_TIMESTAMPS]
    )


def _content_timestamps(
    signed: cms.Parsed, digest_of: Callable[[str], bytes] | None, session: Session, existed: datetime
) -> tuple[JudgedTimestamp, ...]:
    tokens: Sequence[bytes] = signed.signed.get(CONTENT_TIME_STAMP, ())
    if digest_of is None:
        return ()
    return tuple(
        judge_timestamp(token, digest_of, session, kind="content", proved=existed) for token in tokens[:MOST_TIMESTAMPS]
    )


def _remarks(
    certificate: Certificate,
    claimed: datetime | None,
    proof: datetime | None,
    session: Session,
    stamps: Sequence[JudgedTimestamp],
) -> list[Finding]:
    found = []
    usage = certificate.usage
    if usage is not None and not usage.content_commitment and usage.digital_signature:
        found.append(Finding(Reason.NOT_FOR_COMMITMENT, {"signer": certificate.name}))
    if claimed is not None and claimed > (proof or session.at) + CLOCKS_DISAGREE:
        details = {"signer": certificate.name, "date": claimed.isoformat()}
        found.append(Finding(Reason.SIGNED_IN_FUTURE, details))
    if proof is None:
        found.append(Finding(Reason.NOT_PROVED_IN_TIME, {"signer": certificate.name}))
    return [*found, *(not_proving(stamp) for stamp in stamps if stamp.problem is not None)]


def not_proving(stamp: JudgedTimestamp) -> Finding:
    """A timestamp that proves nothing, as a finding about what it was to prove."""
    assert stamp.problem is not None
    return Finding(Reason.TIMESTAMP_NOT_VALID, {"authority": stamp.facts.authority, "why": str(stamp.problem.finding)})


def summary(judged: JudgedSignature, *, covers_whole: bool) -> str:
    """In a few words, as pyHanko summarises."""
    trust = "TRUSTED" if judged.problem is None else "REVOKED" if _revoked(judged) else "UNTRUSTED"
    parts = [f"INTACT:{trust}" if judged.intact else "INVALID"]
    parts += [
        f"TIMESTAMP_TOKEN<INTACT:{'TRUSTED' if stamp.problem is None else 'UNTRUSTED'}>"
        for stamp in judged.timestamps
        if stamp.facts.kind == "signature"
    ]
    return ",".join((*parts, "UNTOUCHED" if covers_whole else "EXTENDED"))


def _revoked(judged: JudgedSignature) -> bool:
    return judged.problem is not None and judged.problem.sub_indication in (
        SubIndication.REVOKED,
        SubIndication.REVOKED_NO_POE,
        SubIndication.REVOKED_CA_NO_POE,
    )
