"""The site under test: a server on a port of its own, a worker that works when asked, and what people receive."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings as django_settings
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.db import connections

from telesphore.accounts import actions as accounts
from telesphore.accounts.states import Role
from telesphore.cli.demonstration.consent import consent_form
from telesphore.config.tokens import provision_token
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.links import ports as links
from telesphore.outbox import queries as outbox
from telesphore.records import actions as records
from telesphore.signature.actions import send
from telesphore.signature.actions.send import Signer
from telesphore.signature.actions.write import Place
from telesphore.signature.states import Purpose
from tests.cast import PASSWORD, Cast

PIN = "2741"
EMAILS = {
    "sylvie": "sylvie.courtois@montfaucy.example",
    "lebrun": "anne.lebrun@montfaucy.example",
    "ricaud": "thomas.ricaud@montfaucy.example",
    "claire": "claire.moreau@montfaucy.example",
    "hugo": "hugo.perrin@montfaucy.example",
}
"""Claire administers the instance, Hugo audits it; the others are the cast's."""


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name.
        """A request is not news."""


@dataclass
class Site:
    """What a test holds of the site."""

    url: str
    cast: Cast
    people: dict[str, Actor] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    """Hosts besides its own that pages may ask: a card agent's."""

    def work(self) -> None:
        """Do every job that is due, and those that they lead to."""
        failures: list[BaseException] = []
        # The worker's loop can't run in this thread, where Playwright has its own.
        worker = threading.Thread(target=_work, args=(failures,))
        worker.start()
        worker.join()
        if failures:
            raise failures[0]

    def deposit(self, title: str = "Consentement à l’endoscopie bronchique", patient_id: UUID | None = None) -> UUID:
        """A document of Odile's, deposited by Sylvie."""
        deposited = records.deposit(
            patient_id=patient_id or self.cast.odile_id, title=title, type_code="59284-0", class_code="52",
            content=consent_form().pdf, actor=self.cast.sylvie, at=now(),
        )  # fmt: skip
        return deposited.document_id

    def send(self, title: str = "Consentement à l’endoscopie bronchique", *, patient_signs: bool = True) -> UUID:
        """An envelope of Odile's and Dr Lebrun's, sent by Sylvie; the link has left."""
        places = [Place(place.page, place.box) for place in consent_form().places]
        odile = [[Signer(person_id=None, purpose=Purpose.CONSENTS, place=places[0])]] if patient_signs else []
        lebrun = [Signer(person_id=self.cast.lebrun.person_id, purpose=Purpose.VALIDATES, place=places[1])]
        envelope_id = send.send(
            document_id=self.deposit(title), steps=[*odile, lebrun], actor=self.cast.sylvie, at=now()
        )
        self.work()
        return envelope_id

    def last(self, channel: str) -> str:
        """The last message that left by this channel: `email` or `sms`."""
        return [message.text for message in outbox.local_messages() if message.channel == channel][-1]

    def link(self) -> str:
        """The address in the last e-mail that has one: people are told other things beside."""
        texts = [message.text for message in outbox.local_messages() if message.channel == "email"]
        found = [one.group() for text in texts for one in re.finditer(r"https?://\S+/l/[A-Za-z0-9_-]{43}", text)]
        return found[-1]

    def code(self) -> str:
        """The code in the last SMS, once the worker has sent it."""
        self.work()
        found = re.search(r"\b\d{6}\b", self.last("sms"))
        assert found is not None
        return found.group()

    def provision(self, name: str) -> None:
        """Give someone a card, whose PIN is `PIN`."""
        provision_token(actor=getattr(self.cast, name), pin=PIN)


def _work(failures: list[BaseException]) -> None:
    from telesphore.audit.actions.seal import seal_once
    from telesphore.config import worker
    from telesphore.jobs import queries

    try:
        worker.run(concurrency=2, until_idle=True, signals=False)
        while any(queue.waiting for queue in queries.queues()):
            worker.run(concurrency=2, until_idle=True, signals=False)
        while seal_once(at=now()).more:
            pass
    except BaseException as failure:  # noqa: BLE001 - raised again where the test waits.
        failures.append(failure)
    finally:
        connections.close_all()


@contextmanager
def open_site(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Serve the site, static files included, as in production, until the block ends."""
    from telesphore.config import settings
    from telesphore.config.wsgi import application

    # Threads of the server come and go with the browser's connections: none keeps one to a database soon dropped.
    monkeypatch.setitem(connections["default"].settings_dict, "CONN_MAX_AGE", 0)
    server = ThreadedWSGIServer(("127.0.0.1", 0), _Quiet)
    server.set_app(application)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    # By name: a passkey is made for one, and a browser takes this one for secure.
    site = Site(f"http://localhost:{server.server_address[1]}", cast)
    monkeypatch.setattr(django_settings, "BASE_URL", site.url)
    links.base_url.bind(lambda: site.url)
    for name, role, given, family in (
        ("claire", Role.ADMINISTRATOR, "Claire", "Moreau"),
        ("hugo", Role.AUDITOR, "Hugo", "Perrin"),
    ):
        operator = Actor.system(client="tests")
        person_id = accounts.add_person(
            email=EMAILS[name], password=PASSWORD, family_name=family, given_name=given, actor=operator, at=now()
        )
        accounts.grant_role(person_id=person_id, organisation_id=cast.hospital, role=role, actor=operator, at=now())
    try:
        yield site
    finally:
        links.base_url.bind(lambda: settings.BASE_URL)
        server.shutdown()
        thread.join()
        server.server_close()
