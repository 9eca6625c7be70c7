"""Whether cards still hold: lists are fetched once an hour, kept, used until their end and a grace; OCSP too."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from telesphore.accounts.errors import CardStatusUnknown
from telesphore.config.cards import bind_cards, origin_of
from telesphore.config.catalogue import read_settings
from telesphore.config.options import BadSetting
from telesphore.connectors.revocation.cards import KeptLists
from telesphore.kernel.clock import now
from tests.accounts.peer import Cards
from tests.connectors.servers import Answer, Asked, serve

AWAY = Answer(status=503)


class World:
    """Cards whose authorities publish lists, and answer OCSP if a test says so; `source` asks them."""

    def __init__(self, url: str, folder: Path) -> None:
        self.cards = Cards(url)
        self.card = self.cards.card()
        self.chain = (self.card.certificate, *self.card.chain)
        self.folder = folder
        self.revoked: dict[bytes, datetime] = {}
        self.answers: dict[str, Callable[[], Answer | bytes]] = {
            "/issuing/crl": lambda: self.cards.issuing.crl(self.revoked, days=1),
            "/root/crl": lambda: self.cards.root.crl(days=90),
            "/issuing/ocsp": lambda: AWAY,
            "/root/ocsp": lambda: AWAY,
        }
        self.asked: list[str] = []

    def answer(self, asked: Asked) -> Answer | bytes:
        self.asked.append(asked.path)
        return self.answers[asked.path]()

    def source(self, grace: timedelta = timedelta(hours=24)) -> KeptLists:
        """As after a restart: it knows only what is on disk."""
        return KeptLists(self.folder, anchors=(self.cards.root.certificate,), hosts=["localhost"], grace=grace)

    def close(self) -> None:
        self.answers = dict.fromkeys(self.answers, lambda: AWAY)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made: list[World] = []
    with serve(lambda asked: made[0].answer(asked)) as server:
        made.append(World(server.url, tmp_path / "lists"))
        yield made[0]


def test_a_card_that_no_list_names_holds(world: World) -> None:
    assert not world.source().revoked(world.chain, at=now())


def test_a_listed_card_is_revoked(world: World) -> None:
    world.revoked[world.card.certificate] = now()
    assert world.source().revoked(world.chain, at=now())


def test_an_authority_that_was_revoked_takes_its_cards_along(world: World) -> None:
    world.answers["/root/crl"] = lambda: world.cards.root.crl({world.cards.issuing.certificate: now()}, days=90)
    assert world.source().revoked(world.chain, at=now())


def test_ocsp_tells_before_the_next_list_does(world: World) -> None:
    source = world.source()
    assert not source.revoked(world.chain, at=now())
    world.answers["/issuing/ocsp"] = lambda: world.cards.issuing.ocsp(world.card.certificate, revoked_at=now())
    assert source.revoked(world.chain, at=now())


def test_ocsp_suffices_where_no_list_is_to_be_had(world: World) -> None:
    world.answers["/issuing/crl"] = lambda: AWAY
    world.answers["/issuing/ocsp"] = lambda: world.cards.issuing.ocsp(world.card.certificate)
    assert not world.source().revoked(world.chain, at=now())


def test_a_list_is_asked_for_once_an_hour(world: World) -> None:
    source, at = world.source(), now()
    for minutes in (0, 1, 59):
        source.revoked(world.chain, at=at + timedelta(minutes=minutes))
    assert world.asked.count("/issuing/crl") == 1
    source.revoked(world.chain, at=at + timedelta(minutes=61))
    assert world.asked.count("/issuing/crl") == 2


@pytest.mark.parametrize("hours", [1, 23, 47])
def test_while_the_authority_is_away_the_last_list_serves_within_the_grace(world: World, hours: int) -> None:
    world.source().revoked(world.chain, at=now())
    world.close()
    assert not world.source().revoked(world.chain, at=now() + timedelta(hours=hours))


def test_a_card_on_the_kept_list_stays_revoked(world: World) -> None:
    world.revoked[world.card.certificate] = now()
    world.source().revoked(world.chain, at=now())
    world.close()
    assert world.source().revoked(world.chain, at=now() + timedelta(hours=47))


@pytest.mark.parametrize(("grace", "hours"), [(24, 49), (0, 25)])
def test_beyond_the_grace_nobody_knows(world: World, grace: int, hours: int) -> None:
    world.source().revoked(world.chain, at=now())
    world.close()
    with pytest.raises(CardStatusUnknown):
        world.source(timedelta(hours=grace)).revoked(world.chain, at=now() + timedelta(hours=hours))


def test_without_any_list_nobody_knows(world: World) -> None:
    world.close()
    with pytest.raises(CardStatusUnknown):
        world.source().revoked(world.chain, at=now())


@pytest.mark.parametrize("content", [b"", b"nonsense", None], ids=["empty", "nonsense", "anothers"])
def test_a_kept_list_that_was_spoilt_is_no_list(world: World, content: bytes | None) -> None:
    world.source().revoked(world.chain, at=now())
    other = Cards().issuing.crl(days=90)
    for file in world.folder.iterdir():
        file.write_bytes(other if content is None else content)
    world.close()
    with pytest.raises(CardStatusUnknown):
        world.source().revoked(world.chain, at=now())


def test_a_list_by_another_is_not_believed(world: World) -> None:
    world.answers["/issuing/crl"] = lambda: Cards().issuing.crl(days=90)
    with pytest.raises(CardStatusUnknown):
        world.source().revoked(world.chain, at=now())


def test_certificates_that_no_card_authority_issued_are_nobodys_to_ask_after(world: World) -> None:
    stranger = Cards(world.cards.issuing.url)
    card = stranger.card()
    with pytest.raises(CardStatusUnknown):
        world.source().revoked((card.certificate, *card.chain), at=now())


def test_settings_that_can_not_work_stop_the_start(tmp_path: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    cards = Cards()
    file = tmp_path / "anchors.pem"
    file.write_bytes(x509.load_der_x509_certificate(cards.issuing.certificate).public_bytes(Encoding.PEM))
    for given in ({"TELESPHORE_CARD_ANCHORS_FILE": str(file)}, {"TELESPHORE_CLIENT_CERTIFICATES": "nginx"}):
        with pytest.raises(BadSetting):
            bind_cards(read_settings({"TELESPHORE_HOME": str(tmp_path), **given}))


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://Telesphore.example:443", "https://telesphore.example"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("https://telesphore.example:8443/in", "https://telesphore.example:8443"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_the_origin_is_spelt_as_browsers_do(address: str, origin: str) -> None:
    assert origin_of(address) == origin
