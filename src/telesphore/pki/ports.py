"""What issuing and proving need from outside: the time, from an authority; revocation data, from who issued."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec

from telesphore.ades.algorithms import AlgorithmPolicy, Digest
from telesphore.ades.verdict.trust import Anchor
from telesphore.kernel.ports import Port


class Timestamper(Protocol):
    """Gives timestamps (RFC 3161): the local service, or authorities elsewhere with fail-over."""

    def stamp(self, imprint: bytes, digest: Digest, *, organisation_id: UUID, at: datetime) -> bytes:
        """The DER of a TimeStampToken over this digest; nonce, policy and certificate are checked already.

        Call it outside any transaction: it may wait for a network.

        Raises:
            TimestampUnavailable: no authority gave one in time.
        """


@dataclass(frozen=True, slots=True)
class RevocationData:
    """DER of OCSP responses and CRLs, and of certificates that they need."""

    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    certificates: tuple[bytes, ...] = ()


class RevocationSource(Protocol):
    """Asks whether certificates still hold."""

    def fetch(self, chain: Sequence[bytes], *, organisation_id: UUID, at: datetime) -> RevocationData:
        """What proves that no certificate of `chain` (DER, signer first, anchor last) was revoked.

        What can't be had is left out: the level reached says so. Call it outside any transaction.
        """


@runtime_checkable
class HeldKey(Protocol):
    """An EC P-256 key that stays where it is: its `name` says which one it is there.

    It signs as `cryptography`'s own do, being an `ec.EllipticCurvePrivateKey`.
    """

    @property
    def name(self) -> str: ...


class KeyHolder(Protocol):
    """Holds the keys with which the platform issues, answers, stamps and seals, e.g. in an HSM."""

    def make(self) -> ec.EllipticCurvePrivateKey:
        """A fresh key, which is a `HeldKey`."""

    def open(self, name: str, certificate: bytes) -> ec.EllipticCurvePrivateKey:
        """The key of this name, whose certificate (DER) is given. Whether it is there shows when it signs."""


class AnchorSource(Protocol):
    """Who is trusted besides the local authorities: files that the operator gave, EU trusted lists."""

    def anchors(self) -> Sequence[Anchor]:
        """All of them; from what is kept on disk, without a network."""

    def refresh(self, *, at: datetime) -> object:
        """Fetch what may have changed. Call it outside any transaction. What is refused leaves what was kept."""


timestamper: Port[Timestamper] = Port("pki.timestamper")
revocation_source: Port[RevocationSource] = Port("pki.revocation_source")
key_holder: Port[KeyHolder | None] = Port("pki.key_holder")
"""None when the vault keeps the keys."""
anchor_source: Port[AnchorSource] = Port("pki.anchor_source")
algorithm_policy: Port[AlgorithmPolicy] = Port("pki.algorithm_policy")
"""The dated table of algorithms by which signatures are judged, as the operator amended it."""
base_url: Port[str] = Port("pki.base_url")
"""Where relying parties reach this instance, without a final slash: written into certificates."""
