"""Cards of an authority that is believed for one test, and people who have come in."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from telesphore.accounts.models import Person
from telesphore.accounts.ports import card_authorities
from telesphore.config.cards import bind_cards
from telesphore.config.settings import SETTINGS
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from tests.accounts.peer import LEBRUN, Cards
from tests.cast import Cast


@pytest.fixture
def cards(cast: Cast) -> Iterator[Cards]:
    """Dr Lebrun is known by her card."""
    Person.objects.filter(id=cast.lebrun.person_id).update(national_id=LEBRUN)
    cards = Cards()
    cards.trust()
    yield cards
    bind_cards(SETTINGS)
    assert not card_authorities.get().anchors


@pytest.fixture
def come_in() -> Callable[[Actor], Client]:
    """A client of somebody who has just proved who they are."""

    def come_in(actor: Actor) -> Client:
        client = Client()
        client.force_login(Person.objects.get(id=actor.person_id))
        session = client.session
        session["account_authentication_methods"] = [{"method": "password", "at": now().timestamp()}]
        session["account_authentication_methods_user"] = str(actor.person_id)
        session.save()
        return client

    return come_in
