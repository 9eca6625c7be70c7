"""What people see when something breaks: what happened, that nothing was lost, what to do; never a trace."""

import pytest
from django.db import OperationalError
from django.test import Client

from telesphore.web.accounts import views
from tests.cast import Cast
from tests.web.test_pages import signed_in


@pytest.mark.parametrize(
    ("error", "status"),
    [(OperationalError("terminating connection"), 503), (RuntimeError("secret detail"), 500)],
)
def test_a_failure_is_told_without_its_details(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    def broken(*args: object) -> None:
        raise error

    monkeypatch.setattr(views, "memberships_of", broken)
    client = signed_in(cast.lebrun)
    client.raise_request_exception = False
    answer = client.get("/organisation/")
    assert answer.status_code == status
    text = answer.content.decode()
    assert "<h1>" in text
    assert "secret detail" not in text
    assert "terminating" not in text
    assert (answer.get("Retry-After") == "10") == (status == 503)


def test_an_unknown_address_says_what_to_do(cast: Cast) -> None:
    answer = Client().get("/nowhere/at/all")
    assert answer.status_code == 404
    assert "<h1>" in answer.content.decode()
