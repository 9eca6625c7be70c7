"""Erasing what an event says of persons leaves the tree as it was, and says so in the trail."""

from datetime import timedelta

import pytest
from django.db import connection

from telesphore.audit import actions as audit
from telesphore.audit.errors import EventNotFound
from telesphore.audit.formats.entries import Entry
from telesphore.audit.formats.proofs import check_event
from telesphore.audit.models import Event, Leaf
from telesphore.audit.queries import tree
from telesphore.audit.queries.events import accesses_of_patient
from telesphore.audit.queries.proofs import proof_of
from telesphore.audit.queries.verify import Trouble, verify
from tests.audit.people import ALICE, CLINIC, NOON, OPERATOR, YANIS, ZOE, behind_the_back, record_some

YEAR = timedelta(days=365)


def tried() -> list[Trouble]:
    return [finding.trouble for finding in verify(key=audit.public_key()).findings]


@pytest.mark.usefixtures("committed")
class TestErasure:
    def test_past_ten_years_nobody_is_named_any_more_and_the_tree_still_holds(self) -> None:
        old, new = record_some(300), record_some(5, at=NOON + 9 * YEAR)
        audit.seal_once(at=NOON)
        before = tree.latest_note()
        assert audit.apply_retention(actor=OPERATOR, at=NOON + 11 * YEAR) == 300
        assert tree.latest_note() == before
        for event in Event.objects.filter(id__in=old):
            assert (event.person_id, event.patient_id, event.subject_id, event.client) == (None, None, None, "")
            assert (event.detail, event.detail_salt, event.source_address, event.means) == ({}, None, "", "")
            assert event.action == "records:document:open"
        assert Event.objects.filter(id__in=new, patient_id=ZOE).count() == 5
        audit.seal_once(at=NOON + 11 * YEAR)
        report = verify(key=audit.public_key())
        assert (report.findings, report.erased, report.events) == ([], 300, 306)

    def test_the_erasure_says_how_many_and_binds_which(self) -> None:
        record_some(2)
        audit.seal_once(at=NOON)
        audit.apply_retention(actor=OPERATOR, at=NOON + 11 * YEAR)
        told = Event.objects.get(action="audit:event:erase")
        assert (told.ground, told.detail["part"], told.detail["events"]) == ("retention", "detail", 2)
        assert audit.apply_retention(actor=OPERATOR, at=NOON + 30 * YEAR) == 0

    def test_technical_events_go_whole_after_a_year_and_the_tree_still_holds(self) -> None:
        kept = record_some(1)
        gone = audit.record("jobs:job:run", actor=OPERATOR, at=NOON, family=audit.Family.TECHNICAL)
        audit.seal_once(at=NOON)
        assert audit.apply_retention(actor=OPERATOR, at=NOON + 2 * YEAR) == 1
        assert set(Event.objects.exclude(action="audit:event:erase").values_list("id", flat=True)) == set(kept)
        assert tried() == []
        with_commitments = proof_of(gone)
        assert set(with_commitments.event["core"]) == set(with_commitments.event["detail"]) == {"commitment"}

    def test_what_a_patient_may_see_is_there_for_three_years_at_least(self) -> None:
        record_some(3)
        audit.seal_once(at=NOON)
        audit.apply_retention(actor=OPERATOR, at=NOON + 3 * YEAR + timedelta(days=2))
        assert len(accesses_of_patient(organisation_id=CLINIC, patient_id=ZOE).events) == 3

    def test_a_patient_s_erasure_touches_that_patient_s_events_only(self) -> None:
        zoe, yanis = record_some(3), record_some(2, patient=YANIS)
        audit.seal_once(at=NOON)
        erased = audit.erase_patient(patient=ZOE, organisation=CLINIC, ground="erasure", actor=OPERATOR, at=NOON)
        assert erased == 3
        assert Event.objects.filter(id__in=yanis, patient_id=YANIS).count() == 2
        assert Event.objects.filter(id__in=zoe, detail_salt=None).count() == 3
        assert tried() == []

    def test_an_erased_event_can_be_proved_but_no_longer_read(self) -> None:
        (event,) = record_some(1)
        audit.seal_once(at=NOON)
        full = proof_of(event)
        audit.apply_retention(actor=OPERATOR, at=NOON + 11 * YEAR)
        bare = proof_of(event)
        assert set(bare.event["detail"]) == {"commitment"}
        for kept in (full, bare):
            check_event(kept.proof, kept.event, log=audit.public_key())

    def test_events_that_await_the_seal_are_left_for_later(self) -> None:
        record_some(2)
        assert audit.apply_retention(actor=OPERATOR, at=NOON + 11 * YEAR) == 0
        audit.seal_once(at=NOON)
        assert audit.apply_retention(actor=OPERATOR, at=NOON + 11 * YEAR) == 2


def test_an_erasure_that_no_event_tells_of_is_found(committed: str) -> None:
    record_some(3)
    audit.seal_once(at=NOON)
    event = Leaf.objects.get(index=1).event_id
    behind_the_back(
        committed,
        "UPDATE audit_event SET person_id = NULL, means = '', acr = '', session_id = NULL, patient_id = NULL, "
        "subject_id = NULL, source_address = '', client = '', detail = '{}', detail_salt = NULL WHERE id = %s",
        event,
    )
    assert tried() == [Trouble.ALTERED]
    behind_the_back(committed, "UPDATE audit_leaf SET detail_erased_by = event_id WHERE event_id = %s", event)
    assert tried() == [Trouble.REMOVED]


def test_one_more_event_slipped_into_a_told_erasure_is_found(committed: str) -> None:
    record_some(2)
    late = audit.record("records:document:open", actor=ALICE, at=NOON + 10 * YEAR, patient=ZOE)
    audit.seal_once(at=NOON)
    audit.apply_retention(actor=OPERATOR, at=NOON + 11 * YEAR)
    assert tried() == []
    behind_the_back(committed, "DELETE FROM audit_event WHERE id = %s", late)
    behind_the_back(
        committed,
        "UPDATE audit_leaf SET core_erased_by = (SELECT id FROM audit_event WHERE action = 'audit:event:erase') "
        "WHERE event_id = %s",
        late,
    )
    assert tried() == [Trouble.REMOVED]


@pytest.mark.django_db
def test_the_leaf_tells_nothing_even_to_one_who_guesses_the_event() -> None:
    one, two = record_some(1)[0], record_some(1)[0]
    audit.seal_once(at=NOON)
    entries = [Entry.parse(bytes(Leaf.objects.get(event_id=event).entry)) for event in (one, two)]
    assert Event.objects.get(id=one).detail_content == Event.objects.get(id=two).detail_content
    assert entries[0].detail != entries[1].detail


@pytest.mark.django_db
def test_an_unknown_event_has_no_proof() -> None:
    with pytest.raises(EventNotFound):
        proof_of(ZOE)


@pytest.mark.django_db
def test_the_application_s_connection_can_not_erase() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(current_user, 'audit_event', 'UPDATE, DELETE, TRUNCATE')")
        assert cursor.fetchone() == (False,)
