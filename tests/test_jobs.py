"""Durable work: enqueued with the act, tried again, stopped in sight, rescued from the dead."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections, transaction
from procrastinate.contrib.django import app

from telesphore.audit.models import Event
from telesphore.config import worker
from telesphore.jobs import actions, queries
from telesphore.jobs.errors import JobNotFound, JobsNotYours
from telesphore.jobs.models import LastFailure, Period
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.kernel.identifiers import uuid7

OPERATOR = Actor.system()
ALICE_HOSPITAL, CHARLIE_HOSPITAL = uuid7(), uuid7()


def administrator(organisation: UUID) -> Actor:
    return Actor(
        kind=ActorKind.PROFESSIONAL, organisation_id=organisation, person_id=uuid7(), roles=frozenset({"administrator"})
    )


class NetworkAway(DomainError):
    """The network is away."""

    refusal = Refusal.UNAVAILABLE
    code = "network-away"


class NeverAgain(DomainError):
    """This will never do."""

    refusal = Refusal.INVALID
    code = "never-again"


@pytest.fixture(autouse=True)
def own_tasks() -> Iterator[None]:
    """Forget the jobs that a test names."""
    before, periods, reactions = dict(app.tasks), dict(actions._periods), dict(actions._reactions)
    actions._periods.clear()
    yield
    app.tasks.clear()
    app.tasks.update(before)
    actions._periods.clear()
    actions._periods.update(periods)
    actions._reactions.clear()
    actions._reactions.update(reactions)


def work_until_idle() -> None:
    """Run a real worker in this process, until nothing is due."""
    worker.run(concurrency=2, until_idle=True, signals=False)


def rows(statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def waiting() -> list[str]:
    return [row[0] for row in rows("SELECT task_name FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id")]


def now() -> datetime:
    return datetime.now(UTC)


def fall_due() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = now() WHERE status = 'todo'")


def failing(error: Exception, name: str = "test:fail") -> Callable[..., None]:
    @actions.job(name)
    def fail(**_: Any) -> None:
        raise error

    return fail


# Enqueued with the act


def test_a_job_of_a_transaction_that_rolls_back_is_never_there(committed: str) -> None:
    done: list[str] = []
    actions.job("test:note")(lambda word: done.append(word))
    with transaction.atomic():
        actions.enqueue("test:note", word="lost")
        transaction.set_rollback(True)
    with transaction.atomic():
        actions.enqueue("test:note", word="kept")
    work_until_idle()
    assert done == ["kept"]


def test_a_job_is_not_run_before_its_transaction_commits(committed: str) -> None:
    done: list[str] = []
    actions.job("test:note")(lambda word: done.append(word))
    with transaction.atomic():
        actions.enqueue("test:note", word="early")
        connections["default"].inc_thread_sharing()
        assert waiting() == ["test:note"]
        work_until_idle()
        assert done == []
    work_until_idle()
    assert done == ["early"]


def test_what_a_job_enqueues_rolls_back_with_it(committed: str) -> None:
    actions.job("test:next")(lambda: None)

    @actions.job("test:first")
    def first() -> None:
        with transaction.atomic():
            actions.enqueue("test:next")
            raise NeverAgain

    actions.enqueue("test:first")
    work_until_idle()
    assert rows("SELECT task_name, status::text FROM procrastinate_jobs") == [("test:first", "failed")]


@dataclass(frozen=True)
class LetterArrived:
    letter_id: UUID
    sender: str


def test_each_reaction_to_a_fact_is_given_its_fields_with_their_types(committed: str) -> None:
    seen: list[LetterArrived] = []

    def open_letter(fact: LetterArrived) -> None:
        seen.append(fact)

    actions.reacts_to(LetterArrived)(open_letter)
    fact = LetterArrived(letter_id=uuid7(), sender="Bob")
    actions.announce(fact)
    work_until_idle()
    assert seen == [fact]


def test_jobs_of_one_lock_run_in_order_one_at_a_time(committed: str) -> None:
    order: list[str] = []

    @actions.job("test:step")
    def step(number: int) -> None:
        order.append(f"in {number}")
        time.sleep(0.05)
        order.append(f"out {number}")

    for number in range(3):
        actions.enqueue("test:step", lock="patient", number=number)
    while waiting():
        work_until_idle()
    assert order == ["in 0", "out 0", "in 1", "out 1", "in 2", "out 2"]


def test_a_second_job_of_one_queueing_lock_is_not_enqueued(committed: str) -> None:
    actions.job("test:sweep")(lambda: None)
    with transaction.atomic():
        actions.enqueue("test:sweep", queueing_lock="sweep")
        actions.enqueue("test:sweep", queueing_lock="sweep")
        assert waiting() == ["test:sweep"]
    assert waiting() == ["test:sweep"]


def test_a_job_for_later_is_not_run_now(committed: str) -> None:
    actions.job("test:later")(lambda: None)
    actions.enqueue("test:later", at=now() + timedelta(hours=1))
    work_until_idle()
    assert waiting() == ["test:later"]


def test_a_job_that_succeeded_leaves_no_row(committed: str) -> None:
    actions.job("test:fine")(lambda: None)
    actions.enqueue("test:fine")
    work_until_idle()
    assert rows("SELECT count(*) FROM procrastinate_jobs") == [(0,)]
    assert rows("SELECT count(*) FROM procrastinate_events") == [(0,)]


# Tried again, stopped in sight


def test_delays_between_tries_grow_and_the_last_try_comes_after_three_days() -> None:
    assert list(actions.DELAYS) == sorted(actions.DELAYS)
    assert timedelta(days=3) <= timedelta(seconds=sum(actions.DELAYS)) <= timedelta(days=5)


@pytest.mark.parametrize("error", [NetworkAway(), KeyError("Mme Durand")])
def test_a_job_is_tried_again_until_its_last_try_then_stops_in_sight(committed: str, error: Exception) -> None:
    failing(error)
    actions.enqueue("test:fail")
    for attempt, delay in enumerate(actions.DELAYS):
        before = now()
        work_until_idle()
        [(status, attempts, at)] = rows("SELECT status::text, attempts, scheduled_at FROM procrastinate_jobs")
        assert (status, attempts) == ("todo", attempt + 1)
        assert before + timedelta(seconds=delay - 2) <= at <= now() + timedelta(seconds=delay + 1)
        [troubled] = queries.troubled(actor=OPERATOR)
        assert not troubled.stopped
        assert troubled.next_try_at == at
        fall_due()
    work_until_idle()
    [troubled] = queries.troubled(actor=OPERATOR)
    assert troubled.stopped
    assert troubled.attempts == len(actions.DELAYS) + 1
    assert troubled.next_try_at is None
    assert troubled.code in ("network-away", "KeyError")


def test_a_refusal_that_stands_stops_the_job_at_once_with_its_reason(committed: str) -> None:
    failing(NeverAgain())
    actions.enqueue("test:fail")
    work_until_idle()
    [troubled] = queries.troubled(actor=OPERATOR)
    assert (troubled.stopped, troubled.attempts, troubled.code) == (True, 1, "never-again")
    assert troubled.sentence == "This will never do."
    assert troubled.failed_at is not None


def test_the_reason_never_quotes_what_the_exception_said(committed: str) -> None:
    failing(ValueError("Mme Durand, VIH positif"))
    actions.enqueue("test:fail")
    work_until_idle()
    [troubled] = queries.troubled(actor=OPERATOR)
    assert troubled.sentence.startswith("Unexpected ValueError at test_jobs.py:")
    assert "Durand" not in str(LastFailure.objects.values())


def test_a_job_that_succeeds_at_last_leaves_the_list(committed: str) -> None:
    tries: list[int] = []

    @actions.job("test:flaky")
    def flaky() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise NetworkAway

    actions.enqueue("test:flaky")
    for _ in range(3):
        work_until_idle()
        fall_due()
    assert len(tries) == 3
    assert queries.troubled(actor=OPERATOR) == []
    assert LastFailure.objects.count() == 0


def test_a_stopped_job_tried_again_runs_again_and_leaves_a_trace(committed: str) -> None:
    outcome: list[str] = []

    @actions.job("test:mended")
    def mended() -> None:
        if not outcome:
            outcome.append("failed")
            raise NeverAgain
        outcome.append("done")

    actions.enqueue("test:mended")
    work_until_idle()
    [troubled] = queries.troubled(actor=OPERATOR)
    actions.try_again(job_id=troubled.id, actor=OPERATOR, at=now())
    work_until_idle()
    assert outcome == ["failed", "done"]
    assert queries.troubled(actor=OPERATOR) == []
    event = Event.objects.get(action="jobs:job:try-again")
    assert event.detail == {"job": troubled.id}


def test_no_job_is_tried_again_without_its_audit_event(committed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(NeverAgain())
    actions.enqueue("test:fail")
    work_until_idle()
    [troubled] = queries.troubled(actor=OPERATOR)

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    actions.ports.trail.bind(lambda: broken)
    try:
        for action in (actions.try_again, actions.give_up):
            with pytest.raises(ZeroDivisionError):
                action(job_id=troubled.id, actor=OPERATOR, at=now())
    finally:
        from telesphore.config import wiring

        wiring.bind()
    assert queries.troubled(actor=OPERATOR) == [troubled]


def test_a_stopped_job_whose_work_another_will_do_leaves_it_to_that_one(committed: str) -> None:
    failing(NeverAgain())
    actions.enqueue("test:fail", queueing_lock="sweep")
    work_until_idle()
    [troubled] = queries.troubled(actor=OPERATOR)
    actions.enqueue("test:fail", queueing_lock="sweep")
    actions.try_again(job_id=troubled.id, actor=OPERATOR, at=now())
    assert waiting() == ["test:fail"]
    assert queries.troubled(actor=OPERATOR) == []


def test_a_job_given_up_leaves_the_list_for_good(committed: str) -> None:
    failing(NeverAgain())
    actions.enqueue("test:fail")
    work_until_idle()
    [troubled] = queries.troubled(actor=OPERATOR)
    actions.give_up(job_id=troubled.id, actor=OPERATOR, at=now())
    assert queries.troubled(actor=OPERATOR) == []
    assert LastFailure.objects.count() == 0
    assert Event.objects.filter(action="jobs:job:give-up").count() == 1


def test_a_job_that_did_not_stop_cannot_be_tried_again(committed: str) -> None:
    failing(NetworkAway())
    actions.enqueue("test:fail")
    work_until_idle()
    [troubled] = queries.troubled(actor=OPERATOR)
    for job_id in (troubled.id, troubled.id + 1):
        with pytest.raises(JobNotFound):
            actions.try_again(job_id=job_id, actor=OPERATOR, at=now())


def test_an_administrator_cannot_tell_that_another_organisation_has_stopped_work(committed: str) -> None:
    failing(NeverAgain())
    actions.enqueue("test:fail", organisation_id=ALICE_HOSPITAL)
    work_until_idle()
    alice, charlie = administrator(ALICE_HOSPITAL), administrator(CHARLIE_HOSPITAL)
    [troubled] = queries.troubled(actor=alice)
    assert queries.troubled(actor=charlie) == []
    for action in (actions.try_again, actions.give_up):
        with pytest.raises(JobNotFound):
            action(job_id=troubled.id, actor=charlie, at=now())
    actions.try_again(job_id=troubled.id, actor=alice, at=now())


@pytest.mark.django_db
@pytest.mark.parametrize(
    "stranger",
    [
        Actor(kind=ActorKind.NOBODY),
        Actor(kind=ActorKind.PATIENT, organisation_id=ALICE_HOSPITAL, person_id=uuid7()),
        Actor(kind=ActorKind.PROFESSIONAL, organisation_id=ALICE_HOSPITAL, roles=frozenset({"secretary"})),
        Actor(kind=ActorKind.PROFESSIONAL, roles=frozenset({"administrator"})),
    ],
)
def test_only_administrators_and_the_operator_see_stopped_work(stranger: Actor) -> None:
    with pytest.raises(JobsNotYours):
        queries.troubled(actor=stranger)
    with pytest.raises(JobsNotYours):
        actions.try_again(job_id=1, actor=stranger, at=now())
    with pytest.raises(JobsNotYours):
        actions.give_up(job_id=1, actor=stranger, at=now())


# The queue


def test_the_queue_tells_what_waits_since_when_what_is_for_later_and_what_stopped(committed: str) -> None:
    failing(NeverAgain())
    actions.job("test:wait")(lambda: None)
    actions.enqueue("test:fail")
    work_until_idle()
    actions.enqueue("test:wait", at=now() + timedelta(hours=1))
    actions.enqueue("test:wait", at=now() - timedelta(minutes=5))
    [queue] = queries.queues()
    assert (queue.queue, queue.waiting, queue.scheduled, queue.running, queue.stopped) == ("default", 1, 1, 0, 1)
    assert 299 <= queue.oldest_waiting_seconds < 330


# Periodic work


def test_periodic_work_runs_once_per_turn_whatever_the_number_of_workers(committed: str) -> None:
    turns: list[datetime] = []
    actions.every(3600, "test:hourly")(turns.append)
    for _ in range(3):
        actions.start_due_periods()
    assert waiting() == ["test:hourly"]
    work_until_idle()
    actions.start_due_periods()
    work_until_idle()
    assert len(turns) == 1
    assert abs(now() - turns[0]) < timedelta(minutes=1)
    Period.objects.update(due_at=now())
    actions.start_due_periods()
    work_until_idle()
    assert len(turns) == 2


def test_periodic_work_that_fails_slows_down_but_never_stops(committed: str) -> None:
    def fail(at: datetime) -> None:
        raise NeverAgain

    actions.every(1, "test:often")(fail)
    for attempt in range(20):
        Period.objects.update(due_at=now())
        actions.start_due_periods()
        work_until_idle()
        [(status, attempts, at)] = rows("SELECT status::text, attempts, scheduled_at FROM procrastinate_jobs")
        assert (status, attempts) == ("todo", attempt + 1)
        assert at <= now() + timedelta(seconds=301)
        fall_due()
    assert [troubled.code for troubled in queries.troubled(actor=OPERATOR)] == ["never-again"]


# The dead


@contextmanager
def _worker_process(name: str, body: str) -> Iterator["subprocess.Popen[str]"]:
    """A worker in a process of its own, with jobs of its own; it does not outlive the block."""
    program = f"""
