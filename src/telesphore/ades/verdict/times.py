"""Timestamps (RFC 3161), judged; and what they prove of the time of other things."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from telesphore.ades import cms, der
from telesphore.ades.algorithms import Digest, check_key
from telesphore.ades.errors import (
    MalformedSignature,
    NotDer,
    SignatureDoesNotMatch,
    SignatureTooLarge,
    UnknownAlgorithm,
)
from telesphore.ades.verdict.certificates import Certificate, Malformed
from telesphore.ades.verdict.path import Purpose, weak
from telesphore.ades.verdict.problem import Problem, problem
from telesphore.ades.verdict.qualification import is_qualified_timestamp
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import Indication, SubIndication, TimestampFacts
from telesphore.ades.verdict.session import Judged, Session

CLOCKS_DISAGREE = timedelta(minutes=1)
"""Two honest authorities' clocks may differ by this much."""

MOST_NAMESAKES = 50
"""Certificates tried as the signer's, when a signature does not bear it."""


@dataclass(frozen=True, slots=True)
class Token:
    """A TimeStampToken, read.

    Attributes:
        digest: `hashlib`'s name of the imprint's; empty when it is unknown or broken.
    """

    signed: cms.Parsed
    digest: str
    imprint: bytes
    time: datetime
    policy: str


@dataclass(frozen=True, slots=True)
class JudgedTimestamp:
    """A timestamp, judged.

    Attributes:
        token: None when it can't be read.
        time: what it proves; None when it proves nothing.
    """

    facts: TimestampFacts
    token: Token | None
    problem: Problem | None
    judged: Judged | None

    @property
    def time(self) -> datetime | None:
        """What it proves; None for nothing."""
        return self.facts.time if self.problem is None else None


def read_token(content: bytes) -> Token:
    """Read a TimeStampToken (RFC 3161 §2.4.2); nothing is verified.

    Raises:
        MalformedSignature, SignatureTooLarge
    """
    signed = cms.parse(content)
    if signed.content_type != cms.TST_INFO or signed.content is None:
        raise MalformedSignature
    info = signed.content
    try:
        _, policy, imprint, _, time, *_ = der.whole(info, der.SEQUENCE)
        algorithm, value = der.inside(info, imprint, der.SEQUENCE)
        try:
            digest = Digest.from_identifier(der.encoding(info, algorithm)).value
        except UnknownAlgorithm:
            digest = ""
        return Token(
            signed,
            digest,
            der.content(info, value, der.OCTET_STRING),
            der.read_time(info, time),
            der.read_oid(info, policy),
        )
    except (NotDer, ValueError):
        raise MalformedSignature from None


def signer_of(signed: cms.Parsed, session: Session) -> Certificate | None:
    """The signer's certificate: in the signature, or known from elsewhere; None when it can't be found.

    Raises:
        MalformedSignature
    """
    found = signed.signer
    if found is None:
        elsewhere = tuple(
            one.der for one in session.paths.everyone() if signed.key_identifier or one.serial == signed.serial
        )[:MOST_NAMESAKES]
        found = replace(signed, certificates=elsewhere).signer
    try:
        return None if found is None else Certificate(found)
    except Malformed:
        raise MalformedSignature from None


