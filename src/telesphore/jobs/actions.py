"""Enqueue work, announce facts. Both write rows in the caller's transaction."""

import dataclasses
import functools
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

Fact = TypeVar("Fact")
Work = Callable[..., None]

_reactions: dict[type[Any], list[str]] = {}

# 12 tries: 4 s, 16 s, 64 s, … the last about 4 days after the first.
RETRY = RetryStrategy(max_attempts=12, exponential_wait=4)


def job(name: str, *, queue: str = "default") -> Callable[[Work], Work]:
    """Name a function as work that can be enqueued; its keyword arguments are JSON values.

    The function bears being run twice: a worker killed just after its commit runs it again.
    """

    def register(work: Work) -> Work:
        app.task(name=name, queue=queue, retry=RETRY)(work)
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

    At `at` at the earliest. UUIDs become text.
    """
    values = {key: str(value) if isinstance(value, UUID) else value for key, value in arguments.items()}
    app.configure_task(name, lock=lock, schedule_at=at, queueing_lock=queueing_lock).defer(**values)


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
