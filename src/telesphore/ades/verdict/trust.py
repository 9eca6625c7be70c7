"""What a validation trusts, and what it is given beside the file."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from telesphore.ades.algorithms import AlgorithmPolicy


class AnchorKind(StrEnum):
    """Where an anchor comes from."""

    LOCAL = "local"
    """The platform's own authority: never qualified."""
    FILE = "file"
    """A file that the operator gave."""
    TRUSTED_LIST = "trusted-list"
    """A trust service of an EU trusted list (TS 119 612)."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """What a certificate must be like for a qualifier to apply to it (TS 119 612 §5.5.9.2.2).

    Attributes:
        asserts: `all`, `atLeastOne` or `none` of the parts hold.
        usages: each a set of key usages (`nonRepudiation`…) that must be there, or must not.
        policies: each a set of dotted policies that must all be there.
        unknown: it holds a part that we don't know, which never holds.
    """

    asserts: str
    usages: tuple[tuple[tuple[str, bool], ...], ...] = ()
    policies: tuple[frozenset[str], ...] = ()
    inner: "tuple[Criterion, ...]" = ()
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class QualifierRule:
    """Qualifiers (last parts of their URIs: `QCForESig`, `QCForESeal`, `QCWithQSCD`…), and when they apply."""

    qualifiers: tuple[str, ...]
    criterion: Criterion


@dataclass(frozen=True, slots=True)
class TrustService:
    """One service of a trusted list, for one span of its history.

    Attributes:
        kind: last part of the service type's URI: `CA/QC`, `TSA/QTST`…
        granted: its status says that it is (or was) supervised and granted.
        since, until: the span; None for one without end.
        uses: what it issues for: `ForeSignatures`, `ForeSeals`…; empty for all.
        rules: qualifiers that correct what certificates say of themselves.
    """

    provider: str
    name: str
    kind: str
    granted: bool
    since: datetime
    until: datetime | None
    uses: tuple[str, ...] = ()
    rules: tuple[QualifierRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Anchor:
    """A certificate (DER) that is trusted because we say so."""

    certificate: bytes = field(repr=False)
    kind: AnchorKind = AnchorKind.FILE
    services: tuple[TrustService, ...] = ()


@dataclass(frozen=True, slots=True)
class Trust:
    """Anchors, and the table of algorithms to judge by."""

    anchors: Sequence[Anchor]
    policy: AlgorithmPolicy


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known beside the file, all DER: certificates, OCSP responses, CRLs, evidence records (RFC 4998)."""

    certificates: Sequence[bytes] = ()
    ocsps: Sequence[bytes] = ()
    crls: Sequence[bytes] = ()
    records: Sequence[bytes] = ()


NOTHING_MORE = Evidence()
