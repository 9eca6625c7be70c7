"""Two programs' hands at once: one key acts once."""

import threading
from typing import Any

from django.db import connection

from telesphore.accounts.models import Asked
from telesphore.signature.models import Draft
from tests.cast import Cast
from tests.rest.face import program


def test_requests_that_race_under_one_key_act_once(committed_cast: Cast) -> None:
    dpi, answers = program(committed_cast.sylvie), list[Any]()
    together = threading.Barrier(4)

    def ask() -> None:
        try:
            together.wait(20)
            answers.append(dpi.answer("POST", "envelopes", {"patient_id": str(committed_cast.odile_id)}, key="k"))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == 4
    made = [answer for answer in answers if answer.status_code == 201]
    assert made
    # The others got its answer, or were told that it is at work.
    assert {answer.json()["id"] for answer in made} == {str(Draft.objects.get().id)}
    refused = [answer.json()["code"] for answer in answers if answer.status_code != 201]
    assert set(refused) <= {"being-answered"}
    assert Asked.objects.count() == 1
