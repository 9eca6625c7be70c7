"""What awaits somebody, and those whom they stand in for: sorted, filtered, page by page.

It is read from `recipient_in_the_book`, the index of places that wait: the past does not weigh on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, When
from django.db.models.functions import Lower

from telesphore.accounts import queries as accounts
from telesphore.kernel.actors import Actor
from telesphore.records import queries as records
from telesphore.records.models import Patient
from telesphore.signature import access
from telesphore.signature.models import Entry, Field, Recipient
from telesphore.signature.queries.circuits import PAGE
from telesphore.signature.queries.thread import questions_for
from telesphore.signature.states import ASKED_FIELDS, RecipientState, StepKind
from telesphore.vault import queries as vault

MOST_PICKED = 500
"""Lines picked at once."""


class Order(StrEnum):
    """How what awaits is sorted."""

    URGENCY = "urgency"
    """What is marked urgent, then what is due first, then what waits longest."""
    PATIENT = "patient"
    TYPE = "type"
    AGE = "age"


_KEYS: Mapping[Order, tuple[str, ...]] = {
    Order.URGENCY: ("-urgent", "due_at", "awaited_at", "id"),
    Order.PATIENT: ("patient_name", "awaited_at", "id"),
    Order.TYPE: ("type_code", "-urgent", "due_at", "awaited_at", "id"),
    Order.AGE: ("awaited_at", "id"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of what awaits is shown. Empty for all.

    Attributes:
        place: whose place: the person's id.
        patient: the beginnings of a patient's names.
        late: only what is past its due date.
        questions: only what has questions that the actor was not shown.
    """

    order: Order = Order.URGENCY
    kind: StepKind | None = None
    type_code: str = ""
    purpose: str = ""
    place: UUID | None = None
    sender: UUID | None = None
    patient: str = ""
    late: bool = False
    questions: bool = False


@dataclass(frozen=True, slots=True)
class Awaiting:
    """One place that awaits the actor: theirs, or that of whom they stand in for.

    Attributes:
        in_place_of: whose, when it is not the actor's own.
        kind: what is asked.
        purpose: what the signature would mean; empty when none is asked.
        late: past its due date.
        may_act: whether the actor may do what is asked; a delegate may be allowed only to refuse.
        may_decline: whether the actor may refuse it.
        questions: whether somebody asked what the actor was not shown yet, and nobody answered.
        fields: whether the signer is asked to fill in something: that is done on its own page.
    """

    recipient_id: UUID
    envelope_id: UUID
    title: str
    patient: records.PatientCard
    sender: str
    in_place_of: str
    kind: StepKind
    purpose: str
    type_code: str
    urgent: bool
    due_at: datetime | None
    since: datetime
    late: bool
    may_act: bool = True
    may_decline: bool = True
    questions: bool = False
    fields: bool = False

    @property
    def signable(self) -> bool:
        """Whether it may be signed among others, from the list."""
        return self.kind is StepKind.SIGN and self.may_act and not self.fields

    @property
    def approvable(self) -> bool:
        """Whether it may be approved among others, from the list."""
        return self.kind is StepKind.REVIEW and self.may_act


@dataclass(frozen=True, slots=True)
class Facet:
    """One choice of a filter, and how many lines it has."""

    value: str
    name: str
    """A person's; empty for what the page has words for."""
    count: int


@dataclass(frozen=True, slots=True)
class Book:
    """A page of what awaits.

    Attributes:
        matching: how many lines the filters leave, on all pages.
        waiting: how many there are without filters.
        after: the place that the next page comes after; None when this is the last.
        kinds, types, purposes, places, senders: what the filters may choose.
    """

    lines: tuple[Awaiting, ...]
    matching: int
    waiting: int
    after: UUID | None
    kinds: tuple[Facet, ...] = ()
    types: tuple[Facet, ...] = ()
    purposes: tuple[Facet, ...] = ()
    places: tuple[Facet, ...] = ()
    senders: tuple[Facet, ...] = ()


def awaiting(*, actor: Actor, at: datetime, wanted: Wanted, after: UUID | None = None) -> Book:
    """A page of what awaits the actor and those whom they stand in for, at most `PAGE` lines. A constant number of
    queries; titles of this page alone are unsealed.

    Args:
        after: the last place of the page before.
    """
    reach = _Reach(actor, at)
    waiting = reach.waiting()
    # One pass over the index counts all that the filters offer, and most of what they leave.
    counted = list(waiting.order_by().values_list("person_id", *_EXACT).annotate(count=Count("id")).order_by(*_EXACT))
    chosen = _chosen(waiting, wanted, actor, at)
    if wanted.patient or wanted.late or wanted.questions:
        matching = chosen.count()
    else:
        matching = sum(row[-1] for row in counted if _fits(row, wanted))
    # Only the last place's id is in the address: what it sorts by may be a patient's name. Whoever acted on it
    # meanwhile goes on from where they were.
    last = reach.places.filter(id=after) if after is not None else None
    rows = _sorted(chosen, wanted.order, actor, last=last, limit=PAGE + 1)
    senders = {row[4] for row in counted if row[4] is not None}
    lines = _lines(rows[:PAGE], reach, names := _names(reach.people | senders))
    more = rows[PAGE - 1].id if len(rows) > PAGE else None
    return Book(lines, matching, sum(row[-1] for row in counted), more, *_facets(counted, names))


