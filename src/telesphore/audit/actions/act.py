"""Make an action leave its trace even when it is refused."""

import functools
from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime
from typing import ParamSpec, TypeVar

from django.db import transaction

from telesphore.audit.actions.record import record
from telesphore.audit.states import Outcome
from telesphore.kernel.actors import Actor
from telesphore.kernel.errors import DomainError

P = ParamSpec("P")
R = TypeVar("R")

_inside: ContextVar[bool] = ContextVar("inside_an_act", default=False)


def act(action: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function an act: one transaction; when it refuses, the refusal itself is recorded.

    The function is keyword-only and takes `actor` and `at`. An act called by another act joins its transaction, and
    leaves its refusal to the outer one.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            if _inside.get():
                return function(*args, **kwargs)
            token = _inside.set(True)
            try:
                with transaction.atomic():
                    return function(*args, **kwargs)
            except DomainError as refused:
                actor, at = kwargs["actor"], kwargs["at"]
                assert isinstance(actor, Actor)
                assert isinstance(at, datetime)
                record(action, actor=actor, at=at, outcome=Outcome.REFUSED, detail={"code": refused.code})
                refused.recorded = True
                raise
            finally:
                _inside.reset(token)

        return run

    return decorate


def inside_an_act() -> bool:
    """Whether an act's transaction is open: a refusal is then left to it."""
    return _inside.get()
