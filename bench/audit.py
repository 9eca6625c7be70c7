"""The trail's speed: recorded, sealed, proved. Starts a PostgreSQL of its own, as durable as in production (fsync on).

    python bench/audit.py [--short]

`--short` uses fewer events, and says so in its results.
"""

import argparse
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

HOME = Path(tempfile.mkdtemp(prefix="telesphore-bench-"))
os.environ["TELESPHORE_HOME"] = str(HOME)
os.environ["DJANGO_SETTINGS_MODULE"] = "telesphore.config.settings"

import frame  # noqa: E402 - the environment comes first.
from telesphore.config import embedded  # noqa: E402 - the environment comes first.

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BATCH = 10_000


def rate(count: int, work: Callable[[], object]) -> float:
    """`count` things done by `work`, per second."""
    start = time.perf_counter()
    work()
    return round(count / (time.perf_counter() - start), 1)


def measure(events: int, alone: int, proofs: int) -> tuple[dict[str, object], list[dict[str, object]]]:
    """All figures, once Django is set up on a migrated database."""
    from telesphore.audit import actions as audit
    from telesphore.audit.models import Leaf
    from telesphore.audit.queries import tree
    from telesphore.audit.queries.proofs import proof_of
    from telesphore.audit.queries.verify import verify
    from telesphore.kernel.actors import Actor, ActorKind

    clinic = UUID(int=1)
    doctors = [
        Actor(
            kind=ActorKind.PROFESSIONAL,
            organisation_id=clinic,
            person_id=UUID(int=number),
            means="password+totp",
            source_address="192.0.2.1",
            client="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        )
        for number in range(100)
    ]

    def occurrences(count: int) -> list[audit.Occurrence]:
        return [
            audit.Occurrence(
                action="records:document:open",
                actor=doctors[number % len(doctors)],
                at=AT + timedelta(milliseconds=number),
                patient=UUID(int=random.getrandbits(20)),
                subject=UUID(int=number),
                categories=["11"],
                purpose="TREAT",
                ground="care-team",
                detail={"pages": 3},
            )
            for number in range(count)
        ]

    def record_alone() -> None:
        for one in occurrences(alone):
            audit.record(one.action, actor=one.actor, at=one.at, patient=one.patient, subject=one.subject)

    def seal_all() -> None:
        while audit.seal_once(at=AT, batch=BATCH).more:
            pass

    alone_rate = rate(alone, record_alone)
    seal_all()
    record_seconds = seal_seconds = 0.0
    for _ in range(events // BATCH):
        batch = occurrences(BATCH)
        start = time.perf_counter()
        audit.record_many(batch)
        middle = time.perf_counter()
        seal_all()
        record_seconds += middle - start
        seal_seconds += time.perf_counter() - middle
    sealed = events // BATCH * BATCH

    size = tree.signed_size()
    chosen = [Leaf.objects.get(index=random.randrange(size)).event_id for _ in range(proofs)]
    timed = []
    for event in chosen:
        start = time.perf_counter()
        proof_of(event)
        timed.append((time.perf_counter() - start) * 1000)
    consistency = []
    for _ in range(proofs):
        start = time.perf_counter()
        tree.tree(size).consistency_proof(random.randrange(1, size))
        consistency.append((time.perf_counter() - start) * 1000)
    verified = rate(size, lambda: verify(key=audit.public_key()))

    together = round(sealed / (record_seconds + seal_seconds), 1)
    median = round(statistics.median(timed), 3)
    results = {
        "events_in_tree": size,
        "recorded_each_in_its_own_transaction_per_second": alone_rate,
        "recorded_in_batches_per_second": round(sealed / record_seconds, 1),
        "sealed_per_second": round(sealed / seal_seconds, 1),
        "recorded_and_sealed_in_batches_per_second": together,
        "proof_ms": {"median": median, "p99": round(sorted(timed)[int(len(timed) * 0.99)], 3)},
        "consistency_proof_ms": {"median": round(statistics.median(consistency), 3)},
        "verified_per_second": verified,
        "batch": BATCH,
        "fsync": "on",
    }
    aims = [
        frame.aim("recorded and sealed in batches", together, "events/s", 5000, ">="),
        frame.aim(f"median proof at {size:,} events", median, "ms", 2, "<="),
    ]
    return results, aims


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="50,000 events instead of a million")
    short = parser.parse_args().short
    place = embedded.cluster(HOME)
    embedded.initialise(place)
    try:
        with embedded.running(place):
            import django

            django.setup()
            from telesphore.config import database

            database.migrate()
            results, aims = measure(50_000 if short else 1_000_000, 500 if short else 5_000, 300)
            results["short"] = short
            from django.db import connections

            connections.close_all()
        frame.report("audit", results, aims)
    finally:
        shutil.rmtree(HOME, ignore_errors=True)
        if place.user:
            shutil.rmtree(place.data.parent, ignore_errors=True)


if __name__ == "__main__":
    main()
