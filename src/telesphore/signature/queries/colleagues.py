"""What awaits the actor and others, plainly: those for whom they act, and those who leave."""

from datetime import datetime
from uuid import UUID

from telesphore.accounts import access as accounts_access
from telesphore.accounts import queries as accounts
from telesphore.kernel.actors import Actor
from telesphore.records import queries as records
from telesphore.signature import access
from telesphore.signature.models import Recipient
from telesphore.signature.queries.circuits import PAGE, BookLine, lines_of
from telesphore.signature.states import OPEN_STATES, RecipientState


def book(*, actor: Actor, before: datetime | None = None) -> list[BookLine]:
    """What awaits the actor's signature, oldest first, at most `PAGE` lines after `before`. Four queries."""
    waiting = Recipient.objects.filter(
        organisation_id=actor.organisation,
        person_id=actor.person,
        state=RecipientState.WAITING,
        envelope__state__in=OPEN_STATES,
    )
    if before is not None:
        waiting = waiting.filter(awaited_at__gt=before)
    rows = list(waiting.select_related("envelope").order_by("awaited_at")[:PAGE])
    return lines_of([(row.envelope, row.awaited_at or row.envelope.sent_at) for row in rows])


def delegated_book(*, actor: Actor, at: datetime) -> list[tuple[str, datetime, list[BookLine]]]:
    """What awaits those who delegated to the actor: for each, their name, until when, and the lines, oldest first."""
    found = []
    for held in accounts.held_by(actor=actor, at=at):
        waiting = Recipient.objects.filter(
            organisation_id=actor.organisation,
            person_id=held.delegator_id,
            state=RecipientState.WAITING,
            envelope__state__in=OPEN_STATES,
            kind__in=[kind for kind in access.ACTS if any(access.allowed(held.permissions, kind))],
        )
        rows = list(waiting.select_related("envelope").order_by("awaited_at")[:PAGE])
        types = records.types_of(
            organisation_id=actor.organisation, document_ids={row.envelope.document_id for row in rows}
        )
        lines = lines_of(
            [
                (row.envelope, row.awaited_at or row.envelope.sent_at)
                for row in rows
                if held.covers(types[row.envelope.document_id])
            ]
        )
        found.append((accounts.person_card(held.delegator_id).display_name, held.ends_at, lines))
    return found


def count_to_hand_over(*, actor: Actor, person_id: UUID) -> int:
    """How many places in open circuits are a member's: a number, which tells nothing of any patient.

    Raises:
        NotAllowed
    """
    accounts_access.check(actor, "accounts:members:manage")
    return Recipient.objects.filter(
        organisation_id=actor.organisation,
        person_id=person_id,
        state__in=(RecipientState.WAITING, RecipientState.PENDING),
        envelope__state__in=OPEN_STATES,
    ).count()
