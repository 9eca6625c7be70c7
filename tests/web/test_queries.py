"""What a page asks the database does not grow with who works there, comes in there, or is cared for there."""

from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from telesphore.accounts.states import Role
from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.records import access
from telesphore.records import actions as records
from telesphore.records.actions import Identity
from tests.accounts.members import hired
from tests.cast import PASSWORD, Cast
from tests.entering import as_person
from tests.signature.circuits import by, sent

PAGES = [
    "/",
    "/book/",
    "/book/?tab=done",
    "/circuits/",
    "/records/",
    "/records/{patient}/",
    "/security/sessions/",
    "/organisation/members/",
]


def asked(client: Client, path: str) -> int:
    """How many queries one request makes, once what is made at first is made."""
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def grow(cast: Cast) -> None:
    """More colleagues, sessions and patients."""
    for _ in range(3):
        hired(cast.hospital, f"Colette{uuid7().hex}", Role.PROFESSIONAL)
        as_person(cast.lebrun.person_id)
        records.register_patient(
            identity=Identity(birth_name="Aubert", given_names="Luce", birth_date=date(1980, 5, 4), sex="F"),
            email="", phone="", language="fr", actor=cast.lebrun, at=now(),
        )  # fmt: skip


def test_pages_ask_no_more_when_there_is_more(cast: Cast) -> None:
    sent(cast, [by(cast.lebrun)])
    grow(cast)
    client = as_person(cast.lebrun.person_id)
    paths = [path.format(patient=cast.odile_id) for path in PAGES]
    before = {path: asked(client, path) for path in paths}
    grow(cast)
    assert {path: asked(client, path) for path in paths} == before


def test_signing_in_asks_no_more_with_many_sessions(cast: Cast) -> None:
    def come() -> int:
        with CaptureQueriesContext(connection) as queries:
            answer = Client().post("/sign-in/", {"login": "anne.lebrun@montfaucy.example", "password": PASSWORD})
        assert answer.status_code == 302
        return len(queries)

    come()
    few = come()
    for _ in range(10):
        as_person(cast.lebrun.person_id)
    assert come() == few


@pytest.mark.parametrize("who", ["lebrun", "odile"])
def test_who_may_open_a_record_is_decided_by_the_query_that_obtains_it(cast: Cast, who: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        access.decide(actor=getattr(cast, who), patient_id=cast.odile_id, at=now())
    assert len(queries) == 1
