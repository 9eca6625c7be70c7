"""A session that can't be saved: because it was deleted, or because the database is away."""

from typing import Any

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection

from telesphore.web.sessions import SessionStore
from tests.cast import Cast
from tests.web.test_pages import signed_in


def break_updates(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    if sql.startswith('UPDATE "django_session"'):
        raise OperationalError("terminating connection due to administrator command")
    return execute(sql, params, many, context)


@pytest.mark.django_db
def test_a_deleted_session_is_not_made_again() -> None:
    session = SessionStore()
    session.create()
    Session.objects.all().delete()
    session["page"] = 1
    with pytest.raises(UpdateError):
        session.save()


@pytest.mark.django_db
def test_a_database_that_goes_away_is_not_taken_for_a_deleted_session() -> None:
    session = SessionStore()
    session.create()
    session["page"] = 1
    with connection.execute_wrapper(break_updates), pytest.raises(OperationalError):
        session.save()


def test_whoever_acts_meanwhile_is_told_to_come_back(cast: Cast) -> None:
    client = signed_in(cast.lebrun)
    client.raise_request_exception = False
    choice = {"organisation": cast.hospital.hex}
    with connection.execute_wrapper(break_updates):
        assert client.post("/organisation/", choice).status_code == 503
    assert client.post("/organisation/", choice).status_code == 302
