"""Pages of events are read by an index, however far back they lie."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from telesphore.audit.queries import events
from tests.audit.people import ALICE, CHARLIE, CLINIC, NOON, ZOE, behind_the_back, record_some


@pytest.mark.parametrize(
    ("index", "query"),
    [
        ("event_by_patient", partial(events.accesses_of_patient, patient_id=ZOE)),
        ("event_by_patient", partial(events.events_of_patient, patient_id=ZOE)),
        ("event_by_person", partial(events.events_of_person, person_id=ALICE.person_id or ZOE)),
        ("event_by_organisation", events.events_of_organisation),
    ],
)
def test_a_page_far_back_is_one_index_scan(index: str, query: Callable[..., events.Page], committed: str) -> None:
    for patient in (UUID(int=number) for number in range(100, 140)):
        record_some(100, patient=patient, actor=CHARLIE.within(CLINIC), at=NOON + timedelta(minutes=patient.int))
    record_some(300, at=NOON + timedelta(minutes=110))
    behind_the_back(committed, "ANALYZE audit_event")
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert len(query(organisation_id=CLINIC, after=events.After(NOON + timedelta(minutes=114), ZOE)).events) == 50
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {captured[0]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert f"Index Scan Backward using {index}" in plan
    assert "Sort" not in plan
