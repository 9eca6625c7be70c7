"""Make an action in stages leave its trace even when it is refused."""

import functools
from collections.abc import Callable
from datetime import datetime
from typing import ParamSpec, TypeVar

from telesphore.audit.actions.act import inside_an_act
from telesphore.audit.actions.record import record
from telesphore.audit.states import Outcome
from telesphore.kernel.actors import Actor
from telesphore.kernel.errors import DomainError

P = ParamSpec("P")
R = TypeVar("R")


def staged(action: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function an act in stages: no transaction of its own, since it calls the outside between them.

    Its last stage is an `act` of the same name that writes. Whichever stage refuses, the refusal is recorded once.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except DomainError as refused:
                if not refused.recorded and not inside_an_act():
                    actor, at = kwargs["actor"], kwargs["at"]
                    assert isinstance(actor, Actor)
                    assert isinstance(at, datetime)
                    record(action, actor=actor, at=at, outcome=Outcome.REFUSED, detail={"code": refused.code})
                    refused.recorded = True
                raise

        return run

    return decorate
