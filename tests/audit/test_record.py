"""An act leaves one event, in its own transaction."""

import json
from uuid import UUID

import pytest

from telesphore.audit import actions as audit
from telesphore.audit.formats.balp import audit_event
from telesphore.audit.models import Event, Pending
from tests.audit.people import ALICE, CHARLIE, CLINIC, NOON, ZOE

pytestmark = pytest.mark.django_db


def test_an_event_says_who_what_when_to_whom_why_and_from_where() -> None:
    patient, subject = UUID(int=7), UUID(int=8)
    identifier = audit.record(
        "records:document:open",
        actor=ALICE,
        at=NOON,
        subject=subject,
        patient=patient,
        categories=["11"],
        origin="clinique",
        purpose="TREAT",
        ground="care-team",
        detail={"pages": 3},
    )
    event = Event.objects.get(id=identifier)
    assert (event.organisation_id, event.person_id, event.patient_id, event.subject_id) == (
        CLINIC,
        ALICE.person_id,
        patient,
        subject,
    )
    assert (event.family, event.at, event.action, event.outcome) == ("access", NOON, "records:document:open", "done")
    assert (event.categories, event.origin, event.purpose, event.ground) == (["11"], "clinique", "TREAT", "care-team")
    assert (event.means, event.source_address, event.client) == ("password+totp", "192.0.2.1", "Firefox")
    assert event.detail == {"pages": 3}
    assert Pending.objects.filter(id=identifier).exists()


def test_events_recorded_together_are_as_those_recorded_one_by_one() -> None:
    one = audit.record("jobs:job:run", actor=ALICE, at=NOON, patient=UUID(int=7), detail={"name": "à\t\\N"})
    (many,) = audit.record_many(
        [audit.Occurrence(action="jobs:job:run", actor=ALICE, at=NOON, patient=UUID(int=7), detail={"name": "à\t\\N"})]
    )
    skipped = ("id", "core_salt", "detail_salt")
    first, second = (Event.objects.filter(id=i).values().get() for i in (one, many))
    assert {k: v for k, v in first.items() if k not in skipped} == {k: v for k, v in second.items() if k not in skipped}
    assert Pending.objects.filter(id=many).exists()


def test_the_level_and_the_session_are_committed_to_and_exported() -> None:
    session = ALICE.session_id
    event = Event.objects.get(id=audit.record("records:document:open", actor=ALICE, at=NOON, patient=ZOE))
    assert (event.acr, event.session_id) == ("phr", session)
    assert (event.detail_content["acr"], event.detail_content["session"]) == ("phr", str(session))
    exported = json.dumps(audit_event(event.core_content, event.detail_content, server="telesphore.example"))
    assert '{"type": "acr", "valueString": "phr"}' in exported
    assert f'{{"type": "session", "valueString": "{session}"}}' in exported


def test_the_leaf_of_an_event_from_before_levels_were_kept_is_what_it_was() -> None:
    event = Event.objects.get(id=audit.record("records:document:open", actor=CHARLIE, at=NOON, patient=ZOE))
    # Word for word what the first release committed to.
    assert set(event.detail_content) == {
        "person", "on_behalf_of", "means", "patient", "subject", "source_address", "client", "detail",
    }  # fmt: skip
