"""What programs ask of envelopes: lists by page, recipients, fields, watchers, what the trail tells of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from telesphore.accounts import queries as accounts
from telesphore.audit.queries.events import After, events_of_subject
from telesphore.audit.queries.events import Event as Event  # noqa: PLC0414 - for the doors.
from telesphore.kernel.actors import Actor
from telesphore.signature import access
from telesphore.signature.errors import EnvelopeNotFound
from telesphore.signature.models import Composition, Envelope, Recipient, Watcher
from telesphore.signature.queries.circuits import titles
from telesphore.signature.queries.drafts import composition_of
from telesphore.signature.states import EnvelopeState

MOST = 100


@dataclass(frozen=True, slots=True)
class Which:
    """Which envelopes; each that is not None must hold.

    Attributes:
        received: those of which the actor is a recipient; else those that they sent.
    """

    received: bool = False
    state: EnvelopeState | None = None
    patient_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class EnvelopeLine:
    """One envelope in a list."""

    envelope_id: UUID
    patient_id: UUID
    document_id: UUID
    title: str
    type_code: str
    state: EnvelopeState
    urgent: bool
    sent_at: datetime
    expires_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    follows_id: UUID | None


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A place that a recipient fills in.

    Attributes:
        page: counted from 0.
        value: what was filled in; None before, and for whom it is not.
    """

    field_id: UUID
    recipient_id: UUID
    name: str
    kind: str
    page: int
    box: tuple[float, ...]
    required: bool
    label: str
    options: tuple[str, ...]
    value: str | None


def envelopes(
    *, actor: Actor, which: Which, limit: int, before: tuple[datetime, UUID] | None = None
) -> list[EnvelopeLine]:
    """What the actor sent, or is a recipient of, the newest first: at most `limit` sent before that instant and id.

    Uses the index `envelope_by_sender`, or `recipient_by_person`.
    """
    rows = Envelope.objects.filter(organisation_id=actor.organisation)
    if which.received:
        mine = Recipient.objects.filter(organisation_id=actor.organisation, person_id=actor.person)
        rows = rows.filter(id__in=mine.values("envelope_id"))
    else:
        rows = rows.filter(sender_id=actor.person)
    if which.state is not None:
        rows = rows.filter(state=which.state)
    if which.patient_id is not None:
        rows = rows.filter(patient_id=which.patient_id)
    if which.since is not None:
        rows = rows.filter(sent_at__gte=which.since)
    if which.until is not None:
        rows = rows.filter(sent_at__lt=which.until)
    if before is not None:
        instant, last = before
        rows = rows.filter(Q(sent_at__lte=instant), Q(sent_at__lt=instant) | Q(id__lt=last))
    return _lines(list(rows.order_by("-sent_at", "-id")[: min(limit, MOST)]))


def envelope_line(*, envelope_id: UUID, actor: Actor, at: datetime) -> EnvelopeLine:
    """One of them, for its sender and its recipients.

    Raises:
        EnvelopeNotFound
    """
    return _lines([access.sender_or_recipient(actor=actor, envelope_id=envelope_id, at=at)])[0]


def _lines(rows: Sequence[Envelope]) -> list[EnvelopeLine]:
    return [
        EnvelopeLine(
            row.id,
            row.patient_id,
            row.document_id,
            title,
            row.type_code,
            EnvelopeState(row.state),
            row.urgent,
            row.sent_at,
            row.expires_at,
            row.due_at,
            row.closed_at,
            row.follows_id,
        )
        for row, title in zip(rows, titles(rows), strict=True)
    ]


def composition(*, envelope_id: UUID, actor: Actor) -> Composition:
    """What was sent, for who sent it.

    Raises:
        EnvelopeNotFound: not theirs, or of before compositions were kept.
    """
    found = composition_of(access.sent_by(actor=actor, envelope_id=envelope_id))
    if found is None:
        raise EnvelopeNotFound
    return found


def watchers(*, envelope_id: UUID, actor: Actor, at: datetime) -> list[accounts.PersonCard]:
    """Who only sees an envelope, for its sender and recipients.

    Raises:
        EnvelopeNotFound
    """
    envelope = access.sender_or_recipient(actor=actor, envelope_id=envelope_id, at=at)
    rows = Watcher.objects.filter(organisation_id=envelope.organisation_id, envelope_id=envelope.id).order_by("id")
    ids = list(rows.values_list("person_id", flat=True))
    cards = accounts.person_cards(ids)
    return [cards[person_id] for person_id in ids if person_id in cards]


def events(
    *, envelope_id: UUID, actor: Actor, at: datetime, before: tuple[datetime, UUID] | None, limit: int
) -> list[Event]:
    """What the trail has of an envelope, the newest first, for its sender: who did what, nothing of the content.

    Raises:
        EnvelopeNotFound
    """
    envelope = access.sent_by(actor=actor, envelope_id=envelope_id)
    return list(
        events_of_subject(
            organisation_id=envelope.organisation_id,
            patient_id=envelope.patient_id,
            subject_id=envelope.id,
            since=envelope.sent_at,
            after=After(*before) if before else None,
            limit=limit,
        )
    )
