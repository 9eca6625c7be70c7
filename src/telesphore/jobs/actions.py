"""Enqueue work, announce facts, try again what stopped. All write rows in the caller's transaction."""

import dataclasses
import functools
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from traceback import extract_tb
from typing import Any, TypeVar
from uuid import UUID

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.utils import translation
from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Job

from telesphore.jobs import ports
from telesphore.jobs.access import check_may_operate
from telesphore.jobs.errors import JobNotFound, WorkerDied
from telesphore.jobs.models import LastFailure, Period
from telesphore.jobs.queries import STALLED
from telesphore.kernel.actors import Actor
from telesphore.kernel.errors import DomainError, Refusal

logger = logging.getLogger(__name__)

Fact = TypeVar("Fact")
Work = Callable[..., None]
PeriodicWork = Callable[[datetime], None]

_reactions: dict[type[Any], list[str]] = {}
_periods: dict[str, timedelta] = {}

_DAY = 24 * 3600
# Seconds before each new try: 12 tries over four days, so that what fails on Friday evening still runs on Monday.
DELAYS = (4, 16, 64, 256, 1024, 4096, 4 * 3600, 12 * 3600, 12 * 3600, _DAY, _DAY)
# Something outside is away, or was asked too much. Any other refusal is an answer: asking again changes nothing.
PASSING = frozenset({Refusal.UNAVAILABLE, Refusal.TOO_MANY})


class _GrowingDelays(BaseRetryStrategy):
    """Try again later, then stop; a refusal that stands stops at once. What is unexpected may be mended meanwhile."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, DomainError) and exception.refusal not in PASSING:
            return None
        if job.attempts >= len(DELAYS):
            return None
        return RetryDecision(retry_in={"seconds": DELAYS[job.attempts]})


class _NeverGivesUp(BaseRetryStrategy):
    """Periodic work: its next turn would come anyway, so that it only slows down, to one try in five minutes."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        return RetryDecision(retry_in={"seconds": min(4 ** (min(job.attempts, 4) + 1), 300)})


def job(name: str, *, queue: str = "default") -> Callable[[Work], Work]:
    """Name a function as work that can be enqueued; its keyword arguments are JSON values.

    The function bears being run twice: a worker killed just after its commit runs it again.
    """

    def register(work: Work) -> Work:
        app.task(name=name, queue=queue, retry=_GrowingDelays())(work)
        return work

    return register


def every(seconds: int, name: str, *, queue: str = "default") -> Callable[[PeriodicWork], PeriodicWork]:
    """Name a function as periodic work: it runs every `seconds`, on one worker, given the time as its only argument.

    A turn that comes while the one before waits or runs is skipped.
    """

    def register(work: PeriodicWork) -> PeriodicWork:
        def run() -> None:
            work(datetime.now(UTC))  # noqa: TID251 - a worker is where periodic work begins, and time with it.

        app.task(name=name, queue=queue, retry=_NeverGivesUp())(run)
        _periods[name] = timedelta(seconds=seconds)
        return work

    return register


def enqueue(
    name: str,
    *,
    lock: str | None = None,
    at: datetime | None = None,
    queueing_lock: str | None = None,
    **arguments: Any,
) -> None:
    """Have `name` done after this transaction commits; jobs of the same `lock` run one at a time, in order.

    At `at` at the earliest. Nothing happens when a job of the same `queueing_lock` waits already. UUIDs become text.
    """
    values = {key: str(value) if isinstance(value, UUID) else value for key, value in arguments.items()}
    deferrer = app.configure_task(name, lock=lock, schedule_at=at, queueing_lock=queueing_lock)
    if queueing_lock is None:
        deferrer.defer(**values)
        return
    try:
        with transaction.atomic():
            deferrer.defer(**values)
    except AlreadyEnqueued:
        logger.debug("%s waits already", name)


def reacts_to(fact: type[Fact]) -> Callable[[Callable[[Fact], None]], Callable[[Fact], None]]:
    """Make a function the reaction to a fact: a frozen dataclass whose fields are UUIDs and text."""

    def register(reaction: Callable[[Fact], None]) -> Callable[[Fact], None]:
        name = f"reactions:{reaction.__module__.rpartition('.')[2]}"

        @functools.wraps(reaction)
        def run(**fields: str) -> None:
            types = {field.name: field.type for field in dataclasses.fields(fact)}  # type: ignore[arg-type]  # A dataclass by contract.
            values = {key: UUID(value) if types[key] is UUID else value for key, value in fields.items()}
            reaction(fact(**values))

        job(name)(run)
        _reactions.setdefault(fact, []).append(name)
        return reaction

    return register


def announce(fact: Any) -> None:
    """Say that something happened: every reaction to it runs after this transaction commits."""
    fields = {field.name: getattr(fact, field.name) for field in dataclasses.fields(fact)}
    for name in _reactions.get(type(fact), []):
        enqueue(name, **fields)


