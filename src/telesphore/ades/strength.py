"""Until when a proof stands by itself: the first of its certificates to expire, or of its algorithms to weaken.

A proof is renewed by a timestamp over it before that day; from then on the new timestamp carries it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from asn1crypto import cms, tsp, x509

from telesphore.ades import cms as cms_reader
from telesphore.ades.algorithms import AlgorithmPolicy, Digest, key_of
from telesphore.ades.errors import FileBeyondLimits, MalformedSignature, SignatureTooLarge, UnreadableFile
from telesphore.ades.pdf.reader import Document
from telesphore.ades.verdict import signed_fields
from telesphore.kernel.errors import DomainError, Refusal

SIGNATURE_TIMESTAMP = "1.2.840.113549.1.9.16.2.14"
FAR = datetime(9999, 12, 31, tzinfo=UTC)
"""No end is known."""
NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""It does not hold at any time."""


class Cause(StrEnum):
    """What weakens first."""

    CERTIFICATE = "certificate"
    """The signer's own, or the time-stamping unit's, expires."""
    AUTHORITY = "authority"
    """A certificate above it expires."""
    DIGEST = "digest"
    KEY = "key"


class UnreadableProof(DomainError):
    """This proof can't be read: it is not a signature or a timestamp with its certificate."""

    refusal = Refusal.INVALID
    code = "unreadable-proof"


@dataclass(frozen=True, slots=True)
class Strength:
    """How long a signature or a timestamp stands.

    Attributes:
        weakens_at: from then on it proves nothing new; `FAR` when no end is known.
        expires_at: the first end of its certificates, whatever the algorithms.
        algorithms: what it rests on: `sha256`, `rsa 2048`, sorted; see `first_to_weaken`.
        what: of a certificate, the common name; else the algorithm, as a policy names it.
        authority: common name of who issued the signer's or the unit's certificate.
        unit: common name of the signer or of the time-stamping unit.
        proved_at: the time that it proves; None for a signature.
        certificates: DER, the signer's or the unit's first, then as far up as the proof bears them.
    """

    weakens_at: datetime
    cause: Cause
    what: str
    expires_at: datetime
    algorithms: tuple[str, ...]
    authority: str
    unit: str
    proved_at: datetime | None
    certificates: tuple[bytes, ...]

    @property
    def timestamped(self) -> bool:
        """It is a timestamp, not only a signature."""
        return self.proved_at is not None


def strength_of(proof: bytes, policy: AlgorithmPolicy, *, more: Iterable[bytes] = ()) -> Strength:
    """Of a signature or a timestamp: DER of a CMS ContentInfo.

    Args:
        more: DER of certificates above, when the proof does not bear them.

    Raises:
        UnreadableProof
    """
    try:
        return _strength(proof, policy, more)
    # asn1crypto meets foreign bytes with these, wherever it first reads a part.
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        raise UnreadableProof from None


def last_proof(pdf: bytes) -> bytes:
    """DER of the last signature or document timestamp of a file: the one that carries all before it. A signature that
    bears a timestamp is carried by that.

    Raises:
        UnreadableProof: not a PDF that we can read, or one without a signature.
    """
    try:
        signatures = signed_fields.find(Document(pdf))
        if not signatures or signatures[-1].malformed:
            raise UnreadableProof
        last = signatures[-1]
        parsed = cms_reader.parse(last.contents)
    except (UnreadableFile, FileBeyondLimits, MalformedSignature, SignatureTooLarge):
        raise UnreadableProof from None
    if not last.is_timestamp:
        for name, values in parsed.unsigned:
            if name == SIGNATURE_TIMESTAMP and values:
                return values[0]
    return parsed.encoded


