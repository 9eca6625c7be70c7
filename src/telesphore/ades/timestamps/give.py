"""Giving timestamps, as a unit of ours: a pure function from a request to an answer."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from telesphore.ades import cms, der
from telesphore.ades.algorithms import Algorithm, Digest, algorithm_for
from telesphore.ades.errors import (
    NotDer,
    TimestampRequestRefused,
    UnknownAlgorithm,
)
from telesphore.ades.timestamps.forms import (
    _FAILURES,
    BAD_ALGORITHM,
    BAD_EXTENSION,
    BAD_FORMAT,
    BAD_POLICY,
    BAD_REQUEST,
    FAILURE,
    LARGEST_REQUEST,
    Request,
    _imprint,
)


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


def _refuse(failure: int) -> TimestampRequestRefused:
    return TimestampRequestRefused(status=_FAILURES[failure], failure=failure)


def _accuracy(accuracy: timedelta | None) -> bytes:
    if accuracy is None:
        return b""
    seconds, micros = int(accuracy.total_seconds()), accuracy.microseconds
    parts = [der.integer(seconds)] if seconds else []
    for tag, value in ((0x80, micros // 1000), (0x81, micros % 1000)):
        if value:
            parts.append(bytes([tag]) + der.integer(value)[1:])
    return der.sequence(*parts)
