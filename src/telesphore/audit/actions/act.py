"""Make an action leave its trace even when it is refused.

An *act* is one transaction. When it refuses, the transaction is rolled back, and the refusal is recorded in another.
An act called by an act joins the outer one's transaction, under a savepoint: its refusal undoes what it did itself,
and is recorded when the outer act ends, whichever way that ends. A refusal that goes through several acts is one
event, under the name of what the person asked for: the outermost.

When somebody opened a transaction around the outermost act, the refusal would be lost with it; so it is recorded
through a connection of its own, which commits at once.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from telesphore.audit.actions.record import Occurrence, write
from telesphore.audit.states import Outcome
from telesphore.kernel.actors import Actor
from telesphore.kernel.errors import DomainError

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(slots=True)
class _Act:
    """One act under way: what it concerns, as far as is known, and the refusals met so far."""

    action: str
    patient: UUID | None = None
    subject: UUID | None = None
    refusals: list[tuple[DomainError, Occurrence]] = field(default_factory=list)

    def refused(
        self, error: DomainError, arguments: dict[str, Any], inner: list[tuple[DomainError, Occurrence]]
    ) -> None:
        """Take over the inner acts' refusals; `error` itself counts once, as this act's."""
        self.refusals += [(met, occurrence) for met, occurrence in inner if met is not error]
        known = next((occurrence for met, occurrence in inner if met is error), None)
        actor, at = arguments["actor"], arguments["at"]
        assert isinstance(actor, Actor)
        assert isinstance(at, datetime)
        occurrence = Occurrence(
            action=self.action,
            actor=actor,
            at=at,
            patient=self.patient or (known.patient if known else None),
            subject=self.subject or (known.subject if known else None),
            outcome=Outcome.REFUSED,
            detail={"code": error.code},
        )
        self.refusals.append((error, occurrence))


_current: ContextVar[_Act | None] = ContextVar("act", default=None)


def concerning(*, patient: UUID | None = None, subject: UUID | None = None) -> None:
    """Say, inside an act, whose record and which row it is about, so that its refusal says it too.

    Without it a refusal carries the act's argument `patient_id`, if it has one.
    """
    current = _current.get()
    if current:
        current.patient = patient or current.patient
        current.subject = subject or current.subject


def act(action: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function an act, named `room:thing:verb`. The function is keyword-only, and takes `actor` and `at`."""
    return _acting(action, transaction.atomic)


def staged(action: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function an act in stages: no transaction of its own, since it calls the outside between them.

    Its last stage is an `act` that writes, and commits by itself; a refusal of any stage is recorded once.
    """
    return _acting(action, nullcontext)


def _acting(
    action: str, stage: Callable[[], AbstractContextManager[Any]]
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            outer = _current.get()
            patient = kwargs.get("patient_id")
            current = _Act(action, patient=patient if isinstance(patient, UUID) else None)
            token = _current.set(current)
            try:
                with stage():
                    result = function(*args, **kwargs)
                    if outer is None:
                        # Refusals of inner acts that this one could do without.
                        write([occurrence for _, occurrence in current.refusals])
            except BaseException as error:
                if isinstance(error, DomainError):
                    inner, current.refusals = current.refusals, []
                    current.refused(error, kwargs, inner)
                if outer is None and current.refusals:
                    with _connection_that_commits() as using:
                        write([occurrence for _, occurrence in current.refusals], using=using)
                raise
            finally:
                _current.reset(token)
                if outer is not None:
                    outer.refusals += current.refusals
            return result

        return run

    return decorate


@contextmanager
def _connection_that_commits() -> Iterator[BaseDatabaseWrapper]:
    """The current connection, or another when a transaction that may yet be undone is open on it."""
    blocks = connection.atomic_blocks
    # A test's own transaction is to be undone, with all that the test wrote.
    if not blocks or blocks[0]._from_testcase:  # type: ignore[attr-defined]  # As Django's own check of durable blocks.
        yield connection
        return
    own = connection.copy()
    try:
        yield own
    finally:
        own.close()
