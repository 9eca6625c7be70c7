"""Record an act, in its own transaction; make an action leave its trace even when it is refused."""

import functools
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime
from enum import StrEnum
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from django.db import transaction

from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor
from telesphore.kernel.errors import DomainError
from telesphore.kernel.identifiers import uuid7

P = ParamSpec("P")
R = TypeVar("R")

# Organisation of events that belong to none (sign-in of a stranger, the operator's commands).
NO_ORGANISATION = UUID(int=0)


class Outcome(StrEnum):
    """How an act ended."""

    DONE = "done"
    REFUSED = "refused"


def record(
    action: str,
    *,
    actor: Actor,
    at: datetime,
    subject: UUID | None = None,
    patient: UUID | None = None,
    categories: Sequence[str] = (),
    origin: str = "",
    purpose: str = "",
    ground: str = "",
    outcome: Outcome = Outcome.DONE,
    detail: Mapping[str, Any] | None = None,
) -> UUID:
    """Write one event in the caller's transaction, and return its id.

    Args:
        action: `room:thing:verb`.
        subject: the row acted upon.
        patient: whose record is concerned.
        categories: data categories concerned, as TRE_A03 class codes (EHDS annex II 3.2).
        origin: where the data come from; empty for this organisation.
        purpose: why, as a v3-PurposeOfUse code, e.g. `TREAT`.
        ground: what allowed it, e.g. `care-team`, `consent`, `own-record`, `emergency`.
        detail: identifiers and numbers only, never content.
    """
    event = Event.objects.create(
        organisation_id=actor.organisation_id or NO_ORGANISATION,
        id=uuid7(),
        at=at,
        action=action,
        outcome=outcome,
        actor_kind=actor.kind,
        person_id=actor.person_id,
        on_behalf_of=actor.on_behalf_of,
        means=actor.means,
        patient_id=patient,
        subject_id=subject,
        categories=list(categories),
        origin=origin,
        purpose=purpose,
        ground=ground,
        source_address=actor.source_address or "",
        client=actor.client,
        detail=dict(detail or {}),
    )
    return event.id


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
                raise
            finally:
                _inside.reset(token)

        return run

    return decorate


def staged(action: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function an act in stages: no transaction of its own, since it calls the outside between them.

    Its last stage is an `act` that writes. When any stage refuses, the refusal is recorded once.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except DomainError as refused:
                if not _inside.get() and not getattr(refused, "recorded", False):
                    actor, at = kwargs["actor"], kwargs["at"]
                    assert isinstance(actor, Actor)
                    assert isinstance(at, datetime)
                    record(action, actor=actor, at=at, outcome=Outcome.REFUSED, detail={"code": refused.code})
                raise

        return run

    return decorate
