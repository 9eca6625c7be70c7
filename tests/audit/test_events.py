"""Pages of events, and what each is exported as."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from telesphore.audit import actions as audit
from telesphore.audit.models import Event
from telesphore.audit.queries import events
from telesphore.kernel.actors import Actor, ActorKind
from tests.audit.people import (
    ALICE,
    CHARLIE,
    CLINIC,
    LABORATORY,
    NOON,
    OPERATOR,
    YANIS,
    ZOE,
    record_some,
)

pytestmark = pytest.mark.django_db


def test_pages_follow_one_another_without_gap_or_overlap() -> None:
    same_second = [audit.record("a:b:c", actor=ALICE, at=NOON, patient=ZOE) for _ in range(5)]
    later = record_some(7, at=NOON + timedelta(seconds=1))
    seen, after = [], None
    while True:
        page = events.accesses_of_patient(organisation_id=CLINIC, patient_id=ZOE, after=after, limit=5)
        seen += [event.id for event in page.events]
        after = page.after
        if after is None:
            break
    assert seen == list(reversed(later)) + sorted(same_second, reverse=True)


def test_a_patient_sees_the_accesses_to_their_own_record_refusals_included() -> None:
    record_some(1)
    record_some(1, patient=YANIS)
    audit.record("records:document:open", actor=CHARLIE.within(CLINIC), at=NOON, patient=ZOE,
                 outcome=audit.Outcome.REFUSED)  # fmt: skip
    audit.record("records:index:rebuild", actor=OPERATOR, at=NOON, patient=ZOE, family=audit.Family.TECHNICAL)
    page = events.accesses_of_patient(organisation_id=CLINIC, patient_id=ZOE)
    assert sorted(event.outcome for event in page.events) == ["done", "refused"]
    assert {event.patient_id for event in page.events} == {ZOE}
    assert {event.family for event in page.events} == {"access"}


def test_another_organisation_s_auditor_sees_nothing_of_ours() -> None:
    record_some(3)
    assert events.events_of_organisation(organisation_id=LABORATORY).events == []
    assert events.events_of_patient(organisation_id=LABORATORY, patient_id=ZOE).events == []
    assert events.events_of_person(organisation_id=LABORATORY, person_id=ALICE.person_id or ZOE).events == []


def test_a_period_includes_its_beginning_and_not_its_end() -> None:
    identifiers = record_some(4)
    page = events.events_of_organisation(
        organisation_id=CLINIC, since=NOON + timedelta(seconds=1), until=NOON + timedelta(seconds=3)
    )
    assert [event.id for event in page.events] == [identifiers[2], identifiers[1]]


def exported(**options: Any) -> list[dict[str, Any]]:
    lines = audit.export(organisation_id=CLINIC, actor=OPERATOR, at=NOON + timedelta(days=1), **options)
    return [json.loads(line) for line in lines]


def slices(elements: list[dict[str, Any]], code: str) -> list[dict[str, Any]]:
    def codes(element: dict[str, Any]) -> list[str]:
        kind = element.get("type", {})
        return [coding["code"] for coding in kind.get("coding", [kind] if "code" in kind else [])]

    return [element for element in elements if code in codes(element)]


# Profile, action, subtype, then the types of the client, server and user agents (IHE BALP).
KINDS = {
    "records:document:open": ("Read", "R", "read", "110152", "110153", "IRCP"),
    "records:document:deposit": ("Create", "C", "create", "110153", "110152", "AUT"),
    "records:document:mask": ("Update", "U", "update", "110153", "110152", "AUT"),
    "records:document:erase": ("Delete", "D", "delete", "110150", "custodian", "AUT"),
    "records:document:list": ("Query", "E", "search", "110153", "110152", "IRCP"),
}


@pytest.mark.parametrize("action", KINDS)
@pytest.mark.parametrize("patient", [ZOE, None])
def test_an_event_is_exported_under_the_rules_of_its_profile(action: str, patient: UUID | None) -> None:
    profile, code, subtype, client_type, server_type, user_type = KINDS[action]
    audit.record(action, actor=ALICE, at=NOON, patient=patient, subject=UUID(int=5), purpose="TREAT", categories=["11"])
    (event,) = [found for found in exported(until=NOON + timedelta(hours=1)) if found["resourceType"] == "AuditEvent"]
    name = f"{'Patient' if patient else ''}{profile}"
    assert event["meta"]["profile"] == [f"https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.{name}"]
    assert (event["type"]["code"], event["action"], event["outcome"]) == ("rest", code, "0")
    assert [found["code"] for found in event["subtype"]] == [subtype]
    assert event["recorded"] == "2026-03-02T12:00:00.000000Z"
    (client,), (server,) = slices(event["agent"], client_type), slices(event["agent"], server_type)
    assert client["network"] == {"address": "192.0.2.1", "type": "2"}
    for agent in (client, server):
        assert agent["who"]
        assert agent["network"]
        assert agent["requestor"] is False
        assert "media" not in agent
    (user,) = slices(event["agent"], user_type)
    assert (user["requestor"], "network" in user, "media" in user) == (True, False, False)
    assert user["purposeOfUse"][0]["coding"][0]["code"] == "TREAT"
    assert str(ALICE.person_id) in user["who"]["identifier"]["value"]
    (data,) = slices(event["entity"], "2")
    if profile == "Query":
        assert data["role"]["code"] == "24"
        assert data["query"]
        assert not {"what", "lifecycle", "detail", "name"} & set(data)
    else:
        assert data["role"]["code"] in ("3", "4", "20")
        assert data["what"]
    patients = slices(event["entity"], "1")
    assert len(patients) == (1 if patient else 0)
    for found in patients:
        assert (found["role"]["code"], found["what"]["reference"]) == ("1", f"Patient/{ZOE}")
    assert all(not ({"name", "query"} <= set(entity)) for entity in event["entity"])
    assert event["source"]["observer"]


def test_a_refusal_is_exported_as_a_failure_under_no_profile_of_success() -> None:
    audit.record("records:document:open", actor=ALICE, at=NOON, patient=ZOE, outcome=audit.Outcome.REFUSED,
                 detail={"code": "not-yours"})  # fmt: skip
    (event,) = exported(patient_id=ZOE, until=NOON + timedelta(hours=1))
    assert (event["outcome"], event["outcomeDesc"], "meta" in event) == ("4", "not-yours", False)


def test_who_acts_for_somebody_is_exported_with_that_person() -> None:
    mother = Actor(kind=ActorKind.PATIENT, organisation_id=CLINIC, person_id=YANIS, on_behalf_of=ZOE)
    audit.record("records:document:open", actor=mother, at=NOON, patient=ZOE)
    (event,) = exported(patient_id=ZOE, until=NOON + timedelta(hours=1))
    (user,) = slices(event["agent"], "IRCP")
    assert user["who"]["reference"] == f"Patient/{YANIS}"
    assert str(ZOE) in user["extension"][0]["valueReference"]["identifier"]["value"]


def test_an_export_leaves_its_own_event() -> None:
    record_some(2)
    assert len(exported(patient_id=ZOE, until=NOON + timedelta(hours=1))) == 2
    told = Event.objects.get(action="audit:events:export")
    assert (told.patient_id, told.organisation_id) == (ZOE, CLINIC)


def test_an_export_of_one_person_holds_that_person_s_acts_only() -> None:
    record_some(2)
    record_some(3, actor=CHARLIE.within(CLINIC))
    assert len(exported(person_id=CHARLIE.person_id)) == 3


def test_more_than_one_page_is_exported_whole() -> None:
    record_some(1203)
    assert len({event["id"] for event in exported(patient_id=ZOE, until=NOON + timedelta(hours=1))}) == 1203
