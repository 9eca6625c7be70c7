"""Who may open a record: its care team, its patient; to all others it is not there."""

import pytest

from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.records import actions as records
from telesphore.records.errors import DocumentNotFound, NotAllowed, RecordNotFound
from telesphore.records.models import CareTeamMember, Document
from tests.cast import NOBODY, Cast
from tests.papers import one_page


def deposit(cast: Cast, actor: Actor, patient_id: object = None) -> records.Deposit:
    """One page deposited in Odile's record."""
    return records.deposit(
        patient_id=cast.odile_id, title="Consentement à l’endoscopie", type_code="59284-0", class_code="52",
        content=one_page(), actor=actor, at=now(),
    )  # fmt: skip


def test_the_care_team_opens_the_record_and_the_trail_says_on_which_ground(cast: Cast) -> None:
    records.open_record(patient_id=cast.odile_id, purpose="TREAT", actor=cast.lebrun, at=now())
    event = Event.objects.get(action="records:record:open", patient_id=cast.odile_id)
    assert (event.ground, event.purpose, event.person_id) == ("care-team", "TREAT", cast.lebrun.person_id)


@pytest.mark.parametrize("who", ["ricaud", "cherif", "ibrahim", "nobody", "no-role"])
def test_a_stranger_can_not_tell_an_existing_record_from_none(cast: Cast, who: str) -> None:
    lebrun_without_role = Actor(
        kind=ActorKind.PROFESSIONAL, organisation_id=cast.hospital, person_id=cast.lebrun.person_id
    )
    stranger = {
        "ricaud": cast.ricaud,
        "cherif": cast.cherif,
        "ibrahim": cast.ibrahim,
        "nobody": NOBODY,
        "no-role": lebrun_without_role,
    }[who]
    answers = []
    for patient_id in (cast.odile_id, uuid7()):
        with pytest.raises(RecordNotFound) as refused:
            records.open_record(patient_id=patient_id, purpose="TREAT", actor=stranger, at=now())
        answers.append((refused.value.code, refused.value.sentence, refused.value.refusal))
    assert answers[0] == answers[1]


def test_a_refusal_is_an_event_too(cast: Cast) -> None:
    with pytest.raises(RecordNotFound):
        records.open_record(patient_id=cast.odile_id, purpose="TREAT", actor=cast.ricaud, at=now())
    event = Event.objects.get(action="records:record:open", outcome="refused")
    assert event.person_id == cast.ricaud.person_id


def test_a_member_who_left_the_team_is_a_stranger(cast: Cast) -> None:
    CareTeamMember.objects.filter(person_id=cast.lebrun.person_id).update(ends_at=now())
    with pytest.raises(RecordNotFound):
        records.open_record(patient_id=cast.odile_id, purpose="TREAT", actor=cast.lebrun, at=now())


def test_the_secretary_reads_what_she_deposited_and_nothing_else(cast: Cast) -> None:
    hers = deposit(cast, cast.sylvie)
    his = deposit(cast, cast.lebrun)
    opened = records.open_document(document_id=hers.document_id, purpose="HOPERAT", actor=cast.sylvie, at=now())
    assert opened.title == "Consentement à l’endoscopie"
    with pytest.raises(DocumentNotFound):
        records.open_document(document_id=his.document_id, purpose="HOPERAT", actor=cast.sylvie, at=now())


def test_the_patient_reads_all_that_is_hers(cast: Cast) -> None:
    document = deposit(cast, cast.lebrun)
    opened = records.open_document(document_id=document.document_id, purpose="PATRQT", actor=cast.odile, at=now())
    assert opened.pdf.startswith(b"%PDF-")


@pytest.mark.parametrize("who", ["ricaud", "cherif", "ibrahim"])
def test_the_right_role_on_the_wrong_patient_can_not_tell_that_a_document_exists(cast: Cast, who: str) -> None:
    document = deposit(cast, cast.sylvie)
    answers = []
    for document_id in (document.document_id, uuid7()):
        with pytest.raises(DocumentNotFound) as refused:
            records.open_document(document_id=document_id, purpose="TREAT", actor=getattr(cast, who), at=now())
        answers.append((refused.value.code, refused.value.sentence))
    assert answers[0] == answers[1]


def test_only_secretaries_and_professionals_register_and_deposit(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        deposit(cast, cast.odile)
    assert not Document.objects.exists()


def test_a_title_is_not_readable_in_the_database(cast: Cast) -> None:
    deposit(cast, cast.sylvie)
    assert b"endoscopie" not in bytes(Document.objects.get().title_sealed)


def test_no_document_without_its_audit_event(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from telesphore.records.actions import keep as actions

    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("the trail is broken")

    monkeypatch.setattr(actions.audit, "record", broken)
    with pytest.raises(RuntimeError):
        deposit(cast, cast.sylvie)
    assert not Document.objects.exists()
