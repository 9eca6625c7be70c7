"""What a validation found: frozen facts, and a bottom line.

*Indication* and *sub-indication* are those of ETSI TS 119 102-1 §5.1.3; the *conclusion* is for people. Every finding
that keeps a file from being simply valid is listed with its reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from telesphore.ades.verdict.reasons import Effect, Reason


class Conclusion(StrEnum):
    """The bottom line, for a judge and for a patient."""

    VALID = "valid"
    WARNING = "valid-with-warning"
    INVALID = "invalid"
    UNKNOWN = "unknown"
    """It can't be known, for want of a certificate, of revocation data, or of anything signed at all."""


class Indication(StrEnum):
    """TS 119 102-1 table 5."""

    TOTAL_PASSED = "TOTAL-PASSED"
    TOTAL_FAILED = "TOTAL-FAILED"
    INDETERMINATE = "INDETERMINATE"


class SubIndication(StrEnum):
    """TS 119 102-1 table 6."""

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CERTIFICATE_CHAIN_GENERAL_FAILURE = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    TIMESTAMP_ORDER_FAILURE = "TIMESTAMP_ORDER_FAILURE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    REVOKED_CA_NO_POE = "REVOKED_CA_NO_POE"
    OUT_OF_BOUNDS_NOT_REVOKED = "OUT_OF_BOUNDS_NOT_REVOKED"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    REVOCATION_OUT_OF_BOUNDS_NO_POE = "REVOCATION_OUT_OF_BOUNDS_NO_POE"
    CRYPTO_CONSTRAINTS_FAILURE_NO_POE = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    NO_POE = "NO_POE"
    TRY_LATER = "TRY_LATER"
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"


class Level(StrEnum):
    """EN 319 142-1 §6 and EN 319 122-1 §6: the baseline level that a signature really reaches."""

    NONE = "not-baseline"
    B = "B-B"
    T = "B-T"
    LT = "B-LT"
    LTA = "B-LTA"


class Qualification(StrEnum):
    """What the signer's certificate makes of the signature (TS 119 172-4); never more than a trusted list says."""

    NOT_ASSESSED = "not-assessed"
    """No trusted list was at hand."""
    LOCAL = "local"
    """A certificate of the platform's own authority: not qualified."""
    ADVANCED = "AdES"
    ADVANCED_QUALIFIED_CERTIFICATE = "AdES-QC"
    QUALIFIED = "QES"
    """Or, for an organisation, a qualified seal."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a reader of the verdict must know.

    Attributes:
        details: what fills the reason's sentence: a name, a date (ISO 8601), a page counted from 1.
    """

    reason: Reason
    details: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.reason.sentence.format_map(dict(self.details))


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed, as the certificate says.

    Attributes:
        name: common name, or given name and surname; the organisation's for a seal.
        role: title in the subject; empty for none.
        identifier: serialNumber in the subject (an RPPS number for a French professional); empty for none.
        organisation: empty for none.
        certificate: DER.
        certificate_sha256: hexadecimal.
        issuer: common name of who issued it.
    """

    name: str
    role: str
    identifier: str
    organisation: str
    certificate: bytes = field(repr=False)
    certificate_sha256: str
    issuer: str


@dataclass(frozen=True, slots=True)
class TimestampFacts:
    """A timestamp: in a signature, of the whole file, or an evidence record's.

    Attributes:
        kind: `signature`, `document`, `content` or `evidence-record`.
        time: genTime; None when the token can't be read.
        authority: common name of the time-stamping unit.
        field_name: of a document timestamp; empty for another.
        revision: of a document timestamp: the index of the revision that it ends; None for another.
        expires_at: when its own certificate does.
        digest: name of the imprint's algorithm, as `hashlib` writes it.
    """

    kind: str
    time: datetime | None
    authority: str
    indication: Indication
    sub_indication: SubIndication | None
    findings: tuple[Finding, ...]
    field_name: str
    revision: int | None
    expires_at: datetime | None
    digest: str
    qualified: bool


@dataclass(frozen=True, slots=True)
class SignatureFacts:
    """One signature.

    Attributes:
        field_name: of the signature field; empty for a detached signature.
        status: pyHanko's way to say it in a few words, e.g. `INTACT:TRUSTED,TIMESTAMP_TOKEN<...>,UNTOUCHED`.
        level: really reached; `next_level_missing` says why not the next one (a sentence; empty at B-LTA).
        claimed_at: what the signer says (/M or signing-time); no proof.
        proved_at: the earliest time at which it is proved to have existed; None without a valid timestamp.
        covers_whole_file: nothing follows what it signs.
        revision: index in `Verdict.revisions` of the revision that it ends; None when detached.
        certified: it is the certifying signature; `permission` is its DocMDP P (1, 2 or 3).
        reason: /Reason, as the signer wrote it.
        short_lived: its certificate needs no revocation data (EN 319 412-1 §5.2), or lived for less than a day.
    """

    field_name: str
    status: str
    indication: Indication
    sub_indication: SubIndication | None
    findings: tuple[Finding, ...]
    level: Level
    next_level_missing: str
    qualification: Qualification
    signer: Signer
    algorithm: str
    digest: str
    claimed_at: datetime | None
    proved_at: datetime | None
    covers_whole_file: bool
    revision: int | None
    certified: bool
    permission: int | None
    reason: str
    short_lived: bool
    chain: tuple[bytes, ...] = field(repr=False)
    """DER, from the signer's to the anchor; as far as it could be built."""
    timestamps: tuple[TimestampFacts, ...] = ()


