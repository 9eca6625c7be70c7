"""What a patient speaks, changed after their record was opened."""

import pytest

from telesphore.audit.models import Event
from telesphore.kernel.clock import now
from telesphore.records.actions import change_language
from telesphore.records.errors import RecordNotFound
from telesphore.records.models import Patient
from telesphore.records.states import Language
from tests.cast import Cast
from tests.entering import as_person
from tests.records.test_accounts import last_mail
from tests.signature.circuits import ODILE, sent


def test_the_care_team_changes_what_a_patient_speaks_and_the_next_notice_follows(cast: Cast) -> None:
    lebrun = as_person(cast.lebrun.person_id)
    path = f"/records/{cast.odile_id}/language"
    assert path in lebrun.get(f"/records/{cast.odile_id}/").content.decode()
    assert lebrun.post(path, {"language": "en"})["Location"] == f"/records/{cast.odile_id}/"
    assert Patient.objects.get(id=cast.odile_id).language == "en"
    traced = Event.objects.get(action="records:patient:change-language", outcome="done")
    assert (traced.patient_id, traced.detail) == (cast.odile_id, {"from": "fr", "to": "en"})
    sent(cast, [ODILE])
    assert "Hello" in last_mail(cast, "signature:invitation")
    lebrun.post(path, {"language": "xx"})
    assert Patient.objects.get(id=cast.odile_id).language == "en"


def test_nobody_else_changes_it_the_patient_included(cast: Cast) -> None:
    for stranger in (cast.ricaud, cast.cherif, cast.odile):
        with pytest.raises(RecordNotFound):
            change_language(patient_id=cast.odile_id, language=Language.ARABIC, actor=stranger, at=now())
    answer = as_person(cast.ricaud.person_id).post(f"/records/{cast.odile_id}/language", {"language": "ar"})
    assert answer.status_code == 404
    assert Patient.objects.get(id=cast.odile_id).language == "fr"
