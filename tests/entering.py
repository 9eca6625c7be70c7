"""Browsers in which somebody has come in, through the one function by which everybody comes in."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils.module_loading import import_string

from telesphore.accounts.states import Acr
from telesphore.kernel.clock import now
from telesphore.links.actions import Revealed
from telesphore.web import entering
from telesphore.web.patients import session as visits

PASSKEY = entering.Proof("passkey", Acr.PASSKEY)


def as_person(person_id: UUID | None, proof: entering.Proof = PASSKEY) -> Client:
    """A browser in which this person has just proved who they are."""
    assert person_id is not None
    request = request_of()
    entering.enter(request, person_id=person_id, proof=proof)
    return _browser(request.session)


def by_link(revealed: Revealed) -> Client:
    """A browser in which a patient has just given the code of their link."""
    request = request_of()
    visits.begin(request, revealed, now())
    return _browser(request.session)


def with_session(kept: dict[str, Any]) -> Client:
    """A browser whose session holds this."""
    request = request_of()
    request.session.update(kept)
    return _browser(request.session)


def request_of() -> HttpRequest:
    """A request of nobody's, with a session of its own."""
    request = RequestFactory().get("/")
    request.session = import_string(f"{settings.SESSION_ENGINE}.SessionStore")()
    request.user = AnonymousUser()
    return request


def _browser(session: SessionBase) -> Client:
    session.save()
    client = Client(raise_request_exception=False)
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return client


@contextmanager
def undone() -> Iterator[None]:
    """A transaction that is rolled back."""
    block = transaction.atomic()
    # As Django's own test case marks its: what must be outermost may stand in it.
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)


def ask(client: Client, method: str, path: str) -> Any:
    """One request, all of whose effects are undone."""
    cookies = SimpleCookie(client.cookies.output(header="", sep=";"))
    with undone():
        # A program sends JSON; a browser a form.
        sent = {"content_type": "application/json"} if method == "post" and path.startswith("/api/") else {}
        answer = getattr(client, method)(path, **sent)
        if answer.streaming:
            # Read to its end, which lets go of what it read from.
            b"".join(answer.streaming_content)
    client.cookies = cookies
    return answer
