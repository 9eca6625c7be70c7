"""Timestamps: asked for, given and checked (RFC 3161, RFC 5816, ETSI EN 319 422). No network here.

A *request* says a digest and a random number; a *response* bears a *token*, which is a CMS signed by a time-stamping
unit. Whoever asks checks the answer at once, since a token that is bad today is worth nothing in twenty years.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from telesphore.ades import cms, der, paths
from telesphore.ades.algorithms import TS_119_312, Algorithm, AlgorithmPolicy, Digest, algorithm_for, check
from telesphore.ades.errors import (
    MalformedSignature,
    NoPathToAnchor,
    NotDer,
    SignatureDoesNotMatch,
    SignatureTooLarge,
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

LARGEST_REQUEST = 4096
LARGEST_RESPONSE = 256 << 10
"""Bytes; a token with its chain is some 6,000."""
TOLERANCE = timedelta(minutes=5)
"""Between an authority's clock and ours."""

_STATUSES = ("granted", "granted with changes", "rejection", "waiting", "revocation warning", "revocation")
BAD_ALGORITHM, BAD_REQUEST, BAD_FORMAT, NO_TIME, BAD_POLICY, BAD_EXTENSION, FAILURE = 0, 2, 5, 14, 15, 16, 25
"""Bits of PKIFailureInfo (RFC 3161 §2.4.2)."""
_FAILURES = {
    BAD_ALGORITHM: "bad algorithm", BAD_REQUEST: "bad request", BAD_FORMAT: "bad data format",
    NO_TIME: "time not available", BAD_POLICY: "unaccepted policy", BAD_EXTENSION: "unaccepted extension",
    17: "additional information not available", FAILURE: "system failure",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """A TimeStampReq.

    Attributes:
        policy: dotted; None leaves the choice to the authority.
        nonce: random; None only in what others send.
        certificates: the answer is to bear the unit's certificate.
    """

    imprint: bytes
    digest: Digest
    nonce: int | None
    policy: str | None = None
    certificates: bool = True

    def to_der(self) -> bytes:
        """RFC 3161 §2.4.1."""
        return der.sequence(
            der.integer(1),
            _imprint(self.imprint, self.digest),
            der.oid(self.policy) if self.policy else b"",
            der.integer(self.nonce) if self.nonce is not None else b"",
            b"\x01\x01\xff" if self.certificates else b"",
        )


@dataclass(frozen=True, slots=True)
class Token:
    """A TimeStampToken, as its bytes say.

    Attributes:
        accuracy: how far the truth may be from `gen_time`; None when the authority does not say.
        nonce: of the request; None for none.
        certificate: DER of who signed it; None when the token does not bear it.
        signed: the CMS that it is.
        info: DER of the TSTInfo.
    """

    gen_time: datetime
    serial: int
    policy: str
    digest: Digest
    imprint: bytes
    accuracy: timedelta | None
    nonce: int | None
    certificate: bytes | None = field(repr=False)
    signed: cms.Parsed = field(repr=False)
    info: bytes = field(repr=False)

    @property
    def encoded(self) -> bytes:
        """Its DER, without what may follow it."""
        return self.signed.encoded

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """DER of all certificates that it bears."""
        return self.signed.certificates


def read_request(content: bytes) -> Request:
    """What someone asks of our own service.

    Raises:
        TimestampRequestRefused: with `status` for people and `failure`, a bit of PKIFailureInfo.
    """
    if len(content) > LARGEST_REQUEST:
        raise _refuse(BAD_FORMAT)
    try:
        version, imprint, *rest = der.whole(content, der.SEQUENCE)
        if der.read_integer(content, version) != 1:
            raise _refuse(BAD_REQUEST)
        hashed, value = der.inside(content, imprint, der.SEQUENCE)
        policy = der.read_oid(content, rest.pop(0)) if rest and rest[0][0] == der.OID else None
        nonce = der.read_integer(content, rest.pop(0)) if rest and rest[0][0] == der.INTEGER else None
        wanted = der.content(content, rest.pop(0), der.BOOLEAN) if rest and rest[0][0] == der.BOOLEAN else b"\0"
        message = der.content(content, value, der.OCTET_STRING)
    except (NotDer, ValueError):
        raise _refuse(BAD_FORMAT) from None
    if rest:
        raise _refuse(BAD_EXTENSION if rest[0][0] == 0xA0 else BAD_FORMAT)
    try:
        digest = Digest.from_identifier(der.encoding(content, hashed))
    except UnknownAlgorithm:
        raise _refuse(BAD_ALGORITHM) from None
    if len(message) != digest.size:
        raise _refuse(BAD_FORMAT)
    if nonce is not None and nonce.bit_length() > 512:
        raise _refuse(BAD_REQUEST)
    return Request(message, digest, nonce, policy, wanted != b"\0")


def respond(
    request: bytes,
    *,
    certificate: bytes,
    chain: Sequence[bytes],
    sign: Callable[[bytes], bytes],
    serial: int,
    at: datetime,
    policy: str,
    accuracy: timedelta | None = timedelta(seconds=1),
    algorithm: Algorithm | None = None,
) -> bytes:
    """The answer of a time-stamping unit to a TimeStampReq, both DER: a token, or why there is none.

    Args:
        certificate: DER of the unit's, with its `chain` above it.
        sign: signs bytes with the unit's key, by `algorithm`.
        serial: never used before by this unit.
        policy: the only one under which this unit gives timestamps, dotted.
        algorithm: None for the one that fits the key.
    """
    try:
        asked = read_request(request)
        if asked.policy not in (None, policy):
            raise _refuse(BAD_POLICY)
    except TimestampRequestRefused as refused:
        return rejection(refused)
    token = make_token(
        asked, certificate=certificate, chain=chain, sign=sign, serial=serial, at=at, policy=policy,
        accuracy=accuracy, algorithm=algorithm,
    )  # fmt: skip
    return granted(token)


def granted(token: bytes) -> bytes:
    """DER of the TimeStampResp that bears this token."""
    return der.sequence(der.sequence(der.integer(0)), token)


def rejection(refused: TimestampRequestRefused) -> bytes:
    """DER of the TimeStampResp that says why there is no token."""
    bit = int(str(refused.params.get("failure", FAILURE)))
    size = bit // 8 + 1
    flags = (1 << (8 * size - 1 - bit)).to_bytes(size, "big")
    text = der.sequence(der.tlv(der.UTF8, str(refused.params.get("status", "")).encode()))
    unused = bytes([7 - bit % 8])
    return der.sequence(der.sequence(der.integer(2), text, der.tlv(der.BIT_STRING, unused + flags)))


def make_token(
    asked: Request,
    *,
    certificate: bytes,
    chain: Sequence[bytes],
    sign: Callable[[bytes], bytes],
    serial: int,
    at: datetime,
    policy: str,
    accuracy: timedelta | None = timedelta(seconds=1),
    algorithm: Algorithm | None = None,
) -> bytes:
    """DER of the TimeStampToken of a unit of ours (RFC 3161 §2.4.2, EN 319 422 §5.2); arguments as for `respond`."""
    algorithm = algorithm or algorithm_for(certificate)
    subject = der.encoding(certificate, cms.certificate_fields(certificate)[4])
    info = der.sequence(
        der.integer(1),
        der.oid(policy),
        _imprint(asked.imprint, asked.digest),
        der.integer(serial),
        der.generalized_time(at),
        _accuracy(accuracy),
        der.integer(asked.nonce) if asked.nonce is not None else b"",
        der.tlv(0xA0, der.tlv(0xA4, subject)),
    )
    attributes = cms.signed_attributes(
        algorithm, algorithm.digest.of(info), certificate, content_type=cms.TST_INFO, signing_time=at
    )
    return cms.assemble(
        algorithm, attributes, sign(attributes), certificate, chain, content_type=cms.TST_INFO, content=info,
        embed=asked.certificates,
    )  # fmt: skip


def read_token(content: bytes) -> Token:
    """A TimeStampToken; zeros may follow it (the padding of a PDF's /Contents). Only its form is judged.

    Raises:
        TimestampMalformed: not a CMS with one signer over a TSTInfo.
        TimestampTooLarge: see `cms.parse`.
        UnknownAlgorithm: its imprint is by an unknown or broken digest.
    """
    try:
        signed = cms.parse(content)
        if signed.content_type != cms.TST_INFO or signed.content is None:
            raise TimestampMalformed
        return _read_info(signed, signed.content)
    except SignatureTooLarge:
        raise TimestampTooLarge from None
    except (MalformedSignature, NotDer, ValueError, IndexError, OverflowError):
        raise TimestampMalformed from None


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
    token = read_token(read_response(content))
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


def _refuse(failure: int) -> TimestampRequestRefused:
    return TimestampRequestRefused(status=_FAILURES[failure], failure=failure)


def _imprint(imprint: bytes, digest: Digest) -> bytes:
    return der.sequence(digest.identifier, der.octets(imprint))


def _accuracy(accuracy: timedelta | None) -> bytes:
    if accuracy is None:
        return b""
    seconds, micros = int(accuracy.total_seconds()), accuracy.microseconds
    parts = [der.integer(seconds)] if seconds else []
    for tag, value in ((0x80, micros // 1000), (0x81, micros % 1000)):
        if value:
            parts.append(bytes([tag]) + der.integer(value)[1:])
    return der.sequence(*parts)


def _read_info(signed: cms.Parsed, info: bytes) -> Token:
    version, policy, imprint, serial, gen_time, *rest = der.whole(info, der.SEQUENCE)
    if der.read_integer(info, version) != 1 or gen_time[0] != der.GENERALIZED_TIME:
        raise TimestampMalformed
    hashed, value = der.inside(info, imprint, der.SEQUENCE)
    accuracy, nonce = None, None
    expected = [der.SEQUENCE, der.BOOLEAN, der.INTEGER, 0xA0, 0xA1]
    for one in rest:
        # Each at most once, in this order.
        expected = expected[expected.index(one[0]) + 1 :]
        if one[0] == der.SEQUENCE:
            accuracy = _read_accuracy(info, one)
        elif one[0] == der.INTEGER:
            nonce = der.read_integer(info, one)
    digest = Digest.from_identifier(der.encoding(info, hashed))
    message = der.content(info, value, der.OCTET_STRING)
    if len(message) != digest.size:
        raise TimestampMalformed
    return Token(
        gen_time=der.read_time(info, gen_time),
        serial=der.read_integer(info, serial),
        policy=der.read_oid(info, policy),
        digest=digest,
        imprint=message,
        accuracy=accuracy,
        nonce=nonce,
        certificate=signed.signer,
        signed=signed,
        info=info,
    )


def _read_accuracy(info: bytes, node: der.Node) -> timedelta:
    total = timedelta()
    for one in der.inside(info, node, der.SEQUENCE):
        units = {der.INTEGER: "seconds", 0x80: "milliseconds", 0x81: "microseconds"}
        if one[0] not in units:
            raise NotDer
        total += timedelta(**{units[one[0]]: der.read_integer(info, one, one[0])})
    return total


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