import os, sys, threading, time
import django
os.environ["DJANGO_SETTINGS_MODULE"] = "telesphore.config.settings"
django.setup()
from django.db import connections
for connection in connections.all():
    connection.settings_dict["NAME"] = {name!r}
from telesphore.config import worker
from telesphore.jobs import actions, queries
from telesphore.jobs.models import Period
actions._periods.clear()  # The rooms' own periodic work is not this test's.
{textwrap.dedent(body)}
worker.run(concurrency=2)
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ.copy()) as process:
        try:
            yield process
        finally:
            process.kill()


def _silence(seconds: float) -> None:
    """Let every worker's last sign of life be `seconds` ago."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - %s * interval '1 s'", [seconds])


def test_a_job_whose_worker_was_killed_is_run_by_another_one(committed: str) -> None:
    done: list[int] = []
    actions.job("test:long")(lambda: done.append(1))
    sleeper = """
        @actions.job("test:long")
        def long():
            print("started", flush=True)
            time.sleep(600)
    """
    with _worker_process(committed, sleeper) as process:
        actions.enqueue("test:long")
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        assert queries.living_workers() == 1
        assert actions.rescue_stalled() == 0, "its worker lives"
        process.kill()
    _silence(queries.STALLED.total_seconds() + 1)
    assert queries.living_workers() == 0
    assert actions.rescue_stalled() == 1
    assert actions.rescue_stalled() == 0
    work_until_idle()
    assert done == [1]


def test_a_worker_rescues_and_starts_periods_by_itself(committed: str) -> None:
    program = """
        actions.every(1, "test:tick")(lambda at: print("tick", flush=True))
        actions.job("test:orphan")(lambda: print("rescued", flush=True))
    """
    with _worker_process(committed, program) as process:
        actions.job("test:orphan")(lambda: None)
        with transaction.atomic():
            actions.enqueue("test:orphan")
            with connection.cursor() as cursor:
                cursor.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE task_name = 'test:orphan'")
        assert process.stdout is not None
        seen = [process.stdout.readline().strip() for _ in range(4)]
        assert "rescued" in seen
        assert seen.count("tick") >= 2
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert rows("SELECT count(*) FROM procrastinate_workers") == [(0,)]


def test_a_job_that_kills_its_worker_at_each_try_stops_with_that_reason(committed: str) -> None:
    actions.job("test:poison")(lambda: None)
    actions.enqueue("test:poison")
    for _ in range(len(actions.DELAYS) + 1):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE status = 'todo'")
        assert actions.rescue_stalled() == 1
    [troubled] = queries.troubled(actor=OPERATOR)
    assert (troubled.stopped, troubled.code) == (True, "worker-died")


def test_a_worker_whose_database_connections_are_cut_goes_on_or_ends(committed: str) -> None:
    program = 'actions.every(1, "test:tick")(lambda at: print("tick", flush=True))'
    with _worker_process(committed, program) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "tick\n"
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                [committed],
            )
        # A worker that ends is started again by its keeper; what it may not do is live on, deaf. A line past
        # those that were on their way, or the end of the output.
        for _ in range(3):
            line = process.stdout.readline()
        assert line in ("tick\n", "")
        process.kill()


def test_a_job_whose_end_is_lost_with_its_connection_does_not_run_for_ever(committed: str) -> None:
    program = """
        @actions.job("test:brief")
        def brief():
            print("started", flush=True)
            time.sleep(0.5)
    """
    actions.job("test:brief")(lambda: None)
    actions.enqueue("test:brief", lock="one at a time")
    with _worker_process(committed, program) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        with transaction.atomic():
            rows("SELECT FROM procrastinate_jobs FOR UPDATE")
            # The end of the job is being written, and waits for the row that we hold.
            waiting_for_us = "wait_event_type = 'Lock' AND datname = %s"
            while not rows(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {waiting_for_us}", committed):
                time.sleep(0.05)
        while rows("SELECT FROM procrastinate_jobs WHERE status = 'doing'"):
            time.sleep(0.05)
    assert rows("SELECT FROM procrastinate_jobs") == []


@pytest.mark.slow
def test_another_living_worker_takes_over_soon_after_a_kill(committed: str) -> None:
    first = """
        @actions.job("test:long")
        def long():
            print("started", flush=True)
            time.sleep(600)
    """
    second = 'actions.job("test:long")(lambda: print("taken over", flush=True))'
    actions.job("test:long")(lambda: None)
    with _worker_process(committed, first) as victim:
        actions.enqueue("test:long")
        assert victim.stdout is not None
        assert victim.stdout.readline() == "started\n"
        with _worker_process(committed, second) as rescuer:
            try:
                while queries.living_workers() < 2:
                    time.sleep(0.1)
                victim.kill()
                killed = time.monotonic()
                assert rescuer.stdout is not None
                assert rescuer.stdout.readline() == "taken over\n"
                assert time.monotonic() - killed < 25
            finally:
                rescuer.kill()
