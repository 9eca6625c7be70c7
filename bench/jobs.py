"""Durable work: jobs enqueued and done per second, and the time from commit to start, through the real worker."""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import frame


def main() -> None:
    """Make an instance, run jobs in it, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    count = 300 if parser.parse_args().short else 3000
    home = Path(tempfile.mkdtemp(prefix="telesphore-bench-"))
    for name in [name for name in os.environ if name.startswith("TELESPHORE_")]:
        del os.environ[name]
    os.environ |= {"TELESPHORE_HOME": str(home), "DJANGO_SETTINGS_MODULE": "telesphore.config.settings"}
    from telesphore.config import embedded

    place = embedded.cluster(home)
    try:
        embedded.initialise(place)
        with embedded.running(place):
            measure(count)
    finally:
        shutil.rmtree(home, ignore_errors=True)
        if place.user:
            shutil.rmtree(place.data.parent, ignore_errors=True)


def measure(count: int) -> None:
    """Enqueue `count` jobs in transactions of their own, run them, then 30 more one at a time."""
    import django

    django.setup()
    import logging

    logging.disable(logging.WARNING)
    from django.db import connections, transaction

    from telesphore.config import database, worker
    from telesphore.jobs import actions

    database.migrate()
    done = threading.Semaphore(0)
    started: list[float] = []

    @actions.job("bench:nothing")
    def nothing() -> None:
        started.append(time.perf_counter())
        done.release()

    before = time.perf_counter()
    for _ in range(count):
        with transaction.atomic():
            actions.enqueue("bench:nothing")
    enqueued = count / (time.perf_counter() - before)

    before = time.perf_counter()
    worker.run(concurrency=4, until_idle=True, signals=False)
    ran = count / (time.perf_counter() - before)

    latencies = []
    for _ in range(count):
        assert done.acquire(timeout=5)
    threading.Thread(target=worker.run, kwargs={"concurrency": 4, "signals": False}, daemon=True).start()
    time.sleep(2)
    for _ in range(30):
        with transaction.atomic():
            actions.enqueue("bench:nothing")
        committed = time.perf_counter()
        assert done.acquire(timeout=10)
        latencies.append((started[-1] - committed) * 1000)
    connections.close_all()
    latency = statistics.median(latencies)
    results = {
        "jobs": count,
        "enqueued_per_second": enqueued,
        "run_per_second": ran,
        "start_after_commit_ms": {"median": latency, "worst": max(latencies)},
    }
    frame.report(
        "jobs",
        results,
        [
            frame.aim("jobs run", ran, "per second", 50, ">="),
            frame.aim("start after commit, median", latency, "ms", 100, "<="),
        ],
    )


if __name__ == "__main__":
    main()
    # The worker's thread runs on; nothing is left for it.
    sys.stdout.flush()
    os._exit(0)
