"""Sign any other file, beside it: detached CAdES at levels B-B, B-T, B-LT and B-LTA (ETSI EN 319 122-1 §6).

The signed file is only ever digested, piece by piece: it may be of any size. Levels are reached one after another:
*prepare* and *complete* give B-B; a timestamp of the signature's value, B-T; validation data, B-LT; an archive
timestamp over all of it, B-LTA. A signature that is at B-LTA is renewed by the last two steps.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from telesphore.ades import archive, cms
from telesphore.ades.algorithms import TS_119_312, Algorithm, Digest, Scheme, algorithm_for, check
from telesphore.ades.errors import (
    ArchiveTimestampBroken,
    ContentDiffers,
    DamagedPrepared,
    SignatureDoesNotMatch,
    TimestampOfOther,
)
from telesphore.ades.timestamps import Token, read_token
from telesphore.ades.verdict.trust import Evidence

_MAGIC = b"telesphore-prepared-cades-1\n"

Content = Callable[[Digest], bytes]
"""Gives the signed file's digest by this algorithm; see `digest_of`."""


def digest_of(pieces: Iterable[bytes], digest: Digest) -> bytes:
    """The digest of a file that is read piece by piece."""
    state = hashlib.new(digest.value)
    for piece in pieces:
        state.update(piece)
    return state.digest()


@dataclass(frozen=True, slots=True)
class PreparedSignature:
    """A detached signature that lacks only its value.

    Attributes:
        to_be_signed: DER of the signed attributes, which the token hashes with the algorithm's digest and signs.
        certificate: DER of the signer's.
        chain: DER of the certificates above it.
    """

    to_be_signed: bytes = field(repr=False)
    certificate: bytes = field(repr=False)
    chain: tuple[bytes, ...] = field(repr=False)
    algorithm: Algorithm

    def to_bytes(self) -> bytes:
        """All of it, for a signature that comes in an hour or after a restart; ends with a SHA-256 of the rest."""
        fields = {
            "to_be_signed": self.to_be_signed.hex(),
            "certificate": self.certificate.hex(),
            "chain": [above.hex() for above in self.chain],
            "scheme": self.algorithm.scheme.value,
            "digest": self.algorithm.digest.value,
        }
        content = _MAGIC + json.dumps(fields).encode()
        return content + Digest.SHA256.of(content)

    @classmethod
    def from_bytes(cls, content: bytes) -> "PreparedSignature":
        """What `to_bytes` gave.

        Raises:
            DamagedPrepared: it is not, or no longer, what `to_bytes` gave.
        """
        body, digest = content[:-32], content[-32:]
        if not body.startswith(_MAGIC) or Digest.SHA256.of(body) != digest:
            raise DamagedPrepared
        fields = json.loads(body.removeprefix(_MAGIC))
        return cls(
            to_be_signed=bytes.fromhex(fields["to_be_signed"]),
            certificate=bytes.fromhex(fields["certificate"]),
            chain=tuple(map(bytes.fromhex, fields["chain"])),
            algorithm=Algorithm(Scheme(fields["scheme"]), Digest(fields["digest"])),
        )


def prepare(
    pieces: Iterable[bytes],
    *,
    certificate: bytes,
    chain: Sequence[bytes],
    signed_at: datetime,
    algorithm: Algorithm | None = None,
) -> PreparedSignature:
    """What a token must sign of a file.

    Args:
        pieces: the file's bytes, in order.
        certificate: DER of the signer's.
        chain: DER of the certificates above it; they go into the signature.
        signed_at: aware; what the signer claims.
        algorithm: None for the one that fits the certificate's key.

    Raises:
        UnknownKeyType
        WeakAlgorithm: the table of TS 119 312 forbids it at this time.
    """
    pss = algorithm is not None and algorithm.scheme is Scheme.RSA_PSS
    algorithm = algorithm_for(certificate, digest=algorithm.digest if algorithm else None, pss=pss)
    TS_119_312.check_signing(certificate, algorithm, signed_at)
    digest = digest_of(pieces, algorithm.digest)
    attributes = cms.signed_attributes(algorithm, digest, certificate, signing_time=signed_at)
    return PreparedSignature(attributes, certificate, tuple(chain), algorithm)


def complete(prepared: PreparedSignature, signature: bytes) -> bytes:
    """The signature, at level B-B: DER of a CMS, for a file beside the one that is signed (`.p7s`).

    Args:
        signature: the token's answer, encoded as CMS has it (see `signing.complete`).

    Raises:
        SignatureDoesNotMatch: the certificate's key does not verify it.
    """
    check(prepared.certificate, prepared.algorithm, prepared.to_be_signed, signature)
    return cms.assemble(prepared.algorithm, prepared.to_be_signed, signature, prepared.certificate, prepared.chain)


