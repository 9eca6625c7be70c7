"""What the guardian's tests share: completed envelopes, authorities that give the time, the operator's choices."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

from bench.world import Authority, TimestampUnit, ec_key

from telesphore.ades.algorithms import AlgorithmPolicy, Digest
from telesphore.ades.verdict.result import Level
from telesphore.kernel import identifiers
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.pki import ports as pki
from telesphore.signature import ports
from telesphore.signature.actions import seal
from tests.cast import Cast
from tests.signature.circuits import ODILE, odile_signs, sent

YEAR = timedelta(days=365)
POLICY = AlgorithmPolicy(
    "the suite's", dict.fromkeys((d.value for d in Digest), None), {"rsa": ((2048, None),), "ec": ((256, None),)}
)


class AuthorityAway(DomainError):
    """The time-stamping authority does not answer."""

    refusal = Refusal.UNAVAILABLE
    code = "authority-away"


@dataclass
class Clockwork:
    """Answers both ports of `pki` from a world of its own; a new unit every year, good for `life`."""

    life: timedelta = 3 * YEAR
    away: bool = False
    units: dict[int, TimestampUnit] = field(default_factory=dict)
    stamps: int = 0
    asked: int = 0
    authority: Authority = field(
        default_factory=lambda: Authority(
            "Autorité du temps", ec_key(), "sha384", datetime(2020, 1, 1, tzinfo=UTC), datetime(2080, 1, 1, tzinfo=UTC)
        )
    )

    def stamp(self, imprint: bytes, digest: Digest, *, organisation_id: UUID, at: datetime) -> bytes:
        if self.away:
            raise AuthorityAway
        since = datetime(at.year, 1, 1, tzinfo=UTC)
        unit = self.units.setdefault(
            at.year, TimestampUnit(self.authority, f"Unité {at.year}", ec_key(), "sha384", since, since + self.life)
        )
        self.stamps += 1
        return unit.stamp(imprint, digest.value, at)

    def fetch(self, chain: Sequence[bytes], *, organisation_id: UUID, at: datetime) -> pki.RevocationData:
        self.asked += 1
        return pki.RevocationData(crls=(self.authority.crl(at),))


@contextmanager
def guarded(
    clockwork: Clockwork, *, means: str = "record", policy: AlgorithmPolicy = POLICY, batch: int = 100
) -> Iterator[None]:
    """These authorities answer, and the operator chose this, until the end of the block."""
    slots = (pki.timestamper, pki.revocation_source, ports.retention)
    before = [(slot, slot._factory) for slot in slots]
    retention = ports.Retention(policy=policy, margin=timedelta(days=180), means=means, batch=batch)
    pki.timestamper.bind(lambda: clockwork)
    pki.revocation_source.bind(lambda: clockwork)
    ports.retention.bind(lambda: retention)
    try:
        yield
    finally:
        for slot, factory in before:
            slot._factory, slot._instance = factory, None


def weak_from(policy: AlgorithmPolicy, digest: str, day: datetime) -> AlgorithmPolicy:
    """The table, amended."""
    return replace(policy, name=f"{policy.name}, amended", digests={**policy.digests, digest: day.date()})


def completed(cast: Cast) -> UUID:
    """An envelope that Odile has signed, sealed today; no timestamp carries it."""
    before = ports.level._factory
    ports.level.bind(lambda: Level.B)
    try:
        envelope_id = sent(cast, [ODILE])
        odile_signs(cast, envelope_id)
        seal.seal(envelope_id=envelope_id, actor=Actor.system(cast.hospital), at=now())
    finally:
        ports.level._factory, ports.level._instance = before, None
    return envelope_id


@contextmanager
def identifiers_of(at: datetime) -> Iterator[None]:
    """New identifiers bear this time, as they will then: the vault counts a deposit's age from its own."""
    before = identifiers.time
    identifiers.time = SimpleNamespace(time_ns=lambda: int(at.timestamp() * 1e9))
    try:
        yield
    finally:
        identifiers.time = before
