"""How long an organisation's sessions last."""

from datetime import datetime

from telesphore.accounts.access import check
from telesphore.accounts.errors import LimitsOutOfBounds
from telesphore.accounts.models import Organisation
from telesphore.accounts.states import IDLE_MINUTES, SESSION_MINUTES
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor


@audit.act("accounts:organisation:limit")
def limit_sessions(*, idle_minutes: int | None, session_minutes: int | None, actor: Actor, at: datetime) -> None:
    """Choose the limits of the sessions that open from now on; None for the usual ones.

    Raises:
        NotAllowed, LimitsOutOfBounds
    """
    check(actor, "accounts:organisation:manage")
    if (idle_minutes is not None and idle_minutes not in IDLE_MINUTES) or (
        session_minutes is not None and session_minutes not in SESSION_MINUTES
    ):
        raise LimitsOutOfBounds
    Organisation.objects.filter(id=actor.organisation).update(
        idle_minutes=idle_minutes, session_minutes=session_minutes
    )
    audit.record(
        "accounts:organisation:limit",
        actor=actor,
        subject=actor.organisation,
        at=at,
        detail={"idle": idle_minutes, "session": session_minutes},
    )