def _strength(proof: bytes, policy: AlgorithmPolicy, more: Iterable[bytes]) -> Strength:
    signed = cms.ContentInfo.load(proof, strict=True)["content"]
    signer = signed["signer_infos"][0]
    known = [choice.chosen for choice in signed["certificates"] or () if isinstance(choice.chosen, x509.Certificate)]
    chain = _climb(signer["sid"].chosen, [*known, *(x509.Certificate.load(one) for one in more)])
    info = signed["encap_content_info"]["content"].parsed if signed["encap_content_info"]["content"] else None
    proved_at = None
    digests = [signer["digest_algorithm"]["algorithm"].native]
    if isinstance(info, tsp.TSTInfo):
        proved_at = info["gen_time"].native
        digests.append(info["message_imprint"]["hash_algorithm"]["algorithm"].native)
    # An anchor is trusted by itself, not by its own signature.
    digests += [certificate.hash_algo for certificate in chain if certificate.self_signed == "no"]
    keys = ["{} {}".format(*key_of(certificate.dump())) for certificate in chain]
    algorithms = tuple(sorted({digest.replace("sha3-", "sha3_") for digest in digests} | set(keys)))
    expiry, place = min((certificate.not_valid_after, place) for place, certificate in enumerate(chain))
    weakens_at, cause, what = min(
        (expiry, Cause.AUTHORITY if place else Cause.CERTIFICATE, _name(chain[place].subject)),
        first_to_weaken(algorithms, policy),
        key=lambda end: end[0],
    )
    return Strength(
        weakens_at=weakens_at,
        cause=cause,
        what=what,
        expires_at=expiry,
        algorithms=algorithms,
        authority=_name(chain[0].issuer),
        unit=_name(chain[0].subject),
        proved_at=proved_at,
        certificates=tuple(certificate.dump() for certificate in chain),
    )


def first_to_weaken(algorithms: Iterable[str], policy: AlgorithmPolicy) -> tuple[datetime, Cause, str]:
    """Of algorithms as `Strength` names them, the one that a table ends first: when, whether a digest or a key, and
    which. The caller gives at least one."""
    ends = []
    for name in algorithms:
        kind, _, bits = name.partition(" ")
        if bits:
            ends.append((key_end(policy, kind, int(bits)), Cause.KEY, name))
        else:
            ends.append((digest_end(policy, name), Cause.DIGEST, name))
    return min(ends)


def _climb(sid: cms.IssuerAndSerialNumber, known: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """The signer's certificate and those above it, among the known ones, at most ten."""
    first = next(
        certificate
        for certificate in known
        if (
            certificate.serial_number == sid["serial_number"].native and certificate.issuer == sid["issuer"]
            if isinstance(sid, cms.IssuerAndSerialNumber)
            else certificate.key_identifier == sid.native
        )
    )
    chain = [first]
    while chain[-1].self_issued is False and len(chain) < 10:
        above = next((one for one in known if one.subject == chain[-1].issuer and one not in chain), None)
        if above is None:
            break
        chain.append(above)
    return chain


def _name(name: x509.Name) -> str:
    native = name.native
    found = native.get("common_name") or native.get("organization_name") or ""
    return str(found if isinstance(found, str) else found[0])


def digest_end(policy: AlgorithmPolicy, name: str) -> datetime:
    """When a digest (as `hashlib` names it) no longer holds."""
    return _moment(policy.digests[name]) if name in policy.digests else NEVER


def key_end(policy: AlgorithmPolicy, kind: str, bits: int) -> datetime:
    """When keys of this kind and size no longer hold."""
    fitting = [end for least, end in policy.keys.get(kind, ()) if bits >= least]
    return _moment(fitting[-1]) if fitting else NEVER


def lasting_digest(policy: AlgorithmPolicy, until: datetime) -> Digest:
    """The digest to hash with now: the first in the order of `Digest` that holds until then, or that holds longest."""
    ends = {digest: digest_end(policy, digest.value) for digest in Digest}
    return next((digest for digest, end in ends.items() if end > until), max(ends, key=lambda one: ends[one]))


def _moment(end: date | None) -> datetime:
    return FAR if end is None else datetime(end.year, end.month, end.day, tzinfo=UTC)