@transaction.atomic
def try_again(*, job_id: int, actor: Actor, at: datetime) -> None:
    """Run a stopped job again, from its first try.

    Raises:
        JobsNotYours: neither the operator nor an administrator.
        JobNotFound: no stopped job of this id that the actor may see.
    """
    again = "UPDATE procrastinate_jobs SET status = 'todo', attempts = 0, scheduled_at = %(at)s, worker_id = NULL"
    try:
        with transaction.atomic():
            _change_stopped(again, job_id=job_id, actor=actor, at=at)
    except IntegrityError:
        # Another job of the same queueing lock waits already, and will do this one's work.
        _forget_stopped(job_id=job_id, actor=actor, at=at)
    ports.trail.get()("jobs:job:try-again", actor=actor, at=at, detail={"job": job_id})


@transaction.atomic
def give_up(*, job_id: int, actor: Actor, at: datetime) -> None:
    """Take a stopped job off the list for good.

    Raises:
        JobsNotYours: neither the operator nor an administrator.
        JobNotFound: no stopped job of this id that the actor may see.
    """
    _forget_stopped(job_id=job_id, actor=actor, at=at)
    ports.trail.get()("jobs:job:give-up", actor=actor, at=at, detail={"job": job_id})


def _forget_stopped(*, job_id: int, actor: Actor, at: datetime) -> None:
    _change_stopped("DELETE FROM procrastinate_jobs", job_id=job_id, actor=actor, at=at)
    LastFailure.objects.filter(job_id=job_id).delete()


def _change_stopped(change: str, *, job_id: int, actor: Actor, at: datetime) -> None:
    organisation = check_may_operate(actor)
    statement = f"""{change} WHERE id = %(id)s AND status = 'failed' AND (
        %(organisation)s::text IS NULL OR coalesce(args ->> 'organisation_id', %(organisation)s) = %(organisation)s
    )"""
    parameters = {"id": job_id, "organisation": str(organisation) if organisation else None, "at": at}
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        if cursor.rowcount != 1:
            raise JobNotFound


def note_outcome(call_next: Callable[[], Any], context: Any, worker: Any) -> Any:
    """Run one job, log its end, and write why it failed (procrastinate's sync task middleware)."""
    told = {"job": context.job.id, "task": context.job.task_name, "attempt": context.job.attempts + 1}
    started = monotonic()
    try:
        result = call_next()
        if context.job.attempts:
            LastFailure.objects.filter(job_id=context.job.id).delete()
    except Exception as error:
        told["code"] = error.code if isinstance(error, DomainError) else type(error).__name__
        unexpected = None if isinstance(error, DomainError) else error
        logger.warning("job failed", extra=told, exc_info=unexpected)
        try:
            _note(context.job.id, error)
        except DatabaseError:
            # The database is away: the job stays "doing", and is rescued once this worker is gone.
            logger.warning("the reason of a failed job could not be written", extra=told)
        raise
    told["seconds"] = round(monotonic() - started, 3)
    logger.info("job done", extra=told)
    return result


def _note(job_id: int, error: Exception) -> None:
    code, sentence = type(error).__name__, _unexpected(error)
    if isinstance(error, DomainError):
        code = error.code
        with translation.override("en"):
            sentence = " ".join((type(error).__doc__ or "").split())
    LastFailure.objects.update_or_create(
        job_id=job_id, defaults={"code": code, "sentence": sentence, "failed_at": Now()}
    )


def _unexpected(error: Exception) -> str:
    """Where it happened, never what it said."""
    frames = extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"Unexpected {type(error).__name__}{place}."


def start_due_periods() -> None:
    """Enqueue the periodic work that is due. Safe on any number of workers: one row says when each is due next."""
    for name, interval in _periods.items():
        with transaction.atomic():
            Period.objects.get_or_create(name=name, defaults={"due_at": Now()})
            if Period.objects.filter(name=name, due_at__lte=Now()).update(due_at=Now() + interval):
                enqueue(name, lock=name, queueing_lock=name)


def rescue_stalled() -> int:
    """Give the jobs of dead workers to others; those that killed a worker at each try stop. Returns how many.

    A worker is dead when it has given no sign of life for `STALLED`.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """SELECT j.id, j.attempts FROM procrastinate_jobs j LEFT JOIN procrastinate_workers w ON w.id = j.worker_id
                WHERE j.status = 'doing' AND (w.id IS NULL OR w.last_heartbeat < now() - %s * interval '1 second')
                  FOR UPDATE OF j SKIP LOCKED""",
            [STALLED.total_seconds()],
        )
        stalled = cursor.fetchall()
        for job_id, attempts in stalled:
            if attempts >= len(DELAYS):
                _note(job_id, WorkerDied())
                cursor.execute("SELECT procrastinate_finish_job_v1(%s, 'failed', false)", [job_id])
            else:
                cursor.execute("SELECT procrastinate_retry_job_v2(%s, now(), NULL, NULL, NULL)", [job_id])
        cursor.execute(
            "DELETE FROM procrastinate_workers WHERE last_heartbeat < now() - %s * interval '1 second'",
            [STALLED.total_seconds()],
        )
    return len(stalled)
