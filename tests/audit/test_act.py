"""An act is one transaction with one trace; a refusal is never lost."""

from datetime import datetime
from uuid import UUID

import pytest
from django.db import transaction

from telesphore.audit import actions as audit
from telesphore.audit.models import Event, Pending
from telesphore.kernel.actors import Actor
from telesphore.kernel.errors import DomainError
from tests.audit.people import ALICE, NOON, ZOE


class NotToday(DomainError):
    """Not today."""

    code = "not-today"


@audit.act("records:document:open")
def open_document(*, actor: Actor, at: datetime, patient_id: UUID, refuse: bool = False) -> str:
    audit.record("records:document:open", actor=actor, at=at, patient=patient_id)
    if refuse:
        raise NotToday
    return "opened"


@audit.act("records:folder:open")
def open_folder(*, actor: Actor, at: datetime, bear: bool) -> str:
    audit.record("records:folder:open", actor=actor, at=at)
    try:
        open_document(actor=actor, at=at, patient_id=ZOE, refuse=True)
    except NotToday:
        if not bear:
            raise
    return "opened"


@audit.act("records:folder:break")
def break_after_bearing(*, actor: Actor, at: datetime) -> None:
    open_folder(actor=actor, at=at, bear=True)
    raise ZeroDivisionError


@audit.act("records:letter:find")
def find_letter(*, actor: Actor, at: datetime) -> None:
    audit.concerning(patient=ZOE, subject=UUID(int=9))
    raise NotToday


@transaction.atomic
def see_folder_outside_of_an_act() -> None:
    audit.record("records:folder:see", actor=ALICE, at=NOON)
    open_document(actor=ALICE, at=NOON, patient_id=ZOE, refuse=True)


def told() -> list[tuple[str, str]]:
    return list(Event.objects.order_by("id").values_list("action", "outcome"))


@pytest.fixture(params=["rolled back by the test", "committed"])
def database(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue("db" if request.param == "rolled back by the test" else "committed")


@pytest.mark.usefixtures("database")
class TestAlone:
    def test_an_act_that_is_done_leaves_its_event(self) -> None:
        assert open_document(actor=ALICE, at=NOON, patient_id=ZOE) == "opened"
        assert told() == [("records:document:open", "done")]

    def test_a_refusal_undoes_all_and_is_an_event(self) -> None:
        with pytest.raises(NotToday):
            open_document(actor=ALICE, at=NOON, patient_id=ZOE, refuse=True)
        assert told() == [("records:document:open", "refused")]
        event = Event.objects.get()
        assert (event.detail, event.patient_id, event.person_id) == ({"code": "not-today"}, ZOE, ALICE.person_id)
        assert Pending.objects.filter(id=event.id).exists()

    def test_a_refusal_through_two_acts_is_one_event_under_the_outer_name(self) -> None:
        with pytest.raises(NotToday):
            open_folder(actor=ALICE, at=NOON, bear=False)
        assert told() == [("records:folder:open", "refused")]
        assert Event.objects.get().patient_id == ZOE

    def test_a_refusal_that_the_outer_act_bears_is_told_and_undone(self) -> None:
        assert open_folder(actor=ALICE, at=NOON, bear=True) == "opened"
        assert sorted(told()) == [("records:document:open", "refused"), ("records:folder:open", "done")]

    def test_a_refusal_is_told_even_when_the_outer_act_breaks(self) -> None:
        with pytest.raises(ZeroDivisionError):
            break_after_bearing(actor=ALICE, at=NOON)
        assert told() == [("records:document:open", "refused")]

    def test_a_refusal_says_what_the_act_had_found_out(self) -> None:
        with pytest.raises(NotToday):
            find_letter(actor=ALICE, at=NOON)
        event = Event.objects.get()
        assert (event.patient_id, event.subject_id) == (ZOE, UUID(int=9))


@pytest.mark.usefixtures("committed")
def test_a_refusal_inside_somebody_else_s_transaction_is_not_lost_with_it() -> None:
    with pytest.raises(NotToday):
        see_folder_outside_of_an_act()
    assert told() == [("records:document:open", "refused")]
    assert Pending.objects.count() == 1


@pytest.mark.usefixtures("committed")
def test_nothing_is_done_when_the_trace_can_not_be_written() -> None:
    @audit.act("records:document:open")
    def open_with_bad_trace(*, actor: Actor, at: datetime) -> None:
        audit.record("records:document:open", actor=actor, at=at)
        audit.record("records:document:open", actor=actor, at=at, detail={"weight": 1.5})

    with pytest.raises(ValueError, match="whole numbers"):
        open_with_bad_trace(actor=ALICE, at=NOON)
    assert told() == []
