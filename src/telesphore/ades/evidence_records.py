"""Evidence records (RFC 4998): proof that a document existed, renewed without touching the document.

An *archive timestamp* is a timestamp and the reduced hash tree that leads from a document to it. Those of one hash
algorithm form a *chain*, each covering the timestamp before; when the algorithm weakens, a new chain begins, which
covers the documents and all chains before. Chains in their order are the *sequence*.

Everything here is free of I/O, and trusts nothing: whether each timestamp's signature, certificate and algorithms held
when the next one took over is for the caller to judge, with the facts given.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from telesphore.ades import cms, der
from telesphore.ades.algorithms import Digest
from telesphore.ades.errors import (
    BadEvidenceRecord,
    BrokenRecord,
    EncryptedRecord,
    EvidenceRecordTooLarge,
    MalformedSignature,
    NotDer,
    NotInRecord,
    RecordOutOfOrder,
    SignatureTooLarge,
    UnknownAlgorithm,
    UnknownRecordDigest,
)
from telesphore.ades.hash_trees import Group, HashTree, Reduced, climb
from telesphore.kernel.errors import DomainError

MAX_RECORD = 4 * 2**20
MAX_CHAINS = 64
MAX_TIMESTAMPS = 256
"""In one chain."""
MAX_LISTS = 64
"""In one reduced hash tree: enough for 2⁶³ documents."""

_TST_INFO = "1.2.840.113549.1.9.16.1.4"
_DIGEST_ALGORITHM, _ATTRIBUTES, _REDUCED = 0xA0, 0xA1, 0xA2
_CRYPTO_INFOS, _ENCRYPTION_INFO = 0xA0, 0xA1


@dataclass(frozen=True, slots=True)
class ArchiveTimestamp:
    """One timestamp and the way to it.

    Attributes:
        reduced: lists of hashes from what it covers to the root; none when the timestamp is over the hash itself.
        token: DER of the TimeStampToken, a CMS ContentInfo.
        encoded: DER of the whole, as it is in the record.
    """

    digest: Digest
    reduced: Reduced = field(repr=False)
    token: bytes = field(repr=False)
    encoded: bytes = field(repr=False)

    @classmethod
    def of(cls, tree: HashTree, place: int, token: bytes) -> "ArchiveTimestamp":
        """For group number `place` of a tree whose root `token` timestamps."""
        reduced = tree.reduced(place)
        _, _, start, end = der.node(tree.digest.identifier, 0, len(tree.digest.identifier))
        lists = [der.sequence(*map(der.octets, hashes)) for hashes in reduced]
        return cls(
            tree.digest,
            reduced,
            token,
            der.sequence(
                der.tlv(_DIGEST_ALGORITHM, tree.digest.identifier[start:end]),
                der.tlv(_REDUCED, *lists) if lists else b"",
                token,
            ),
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
        return der.sequence(
            der.integer(1), der.sequence(*(digest.identifier for digest in digests)), sequence_der(self.chains)
        )

    @classmethod
    def load(cls, record: bytes) -> "EvidenceRecord":
        """Read a record.

        Raises:
            BadEvidenceRecord, EvidenceRecordTooLarge, UnknownRecordDigest, EncryptedRecord
        """
        if len(record) > MAX_RECORD:
            raise EvidenceRecordTooLarge
        try:
            return cls(_read(record))
        except (NotDer, MalformedSignature, SignatureTooLarge):
            raise BadEvidenceRecord from None
        except UnknownAlgorithm:
            raise UnknownRecordDigest from None


def sequence_der(chains: Sequence[Chain]) -> bytes:
    """DER of an ArchiveTimeStampSequence: what a new chain covers beside the documents."""
    return der.sequence(*(der.sequence(*(stamp.encoded for stamp in chain)) for chain in chains))


def group_of(digest: Digest, documents: Sequence[bytes]) -> Group:
    """The hashes by which documents (whole contents) enter the tree of a first archive timestamp."""
    return tuple(digest.of(document) for document in documents)


def group_of_timestamp(digest: Digest, token: bytes, beside: Sequence[bytes] = ()) -> Group:
    """The hashes by which a timestamp enters a tree that renews it, once for all the documents under it (§5.2), with
    what validates it."""
    return (digest.of(token), *group_of(digest, beside))


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
        complete: the documents, and what was given beside them, are all that was timestamped together.
        beside: for each of what was given beside the documents, the time at which it existed; None when the record
            does not say.
    """

    proved_at: datetime
    steps: tuple[StepFacts, ...]
    complete: bool
    beside: tuple[datetime | None, ...] = ()


def verify(record: bytes, documents: Sequence[bytes], *, beside: Sequence[bytes] = ()) -> EvidenceFacts:
    """Check that a record's trees and timestamps lead from documents to its last timestamp (§4.3 and §5.3).

    Args:
        record: DER.
        documents: whole contents of a document, or of the documents of one group.
        beside: OCSP responses and CRLs (DER) that may have been timestamped with the documents or at a renewal, so
            that the timestamps before can be judged by them.

    Raises:
        BadEvidenceRecord and its kinds: not a record that can be read.
        NotInRecord: it is about something else.
        BrokenRecord, RecordOutOfOrder: it doesn't hold together.
    """
    if not documents:
        raise NotInRecord
    chains = EvidenceRecord.load(record).chains
    try:
        read = [[_read_token(stamp.token) for stamp in chain] for chain in chains]
    except (NotDer, MalformedSignature, SignatureTooLarge):
        raise BadEvidenceRecord from None
    except UnknownAlgorithm:
        raise UnknownRecordDigest from None
    complete = True
    since: dict[bytes, datetime] = {}
    for number, chain in enumerate(chains):
        digest = chain[0].digest
        # §5.3, steps 2 and 4: the first of a chain covers the documents, and the chains before.
        group, more = group_of(digest, documents), group_of(digest, beside)
        if number:
            group, more = (renewed_group(digest, hashes, chains[:number]) for hashes in (group, more))
        others = _covers(chain[0], read[number][0], group, NotInRecord if number == 0 else BrokenRecord)
        complete &= others <= set(more)
        _note(since, chain[0], read[number][0].time, beside, more)
        # §5.3, step 3: the others cover the timestamp before.
        for place in range(1, len(chain)):
            if chain[place].digest is not digest:
                raise BrokenRecord
            _covers(chain[place], read[number][place], group_of_timestamp(digest, chain[place - 1].token), BrokenRecord)
            _note(since, chain[place], read[number][place].time, beside, group_of(digest, beside))
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
    return EvidenceFacts(times[0], steps, complete, tuple(since.get(one) for one in beside))