def check_signature(signature: bytes, content: Content) -> cms.Parsed:
    """Let pass a signature whose value and digest hold; its certificate remains to be judged.

    Raises:
        MalformedSignature, SignatureTooLarge, UnknownAlgorithm
        ContentDiffers: the file is not the one that was signed.
        SignatureDoesNotMatch: its value does not verify.
    """
    read = cms.parse(signature)
    algorithm = read.algorithm
    if read.signed_content_type != read.content_type or content(algorithm.digest) != read.message_digest:
        raise ContentDiffers
    if read.signer is None:
        raise SignatureDoesNotMatch
    check(read.signer, algorithm, read.signed_attributes, read.signature)
    return read


def signature_imprint(signature: bytes, digest: Digest = Digest.SHA256) -> bytes:
    """What an authority stamps for level B-T: the digest of the signature's value.

    Raises:
        MalformedSignature, SignatureTooLarge
    """
    return digest.of(cms.parse(signature).signature)


def add_signature_timestamp(signature: bytes, token: bytes) -> bytes:
    """The signature, at level B-T.

    Args:
        token: DER of a TimeStampToken over `signature_imprint`; the caller has verified it.

    Raises:
        MalformedSignature, SignatureTooLarge, TimestampMalformed
        TimestampOfOther: it is of something else.
    """
    read = read_token(token)
    if signature_imprint(signature, read.digest) != read.imprint:
        raise TimestampOfOther
    return cms.add_unsigned(signature, cms.SIGNATURE_TIME_STAMP, read.encoded)


def add_validation_data(signature: bytes, evidence: Evidence) -> bytes:
    """The signature, at level B-LT when the evidence suffices: in SignedData's certificates and crls, each once.

    Raises:
        MalformedSignature, SignatureTooLarge
    """
    return cms.add_validation_values(
        signature, certificates=evidence.certificates, crls=evidence.crls, ocsps=evidence.ocsps
    )


@dataclass(frozen=True, slots=True)
class PreparedArchive:
    """A signature that lacks only its archive timestamp.

    Attributes:
        index: DER of the ATSHashIndexV3.
        imprint: what the authority is to stamp.
    """

    signature: bytes = field(repr=False)
    index: bytes = field(repr=False)
    digest: Digest
    imprint: bytes


def prepare_archive_timestamp(signature: bytes, content: Content, *, digest: Digest = Digest.SHA256) -> PreparedArchive:
    """What an authority must stamp for level B-LTA, or to renew it (EN 319 122-1 §5.5.3).

    Raises:
        MalformedSignature, SignatureTooLarge, UnknownAlgorithm
        ContentDiffers: the file is not the one that was signed.
    """
    read = cms.parse(signature)
    if content(read.algorithm.digest) != read.message_digest:
        raise ContentDiffers
    bones = cms.bones(signature)
    index = archive.make_index(bones, digest)
    imprint = archive.imprint(bones, content(digest), index, digest)
    return PreparedArchive(read.encoded, index, digest, imprint)


def complete_archive_timestamp(prepared: PreparedArchive, token: bytes) -> bytes:
    """The signature, with its archive timestamp.

    Args:
        token: DER of a TimeStampToken over `prepared.imprint`; the caller has verified it.

    Raises:
        TimestampOfOther: it is of something else.
        TimestampMalformed, SignatureTooLarge
    """
    read = read_token(token)
    if (read.digest, read.imprint) != (prepared.digest, prepared.imprint):
        raise TimestampOfOther
    # The index is beside the token's signature, whose imprint covers it (§5.5.2).
    indexed = cms.add_unsigned(read.encoded, archive.ATS_HASH_INDEX_V3, prepared.index)
    return cms.add_unsigned(prepared.signature, archive.ARCHIVE_TIME_STAMP_V3, indexed)


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive timestamp whose imprint holds; its own signature remains to be judged."""

    token: Token
    covered: archive.Coverage


def archives(signature: bytes, content: Content) -> tuple[Archive, ...]:
    """The archive timestamps (version 3) of a signature, the earliest first.

    Raises:
        MalformedSignature, SignatureTooLarge, TimestampMalformed, UnknownAlgorithm
        ArchiveTimestampBroken: one of them is of another file or signature, or something that it protected is gone.
    """
    read = cms.parse(signature)
    bones = cms.bones(signature)
    found = [_archive(bones, read_token(one), content) for one in read.values(archive.ARCHIVE_TIME_STAMP_V3)]
    return tuple(sorted(found, key=lambda one: one.token.gen_time))


def _archive(bones: cms.Bones, token: Token, content: Content) -> Archive:
    covered = archive.coverage(token.signed, bones)
    # §5.5.2: one digest for the index and for the imprint.
    if not covered.whole or covered.digest is not token.digest:
        raise ArchiveTimestampBroken
    if archive.imprint(bones, content(covered.digest), covered.index, covered.digest) != token.imprint:
        raise ArchiveTimestampBroken
    return Archive(token, covered)
