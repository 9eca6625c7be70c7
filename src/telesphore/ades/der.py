"""DER (X.690) by hand: written where speed counts, and read from foreign bytes within bounds.

Reading copies nothing: it walks offsets in one buffer. Only definite lengths in their shortest form are accepted, and
tags of one byte, which is all that signatures, certificates and timestamps use. What is nested is read one level at a
time by who knows what to expect, so that foreign bytes can't choose a depth.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from telesphore.ades.errors import NotDer

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID, UTF8, ENUMERATED = 1, 2, 3, 4, 5, 6, 12, 10
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31

Node = tuple[int, int, int, int]
"""A tag, where its encoding begins, where its content begins, and where both end."""

MOST_CHILDREN = 20_000
"""A CRL of a large authority is never walked entry by entry; nothing else here comes near."""


def tlv(tag: int, *parts: bytes) -> bytes:
    """The encoding of these bytes, one after another, under a tag."""
    content = parts[0] if len(parts) == 1 else b"".join(parts)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + content


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE of encodings."""
    return tlv(SEQUENCE, *parts)


def set_of(parts: Iterable[bytes]) -> bytes:
    """A SET OF encodings, in DER's order (X.690 §11.6)."""
    return tlv(SET, *sorted(parts))


def integer(value: int) -> bytes:
    """An INTEGER, of either sign."""
    # In two's complement -128 needs no more bits than 127.
    size = (value + (value < 0)).bit_length() // 8 + 1
    return tlv(INTEGER, value.to_bytes(size, "big", signed=True))


def octets(content: bytes) -> bytes:
    """An OCTET STRING."""
    return tlv(OCTET_STRING, content)


@lru_cache(maxsize=256)
def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = map(int, dotted.split("."))
    out = bytearray()
    for arc in (40 * first + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | (arc & 0x7F))
        out.extend(reversed(groups))
    return tlv(OID, bytes(out))


def utc_time(at: datetime) -> bytes:
    """A Time as RFC 5280 §4.1.2.5 and RFC 5652 §11.3 choose it: UTCTime until 2049, GeneralizedTime after."""
    at = at.astimezone(UTC)
    if 1950 <= at.year < 2050:
        return tlv(UTC_TIME, at.strftime("%y%m%d%H%M%SZ").encode())
    return generalized_time(at)


def generalized_time(at: datetime) -> bytes:
    """A GeneralizedTime to the second, or with as many digits of its fraction as it needs (RFC 3161 §2.4.2)."""
    at = at.astimezone(UTC)
    fraction = f".{at.microsecond:06d}".rstrip("0") if at.microsecond else ""
    return tlv(GENERALIZED_TIME, f"{at:%Y%m%d%H%M%S}{fraction}Z".encode())


def node(data: bytes, start: int, end: int) -> Node:
    """The encoding that begins at `start` and ends before `end` or at it.

    Raises:
        NotDer: it does not fit, or is not DER.
    """
    try:
        tag, length = data[start], data[start + 1]
    except IndexError:
        raise NotDer from None
    content = start + 2
    if length >= 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4 or content + size > end:
            raise NotDer
        length = int.from_bytes(data[content : content + size], "big")
        if length < 0x80 or length >> (8 * (size - 1)) == 0:
            raise NotDer
        content += size
    stop = content + length
    if stop > end or tag & 0x1F == 0x1F:
        raise NotDer
    return tag, start, content, stop


def children(data: bytes, start: int, end: int) -> list[Node]:
    """The encodings that fill the bytes from `start` to `end`, exactly.

    Raises:
        NotDer: they don't, or there are too many.
    """
    found: list[Node] = []
    while start < end:
        one = node(data, start, end)
        found.append(one)
        if len(found) > MOST_CHILDREN:
            raise NotDer
        start = one[3]
    return found


def inside(data: bytes, parent: Node, tag: int) -> list[Node]:
    """The encodings in a constructed one, which must bear this tag.

    Raises:
        NotDer: another tag, or not DER inside.
    """
    if parent[0] != tag:
        raise NotDer
    return children(data, parent[2], parent[3])


def whole(data: bytes, tag: int) -> list[Node]:
    """What is inside an encoding that is all of `data`.

    Raises:
        NotDer: another tag, bytes after it, or not DER.
    """
    top = node(data, 0, len(data))
    if top[3] != len(data):
        raise NotDer
    return inside(data, top, tag)


def encoding(data: bytes, one: Node) -> bytes:
    """Tag, length and content."""
    return data[one[1] : one[3]]


def content(data: bytes, one: Node, tag: int) -> bytes:
    """What is under a tag.

    Raises:
        NotDer: another tag.
    """
    if one[0] != tag:
        raise NotDer
    return data[one[2] : one[3]]


def read_integer(data: bytes, one: Node, tag: int = INTEGER) -> int:
    """An INTEGER's value.

    Raises:
        NotDer: another tag, or not in its shortest form.
    """
    value = content(data, one, tag)
    if not value or (
        len(value) > 1 and ((value[0] == 0 and value[1] < 0x80) or (value[0] == 0xFF and value[1] >= 0x80))
    ):
        raise NotDer
    return int.from_bytes(value, "big", signed=True)


def read_oid(data: bytes, one: Node) -> str:
    """An OBJECT IDENTIFIER in its dotted form.

    Raises:
        NotDer: another tag, or malformed.
    """
    return _dotted(content(data, one, OID))


@lru_cache(maxsize=1024)
def _dotted(value: bytes) -> str:
    if not 0 < len(value) <= 64 or value[-1] & 0x80:
        raise NotDer
    arcs, arc, fresh = [], 0, True
    for byte in value:
        if fresh and byte == 0x80:
            raise NotDer
        arc = arc << 7 | byte & 0x7F
        fresh = not byte & 0x80
        if fresh:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def read_time(data: bytes, one: Node) -> datetime:
    """A UTCTime or GeneralizedTime of UTC, aware.

    Raises:
        NotDer: another tag, or a time that DER does not allow (X.690 §11.7, §11.8).
    """
    text = data[one[2] : one[3]]
    if not text.endswith(b"Z") or len(text) > 24:
        raise NotDer
    digits, dot, fraction = text[:-1].partition(b".")
    if one[0] == UTC_TIME and len(digits) == 12 and not dot:
        # RFC 5280 §4.1.2.5.1: 50 and after are of the twentieth century.
        digits = (b"19" if digits[:2] >= b"50" else b"20") + digits
    elif one[0] != GENERALIZED_TIME:
        raise NotDer
    if len(digits) != 14 or not digits.isdigit() or (dot and (not fraction.isdigit() or fraction.endswith(b"0"))):
        raise NotDer
    try:
        at = datetime.strptime(digits.decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise NotDer from None
    return at + timedelta(microseconds=int(fraction[:6].ljust(6, b"0"))) if dot else at
