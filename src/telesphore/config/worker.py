"""The worker: runs jobs in threads, starts periodic work when it is due, rescues the jobs of dead workers."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
from asgiref.sync import sync_to_async
from django.db import DatabaseError, close_old_connections, connections
from procrastinate.contrib.django import app as registered
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.manager import JobManager

from telesphore.audit.actions.seal import seal_once
from telesphore.jobs import actions
from telesphore.jobs.queries import HEARTBEAT, STALLED
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError

logger = logging.getLogger(__name__)

TICK = 1.0
GRACE = 20.0
"""Seconds that running jobs are given to finish when the worker is asked to stop; the others run again elsewhere."""


def run(*, concurrency: int, until_idle: bool = False, signals: bool = True) -> None:
    """Run jobs until SIGTERM or SIGINT; with `until_idle`, until nothing is due.

    `signals` is False in a thread other than the main one.
    """
    asyncio.run(_run(concurrency, until_idle, signals))


async def _run(concurrency: int, until_idle: bool, signals: bool) -> None:
    # A second app with the same tasks: the worker's own bookkeeping goes through its pool, while the jobs still
    # enqueue through Django's connection, in their own transactions. `replace_connector` would take that away.
    connector = DjangoConnector().get_worker_connector()
    worker_app = registered.with_connector(connector)
    worker_app.job_manager = _Bookkeeper(connector)
    async with worker_app.open_async():
        work = asyncio.ensure_future(
            worker_app.run_worker_async(
                concurrency=concurrency,
                wait=not until_idle,
                install_signal_handlers=signals,
                delete_jobs="successful",
                fetch_job_polling_interval=1.0,
                update_heartbeat_interval=HEARTBEAT.total_seconds(),
                stalled_worker_timeout=STALLED.total_seconds(),
                shutdown_graceful_timeout=GRACE,
                task_middleware=[_with_own_connections, actions.note_outcome],
            )
        )
        keeper = asyncio.ensure_future(_keep())
        try:
            await work
        finally:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper


class _Bookkeeper(JobManager):
    """Says what became of a job until the database has heard it.

    A job whose end was lost with a connection would count as running for as long as this worker lives, and hold up
    all those of its lock.
    """

    async def finish_job(self, *arguments: Any, **options: Any) -> None:
        tell = super().finish_job
        await _until_heard(lambda: tell(*arguments, **options))

    async def retry_job(self, *arguments: Any, **options: Any) -> None:
        tell = super().retry_job
        await _until_heard(lambda: tell(*arguments, **options))


async def _until_heard(tell: Callable[[], Awaitable[None]]) -> None:
    """Tell again after a lost connection, for as long as this worker counts as living: after that it is rescued."""
    deadline = time.monotonic() + STALLED.total_seconds()
    told_before = False
    while True:
        try:
            return await tell()
        except ConnectorException as error:
            lost = isinstance(error.__cause__, psycopg.OperationalError)
            if told_before and not lost:
                # It was heard the first time: there is no such running job any more.
                return None
            if not lost or time.monotonic() > deadline:
                raise
            told_before = True
            logger.warning("what became of a job is told again: the connection was lost")
            await asyncio.sleep(TICK)


def _with_own_connections(call_next: Callable[[], Any], context: Any, worker: Any) -> Any:
    """Run one job in its thread, and leave no connection behind: the thread may not be used again for long."""
    try:
        return call_next()
    finally:
        connections.close_all()


async def _keep() -> None:
    """Once per tick: seal the trail, start what is due, rescue what is stalled; nothing stops that for good."""
    try:
        while True:
            try:
                await sync_to_async(_tick)()
            except DatabaseError as error:
                logger.warning("periodic work and rescue wait for the database (%s)", type(error).__name__)
            except DomainError as refused:
                logger.error("the trail can't be sealed: %s", refused.code)  # noqa: TRY400 - its code says it all.
            except Exception:
                # A keeper that ends would leave a worker that neither starts nor rescues anything, and seems well.
                logger.exception("periodic work and rescue failed")
            await asyncio.sleep(TICK)
    finally:
        await sync_to_async(connections.close_all)()


def _tick() -> None:
    close_old_connections()
    actions.start_due_periods()
    actions.rescue_stalled()
    while seal_once(at=now()).more:
        pass
