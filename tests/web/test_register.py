"""A patient is registered with the language that they speak; the pages are in one of ours."""

import pytest

from telesphore.kernel.clock import now
from telesphore.records.models import Patient
from telesphore.signature.actions.remind import remind_now
from telesphore.signature.errors import NotReady
from telesphore.signature.models import Recipient
from telesphore.signature.states import StepKind
from tests.cast import Cast
from tests.entering import as_person
from tests.records.test_accounts import last_mail
from tests.signature.circuits import ODILE, sent
from tests.signature.test_minors import PATIENT
from tests.signature.test_steps import step, through

LEO = {
    "birth_name": "Haddad", "given_names": "Nour", "birth_date": "1990-02-03", "sex": "F",
    "email": "nour@courriel.example", "phone": "06 39 98 01 70",
}  # fmt: skip


@pytest.mark.parametrize("language", ["fr", "en", "ar", "uk"])
def test_the_language_chosen_is_kept(cast: Cast, language: str) -> None:
    client = as_person(cast.sylvie.person_id)
    assert client.post("/records/new", {**LEO, "language": language}).status_code == 302
    assert Patient.objects.get(birth_name="Haddad").language == language


@pytest.mark.parametrize("language", ["", "xx", "fr-FR", "français"])
def test_a_language_out_of_the_list_is_refused(cast: Cast, language: str) -> None:
    client = as_person(cast.sylvie.person_id)
    assert client.post("/records/new", {**LEO, "language": language}).status_code == 422
    assert not Patient.objects.filter(birth_name="Haddad").exists()


@pytest.mark.parametrize(("spoken", "greeting"), [("fr", "Bonjour"), ("en", "Hello"), ("ar", "Bonjour")])
def test_a_notice_is_in_french_unless_we_write_the_patients_language(cast: Cast, spoken: str, greeting: str) -> None:
    envelope_id = sent(cast, [ODILE])
    Patient.objects.filter(id=cast.odile_id).update(language=spoken)
    place = Recipient.objects.get(envelope_id=envelope_id)
    remind_now(envelope_id=envelope_id, recipient_id=place.id, actor=cast.sylvie, at=now())
    assert greeting in last_mail(cast, "signature:reminder")


def test_a_consent_of_who_speaks_another_language_asks_for_an_interpreter(cast: Cast) -> None:
    Patient.objects.filter(id=cast.odile_id).update(language="ar")
    with pytest.raises(NotReady) as refused:
        through(cast, step(StepKind.SIGN, PATIENT))
    assert [code for code, _sentence in refused.value.gaps] == ["no-interpreter"]
