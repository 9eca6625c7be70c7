"""How a patient comes to what was sent already: by a link, or by a tablet; whose address is the sender's to correct."""

from datetime import date
from uuid import UUID

import pytest

from telesphore.audit.models import Event
from telesphore.kernel.clock import now
from telesphore.links.models import Link
from telesphore.outbox.models import Notice
from telesphore.records.models import Patient
from telesphore.signature import queries
from telesphore.signature.actions.change_way import change_way
from telesphore.signature.errors import (
    EnvelopeNotFound,
    MustBeRepresented,
    NotAnAddress,
    NotAtBedside,
    NotAwaited,
    RecipientNotFound,
)
from telesphore.signature.models import Party, Recipient
from telesphore.signature.states import StepKind
from tests.cast import Cast
from tests.entering import as_person
from tests.signature.circuits import odile_signs
from tests.signature.test_guests import FATOU, by_link
from tests.signature.test_minors import ines_for
from tests.signature.test_reminders import undeliverable
from tests.signature.test_steps import PATIENT, asks, step, through

AT_BEDSIDE = PATIENT.model_copy(update={"at_bedside": True})


def changed(cast: Cast, envelope_id: UUID, *, at_bedside: bool) -> Recipient:
    row = Recipient.objects.get(envelope_id=envelope_id, patient_id__isnull=False)
    change_way(envelope_id=envelope_id, recipient_id=row.id, at_bedside=at_bedside, actor=cast.sylvie, at=now())
    row.refresh_from_db()
    return row


def test_a_patient_for_whom_a_tablet_was_planned_gets_a_link_instead_and_the_other_way_round(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.SIGN, AT_BEDSIDE))
    assert not Notice.objects.filter(kind="signature:invitation").exists()
    for _twice in range(2):
        row = changed(cast, envelope_id, at_bedside=False)
    assert Notice.objects.filter(kind="signature:invitation", about=row.id).count() == 1
    browser = by_link(row)
    assert browser.get("/p/").status_code == 200
    row = changed(cast, envelope_id, at_bedside=True)
    assert (row.at_bedside, row.link_id) == (True, None)
    assert browser.get("/p/").status_code == 409
    assert Notice.objects.filter(kind="signature:invitation").count() == 1
    traced = Event.objects.filter(action="signature:recipient:change-way", outcome="done").order_by("id")
    assert [one.detail["at_bedside"] for one in traced] == [False, True]
    assert {(one.person_id, one.patient_id) for one in traced} == {(cast.sylvie.person_id, cast.odile_id)}


def test_only_the_sender_changes_a_patients_way_and_only_while_they_are_asked(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.SIGN, PATIENT), step(StepKind.REVIEW, asks(cast.lebrun)))
    patient, lebrun = Recipient.objects.filter(envelope_id=envelope_id).order_by("step__position")
    for stranger in (cast.lebrun, cast.ricaud, cast.cherif, cast.odile):
        with pytest.raises(EnvelopeNotFound):
            change_way(envelope_id=envelope_id, recipient_id=patient.id, at_bedside=True, actor=stranger, at=now())
    with pytest.raises(RecipientNotFound):
        change_way(envelope_id=envelope_id, recipient_id=lebrun.id, at_bedside=True, actor=cast.sylvie, at=now())
    odile_signs(cast, envelope_id)
    with pytest.raises(NotAwaited):
        changed(cast, envelope_id, at_bedside=True)


def test_a_way_that_leads_nowhere_is_refused(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.SIGN, AT_BEDSIDE))
    Patient.objects.filter(id=cast.odile_id).update(phone="")
    with pytest.raises(NotAnAddress):
        changed(cast, envelope_id, at_bedside=False)
    assert Recipient.objects.get(envelope_id=envelope_id).at_bedside


def test_no_tablet_for_who_is_represented_nor_for_a_qualified_signature(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.SIGN, PATIENT))
    Recipient.objects.update(asked_level="qualified")
    with pytest.raises(NotAtBedside):
        changed(cast, envelope_id, at_bedside=True)
    Patient.objects.filter(id=cast.odile_id).update(birth_date=date(2015, 1, 1))
    with pytest.raises(MustBeRepresented):
        changed(cast, envelope_id, at_bedside=True)
    assert Link.objects.get(subject_id=envelope_id).revoked_at is None


def test_the_pages_offer_the_other_way_and_the_list_of_what_was_sent_hands_the_tablet_over(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.SIGN, PATIENT))
    sylvie = as_person(cast.sylvie.person_id)
    way = f"/book/{envelope_id}/recipients/{Recipient.objects.get().id}/way"
    assert way in sylvie.get(f"/book/{envelope_id}/").content.decode()
    assert sylvie.post(way, {"way": "bedside"}).status_code == 302
    sent = sylvie.get("/circuits/").content.decode()
    assert f"/book/{envelope_id}/bedside" in sent
    assert f"/recipients/{Recipient.objects.get().id}/remind" not in sent
    assert sylvie.post(way, {"way": "link"}).status_code == 302
    assert not Recipient.objects.get().at_bedside
    assert as_person(cast.lebrun.person_id).post(way, {"way": "bedside"}).status_code == 404


@pytest.mark.parametrize(
    ("party", "represented", "correctable"),
    [(PATIENT, False, True), (PATIENT, True, False), (FATOU, True, True), (None, False, False)],
    ids=["patient", "represented", "guest", "professional"],
)
def test_whose_address_the_sender_may_correct(
    cast: Cast, party: Party | None, represented: bool, correctable: bool
) -> None:
    if represented:
        ines_for(cast)
    through(cast, step(StepKind.SIGN, party) if party else step(StepKind.REVIEW, asks(cast.lebrun)))
    undeliverable(cast)
    (line,) = queries.undelivered(actor=cast.sylvie, at=now())
    assert line.correctable is correctable
