"""Requests and tokens, as their bytes say."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from telesphore.ades import cms, der
from telesphore.ades.algorithms import Digest
from telesphore.ades.errors import (
    MalformedSignature,
    NotDer,
    SignatureTooLarge,
    TimestampMalformed,
    TimestampTooLarge,
)

LARGEST_REQUEST = 4096
LARGEST_RESPONSE = 256 << 10
"""Bytes; a token with its chain is some 6,000."""
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


def _imprint(imprint: bytes, digest: Digest) -> bytes:
    return der.sequence(digest.identifier, der.octets(imprint))


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
