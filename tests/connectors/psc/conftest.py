"""A hospital whose people Pro Santé Connect knows, and the provider."""

from collections.abc import Iterator
from typing import Any

import pytest

from telesphore.accounts import ports
from telesphore.accounts.models import Organisation, Person
from tests.cast import Cast
from tests.connectors.psc.identities import CHERIF, FINESS, LEBRUN, SIRET, SYLVIE
from tests.connectors.psc.provider import Browser, Provider, client, provide


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """The certified one, behaving like Pro Santé Connect."""
    with provide() as running:
        yield running


@pytest.fixture
def browser() -> Iterator[Browser]:
    one = Browser()
    yield one
    one.close()


@pytest.fixture
def known(cast: Cast) -> Cast:
    """The cast, whose national identifiers are written down; the hospital has its numbers."""
    for actor, national_id in ((cast.lebrun, LEBRUN), (cast.cherif, CHERIF), (cast.sylvie, SYLVIE)):
        Person.objects.filter(id=actor.person_id).update(national_id=national_id)
    Organisation.objects.filter(id=cast.hospital).update(finess=FINESS, siret=SIRET)
    return cast


@pytest.fixture
def bound(provider: Provider, settings: Any) -> Iterator[Provider]:
    """The provider, switched on."""
    settings.WAYS = {"passkey", "password", "psc"}
    ports.identity_provider.bind(lambda: client(provider))
    yield provider
    ports.identity_provider.bind(lambda: None)
