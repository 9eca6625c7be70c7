"""Lists of events, newest first, a page at a time by key: each page is one index scan, however far back it lies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from telesphore.audit.errors import EventNotFound
from telesphore.audit.models import Event as Event  # noqa: PLC0414 - for the doors, which never import models.
from telesphore.audit.states import Family

PAGE = 50
MOST = 500


@dataclass(frozen=True, slots=True)
class After:
    """Where the next page begins: just before (in time) this event."""

    at: datetime
    id: UUID

    @classmethod
    def parse(cls, text: str) -> "After | None":
        """`2026-11-23T08:41:00+00:00/<uuid>`, from an address; None, the first page, for anything else."""
        moment, _, identifier = text.partition("/")
        try:
            at = datetime.fromisoformat(moment)
            return cls(at, UUID(identifier)) if at.tzinfo else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes:
        events: newest first.
        after: give it back to get the next page; None on the last.
    """

    events: Sequence[Event]
    after: After | None


def accesses_of_patient(
    *, organisation_id: UUID, patient_id: UUID, after: After | None = None, limit: int = PAGE
) -> Page:
    """Who did what with a patient's record, refusals included, for the patient (EHDS art. 9).

    Uses the index `event_by_patient`.
    """
    events = _of_patient(organisation_id, patient_id).filter(family=Family.ACCESS.value)
    return _page(events, after=after, limit=limit)


def events_of_patient(
    *,
    organisation_id: UUID,
    patient_id: UUID,
    since: datetime | None = None,
    until: datetime | None = None,
    after: After | None = None,
    limit: int = PAGE,
) -> Page:
    """All events about a patient in [since, until), for an auditor. Uses the index `event_by_patient`."""
    return _page(_of_patient(organisation_id, patient_id), since=since, until=until, after=after, limit=limit)


def events_of_organisation(
    *,
    organisation_id: UUID,
    since: datetime | None = None,
    until: datetime | None = None,
    after: After | None = None,
    limit: int = PAGE,
) -> Page:
    """All that happened in an organisation in [since, until), for its auditor.

    Uses the index `event_by_organisation`.
    """
    events = Event.objects.filter(organisation_id=organisation_id)
    return _page(events, since=since, until=until, after=after, limit=limit)


def events_of_person(
    *,
    organisation_id: UUID,
    person_id: UUID,
    since: datetime | None = None,
    until: datetime | None = None,
    after: After | None = None,
    limit: int = PAGE,
) -> Page:
    """What one person did in an organisation in [since, until), for its auditor. Uses the index `event_by_person`."""
    events = Event.objects.filter(organisation_id=organisation_id, person_id=person_id)
    return _page(events, since=since, until=until, after=after, limit=limit)


def events_of_subject(
    *,
    organisation_id: UUID,
    patient_id: UUID,
    subject_id: UUID,
    since: datetime,
    after: After | None = None,
    limit: int = PAGE,
) -> Sequence[Event]:
    """What was done about one thing of a patient's since it began, newest first. Uses the index `event_by_patient`."""
    events = _of_patient(organisation_id, patient_id).filter(subject_id=subject_id, outcome="done")
    return _page(events, since=since, after=after, limit=limit).events


def refused_to_nobody(*, subject_id: UUID, action: str, since: datetime, limit: int = PAGE) -> Sequence[Event]:
    """What people who had proved nothing were refused about one subject: sign-ins to an account. Newest first.

    Uses the index `event_refused_to_nobody`.
    """
    events = Event.objects.filter(subject_id=subject_id, outcome="refused", person_id=None, action=action)
    return list(events.filter(at__gte=since).order_by("-at")[: min(limit, MOST)])


def access_of_patient(*, organisation_id: UUID, patient_id: UUID, event_id: UUID) -> Event:
    """One access to this patient's record, done or refused.

    Raises:
        EventNotFound: no access to this record has this id.
    """
    found = _of_patient(organisation_id, patient_id).filter(id=event_id, family=Family.ACCESS.value).first()
    if found is None:
        raise EventNotFound
    return found


def subjects(*, organisation_id: UUID, patient_id: UUID, action: str) -> set[UUID]:
    """What a patient's events of one action are about. Uses the index `event_by_patient`."""
    found = _of_patient(organisation_id, patient_id).filter(action=action, outcome="done")
    return {subject for subject in found.values_list("subject_id", flat=True) if subject is not None}


def _of_patient(organisation_id: UUID, patient_id: UUID) -> QuerySet[Event]:
    return Event.objects.filter(organisation_id=organisation_id, patient_id=patient_id)


def _page(
    events: QuerySet[Event],
    *,
    after: After | None,
    limit: int,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Page:
    limit = min(max(limit, 1), MOST)
    if since:
        events = events.filter(at__gte=since)
    if until:
        events = events.filter(at__lt=until)
    if after:
        # The first condition bounds the index scan, which an OR alone would not.
        events = events.filter(Q(at__lte=after.at), Q(at__lt=after.at) | Q(id__lt=after.id))
    found = list(events.order_by("-at", "-id")[: limit + 1])
    page = found[:limit]
    return Page(page, After(page[-1].at, page[-1].id) if len(found) > limit else None)


def last_event(*, organisation_id: UUID, action: str, patient_id: UUID) -> UUID:
    """The newest event of one action about a patient. Uses the index `event_by_patient`.

    Raises:
        EventNotFound: there is none.
    """
    events = _of_patient(organisation_id, patient_id).filter(action=action).order_by("-at", "-id")
    found = events.values_list("id", flat=True).first()
    if found is None:
        raise EventNotFound
    return found