def count_waiting(*, actor: Actor, at: datetime) -> int:
    """How many places await the actor, theirs and those of whom they stand in for. Two queries."""
    return _Reach(actor, at).waiting().count()


def first_waiting(*, actor: Actor, at: datetime) -> Awaiting | None:
    """What awaits the actor first, by urgency."""
    reach = _Reach(actor, at)
    rows = _sorted(reach.waiting(), Order.URGENCY, actor, limit=1)
    return next(iter(_lines(rows, reach, _names(reach.people | _senders(rows)))), None)


def picked(*, actor: Actor, at: datetime, envelope_ids: Sequence[UUID]) -> tuple[Awaiting, ...]:
    """Of these envelopes, what still awaits the actor or whom they stand in for, by urgency, at most `MOST_PICKED`; of
    one envelope one place, the actor's own first. A constant number of queries."""
    reach = _Reach(actor, at)
    waiting = reach.waiting().filter(envelope_id__in=list(envelope_ids)[:MOST_PICKED])
    once: dict[UUID, _Row] = {}
    for row in _sorted(waiting, Order.URGENCY, actor):
        if row.envelope_id not in once or row.person_id == actor.person_id:
            once[row.envelope_id] = row
    rows = list(once.values())
    return _lines(rows, reach, _names(reach.people | _senders(rows)))


def pick_all(*, actor: Actor, at: datetime, wanted: Wanted) -> list[UUID]:
    """The envelopes of the first `MOST_PICKED` lines that the filters leave. Two queries."""
    chosen = _chosen(_Reach(actor, at).waiting(), wanted, actor, at)
    rows = _ordered(chosen, wanted.order).values_list("envelope_id", flat=True)[:MOST_PICKED]
    return list(dict.fromkeys(rows))


_EXACT = ("kind", "type_code", "purpose", "sender_id")


class _Reach:
    """The actor's places in circuits, and those that they may take now: of an act, and of a type of document, that was
    delegated to them. One query is made, for the delegations."""

    def __init__(self, actor: Actor, at: datetime) -> None:
        self.actor, self.at = actor, at
        self._held = accounts.held_by(actor=actor, at=at)
        self.people = {actor.person, *(one.delegator_id for one in self._held)}
        mine = Q(person_id=actor.person)
        for one in self._held:
            kinds = [kind for kind in access.ACTS if any(access.allowed(one.permissions, kind))]
            theirs = Q(person_id=one.delegator_id, kind__in=kinds)
            mine |= theirs & Q(type_code__in=one.document_types) if one.document_types else theirs
        self.places = Recipient.objects.filter(mine, organisation_id=actor.organisation)
        """Whatever their state."""

    def waiting(self) -> QuerySet[Recipient]:
        """Those that wait."""
        return self.places.filter(state=RecipientState.WAITING)

    def allowed(self, row: "_Row") -> tuple[bool, bool]:
        """Whether the actor may do what this place is asked, and may refuse it."""
        kind = StepKind(row.kind)
        if row.person_id == self.actor.person:
            return True, kind is not StepKind.OPINION
        held = [one for one in self._held if one.delegator_id == row.person_id and one.covers(row.type_code)]
        return access.allowed(frozenset().union(*(one.permissions for one in held)), kind)


def _chosen(rows: QuerySet[Recipient], wanted: Wanted, actor: Actor, at: datetime) -> QuerySet[Recipient]:
    exact = (wanted.place, wanted.kind, wanted.type_code, wanted.purpose, wanted.sender)
    rows = rows.filter(**{name: value for name, value in zip(("person_id", *_EXACT), exact, strict=True) if value})
    if wanted.late:
        rows = rows.filter(due_at__lt=at)
    if wanted.questions:
        rows = rows.filter(Exists(_questions(actor)))
    if wanted.patient:
        patients = Patient.objects.filter(organisation_id=actor.organisation)
        for word in wanted.patient.split():
            patients = patients.filter(
                Q(birth_name__istartswith=word) | Q(used_name__istartswith=word) | Q(given_names__istartswith=word)
            )
        rows = rows.filter(about_id__in=patients.values("id"))
    return rows


def _fits(row: Sequence[object], wanted: Wanted) -> bool:
    asked = (wanted.place, wanted.kind, wanted.type_code, wanted.purpose, wanted.sender)
    return all(not one or one == value for one, value in zip(asked, row, strict=False))


def _ordered(rows: QuerySet[Recipient], order: Order) -> QuerySet[Recipient]:
    if order is Order.PATIENT:
        # Names may change, and are the record's: joined for this order alone rather than copied.
        used = F("about__used_name")
        shown = Case(When(about__used_name="", then=F("about__birth_name")), default=used, output_field=CharField())
        rows = rows.annotate(patient_name=Lower(shown))
    return rows.order_by(*_KEYS[order])


