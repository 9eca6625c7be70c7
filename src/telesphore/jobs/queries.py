"""What waits, what runs, what stopped and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from telesphore.jobs.access import check_may_operate
from telesphore.kernel.actors import Actor

# A worker gives a sign of life every HEARTBEAT; silent for STALLED, it is taken for dead and its jobs go to others.
HEARTBEAT = timedelta(seconds=3)
STALLED = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubledJob:
    """A job whose last try failed; it stopped, or waits for its next try.

    Attributes:
        stopped: whether no further try will be made unless someone asks.
        attempts: tries made so far.
        next_try_at: when it runs again; None when it stopped.
    """

    id: int
    name: str
    queue: str
    stopped: bool
    attempts: int
    code: str
    sentence: str
    failed_at: datetime | None
    next_try_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """One queue: how many jobs in each state, and for how long the oldest has been due, in seconds."""

    queue: str
    waiting: int
    scheduled: int
    running: int
    stopped: int
    oldest_waiting_seconds: float


_TROUBLED = """
SELECT j.id, j.task_name, j.queue_name, j.status = 'failed', j.attempts,
       coalesce(f.code, 'unknown'), coalesce(f.sentence, ''), f.failed_at,
       CASE WHEN j.status = 'todo' THEN j.scheduled_at END
  FROM procrastinate_jobs j
  LEFT JOIN jobs_lastfailure f ON f.job_id = j.id
 WHERE (j.status = 'failed' OR (j.status = 'todo' AND f.job_id IS NOT NULL))
   AND (%(organisation)s::text IS NULL OR coalesce(j.args ->> 'organisation_id', %(organisation)s) = %(organisation)s)
 ORDER BY j.status = 'failed' DESC, j.id DESC
 LIMIT %(limit)s
"""

_QUEUES = """
SELECT queue_name,
       count(*) FILTER (WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())),
       count(*) FILTER (WHERE status = 'todo' AND scheduled_at > now()),
       count(*) FILTER (WHERE status = 'doing'),
       count(*) FILTER (WHERE status = 'failed'),
       coalesce(extract(epoch FROM now() - min(coalesce(scheduled_at, deferred.at))
                FILTER (WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now()))), 0)
  FROM procrastinate_jobs j
  LEFT JOIN LATERAL (
       SELECT min(at) AS at FROM procrastinate_events e WHERE e.job_id = j.id AND j.status = 'todo'
  ) deferred ON true
 GROUP BY queue_name
 ORDER BY queue_name
"""


def _rows(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def troubled(*, actor: Actor, limit: int = 200) -> list[TroubledJob]:
    """Jobs that stopped, then jobs that wait for another try; the newest first, at most `limit`.

    Raises:
        JobsNotYours: neither the operator nor an administrator.
    """
    organisation: UUID | None = check_may_operate(actor)
    parameters = {"organisation": str(organisation) if organisation else None, "limit": limit}
    return [
        TroubledJob(
            id=row[0],
            name=row[1],
            queue=row[2],
            stopped=row[3],
            attempts=row[4],
            code=row[5],
            sentence=row[6],
            failed_at=row[7],
            next_try_at=row[8],
        )
        for row in _rows(_TROUBLED, parameters)
    ]


def queues() -> list[QueueState]:
    """Every queue that holds a job: for the page, the health of the instance and its metrics."""
    return [
        QueueState(
            queue=row[0],
            waiting=row[1],
            scheduled=row[2],
            running=row[3],
            stopped=row[4],
            oldest_waiting_seconds=float(row[5]),
        )
        for row in _rows(_QUEUES, {})
    ]


def living_workers() -> int:
    """How many workers gave a sign of life lately."""
    statement = (
        "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - %(silence)s * interval '1 second'"
    )
    return int(_rows(statement, {"silence": STALLED.total_seconds()})[0][0])


_TROUBLES = """
SELECT j.args ->> %(argument)s, j.id, j.task_name, j.queue_name, j.status = 'failed', j.attempts,
       coalesce(f.code, 'unknown'), coalesce(f.sentence, ''), f.failed_at,
       CASE WHEN j.status = 'todo' THEN j.scheduled_at END
  FROM procrastinate_jobs j
  LEFT JOIN jobs_lastfailure f ON f.job_id = j.id
 WHERE (j.status = 'failed' OR (j.status IN ('todo', 'doing') AND f.job_id IS NOT NULL))
   AND j.task_name = ANY(%(names)s)
   AND (%(values)s::text[] IS NULL OR j.args ->> %(argument)s = ANY(%(values)s))
   AND (%(organisation)s::text IS NULL OR j.args ->> 'organisation_id' = %(organisation)s)
 ORDER BY j.id
"""


def troubles_of(
    *, names: Sequence[str], argument: str, values: Sequence[str] | None = None, organisation_id: UUID | None = None
) -> dict[str, TroubledJob]:
    """Of the jobs of these names, by the value of one argument, those whose last try failed: the latest of each. For a
    room that tells people what became of its own rows, which it has checked that they may see.

    Args:
        values: of the argument; None for all.
        organisation_id: whose jobs; None for all.
    """
    rows = _rows(
        _TROUBLES,
        {
            "names": list(names),
            "argument": argument,
            "values": None if values is None else list(values),
            "organisation": organisation_id and str(organisation_id),
        },
    )
    return {
        row[0]: TroubledJob(
            id=row[1],
            name=row[2],
            queue=row[3],
            stopped=row[4],
            attempts=row[5],
            code=row[6],
            sentence=row[7],
            failed_at=row[8],
            next_try_at=row[9],
        )
        for row in rows
    }
