"""Archive timestamps in a CMS signature (archive-time-stamp-v3, EN 319 122-1 §5.5.2 and §5.5.3): what each covers.

It covers the signature and the content wholly, and of what may grow (certificates, revocation data, unsigned
attributes) what its own index lists by digest.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from telesphore.ades import cms, der
from telesphore.ades.algorithms import Digest
from telesphore.ades.errors import MalformedSignature, NotDer, UnknownAlgorithm
from telesphore.ades.verdict.times import Token, read_token

ARCHIVE_TIME_STAMP_V3 = "0.4.0.1733.2.4"
HASH_INDEX_V3 = "0.4.0.19122.1.5"
MOST = 64
"""Archive timestamps in one signature."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What an archive timestamp may cover, as the bytes of a signature have it.

    Attributes:
        content_type: DER of eContentType.
        signer: the fields of the SignerInfo, the unsigned attributes left out, one after another.
        certificates, revocations: DER of each CertificateChoices and RevocationInfoChoice.
        unsigned: DER of each unsigned attribute's type and of one of its values, one pair for each value.
    """

    content_type: bytes
    signer: bytes
    certificates: tuple[bytes, ...]
    revocations: tuple[bytes, ...]
    unsigned: tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class ArchiveTimestamp:
    """One of them.

    Attributes:
        value: DER of the attribute's value: the token.
        token: as it is read.
        digest: of the index and the imprint.
        index: DER of the ATSHashIndexV3.
        covered: what it lists and the signature holds, as DER: certificates, revocation choices, values of attributes.
        whole: all that it lists is there.
    """

    value: bytes
    token: Token
    digest: Digest
    index: bytes
    covered: frozenset[bytes]
    whole: bool


def parts_of(signed: cms.Parsed) -> Parts:
    """The parts of a signature.

    Raises:
        MalformedSignature
    """
    data = signed.encoded
    try:
        _, wrapped = der.whole(data, der.SEQUENCE)
        (body,) = der.inside(data, wrapped, 0xA0)
        _, _, encapsulated, *optional, signers = der.inside(data, body, der.SEQUENCE)
        found = {one[0]: one for one in optional}
        (signer,) = der.inside(data, signers, der.SET)
        fields = der.inside(data, signer, der.SEQUENCE)
        unsigned = fields.pop() if fields[-1][0] == 0xA1 else None
        return Parts(
            content_type=der.encoding(data, der.inside(data, encapsulated, der.SEQUENCE)[0]),
            signer=b"".join(der.encoding(data, one) for one in fields),
            certificates=tuple(_choices(data, found.get(0xA0))),
            revocations=tuple(_choices(data, found.get(0xA1))),
            unsigned=tuple(_values(data, unsigned)),
        )
    except (NotDer, ValueError, IndexError):
        raise MalformedSignature from None


def _choices(data: bytes, node: der.Node | None) -> Iterator[bytes]:
    for one in der.children(data, node[2], node[3]) if node is not None else ():
        yield der.encoding(data, one)


def _values(data: bytes, node: der.Node | None) -> Iterator[tuple[bytes, bytes]]:
    for attribute in der.children(data, node[2], node[3]) if node is not None else ():
        kind, values = der.inside(data, attribute, der.SEQUENCE)
        for value in der.inside(data, values, der.SET):
            yield der.encoding(data, kind), der.encoding(data, value)


def archive_timestamps(signed: cms.Parsed, parts: Parts) -> tuple[ArchiveTimestamp, ...]:
    """Those that can be read, the latest first by their own word."""
    found = []
    for value in signed.values(ARCHIVE_TIME_STAMP_V3)[:MOST]:
        try:
            found.append(_read(value, parts))
        except (MalformedSignature, NotDer, UnknownAlgorithm, ValueError, IndexError):
            continue
    return tuple(sorted(found, key=lambda one: one.token.time, reverse=True))


def _read(value: bytes, parts: Parts) -> ArchiveTimestamp:
    token = read_token(value)
    (index,) = token.signed.values(HASH_INDEX_V3)
    algorithm, *listed = der.whole(index, der.SEQUENCE)
    digest = Digest.from_identifier(der.encoding(index, algorithm))
    certificates, revocations, attributes = (
        {der.content(index, one, der.OCTET_STRING) for one in der.inside(index, part, der.SEQUENCE)} for part in listed
    )
    covered: set[bytes] = set()
    whole = True
    for wanted, present in (
        (certificates, [(one, one) for one in parts.certificates]),
        (revocations, [(one, one) for one in parts.revocations]),
        (attributes, [(kind + one, one) for kind, one in parts.unsigned]),
    ):
        there = {digest.of(content): one for content, one in present}
        covered.update(one for hashed, one in there.items() if hashed in wanted)
        whole = whole and wanted <= there.keys()
    return ArchiveTimestamp(value, token, digest, index, frozenset(covered), whole)


def imprint_of(stamp: ArchiveTimestamp, parts: Parts, digest_of: Callable[[str], bytes]) -> Callable[[str], bytes]:
    """What the timestamp must be over, given a name of `hashlib`.

    Args:
        digest_of: the digest of the content.
    """

    def imprint(name: str) -> bytes:
        # §5.5.3: one digest for all, and what is listed must still be there.
        if name != stamp.digest.value or not stamp.whole:
            return b""
        return stamp.digest.of(parts.content_type, digest_of(name), parts.signer, stamp.index)

    return imprint
