"""A patient who lost their link asks for another: all are answered the same, and it leaves for the record's address."""

import re
from datetime import timedelta

from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob as Job

from telesphore.audit.models import Event
from telesphore.kernel.clock import now
from telesphore.links.models import Link
from telesphore.outbox.models import Notice
from telesphore.records import actions as records
from telesphore.records.models import PatientAccount
from tests.cast import Cast
from tests.web.test_patient_accounts import follow

ODILE = "odile.ferrand@courriel.example"


def invited(cast: Cast) -> None:
    """Odile, invited two hours ago."""
    records.invite_patient(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    PatientAccount.objects.update(invited_at=now() - timedelta(hours=2))


def asked_for(email: str, client: Client | None = None) -> tuple[str, list[list[str]]]:
    """What the page says to whoever asks for a link to this address, and what the job is told."""
    answer = (client or Client()).post("/patient/", {"email": email})
    assert answer.status_code == 200
    return re.sub(r' value="\w{64}"', "", answer.content.decode()), sent_to()


def sent_to() -> list[list[str]]:
    job = Job.objects.filter(task_name="records:send-links").latest("id")
    accounts: list[list[str]] = job.args["accounts"]
    return accounts


def test_known_or_not_the_page_says_the_same_and_a_job_leaves(cast: Cast) -> None:
    invited(cast)
    client = Client()
    known, found = asked_for(ODILE, client)
    unknown, nobody = asked_for("personne@courriel.example", client)
    assert known == unknown
    assert (len(found), nobody) == (1, [])
    assert ODILE not in str(found)


def test_the_new_link_opens_the_account_with_its_code_and_the_old_one_nothing(cast: Cast) -> None:
    invited(cast)
    old = Link.objects.get()
    records.send_links(accounts=asked_for(ODILE.upper())[1])
    old.refresh_from_db()
    assert old.revoked_at is not None
    client = follow(cast)
    assert client.post("/p/welcome")["Location"] == "/my/ready"
    assert Event.objects.get(action="records:account:send-link").patient_id == cast.odile_id


def test_a_link_leaves_once_an_hour_and_none_for_an_account_that_ended(cast: Cast) -> None:
    invited(cast)
    first = asked_for(ODILE)[1]
    for _ in range(3):
        records.send_links(accounts=first)
    assert Notice.objects.filter(kind="records:invitation").count() == 2
    assert asked_for(ODILE)[1] == []
    PatientAccount.objects.update(invited_at=now() - timedelta(hours=2))
    records.end_account(patient_id=cast.odile_id, actor=cast.sylvie, at=now())
    records.send_links(accounts=first)
    assert asked_for(ODILE)[1] == []
    assert Notice.objects.filter(kind="records:invitation").count() == 2


def test_one_address_asks_five_times_in_ten_minutes(cast: Cast) -> None:
    client = Client(REMOTE_ADDR="192.0.2.77")
    assert [client.post("/patient/", {"email": ODILE}).status_code for _ in range(6)] == [200] * 5 + [429]
    assert client.post("/patient/", {"email": "x"}).status_code == 422