class ChangeKind(StrEnum):
    """What a later revision did, in words that a page can show."""

    SIGNATURE = "signature"
    TIMESTAMP = "timestamp"
    VALIDATION_DATA = "validation-data"
    FORM_FILLED = "form-filled"
    FIELD_ADDED = "field-added"
    ANNOTATION = "annotation"
    METADATA = "metadata"
    CONTENT = "content"
    """Something that no rule admits."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a revision changed.

    Attributes:
        what: a few words: a field's name, a page counted from 1, an object's number.
        allowed: the difference policy and the signatures before it admit it.
    """

    kind: ChangeKind
    what: str
    allowed: bool


@dataclass(frozen=True, slots=True)
class RevisionFacts:
    """One revision of the file: the first is the document, each later one an incremental update.

    Attributes:
        end: offset of the byte after its last.
        signed_by: field of the signature or timestamp that ends it; empty when none does.
    """

    index: int
    end: int
    signed_by: str
    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class PageFacts:
    """A page as the first signer saw it, beside the page as it is shown now.

    Attributes:
        page: counted from 1.
        same: no pixel differs outside places where a later signature or an allowed filled form shows.
        boxes: (left, bottom, right, top) in points of what differs.
        expected: of `boxes`, those that a later signature's or form field's place explains.
    """

    page: int
    same: bool
    boxes: tuple[tuple[float, float, float, float], ...]
    expected: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that was found of one file, and what follows.

    Attributes:
        findings: every one that bears on the conclusion, the gravest first.
        pages_compared: False when the pixel comparison was not asked for, or could not be made.
    """

    conclusion: Conclusion
    findings: tuple[Finding, ...]
    signatures: tuple[SignatureFacts, ...]
    timestamps: tuple[TimestampFacts, ...]
    revisions: tuple[RevisionFacts, ...]
    pages: tuple[PageFacts, ...]
    pages_compared: bool
    validated_at: datetime
    file_sha256: str
    file_size: int
    policy: str

    @property
    def headline(self) -> Finding | None:
        """The finding that decides; None when the file is simply valid."""
        return self.findings[0] if self.findings else None


_GRAVEST = (Effect.INVALID, Effect.UNKNOWN, Effect.WARNING, Effect.NONE)


def conclude(findings: tuple[Finding, ...]) -> tuple[Conclusion, tuple[Finding, ...]]:
    """The bottom line, and the findings without repetition, the gravest first."""
    once = {(finding.reason, tuple(sorted(finding.details.items()))): finding for finding in findings}
    ordered = tuple(sorted(once.values(), key=lambda finding: _GRAVEST.index(finding.reason.effect)))
    if not ordered:
        return Conclusion.VALID, ()
    return {
        Effect.INVALID: Conclusion.INVALID,
        Effect.UNKNOWN: Conclusion.UNKNOWN,
        Effect.WARNING: Conclusion.WARNING,
        Effect.NONE: Conclusion.VALID,
    }[ordered[0].reason.effect], ordered
