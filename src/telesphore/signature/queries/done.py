"""What somebody has done in circuits, and what they sent: who is awaited, and who is late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.db.models.functions import Coalesce

from telesphore.accounts import queries as accounts
from telesphore.kernel.actors import Actor
from telesphore.outbox import queries as outbox
from telesphore.records import queries as records
from telesphore.signature.models import Digest, Envelope, Recipient
from telesphore.signature.queries.book import beyond
from telesphore.signature.queries.circuits import PAGE, BookLine, lines_of, titles
from telesphore.signature.queries.seals import SEALABLE, SealWait, seal_waits, troubled_seals
from telesphore.signature.states import ACTED, OPEN_STATES, REMINDER_PAUSE, EnvelopeState, RecipientState

DONE = (*sorted(ACTED), RecipientState.DECLINED)
ON_THEIR_WAY = (EnvelopeState.SENT, EnvelopeState.IN_PROGRESS, EnvelopeState.SEALING)
"""In the order of the index `envelope_on_its_way`."""


@dataclass(frozen=True, slots=True)
class DoneLine:
    """One envelope that the actor acted on: what they did, when, and where it is now."""

    recipient_id: UUID
    line: BookLine
    did: RecipientState


@dataclass(frozen=True, slots=True)
class Awaited:
    """Who is awaited.

    Attributes:
        late: the due date is past.
        undelivered: their last notice could not be delivered.
        may_remind: whether they may be reminded now.
        at_bedside: a tablet is to be handed over to them; nobody writes to them.
    """

    recipient_id: UUID
    name: str
    since: datetime
    late: bool
    undelivered: bool
    reminders: int
    may_remind: bool
    at_bedside: bool = False


@dataclass(frozen=True, slots=True)
class SentLine:
    """One envelope that the actor sent."""

    envelope_id: UUID
    title: str
    patient: records.PatientCard
    state: EnvelopeState
    sent_at: datetime
    urgent: bool
    due_at: datetime | None
    awaited: tuple[Awaited, ...]
    seal: SealWait | None = None
    """When the organisation's seal is awaited."""
    withdrawn: bool = False
    """A consent that its patient withdrew since."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of those who are awaited."""
        return tuple(one.name for one in self.awaited)


def done_by(*, actor: Actor, after: UUID | None = None) -> tuple[list[DoneLine], UUID | None]:
    """What the actor signed, approved, gave an opinion on or declined, newest first, at most `PAGE` after the place
    `after`; and the last place, when there is more. A constant number of queries."""
    rows = (
        Recipient.objects.filter(organisation_id=actor.organisation, person_id=actor.person, state__in=DONE)
        .annotate(did_at=Coalesce("signed_at", "acted_at", "awaited_at"))
        .order_by("-did_at", "-id")
    )
    if after is not None:
        last = rows.filter(id=after).values_list("did_at", "id").first()
        rows = rows.filter(beyond(("-did_at", "-id"), last)) if last else rows
    found = list(rows.select_related("envelope")[: PAGE + 1])
    shown = found[:PAGE]
    lines = lines_of([(row.envelope, row.signed_at or row.acted_at or row.envelope.sent_at) for row in shown])
    return (
        [DoneLine(row.id, line, RecipientState(row.state)) for row, line in zip(shown, lines, strict=True)],
        shown[-1].id if len(found) > PAGE else None,
    )


def sent(
    *, actor: Actor, at: datetime, open_only: bool = True, after: UUID | None = None
) -> tuple[list[SentLine], UUID | None]:
    """What the actor sent, newest first, at most `PAGE` after the envelope `after`; and the last envelope, when there
    is more. A constant number of queries."""
    rows = Envelope.objects.filter(organisation_id=actor.organisation, sender_id=actor.person)
    if after is not None:
        last = rows.filter(id=after).values_list("sent_at", "id").first()
        rows = rows.filter(beyond(("-sent_at", "-id"), last)) if last else rows
    if open_only:
        rows = rows.filter(state__in=ON_THEIR_WAY)
    found = list(rows.order_by("-sent_at", "-id")[: PAGE + 1])
    return _sent_lines(found[:PAGE], actor, at), found[PAGE - 1].id if len(found) > PAGE else None


def _sent_lines(rows: Sequence[Envelope], actor: Actor, at: datetime) -> list[SentLine]:
    organisation_id = actor.organisation
    waiting: dict[UUID, list[Recipient]] = {}
    for one in Recipient.objects.filter(
        organisation_id=organisation_id,
        envelope_id__in=[row.id for row in rows if row.state in OPEN_STATES],
        state=RecipientState.WAITING,
    ).order_by("id"):
        waiting.setdefault(one.envelope_id, []).append(one)
    recipients = [one for group in waiting.values() for one in group]
    people = accounts.person_cards(one.person_id for one in recipients if one.person_id is not None)
    patients = records.patient_cards(organisation_id=organisation_id, patient_ids={row.patient_id for row in rows})
    notices = {
        notice.about: notice.status
        for notice in outbox.notices_about(organisation_id=organisation_id, about=[one.id for one in recipients])
    }

    def awaited(row: Envelope, one: Recipient) -> Awaited:
        # Of a guest the envelope's page tells the name: it is sealed.
        name = (
            people[one.person_id].display_name
            if one.person_id
            else patients[row.patient_id].display_name
            if one.patient_id
            else one.get_role_display()
        )
        late = row.due_at is not None and row.due_at < at
        remindable = row.expires_at > at and (one.reminded_at is None or at - one.reminded_at >= REMINDER_PAUSE)
        return Awaited(
            one.id,
            name,
            one.awaited_at or row.sent_at,
            late,
            notices.get(one.id) == "failed",
            one.reminders,
            remindable and not one.at_bedside,
            one.at_bedside,
        )

    seals = seal_waits([row for row in rows if row.state in SEALABLE and row.id not in waiting])

    return [
        SentLine(
            row.id,
            title,
            patients[row.patient_id],
            EnvelopeState(row.state),
            row.sent_at,
            row.urgent,
            row.due_at,
            tuple(awaited(row, one) for one in waiting.get(row.id, [])),
            seals.get(row.id),
            row.withdrawn_at is not None,
        )
        for row, title in zip(rows, titles(rows), strict=True)
    ]


def stuck(*, actor: Actor) -> list[tuple[UUID, str, SealWait]]:
    """Of what the actor sent, what the organisation's seal does not come to, the oldest first, at most `PAGE`: the
    envelope, its title, and why. Three queries, which look at no other envelope."""
    troubled = troubled_seals(actor.organisation)
    # A signature that was taken back is awaited again, before the seal.
    waiting = Recipient.objects.filter(
        organisation_id=OuterRef("organisation_id"), envelope_id=OuterRef("id"), state=RecipientState.WAITING
    )
    rows = list(
        Envelope.objects.filter(
            ~Exists(waiting),
            organisation_id=actor.organisation,
            id__in=troubled,
            sender_id=actor.person,
            state__in=SEALABLE,
        ).order_by("sent_at", "id")[:PAGE]
    )
    return [(row.id, title, troubled[row.id]) for row, title in zip(rows, titles(rows), strict=True)]


def has_digest(*, actor: Actor) -> bool:
    """Whether the actor has a message each morning on what awaits them."""
    return Digest.objects.filter(organisation_id=actor.organisation, person_id=actor.person).exists()
