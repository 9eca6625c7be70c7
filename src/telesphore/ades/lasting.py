"""Make a PDF's signatures last: validation data and document timestamps (ETSI EN 319 142-1 §5.4, §5.5, §6.3).

B-LT is validation data of every signature and timestamp in the file's security store (DSS); B-LTA is a document
timestamp after it. A file that is at B-LTA already is renewed by the same two steps: validation data of its last
timestamp, then a new one. Only ever added to: no byte of the file changes.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from telesphore.ades import cms, paths, through_pyhanko
from telesphore.ades.algorithms import Digest
from telesphore.ades.errors import (
    DamagedPrepared,
    FileBeyondLimits,
    MalformedSignature,
    NoPathToAnchor,
    NotSignable,
    SignatureTooLarge,
    TimestampMalformed,
    TimestampOfOther,
    TimestampTooLarge,
    UnknownAlgorithm,
    UnreadableFile,
)
from telesphore.ades.fields import FoundField, SignatureField, add_field, signature_fields
from telesphore.ades.pdf.objects import Dictionary, Name, Reference, Stream, Value
from telesphore.ades.pdf.reader import Document
from telesphore.ades.pdf.update import Tail, Update
from telesphore.ades.signing import TIMESTAMP_ROOM, fill
from telesphore.ades.timestamps import Token, read_token
from telesphore.ades.verdict.trust import Evidence

_STORES = ("Certs", "OCSPs", "CRLs")


@dataclass(frozen=True, slots=True)
class PreparedTimestamp:
    """A file that lacks only its document timestamp.

    Attributes:
        original: the file as it was given, not a copy of it.
        update: what follows it, with a hole where the token goes.
        hole: where in the whole file the hole begins and ends, its angle brackets included.
        imprint: what the authority is to stamp: the digest of the whole file but the hole.
    """

    original: bytes = field(repr=False)
    update: bytes = field(repr=False)
    hole: tuple[int, int]
    digest: Digest
    imprint: bytes


def add_validation_data(pdf: bytes, evidence: Evidence) -> bytes:
    """The file, followed by an update that puts this evidence in its security store, without what it holds already.

    An earlier store is extended, and its /VRI kept; none is written, since it says nothing that the rest does not.
    When there is nothing new, the file is given back as it is.

    Raises:
        NotSignable: not a readable PDF, or one that needs a password.
    """
    try:
        document = Document(pdf)
        if document.encrypted or document.header_offset:
            return through_pyhanko.add_validation_data(pdf, evidence)
        update = Update(document)
        if not _extend_store(update, (evidence.certificates, evidence.ocsps, evidence.crls)):
            return pdf
        return pdf + update.render()
    except FileBeyondLimits:
        raise NotSignable from None
    except UnreadableFile:
        return through_pyhanko.add_validation_data(pdf, evidence)


def prepare_document_timestamp(
    pdf: bytes, *, digest: Digest = Digest.SHA256, room: int = TIMESTAMP_ROOM
) -> PreparedTimestamp:
    """Write an invisible document timestamp's field and dictionary after `pdf`, whose bytes stay as they are.

    Args:
        digest: of the imprint.
        room: bytes kept for the token.

    Raises:
        NotSignable: not a readable PDF, or one that needs a password.
    """
    try:
        document = Document(pdf)
        if document.encrypted or document.header_offset:
            tail = through_pyhanko.prepare_timestamp(pdf, digest=digest, room=room)
        else:
            tail = _write_timestamp(document, room)
    except FileBeyondLimits:
        raise NotSignable from None
    except UnreadableFile:
        tail = through_pyhanko.prepare_timestamp(pdf, digest=digest, room=room)
    return PreparedTimestamp(pdf, tail.content, tail.hole, digest, _imprint(digest, pdf, tail))


def complete_document_timestamp(prepared: PreparedTimestamp, token: bytes) -> bytes:
    """The file, with its document timestamp.

    Args:
        token: DER of a TimeStampToken over `prepared.imprint`; the caller has verified it.

    Raises:
        DamagedPrepared: the file is not the one that was stamped.
        TimestampOfOther: it is another digest's.
        TimestampMalformed: it is not one.
        SignatureTooLarge: the room kept for it is too small: prepare again with more.
    """
    tail = Tail(prepared.update, prepared.hole)
    read = read_token(token)
    if (read.digest, read.imprint) != (prepared.digest, prepared.imprint):
        raise TimestampOfOther
    if _imprint(prepared.digest, prepared.original, tail) != prepared.imprint:
        raise DamagedPrepared
    return fill(prepared.original, tail, read.encoded)


@dataclass(frozen=True, slots=True)
class Seal:
    """A signature or a document timestamp of a file.

    Attributes:
        signed: the signature; of a document timestamp, its token.
        tokens: timestamps of the signature; of a document timestamp, itself.
    """

    field_name: str
    signed: cms.Parsed
    tokens: tuple[Token, ...]
    is_timestamp: bool


def seals(pdf: bytes) -> tuple[Seal, ...]:
    """The signatures and document timestamps of a file, in the form's order; those that can't be read are left out.

    Raises:
        NotSignable: not a readable PDF.
    """
    try:
        document = Document(pdf)
        return tuple(filter(None, (_seal(document, one) for one in signature_fields(document))))
    except (UnreadableFile, FileBeyondLimits):
        raise NotSignable from None


def chains(pdf: bytes, *, anchors: Sequence[bytes], at: datetime) -> tuple[tuple[bytes, ...], ...]:
    """Whose revocation data level LT needs: for each signature and timestamp of the file, its certificate (DER), those
    above it, and the anchor last. A certificate that leads to no anchor is left out.

    Args:
        anchors: DER.
        at: now; a certificate that has expired is followed as it was in its last or in its first moment.

    Raises:
        NotSignable: not a readable PDF.
    """
    found = seals(pdf)
    pool = tuple(dict.fromkeys(one for seal in found for signed in _all(seal) for one in signed.certificates))
    with contextlib.suppress(UnreadableFile, FileBeyondLimits):
        pool = tuple(dict.fromkeys((*pool, *validation_data(pdf).certificates)))
    leaves = dict.fromkeys(signed.signer for seal in found for signed in _all(seal))
    return tuple(
        chain for leaf in leaves if leaf is not None and (chain := chain_of(leaf, pool=pool, anchors=anchors, at=at))
    )


def chain_of(certificate: bytes, *, pool: Sequence[bytes], anchors: Sequence[bytes], at: datetime) -> tuple[bytes, ...]:
    """From a certificate to an anchor, as `chains` gives them; empty when there is no such way."""
    with contextlib.suppress(NoPathToAnchor):
        one = paths.load(certificate)
        first, last = one.not_valid_before_utc, one.not_valid_after_utc
        for moment in (min(max(at, first), last), first):
            with contextlib.suppress(NoPathToAnchor):
                return paths.path_to_anchor(certificate, pool=pool, anchors=anchors, at=moment)
    return ()


def validation_data(pdf: bytes) -> Evidence:
    """What the file's security store holds.

    Raises:
        UnreadableFile, FileBeyondLimits
    """
    document = Document(pdf)
    store = _dictionary(document, document.catalog.get(Name("DSS")))
    certificates, ocsps, crls = (tuple(_contents(document, store.get(Name(name)))) for name in _STORES)
    return Evidence(certificates=certificates, ocsps=ocsps, crls=crls)


def _extend_store(update: Update, wanted: Sequence[Sequence[bytes]]) -> bool:
    """Whether there was anything to add."""
    document = update.document
    place = document.catalog.get(Name("DSS"))
    store = dict(_dictionary(document, place))
    changed = False
    for name, values in zip(_STORES, wanted, strict=True):
        present = document.array(store.get(Name(name)))
        known = set(_contents(document, present))
        new = [one for one in dict.fromkeys(values) if one not in known]
        if new:
            store[Name(name)] = [*present, *(update.add(Stream({}, one)) for one in new)]
            changed = True
    if not changed:
        return False
    if type(place) is Reference and document.resolve(place) is not None:
        update.put(place, store)
    else:
        store.setdefault(Name("Type"), Name("DSS"))
        update.put(document.catalog_reference, {**document.catalog, Name("DSS"): update.add(store)})
    return True


def _dictionary(document: Document, value: Value) -> Dictionary:
    return {} if document.resolve(value) is None else document.dictionary(value)


def _contents(document: Document, value: Value) -> Iterator[bytes]:
    for one in document.array(value):
        stream = document.resolve(one)
        if isinstance(stream, Stream):
            yield bytes(document.decode(stream))


def _write_timestamp(document: Document, room: int) -> Tail:
    update = Update(document)
    taken = {one.name for one in signature_fields(document)}
    name = next(name for number in range(1, len(taken) + 2) if (name := f"Timestamp{number}") not in taken)
    own = update.add(None)
    add_field(update, SignatureField(name, 0, None), more={Name("V"): own})
    dictionary: Dictionary = {
        Name("Type"): Name("DocTimeStamp"),
        Name("Filter"): Name("Adobe.PPKLite"),
        Name("SubFilter"): Name("ETSI.RFC3161"),
    }
    return update.render_with_hole(own, dictionary, room)


def _imprint(digest: Digest, original: bytes, tail: Tail) -> bytes:
    start, end = (place - len(original) for place in tail.hole)
    return digest.of(original, tail.content[:start], tail.content[end:])


def _all(seal: Seal) -> tuple[cms.Parsed, ...]:
    return (seal.signed, *(() if seal.is_timestamp else (one.signed for one in seal.tokens)))


def _seal(document: Document, found: FoundField) -> Seal | None:
    if found.value is None:
        return None
    dictionary = document.dictionary(found.value)
    contents = document.resolve(dictionary.get(Name("Contents")))
    if type(contents) is not bytes:
        return None
    try:
        if document.resolve(dictionary.get(Name("Type"))) == "DocTimeStamp":
            token = read_token(contents)
            return Seal(found.name, token.signed, (token,), is_timestamp=True)
        signed = cms.parse(contents)
        tokens = tuple(map(read_token, signed.values(cms.SIGNATURE_TIME_STAMP)))
        return Seal(found.name, signed, tokens, is_timestamp=False)
    except (MalformedSignature, SignatureTooLarge, TimestampMalformed, TimestampTooLarge, UnknownAlgorithm):
        return None