def judge_timestamp(
    content: bytes,
    imprint_of: Callable[[str], bytes],
    session: Session,
    *,
    kind: str,
    proved: datetime,
    field_name: str = "",
    revision: int | None = None,
) -> JudgedTimestamp:
    """Judge a TimeStampToken.

    Args:
        content: its DER; zeros may follow.
        imprint_of: the digest of what it covers, given `hashlib`'s name of an algorithm.
        kind: as in `TimestampFacts`.
        proved: when the token itself is proved to have existed.
    """
    try:
        token: Token | None = read_token(content)
    except (MalformedSignature, SignatureTooLarge):
        token = None
    wrong: Problem | None
    judged: Judged | None = None
    certificate: Certificate | None = None
    if token is None:
        wrong = problem(
            SubIndication.FORMAT_FAILURE, Reason.SIGNATURE_MALFORMED, field=field_name or kind, what="not a timestamp"
        )
    else:
        session.learn(token.signed.certificates, token.signed.ocsps, token.signed.crls)
        try:
            certificate = signer_of(token.signed, session)
            wrong = _check_token(token, certificate, imprint_of, session, proved, field_name or kind)
        except MalformedSignature:
            wrong = problem(
                SubIndication.FORMAT_FAILURE,
                Reason.SIGNATURE_MALFORMED,
                field=field_name or kind,
                what="its attributes can’t be read",
            )
        if wrong is None and certificate is not None:
            judged = session.judge(certificate, Purpose.TIMESTAMP, proved=proved, claimed=token.time)
            wrong = judged.problem
            if wrong is None and not certificate.since <= token.time <= certificate.until:
                wrong = problem(
                    SubIndication.TIMESTAMP_ORDER_FAILURE,
                    Reason.TIMESTAMP_ORDER,
                    what=f"{certificate.name} dated one outside of its own certificate’s validity",
                )
    return JudgedTimestamp(
        TimestampFacts(
            kind=kind,
            time=token.time if token is not None else None,
            authority=certificate.name if certificate is not None else "",
            indication=Indication.TOTAL_PASSED if wrong is None else wrong.indication,
            sub_indication=None if wrong is None else wrong.sub_indication,
            findings=() if wrong is None else (wrong.finding,),
            field_name=field_name,
            revision=revision,
            expires_at=certificate.until if certificate is not None else None,
            digest=token.digest if token is not None else "",
            qualified=wrong is None
            and token is not None
            and judged is not None
            and is_qualified_timestamp(judged.path, token.time),
        ),
        token,
        wrong,
        judged,
    )


def _check_token(
    token: Token,
    certificate: Certificate | None,
    imprint_of: Callable[[str], bytes],
    session: Session,
    proved: datetime,
    name: str,
) -> Problem | None:
    """Everything but the certificate's path."""
    signed = token.signed
    assert signed.content is not None
    if not token.digest:
        return problem(SubIndication.CRYPTO_CONSTRAINTS_FAILURE, Reason.ALGORITHM_FORBIDDEN, what="its digest")
    if imprint_of(token.digest) != token.imprint:
        return problem(SubIndication.HASH_FAILURE, Reason.TIMESTAMP_OF_ANOTHER, field=name)
    if certificate is None:
        return problem(SubIndication.NO_SIGNING_CERTIFICATE_FOUND, Reason.NO_SIGNING_CERTIFICATE, field=name)
    try:
        algorithm = signed.algorithm
    except UnknownAlgorithm:
        return problem(
            SubIndication.CRYPTO_CONSTRAINTS_FAILURE, Reason.ALGORITHM_FORBIDDEN, what="the timestamp’s algorithm"
        )
    if (
        signed.signed_content_type != cms.TST_INFO
        or algorithm.digest.of(signed.content) != signed.message_digest
        or signed.reference is None
    ):
        return problem(
            SubIndication.FORMAT_FAILURE,
            Reason.SIGNATURE_MALFORMED,
            field=name,
            what="its attributes are not those of its content",
        )
    try:
        check_key(certificate.key, algorithm, signed.signed_attributes, signed.signature)
    except SignatureDoesNotMatch:
        return problem(SubIndication.SIG_CRYPTO_FAILURE, Reason.SIGNATURE_WRONG, field=name)
    for digest in (token.digest, algorithm.digest.value):
        if not session.policy.digest_holds(digest, proved):
            return weak(digest.upper(), certificate.name, session.policy, digest=digest)
    if token.time > proved + CLOCKS_DISAGREE:
        return problem(
            SubIndication.TIMESTAMP_ORDER_FAILURE,
            Reason.TIMESTAMP_ORDER,
            what=f"one of {certificate.name} says {token.time.isoformat()}, later than {proved.isoformat()}",
        )
    return None
