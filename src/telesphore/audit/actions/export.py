"""Hand events out in the form that other systems read. Reading the trail is an act, and leaves its trace."""

import json
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from uuid import UUID

from telesphore.audit.actions.act import act
from telesphore.audit.actions.record import record
from telesphore.audit.formats.balp import audit_event
from telesphore.audit.models import instant
from telesphore.audit.ports import LOG
from telesphore.audit.queries import events
from telesphore.kernel.actors import Actor


@act("audit:events:export")
def export(
    *,
    organisation_id: UUID,
    actor: Actor,
    at: datetime,
    patient_id: UUID | None = None,
    person_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[str]:
    """An organisation's events as FHIR AuditEvents (BALP), newest first, one JSON object a line (ndjson).

    Only those about `patient_id`, or else those of `person_id`, in [since, until). The lines are read as they are
    taken, so the export's own event may be among them.
    """
    period = {"since": instant(since) if since else None, "until": instant(until) if until else None}
    record(
        "audit:events:export",
        actor=actor.within(organisation_id),
        at=at,
        patient=patient_id,
        subject=person_id,
        detail=period,
    )
    if patient_id:
        read = partial(events.events_of_patient, organisation_id=organisation_id, patient_id=patient_id)
    elif person_id:
        read = partial(events.events_of_person, organisation_id=organisation_id, person_id=person_id)
    else:
        read = partial(events.events_of_organisation, organisation_id=organisation_id)
    return _lines(partial(read, since=since, until=until, limit=events.MOST))


def _lines(read: "partial[events.Page]") -> Iterator[str]:
    server = LOG.get().origin.partition("/")[0]
    page = read()
    while True:
        for event in page.events:
            detail = event.detail_content if event.detail_salt is not None else None
            yield json.dumps(audit_event(event.core_content, detail, server=server), ensure_ascii=False)
        if page.after is None:
            return
        page = read(after=page.after)
