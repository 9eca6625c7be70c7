"""The audit suite's cast, and how to make events in bulk."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg

from telesphore.audit import actions as audit
from telesphore.config import embedded
from telesphore.kernel.actors import Actor, ActorKind
from tests.environment import CLUSTER

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CLINIC, LABORATORY = UUID(int=1), UUID(int=2)
ALICE = Actor(
    kind=ActorKind.PROFESSIONAL,
    organisation_id=CLINIC,
    person_id=UUID(int=0xA11CE),
    means="password+totp",
    acr="phr",
    session_id=UUID(int=0x5E55),
    source_address="192.0.2.1",
    client="Firefox",
)
CHARLIE = Actor(kind=ActorKind.PROFESSIONAL, organisation_id=LABORATORY, person_id=UUID(int=0xC4A))
ZOE, YANIS = UUID(int=0x20E), UUID(int=0x1A)
"""Patients of the clinic."""
OPERATOR = Actor.system(client="operator")


def record_some(count: int, *, at: datetime = NOON, patient: UUID | None = ZOE, actor: Actor = ALICE) -> list[UUID]:
    """Record `count` readings, a second apart, from `at` on."""
    return audit.record_many(
        [
            audit.Occurrence(
                action="records:document:open",
                actor=actor,
                at=at + timedelta(seconds=number),
                patient=patient,
                subject=UUID(int=number + 1),
                categories=["11"],
                purpose="TREAT",
                ground="care-team",
                detail={"page": number},
            )
            for number in range(count)
        ]
    )


def behind_the_back(database: str, statement: str, *values: object) -> int:
    """Run one statement as the cluster's superuser; returns how many rows it touched."""
    with psycopg.connect(CLUSTER.dsn(embedded.SUPERUSER, database), autocommit=True) as connection:
        return connection.execute(statement, values).rowcount  # type: ignore[arg-type]  # Literal in each test.
