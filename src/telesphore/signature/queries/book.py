"""Lists of the signature book: what awaits, what was signed, what was sent."""

from datetime import datetime

from telesphore.accounts import queries as accounts
from telesphore.kernel.actors import Actor
from telesphore.records import queries as records
from telesphore.signature.models import Envelope, Recipient
from telesphore.signature.queries.circuits import PAGE, BookLine, lines_of
from telesphore.signature.states import OPEN_STATES, EnvelopeState, RecipientState


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


def count_waiting(*, actor: Actor) -> int:
    """How many documents await the actor's signature."""
    return Recipient.objects.filter(
        organisation_id=actor.organisation,
        person_id=actor.person,
        state=RecipientState.WAITING,
        envelope__state__in=OPEN_STATES,
    ).count()


def sent(*, actor: Actor, open_only: bool = True) -> list[BookLine]:
    """What the actor sent, newest first, at most `PAGE`."""
    rows = Envelope.objects.filter(organisation_id=actor.organisation, sender_id=actor.person)
    if open_only:
        rows = rows.filter(state__in=[*OPEN_STATES, EnvelopeState.SEALING])
    return lines_of([(row, row.sent_at) for row in rows.order_by("-sent_at")[:PAGE]])


def signed_by(*, actor: Actor) -> list[BookLine]:
    """What the actor signed, newest first, at most `PAGE`."""
    rows = Recipient.objects.filter(
        organisation_id=actor.organisation, person_id=actor.person, state=RecipientState.SIGNED
    )
    return lines_of(
        [
            (row.envelope, row.signed_at or row.envelope.sent_at)
            for row in rows.select_related("envelope").order_by("-signed_at")[:PAGE]
        ]
    )


def delegated_book(*, actor: Actor, at: datetime) -> list[tuple[str, datetime, list[BookLine]]]:
    """What awaits those who delegated to the actor: for each, their name, until when, and the lines, oldest first."""
    found = []
    for held in accounts.held_by(actor=actor, at=at):
        waiting = Recipient.objects.filter(
            organisation_id=actor.organisation,
            person_id=held.delegator_id,
            state=RecipientState.WAITING,
            envelope__state__in=OPEN_STATES,
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
