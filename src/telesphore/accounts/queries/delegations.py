"""Who acts for whom, until when; what a delegate holds at this moment."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from telesphore.accounts.access import may
from telesphore.accounts.models import Delegation
from telesphore.accounts.queries.people import PersonCard, live, person_cards
from telesphore.accounts.states import DELEGABLE, PERMISSIONS
from telesphore.kernel.actors import Actor, ActorKind

MOST = 200


@dataclass(frozen=True, slots=True)
class DelegationLine:
    """One delegation, as those whom it concerns see it.

    Attributes:
        document_types: codes; empty for every kind.
        given_by: who wrote it; its delegator, or an administrator.
    """

    delegation_id: UUID
    delegator: PersonCard
    delegate: PersonCard
    given_by: PersonCard
    permissions: tuple[str, ...]
    document_types: tuple[str, ...]
    reason: str
    starts_at: datetime
    ends_at: datetime
    withdrawn_at: datetime | None
    state: str
    """`coming`, `current`, `over` or `withdrawn`."""


@dataclass(frozen=True, slots=True)
class Held:
    """What one delegation lets its delegate do now."""

    delegation_id: UUID
    delegator_id: UUID
    permissions: frozenset[str]
    document_types: frozenset[str]
    ends_at: datetime

    def covers(self, document_type: str) -> bool:
        """Whether it reaches documents of this kind."""
        return not self.document_types or document_type in self.document_types


def delegations_of(*, organisation_id: UUID, person_id: UUID, at: datetime) -> list[DelegationLine]:
    """Given by, and to, a person, the latest to end first; the last `MOST`."""
    rows = Delegation.objects.filter(
        Q(delegator_id=person_id) | Q(delegate_id=person_id), organisation_id=organisation_id
    )
    return _lines(rows, at)


def delegations(*, organisation_id: UUID, at: datetime) -> list[DelegationLine]:
    """All of an organisation, the latest to end first; the last `MOST`."""
    return _lines(Delegation.objects.filter(organisation_id=organisation_id), at)


def held_by(*, actor: Actor, at: datetime) -> list[Held]:
    """What is delegated to the actor at `at`, the first to end first, in two queries, or one when there is nothing: of
    acts that the actor may do themself, by people who still work here and may do them too."""
    if actor.kind is not ActorKind.PROFESSIONAL or actor.person_id is None or actor.organisation_id is None:
        return []
    given = Delegation.objects.filter(organisation_id=actor.organisation, delegate_id=actor.person)
    found = [_held(row, actor) for row in _current(given, at)]
    return [held for held in found if held.permissions]


def delegates_of(
    *, organisation_id: UUID, delegator_ids: Iterable[UUID], at: datetime
) -> dict[UUID, list[tuple[Held, PersonCard]]]:
    """Who may act for each of these persons now, with what they hold; three queries."""
    given = Delegation.objects.filter(organisation_id=organisation_id, delegator_id__in=set(delegator_ids))
    rows = _current(given, at)
    cards = person_cards(row.delegate_id for row in rows)
    found: dict[UUID, list[tuple[Held, PersonCard]]] = {}
    for row in rows:
        found.setdefault(row.delegator_id, []).append((_held(row, None), cards[row.delegate_id]))
    return found


def _held(row: Delegation, actor: Actor | None) -> Held:
    allowed = frozenset(name for name in row.permissions if actor is None or may(actor, name))
    return Held(row.id, row.delegator_id, allowed, frozenset(row.document_types), row.ends_at)


def _current(given: QuerySet[Delegation], at: datetime) -> list[Delegation]:
    """Those, of one organisation, that hold at `at`, given by people who still may what can be delegated."""
    rows = list(given.filter(withdrawn_at=None, starts_at__lte=at, ends_at__gt=at).order_by("ends_at", "id"))
    if not rows:
        return []
    able = set.intersection(*(set(PERMISSIONS[name]) for name in DELEGABLE))
    here = live(at).filter(
        organisation_id=rows[0].organisation_id, person_id__in={row.delegator_id for row in rows}, role__in=able
    )
    still_here = set(here.values_list("person_id", flat=True))
    return [row for row in rows if row.delegator_id in still_here]


def _lines(rows: QuerySet[Delegation], at: datetime) -> list[DelegationLine]:
    found = list(rows.order_by("-ends_at")[:MOST])
    cards = person_cards(person for row in found for person in (row.delegator_id, row.delegate_id, row.given_by))
    return [
        DelegationLine(
            row.id,
            cards[row.delegator_id],
            cards[row.delegate_id],
            cards[row.given_by],
            tuple(row.permissions),
            tuple(row.document_types),
            row.reason,
            row.starts_at,
            row.ends_at,
            row.withdrawn_at,
            _state(row, at),
        )
        for row in found
    ]


def _state(row: Delegation, at: datetime) -> str:
    if row.withdrawn_at is not None:
        return "withdrawn"
    if row.ends_at <= at:
        return "over"
    return "coming" if row.starts_at > at else "current"
