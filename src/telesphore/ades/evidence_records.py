"""Evidence records (RFC 4998): proof that a document existed, renewed without touching the document.

An *archive timestamp* is a timestamp and the reduced hash tree that leads from a document to it. Those of one hash
algorithm form a *chain*, each covering the timestamp before; when the algorithm weakens, a new chain begins, which
covers the documents and all chains before. Chains in their order are the *sequence*.

Everything here is free of I/O, and trusts nothing: whether each timestamp's signature, certificate and algorithms held
when the next one took over is for the caller to judge, with the facts given.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from asn1crypto import cms, tsp

from telesphore.ades.algorithms import Digest
from telesphore.ades.hash_trees import Group, HashTree, Reduced, climb
from telesphore.kernel.errors import DomainError, Refusal

MAX_RECORD = 4 * 2**20
MAX_CHAINS = 64
MAX_TIMESTAMPS = 256
"""In one chain."""
MAX_LISTS = 64
"""In one reduced hash tree: enough for 2⁶³ documents."""

_OIDS = {
    Digest.SHA256: "608648016503040201",
    Digest.SHA384: "608648016503040202",
    Digest.SHA512: "608648016503040203",
    Digest.SHA3_256: "608648016503040208",
    Digest.SHA3_384: "608648016503040209",
    Digest.SHA3_512: "60864801650304020a",
}
_DIGESTS = {bytes.fromhex(oid): digest for digest, oid in _OIDS.items()}

_INTEGER, _OCTETS, _OID, _SEQUENCE = 0x02, 0x04, 0x06, 0x30
_V1 = b"\x02\x01\x01"


class BadEvidenceRecord(DomainError):
    """This file is not an evidence record (RFC 4998) that can be read."""

    refusal = Refusal.INVALID
    code = "bad-evidence-record"


class EvidenceRecordTooLarge(BadEvidenceRecord):
    """This evidence record is larger than any that is examined here."""

    code = "evidence-record-too-large"


class UnknownRecordDigest(BadEvidenceRecord):
    """This evidence record uses a hash algorithm that is not relied on here."""

    code = "unknown-record-digest"


class EncryptedRecord(BadEvidenceRecord):
    """This evidence record is about encrypted data: that is not supported here."""

    code = "encrypted-record"


class NotInRecord(DomainError):
    """This evidence record is not about this document, or the document was changed."""

    refusal = Refusal.INVALID
    code = "not-in-record"


class BrokenRecord(DomainError):
    """This evidence record does not hold together: one of its timestamps does not cover what it should."""

    refusal = Refusal.INVALID
    code = "broken-record"


class RecordOutOfOrder(DomainError):
    """This evidence record does not hold together: one of its timestamps is older than the one that it renews."""

    refusal = Refusal.INVALID
    code = "record-out-of-order"


@dataclass(frozen=True, slots=True)
class ArchiveTimestamp:
    """One timestamp and the way to it.

    Attributes:
        reduced: lists of hashes from what it covers to the root; none when the timestamp is over the hash itself.
        token: DER of the TimeStampToken, a CMS ContentInfo.
        der: the whole, as it is in the record.
    """

    digest: Digest
    reduced: Reduced = field(repr=False)
    token: bytes = field(repr=False)
    der: bytes = field(repr=False)

    @classmethod
    def of(cls, tree: HashTree, place: int, token: bytes) -> "ArchiveTimestamp":
        """For group number `place` of a tree whose root `token` timestamps."""
        reduced = tree.reduced(place)
        lists = b"".join(_der(_SEQUENCE, *(_der(_OCTETS, value) for value in hashes)) for hashes in reduced)
        return cls(
            tree.digest,
            reduced,
            token,
            _der(_SEQUENCE, _der(0xA0, _oid(tree.digest)), _der(0xA2, lists) if reduced else b"", token),
        )


Chain = tuple[ArchiveTimestamp, ...]


@dataclass(frozen=True, slots=True)
class EvidenceRecord:
    """A sequence of chains. Each `Chain` holds at least one archive timestamp, and there is at least one chain."""

    chains: tuple[Chain, ...]

    def with_timestamp(self, renewed: ArchiveTimestamp) -> "EvidenceRecord":
        """With an archive timestamp over the last one (§5.2, timestamp renewal)."""
        return EvidenceRecord((*self.chains[:-1], (*self.chains[-1], renewed)))

    def with_chain(self, renewed: ArchiveTimestamp) -> "EvidenceRecord":
        """With a new chain, over the documents and all chains before (§5.2, hash-tree renewal)."""
        return EvidenceRecord((*self.chains, (renewed,)))

    def dump(self) -> bytes:
        """DER of the EvidenceRecord (RFC 4998 §3.1)."""
        digests = dict.fromkeys(chain[0].digest for chain in self.chains)
        return _der(_SEQUENCE, _V1, _der(_SEQUENCE, *map(_algorithm, digests)), sequence_der(self.chains))

    @classmethod
    def load(cls, record: bytes) -> "EvidenceRecord":
        """Read a record.

        Raises:
            BadEvidenceRecord, EvidenceRecordTooLarge, UnknownRecordDigest, EncryptedRecord
        """
        if len(record) > MAX_RECORD:
            raise EvidenceRecordTooLarge
        whole = _only(record, _SEQUENCE)
        tags = [tag for tag, _, _ in _parts(whole)]
        if 0xA1 in tags:
            raise EncryptedRecord
        if tags not in ([_INTEGER, _SEQUENCE, _SEQUENCE], [_INTEGER, _SEQUENCE, 0xA0, _SEQUENCE]):
            raise BadEvidenceRecord
        parts = list(_parts(whole))
        if parts[0][1] != _V1:
            raise BadEvidenceRecord
        named = [_digest(content) for _, _, content in _children(parts[1][2], _SEQUENCE)]
        chains = tuple(_chain(content) for _, _, content in _bounded(parts[-1][2], _SEQUENCE, MAX_CHAINS))
        if not {chain[0].digest for chain in chains} <= set(named):
            raise BadEvidenceRecord
        return cls(chains)


def sequence_der(chains: Sequence[Chain]) -> bytes:
    """DER of an ArchiveTimeStampSequence: what a new chain covers beside the documents."""
    return _der(_SEQUENCE, *(_der(_SEQUENCE, *(stamp.der for stamp in chain)) for chain in chains))


def group_of(digest: Digest, documents: Sequence[bytes]) -> Group:
    """The hashes by which documents (whole contents) enter the tree of a first archive timestamp."""
    return tuple(digest.of(document) for document in documents)


def group_of_timestamp(digest: Digest, token: bytes) -> Group:
    """The hash by which a timestamp enters a tree that renews it: one for all the documents under it (§5.2)."""
    return (digest.of(token),)


def group_of_renewal(digest: Digest, documents: Sequence[bytes], chains: Sequence[Chain]) -> Group:
    """The hashes by which documents and the chains so far enter the tree of a new chain (§5.2, steps 2 to 4)."""
    return renewed_group(digest, group_of(digest, documents), chains)


def renewed_group(digest: Digest, hashes: Group, chains: Sequence[Chain]) -> Group:
    """The same, for documents whose hashes under the new algorithm are known."""
    before = digest.of(sequence_der(chains))
    return tuple(digest.of(value, before) for value in hashes)


@dataclass(frozen=True, slots=True)
class StepFacts:
    """One archive timestamp of a record.

    Attributes:
        chain: number of its chain, from 0.
        time: genTime of the token: proof once the token is validated.
        needed_at: when it had to hold: the time of the next archive timestamp; None for the last one: now.
        digest_needed_at: when its hash algorithm had to be relied on still: the time of the first archive timestamp of
            the next chain; None in the last chain: now.
        token: DER of the TimeStampToken, to be validated as any other.
        certificate: DER of the time-stamping unit's; None when the token doesn't bear it.
    """

    chain: int
    digest: Digest
    time: datetime
    needed_at: datetime | None
    digest_needed_at: datetime | None
    token: bytes = field(repr=False)
    certificate: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class EvidenceFacts:
    """What a record says of documents, provided that its tokens are valid.

    Attributes:
        proved_at: the time at which the documents existed: that of the first archive timestamp.
        steps: every archive timestamp, the oldest first.
        complete: the documents given are the whole group that was timestamped.
    """

    proved_at: datetime
    steps: tuple[StepFacts, ...]
    complete: bool


def verify(record: bytes, documents: Sequence[bytes]) -> EvidenceFacts:
    """Check that a record's trees and timestamps lead from documents to its last timestamp (§4.3 and §5.3).

    Args:
        record: DER.
        documents: whole contents of a document, or of the documents of one group.

    Raises:
        BadEvidenceRecord and its kinds: not a record that can be read.
        NotInRecord: it is about something else.
        BrokenRecord, RecordOutOfOrder: it doesn't hold together.
    """
    if not documents:
        raise NotInRecord
    chains = EvidenceRecord.load(record).chains
    read = [[_read_token(stamp.token) for stamp in chain] for chain in chains]
    complete = True
    for number, chain in enumerate(chains):
        digest = chain[0].digest
        # §5.3, steps 2 and 4: the first of a chain covers the documents, and the chains before.
        group = group_of(digest, documents)
        if number:
            group = renewed_group(digest, group, chains[:number])
        complete &= _covers(chain[0], read[number][0], group, NotInRecord if number == 0 else BrokenRecord)
        # §5.3, step 3: the others cover the timestamp before.
        for place in range(1, len(chain)):
            if chain[place].digest is not digest:
                raise BrokenRecord
            _covers(chain[place], read[number][place], group_of_timestamp(digest, chain[place - 1].token), BrokenRecord)
    times = [token.time for tokens in read for token in tokens]
    if any(later < earlier for earlier, later in pairwise(times)):
        raise RecordOutOfOrder
    starts = [tokens[0].time for tokens in read]
    flat = [
        (number, stamp, token)
        for number, (chain, tokens) in enumerate(zip(chains, read, strict=True))
        for stamp, token in zip(chain, tokens, strict=True)
    ]
    steps = tuple(
        StepFacts(
            chain=number,
            digest=stamp.digest,
            time=token.time,
            needed_at=times[place + 1] if place + 1 < len(times) else None,
            digest_needed_at=starts[number + 1] if number + 1 < len(starts) else None,
            token=stamp.token,
            certificate=token.certificate,
        )
        for place, (number, stamp, token) in enumerate(flat)
    )
    return EvidenceFacts(proved_at=times[0], steps=steps, complete=complete)


def _covers(stamp: ArchiveTimestamp, token: "_Token", group: Group, otherwise: type[DomainError]) -> bool:
    """Check that the timestamp is over the group (§4.3); whether the group is all that its first list holds."""
    if token.digest is not stamp.digest:
        raise BrokenRecord
    if not stamp.reduced:
        if len(group) != 1 or group[0] != token.imprint:
            raise otherwise
        return True
    first = stamp.reduced[0]
    if not set(group) <= set(first):
        raise otherwise
    if climb(stamp.digest, stamp.reduced) != token.imprint:
        raise BrokenRecord
    return len(group) == len(first)


@dataclass(frozen=True, slots=True)
class _Token:
    """What a TimeStampToken says (RFC 3161 §2.4.2); its signature is not looked at here."""

    digest: Digest | None
    imprint: bytes
    time: datetime
    certificate: bytes | None


def _read_token(der: bytes) -> _Token:
    try:
        content = cms.ContentInfo.load(der, strict=True)["content"]
        info = content["encap_content_info"]["content"].parsed
        if not isinstance(content, cms.SignedData) or not isinstance(info, tsp.TSTInfo):
            raise BadEvidenceRecord
        imprint = info["message_imprint"]
        digest = _DIGESTS.get(imprint["hash_algorithm"]["algorithm"].contents)
        time: datetime = info["gen_time"].native
        return _Token(digest, imprint["hashed_message"].native, time, _signer(content))
    # asn1crypto meets foreign bytes with these, wherever it first reads a part.
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        raise BadEvidenceRecord from None


def _signer(signed: cms.SignedData) -> bytes | None:
    sid = signed["signer_infos"][0]["sid"].chosen
    for choice in signed["certificates"] or ():
        certificate = choice.chosen
        if isinstance(sid, cms.IssuerAndSerialNumber):
            if certificate.serial_number == sid["serial_number"].native and certificate.issuer == sid["issuer"]:
                return bytes(certificate.dump())
        elif certificate.key_identifier == sid.native:
            return bytes(certificate.dump())
    return None


def _chain(content: bytes) -> Chain:
    return tuple(_archive_timestamp(der, inner) for _, der, inner in _bounded(content, _SEQUENCE, MAX_TIMESTAMPS))


def _archive_timestamp(der: bytes, content: bytes) -> ArchiveTimestamp:
    digest: Digest | None = None
    reduced: Reduced = ()
    token: bytes | None = None
    expected = [0xA0, 0xA1, 0xA2, _SEQUENCE]
    for tag, part, inner in _parts(content):
        # Each at most once, in this order; [1] (attributes) says nothing that is needed here.
        if tag not in expected:
            raise BadEvidenceRecord
        del expected[: expected.index(tag) + 1]
        if tag == 0xA0:
            digest = _digest(inner)
        elif tag == 0xA2:
            reduced = tuple(_hashes(hashes) for _, _, hashes in _bounded(inner, _SEQUENCE, MAX_LISTS))
        elif tag == _SEQUENCE:
            token = part
    if token is None:
        raise BadEvidenceRecord
    if digest is None:
        digest = _read_token(token).digest
        if digest is None:
            raise UnknownRecordDigest
    return ArchiveTimestamp(digest, reduced, token, der)


def _hashes(content: bytes) -> tuple[bytes, ...]:
    values = tuple(value for _, _, value in _children(content, _OCTETS))
    if not values:
        raise BadEvidenceRecord
    return values


def _digest(algorithm: bytes) -> Digest:
    """Of the content of an AlgorithmIdentifier; parameters are absent or NULL."""
    parts = list(_parts(algorithm))
    if not parts or parts[0][0] != _OID or [part for _, part, _ in parts[1:]] not in ([], [b"\x05\x00"]):
        raise BadEvidenceRecord
    digest = _DIGESTS.get(parts[0][2])
    if digest is None:
        raise UnknownRecordDigest
    return digest


def _oid(digest: Digest) -> bytes:
    return _der(_OID, bytes.fromhex(_OIDS[digest]))


def _algorithm(digest: Digest) -> bytes:
    return _der(_SEQUENCE, _oid(digest))


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(length))) + length + content


def _parts(content: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Tag, whole and content of each element, one after another (X.690 §10: definite, shortest lengths)."""
    place = 0
    while place < len(content):
        start, tag = place, content[place]
        if tag & 0x1F == 0x1F or place + 2 > len(content):
            raise BadEvidenceRecord
        size, place = content[place + 1], place + 2
        if size >= 0x80:
            count = size & 0x7F
            length = content[place : place + count]
            if not 1 <= count <= 4 or len(length) != count or length[0] == 0:
                raise BadEvidenceRecord
            size, place = int.from_bytes(length), place + count
            if size < 0x80:
                raise BadEvidenceRecord
        if place + size > len(content):
            raise BadEvidenceRecord
        yield tag, content[start : place + size], content[place : place + size]
        place += size


def _children(content: bytes, tag: int) -> Iterator[tuple[int, bytes, bytes]]:
    for part in _parts(content):
        if part[0] != tag:
            raise BadEvidenceRecord
        yield part


def _bounded(content: bytes, tag: int, most: int) -> list[tuple[int, bytes, bytes]]:
    """At least one child, and no more than `most`."""
    found = []
    for part in _children(content, tag):
        found.append(part)
        if len(found) > most:
            raise EvidenceRecordTooLarge
    if not found:
        raise BadEvidenceRecord
    return found


def _only(content: bytes, tag: int) -> bytes:
    parts = list(_children(content, tag))
    if len(parts) != 1:
        raise BadEvidenceRecord
    return parts[0][2]