class _Row(NamedTuple):
    """What a line is made of: read as such, since whole rows cost more than all the rest of the page."""

    id: UUID
    envelope_id: UUID
    person_id: UUID
    kind: str
    purpose: str | None
    type_code: str
    urgent: bool
    due_at: datetime | None
    awaited_at: datetime | None
    patient_id: UUID
    sender_id: UUID
    sent_at: datetime
    key_id: UUID
    title_sealed: bytes
    asks_question: bool
    asks_fields: bool


_COLUMNS = (*_Row._fields[:9], *(f"envelope__{name}" for name in _Row._fields[9:-2]), *_Row._fields[-2:])


def _questions(actor: Actor) -> QuerySet[Entry]:
    return questions_for(actor).filter(envelope_id=OuterRef("envelope_id"))


def _sorted(
    rows: QuerySet[Recipient],
    order: Order,
    actor: Actor,
    *,
    last: QuerySet[Recipient] | None = None,
    limit: int | None = None,
) -> list[_Row]:
    """In this order, after the `last` one when it exists."""
    rows = _ordered(rows, order)
    if last is not None:
        keys = [key.removeprefix("-") for key in _KEYS[order]]
        values = _ordered(last, order).values_list(*keys).first()
        if values is not None:
            rows = rows.filter(beyond(_KEYS[order], values))
    if limit is not None:
        # Chosen by what the index holds before anything is looked up of their envelopes: ten thousand are not joined
        # to show fifty.
        chosen = rows.values("id")[:limit]
        rows = _ordered(Recipient.objects.filter(organisation_id=actor.organisation, id__in=chosen), order)
    # Asked of the rows that are shown alone.
    fields = Field.objects.filter(
        organisation_id=actor.organisation, recipient_id=OuterRef("id"), kind__in=sorted(ASKED_FIELDS)
    )
    rows = rows.annotate(asks_question=Exists(_questions(actor)), asks_fields=Exists(fields))
    return [_Row(*row) for row in rows.values_list(*_COLUMNS)]


def beyond(keys: Sequence[str], values: Sequence[object]) -> Q:
    """What comes after a row with these values, in the order of these keys; nulls come last in a rising order."""
    found, equal = Q(pk__in=[]), Q()
    for key, value in zip(keys, values, strict=True):
        name = key.removeprefix("-")
        if value is None:
            equal &= Q(**{f"{name}__isnull": True})
            continue
        if key.startswith("-"):
            found |= equal & Q(**{f"{name}__lt": value})
        else:
            found |= equal & (Q(**{f"{name}__gt": value}) | Q(**{f"{name}__isnull": True}))
        equal &= Q(**{name: value})
    return found


def _senders(rows: Sequence[_Row]) -> set[UUID]:
    return {row.sender_id for row in rows}


def _names(person_ids: set[UUID]) -> dict[UUID, str]:
    return {person_id: card.display_name for person_id, card in accounts.person_cards(person_ids).items()}


def _lines(rows: Sequence[_Row], reach: _Reach, names: Mapping[UUID, str]) -> tuple[Awaiting, ...]:
    actor, at = reach.actor, reach.at
    patients = records.patient_cards(organisation_id=actor.organisation, patient_ids={row.patient_id for row in rows})
    titles = vault.unseal_texts(
        organisation_id=actor.organisation,
        texts=[
            vault.Sealed(row.key_id, bytes(row.title_sealed), f"signature:envelope:{row.envelope_id}") for row in rows
        ],
    )
    return tuple(
        Awaiting(
            row.id,
            row.envelope_id,
            title,
            patients[row.patient_id],
            names.get(row.sender_id, ""),
            "" if row.person_id == actor.person_id else names[row.person_id],
            StepKind(row.kind),
            row.purpose or "",
            row.type_code,
            row.urgent,
            row.due_at,
            row.awaited_at or row.sent_at,
            row.due_at is not None and row.due_at < at,
            *reach.allowed(row),
            row.asks_question,
            row.asks_fields and row.kind == StepKind.SIGN,
        )
        for row, title in zip(rows, titles, strict=True)
    )


def _facets(counted: Sequence[Sequence[object]], names: Mapping[UUID, str]) -> list[tuple[Facet, ...]]:
    """What the filters may choose: kinds, types, purposes, places, senders; those with most lines first."""
    found = []
    for column in (1, 2, 3, 0, 4):
        totals: dict[object, int] = {}
        for row in counted:
            if row[column]:
                count = row[-1]
                assert isinstance(count, int)
                totals[row[column]] = totals.get(row[column], 0) + count
        most_first = sorted(totals.items(), key=lambda one: -one[1])
        found.append(
            tuple(
                Facet(str(value), names.get(value, "") if isinstance(value, UUID) else "", count)
                for value, count in most_first
            )
        )
    return found
