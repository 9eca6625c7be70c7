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
class TrustService:
    """One service of a trusted list, for one span of its history.

    Attributes:
        kind: last part of the service type's URI: `CA/QC`, `TSA/QTST`…
        granted: its status says that it is (or was) supervised and granted.
        since, until: the span; None for one without end.
        qualifiers: last parts of the qualifiers' URIs, with what they apply to settled for the certificate at hand by
            the reader: `QCForESig`, `QCForESeal`, `QCWithSSCD`, `QCQSCDStatusAsInCert`…
    """

    provider: str
    name: str
    kind: str
    granted: bool
    since: datetime
    until: datetime | None
    qualifiers: tuple[str, ...] = ()


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