def _note(
    since: dict[bytes, datetime], stamp: ArchiveTimestamp, time: datetime, beside: Sequence[bytes], hashes: Group
) -> None:
    """Keep the first time that proves each of `beside`, whose hashes are given in the same order."""
    there = set(stamp.reduced[0]) if stamp.reduced else set()
    for one, value in zip(beside, hashes, strict=True):
        if value in there:
            since.setdefault(one, time)


def _covers(stamp: ArchiveTimestamp, token: "_Token", group: Group, otherwise: type[DomainError]) -> set[bytes]:
    """Check that the timestamp is over the group (§4.3); what else its first list holds."""
    if token.digest is not stamp.digest:
        raise BrokenRecord
    if not stamp.reduced:
        if len(group) != 1 or group[0] != token.imprint:
            raise otherwise
        return set()
    first = stamp.reduced[0]
    if not set(group) <= set(first):
        raise otherwise
    if climb(stamp.digest, stamp.reduced) != token.imprint:
        raise BrokenRecord
    return set(first) - set(group)


@dataclass(frozen=True, slots=True)
class _Token:
    """What a TimeStampToken says (RFC 3161 §2.4.2); its signature is not looked at here."""

    digest: Digest
    imprint: bytes
    time: datetime
    certificate: bytes | None


def _read_token(token: bytes) -> _Token:
    parsed = cms.parse(token)
    info = parsed.content
    if parsed.content_type != _TST_INFO or info is None or parsed.size != len(token):
        raise BadEvidenceRecord
    fields = der.whole(info, der.SEQUENCE)
    if len(fields) < 5:
        raise BadEvidenceRecord
    imprint = der.inside(info, fields[2], der.SEQUENCE)
    if len(imprint) != 2:
        raise BadEvidenceRecord
    return _Token(
        Digest.from_identifier(der.encoding(info, imprint[0])),
        der.content(info, imprint[1], der.OCTET_STRING),
        der.read_time(info, fields[4]),
        parsed.signer,
    )


def _read(record: bytes) -> tuple[Chain, ...]:
    fields = der.whole(record, der.SEQUENCE)
    tags = [field[0] for field in fields]
    if _ENCRYPTION_INFO in tags:
        raise EncryptedRecord
    if tags not in (
        [der.INTEGER, der.SEQUENCE, der.SEQUENCE],
        [der.INTEGER, der.SEQUENCE, _CRYPTO_INFOS, der.SEQUENCE],
    ):
        raise BadEvidenceRecord
    if der.read_integer(record, fields[0]) != 1:
        raise BadEvidenceRecord
    named = {Digest.from_identifier(der.encoding(record, one)) for one in der.inside(record, fields[1], der.SEQUENCE)}
    chains = tuple(
        tuple(
            _archive_timestamp(der.encoding(record, stamp))
            for stamp in _bounded(der.inside(record, chain, der.SEQUENCE), MAX_TIMESTAMPS)
        )
        for chain in _bounded(der.inside(record, fields[-1], der.SEQUENCE), MAX_CHAINS)
    )
    # §3.1: every algorithm that hashed the documents is named.
    if not {chain[0].digest for chain in chains} <= named:
        raise BadEvidenceRecord
    return chains


def _archive_timestamp(encoded: bytes) -> ArchiveTimestamp:
    digest: Digest | None = None
    reduced: Reduced = ()
    token: bytes | None = None
    expected = [_DIGEST_ALGORITHM, _ATTRIBUTES, _REDUCED, der.SEQUENCE]
    for one in der.whole(encoded, der.SEQUENCE):
        # Each at most once, in this order; attributes say nothing that is needed here.
        if one[0] not in expected:
            raise BadEvidenceRecord
        del expected[: expected.index(one[0]) + 1]
        if one[0] == _DIGEST_ALGORITHM:
            digest = Digest.from_identifier(der.sequence(der.content(encoded, one, _DIGEST_ALGORITHM)))
        elif one[0] == _REDUCED:
            lists = _bounded(der.inside(encoded, one, _REDUCED), MAX_LISTS)
            reduced = tuple(_hashes(encoded, hashes) for hashes in lists)
        elif one[0] == der.SEQUENCE:
            token = der.encoding(encoded, one)
    if token is None:
        raise BadEvidenceRecord
    return ArchiveTimestamp(digest or _read_token(token).digest, reduced, token, encoded)


def _hashes(encoded: bytes, hashes: der.Node) -> tuple[bytes, ...]:
    values = der.inside(encoded, hashes, der.SEQUENCE)
    if not values:
        raise BadEvidenceRecord
    return tuple(der.content(encoded, value, der.OCTET_STRING) for value in values)


def _bounded(found: list[der.Node], most: int) -> list[der.Node]:
    """At least one, and no more than `most`."""
    if not found:
        raise BadEvidenceRecord
    if len(found) > most:
        raise EvidenceRecordTooLarge
    return found
