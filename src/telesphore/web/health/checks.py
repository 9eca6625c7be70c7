"""The checks behind `/health/ready`: each says whether what an answer needs is there."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from typing import Any

from django.db import connection, connections

from telesphore.jobs import queries as jobs
from telesphore.vault import ports as vault

logger = logging.getLogger(__name__)

TIMEOUT = 5.0
OLDEST_WAITING = 300.0
"""Seconds that a job may be due before the queue is called late."""

_patience = ThreadPoolExecutor(8, thread_name_prefix="health")


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone() == (1,))


def _store() -> bool:
    next(iter(vault.store.get().names("health")), None)
    return True


def _worker() -> bool:
    return jobs.living_workers() > 0


def _queue() -> bool:
    return all(queue.oldest_waiting_seconds < OLDEST_WAITING for queue in jobs.queues())


# Without these no request can be answered.
NEEDED: dict[str, Callable[[], bool]] = {"database": _database, "store": _store}
# Without these work is late, but taking the web server away would only add an outage to the delay.
WANTED: dict[str, Callable[[], bool]] = {"worker": _worker, "queue": _queue}


def run() -> tuple[str, dict[str, str]]:
    """`ready`, `degraded` or `unready`, and each check's `ok` or `failing`."""
    running = {name: _patience.submit(_holds, name, check) for name, check in (NEEDED | WANTED).items()}
    results = {name: "ok" if _in_time(name, future) else "failing" for name, future in running.items()}
    if any(results[name] != "ok" for name in NEEDED):
        return "unready", results
    if any(results[name] != "ok" for name in WANTED):
        return "degraded", results
    return "ready", results


def _in_time(name: str, future: Any) -> bool:
    try:
        return bool(future.result(TIMEOUT))
    except TooSlow:
        logger.warning("health check %s gave no answer in time", name)
        return False


def _holds(name: str, check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - whatever is wrong, the answer is the same.
        logger.warning("health check %s failed (%s)", name, type(error).__name__)
        return False
    finally:
        connections.close_all()
