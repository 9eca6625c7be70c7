"""Checking an authority’s answer at once, and a token’s signature at any time."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from telesphore.ades import cms, der, paths
from telesphore.ades.algorithms import TS_119_312, AlgorithmPolicy, check
from telesphore.ades.errors import (
    MalformedSignature,
    NoPathToAnchor,
    NotDer,
    SignatureDoesNotMatch,
    TimestampClockWrong,
    TimestampExpired,
    TimestampMalformed,
    TimestampNotTrusted,
    TimestampOfOther,
    TimestampPolicyRefused,
    TimestampReplayed,
    TimestampRequestRefused,
    TimestampSignatureWrong,
    TimestampSignerUnknown,
    TimestampTooLarge,
    TimestampWeak,
    TimestampWrongUsage,
    UnknownAlgorithm,
    UnknownKeyType,
    WeakAlgorithm,
)
from telesphore.ades.timestamps.forms import _FAILURES, LARGEST_RESPONSE, Request, Token, read_token

TOLERANCE = timedelta(minutes=5)
"""Between an authority's clock and ours."""
_STATUSES = ("granted", "granted with changes", "rejection", "waiting", "revocation warning", "revocation")


def verify_token(token: Token, *, pool: Sequence[bytes] = ()) -> bytes:
    """Check that a token was signed by a certificate for time-stamping, which may be in `pool` (DER); gives that
    certificate, whose own chain remains to be judged.

    Raises:
        TimestampSignerUnknown, TimestampWrongUsage, TimestampSignatureWrong, UnknownAlgorithm
    """
    certificate = token.certificate or _signer_in(token.signed, pool)
    # RFC 3161 §2.4.2: the token must say which certificate signed it.
    if certificate is None or token.signed.reference is None:
        raise TimestampSignerUnknown
    _check_usage(certificate)
    signed = token.signed
    try:
        if signed.signed_content_type != cms.TST_INFO:
            raise TimestampSignatureWrong
        if signed.algorithm.digest.of(token.info) != signed.message_digest:
            raise TimestampSignatureWrong
        check(certificate, signed.algorithm, signed.signed_attributes, signed.signature)
    except (MalformedSignature, SignatureDoesNotMatch, UnknownKeyType):
        raise TimestampSignatureWrong from None
    return certificate


def check_response(
    content: bytes,
    request: Request,
    *,
    at: datetime,
    anchors: Sequence[bytes],
    policies: Collection[str] = (),
    pool: Sequence[bytes] = (),
    tolerance: timedelta = TOLERANCE,
    algorithms: AlgorithmPolicy = TS_119_312,
) -> Token:
    """The token in an authority's answer, once everything that can be checked at once was.

    Args:
        content: DER of a TimeStampResp.
        at: now, aware.
        anchors: DER of the certificates to which the unit's must lead.
        policies: dotted, those accepted; empty for any.
        pool: DER of certificates that may lie between, beside those of the token.

    Raises:
        BadTimestamp: one of its kinds, which says what is wrong.
    """
    try:
        token = read_token(read_response(content))
    except UnknownAlgorithm:
        raise TimestampWeak from None
    if (token.digest, token.imprint) != (request.digest, request.imprint):
        raise TimestampOfOther
    if token.nonce != request.nonce:
        raise TimestampReplayed
    if (policies and token.policy not in policies) or request.policy not in (None, token.policy):
        raise TimestampPolicyRefused(policy=token.policy)
    try:
        certificate = verify_token(token, pool=pool)
        algorithms.check_signing(certificate, token.signed.algorithm, at)
    except (UnknownAlgorithm, WeakAlgorithm):
        raise TimestampWeak from None
    if abs(token.gen_time - at) > tolerance:
        raise TimestampClockWrong
    if not paths.valid_at(paths.load(certificate), token.gen_time):
        raise TimestampExpired
    try:
        paths.path_to_anchor(certificate, pool=(*token.certificates, *pool), anchors=anchors, at=token.gen_time)
    except NoPathToAnchor:
        raise TimestampNotTrusted from None
    return token


def read_response(content: bytes) -> bytes:
    """DER of the token in a TimeStampResp.

    Raises:
        TimestampTooLarge, TimestampMalformed
        TimestampRequestRefused: there is none; the authority says why.
    """
    if len(content) > LARGEST_RESPONSE:
        raise TimestampTooLarge
    try:
        info, *token = der.whole(content, der.SEQUENCE)
        status, *rest = der.inside(content, info, der.SEQUENCE)
        code = der.read_integer(content, status)
        failures = [der.content(content, one, der.BIT_STRING) for one in rest if one[0] == der.BIT_STRING]
        if code not in (0, 1):
            said = [_STATUSES[code] if 0 <= code < len(_STATUSES) else "unknown", *_failures(failures)]
            raise TimestampRequestRefused(status=", ".join(said))
        (one,) = token
        return der.encoding(content, one)
    except (NotDer, ValueError, IndexError):
        raise TimestampMalformed from None


def _failures(found: list[bytes]) -> list[str]:
    # The authority's own words are left out: they are foreign text on our pages.
    flags = found[0][1:5] if found else b""
    return [name for bit, name in _FAILURES.items() if bit // 8 < len(flags) and flags[bit // 8] >> (7 - bit % 8) & 1]


def _signer_in(signed: cms.Parsed, pool: Sequence[bytes]) -> bytes | None:
    reference = signed.reference
    for one in pool:
        if cms.issuer_and_serial(one) == (signed.issuer, signed.serial) and reference and reference.matches(one):
            return one
    return None


def _check_usage(certificate: bytes) -> None:
    """RFC 3161 §2.3: extendedKeyUsage is critical and says timeStamping alone."""
    try:
        extensions = paths.load(certificate).extensions
        usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (NoPathToAnchor, x509.ExtensionNotFound):
        raise TimestampWrongUsage from None
    if not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise TimestampWrongUsage
    try:
        key_usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not (key_usage.digital_signature or key_usage.content_commitment):
        raise TimestampWrongUsage
