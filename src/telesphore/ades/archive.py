"""Archive timestamps in a CMS signature (archive-time-stamp-v3, EN 319 122-1 §5.5.2 and §5.5.3): what each covers.

It covers the signature and the content wholly, and of what may grow (certificates, revocation data, unsigned
attributes) what its own index lists by digest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from telesphore.ades import cms, der
from telesphore.ades.algorithms import Digest
from telesphore.ades.errors import ArchiveTimestampBroken, NotDer

ARCHIVE_TIME_STAMP_V3 = "0.4.0.1733.2.4"
ATS_HASH_INDEX_V3 = "0.4.0.19122.1.5"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one of them says that it covers; neither its imprint nor its own signature is judged.

    Attributes:
        digest: of the index and the imprint.
        index: DER of the ATSHashIndexV3.
        certificates, revocations: DER of those that it lists and the signature holds.
        unsigned: the same of unsigned attributes: DER of the type, DER of one value.
        whole: all that it lists is there.
    """

    digest: Digest
    index: bytes = field(repr=False)
    certificates: tuple[bytes, ...] = field(repr=False)
    revocations: tuple[bytes, ...] = field(repr=False)
    unsigned: tuple[tuple[bytes, bytes], ...] = field(repr=False)
    whole: bool

    @property
    def all(self) -> frozenset[bytes]:
        """DER of each certificate, revocation choice and value of an attribute."""
        return frozenset((*self.certificates, *self.revocations, *(value for _kind, value in self.unsigned)))


def make_index(bones: cms.Bones, digest: Digest) -> bytes:
    """DER of an ATSHashIndexV3 that lists all that the signature holds now (§5.5.2)."""
    hashes = (der.sequence(*map(der.octets, kind)) for kind in _hashes(bones, digest))
    return der.sequence(digest.identifier, *hashes)


def imprint(bones: cms.Bones, content_digest: bytes, index: bytes, digest: Digest) -> bytes:
    """What the timestamp is over (§5.5.3).

    Args:
        content_digest: of the signed file, by the same `digest`.
    """
    return digest.of(bones.content_type, content_digest, bones.signer, index)


def coverage(token: cms.Parsed, bones: cms.Bones) -> Coverage:
    """What an archive timestamp of this signature covers.

    Raises:
        ArchiveTimestampBroken: it has no index, several, or one that can't be read.
        UnknownAlgorithm: the index is by an unknown digest.
    """
    try:
        (index,) = token.values(ATS_HASH_INDEX_V3)
        identifier, *kinds = der.whole(index, der.SEQUENCE)
        digest = Digest.from_identifier(der.encoding(index, identifier))
        certificates, revocations, unsigned = (
            {der.content(index, one, der.OCTET_STRING) for one in der.inside(index, kind, der.SEQUENCE)}
            for kind in kinds
        )
    except (NotDer, ValueError, IndexError):
        raise ArchiveTimestampBroken from None
    present = _hashes(bones, digest)
    return Coverage(
        digest,
        index,
        _listed(bones.certificates, present[0], certificates),
        _listed(bones.revocations, present[1], revocations),
        _listed(bones.unsigned, present[2], unsigned),
        whole=certificates <= set(present[0]) and revocations <= set(present[1]) and unsigned <= set(present[2]),
    )


def _hashes(bones: cms.Bones, digest: Digest) -> tuple[list[bytes], list[bytes], list[bytes]]:
    return (
        [digest.of(one) for one in bones.certificates],
        [digest.of(one) for one in bones.revocations],
        [digest.of(*one) for one in bones.unsigned],
    )


def _listed(things: Sequence[T], hashes: Sequence[bytes], listed: set[bytes]) -> tuple[T, ...]:
    return tuple(thing for thing, value in zip(things, hashes, strict=True) if value in listed)
