"""The page, the card agent of the workstation, the card: pair, come in, sign one, sign many; and what goes wrong."""

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from playwright.sync_api import expect

from telesphore.accounts import ports
from telesphore.accounts.models import Person
from telesphore.accounts.ports import AgentServer, CardAuthorities
from telesphore.config.cards import bind_agents, bind_cards
from telesphore.config.settings import SETTINGS
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.pki import actions as pki
from telesphore.signature.actions import send
from telesphore.signature.models import Recipient
from telesphore.web import agents
from tests.accounts.peer import LEBRUN, Cards
from tests.agent.workstation import PIN, ROOT, SOFTHSM, Agent, configuration
from tests.browser.screens import Screen
from tests.browser.site import Site
from tests.signature.circuits import by, sent

pytestmark = pytest.mark.skipif(SOFTHSM is None, reason="SoftHSM2 is not installed")
PROMPTS = {"fr": "(rien pour refuser) : ", "en": "(nothing to refuse): "}
ScreenOf = Callable[..., Screen]


@dataclass
class Workstation:
    """Dr Lebrun's: an agent that runs, her card in the reader, pages that look for it there."""

    site: Site
    agent: Agent
    cards: Cards

    def pair(self, screen: Screen) -> None:
        """Through the page, and on the agent's command line."""
        screen.open("/security/workstations/")
        screen.page.locator("input[name=name]").fill("Pneumologie, poste 3")
        screen.page.locator("form[action$=pair] button").click()
        code = screen.page.locator(".p-pairing-code").inner_text()
        self.command("pair", self.site.url, code)
        expect(screen.page.locator("[data-s=done]")).to_be_visible()

    def command(self, *arguments: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "telesphore_agent", *arguments], check=True, timeout=30, capture_output=True,
            env={
                **os.environ, "PYTHONPATH": str(ROOT / "agent" / "src"), "XDG_CONFIG_HOME": str(self.agent.home),
                "SOFTHSM2_CONF": str(configuration(self.agent.tokens)),
            },
        )  # fmt: skip

    def give_pin(self, pin: str = PIN, language: str = "fr") -> str:
        """Type the PIN once it is asked for; gives what was shown before."""
        self.agent.expect(PROMPTS[language])
        before, self.agent.screen = self.agent.screen, ""
        self.agent.type(pin)
        return before


def make_card(tokens: Path, cards: Cards, holder: Actor) -> None:
    """Her authentication key certified by the cards' authority, her signature key by the hospital's."""
    assert holder.organisation_id is not None
    signature_key = rsa.generate_private_key(65537, 2048)
    certificate, chain = pki.issue_for_key(
        organisation_id=holder.organisation_id,
        public_key_der=signature_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        given_name="Anne", family_name="Lebrun", title="Dr", rpps=LEBRUN[1:], holder_id=holder.person_id,
        actor=Actor.system(holder.organisation_id), at=now(),
    )  # fmt: skip
    card = cards.card()
    assert isinstance(card.key, ec.EllipticCurvePrivateKey)

    def entry(identifier: str, label: str, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, der: bytes) -> object:
        content = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        encoded = [base64.b64encode(one).decode() for one in (content, der)]
        return {"id": identifier, "label": label, "key": encoded[0], "certificate": encoded[1]}

    described = {
        "library": str(SOFTHSM), "label": "CPS LEBRUN", "pin": PIN,
        "objects": [
            entry("e828bd080f20", "CPS_PRIV_AUT", card.key, card.certificate),
            entry("e828bd080f10", "CPS_PRIV_SIG", signature_key, certificate),
        ],
        "chain": [base64.b64encode(one).decode() for one in (*card.chain, *chain)],
    }  # fmt: skip
    subprocess.run(
        [sys.executable, "-m", "tests.agent.card_maker"], input=json.dumps(described), text=True, check=True,
        cwd=ROOT, env={**os.environ, "SOFTHSM2_CONF": str(configuration(tokens))}, timeout=60,
    )  # fmt: skip


@pytest.fixture
def workstation(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workstation]:
    cards = Cards()
    Person.objects.filter(id=site.cast.lebrun.person_id).update(national_id=LEBRUN)
    make_card(tmp_path / "tokens", cards, site.cast.lebrun)
    own = ports.agent_server.get()
    ports.agent_server.bind(lambda: AgentServer(site.url, own.key, own.secret))
    ports.card_authorities.bind(lambda: CardAuthorities((cards.root.certificate,), (), cards.status))
    agent = Agent(tmp_path, tmp_path / "tokens", [])
    monkeypatch.setattr(agents, "PORTS", (agent.port,))
    site.others.add(f"127.0.0.1:{agent.port}")
    yield Workstation(site, agent, cards)
    agent.stop()
    bind_agents(SETTINGS)
    bind_cards(SETTINGS)


def ready(screen: Screen) -> None:
    """The page has found the agent, and a card."""
    # The way that needs no agent stands below, where the server reaches tokens too.
    expect(screen.page.locator("[data-say]").first).to_have_text(re.compile("Card in|Carte dans"))


def forgive(screen: Screen, *texts: str) -> None:
    """What a refusal leaves in the browser's console is no fault; all else is."""
    screen.complaints[:] = [one for one in screen.complaints if not any(text in one for text in texts)]


def test_a_workstation_is_paired_and_its_card_opens_the_door(workstation: Workstation, screen: ScreenOf) -> None:
    lebrun = screen("lebrun")
    lebrun.open("/security/workstations/")
    lebrun.look("workstations-none")
    workstation.pair(lebrun)
    lebrun.look("workstation-paired")
    lebrun.page.locator("[role=status] a").click()
    lebrun.look("workstations")
    somebody = screen()
    somebody.open("/sign-in/card/?next=/book/")
    ready(somebody)
    somebody.look("card-sign-in")
    somebody.page.locator("[data-go]").click()
    shown = workstation.give_pin()
    assert workstation.site.url in shown
    somebody.page.wait_for_url(f"{workstation.site.url}/book/")
    # Nobody else's name stands there.
    assert somebody.page.get_by_text("Dr Anne Lebrun").count()


def test_the_sign_in_page_tells_what_the_reader_holds(
    workstation: Workstation, screen: ScreenOf, settings: Any
) -> None:
    workstation.pair(screen("lebrun"))
    settings.WAYS = {"passkey", "password", "card"}
    somebody = screen()
    somebody.open("/sign-in/")
    # No agent has answered here yet: the page knocks at no door.
    expect(somebody.page.locator("[data-card] [data-say]")).to_contain_text("dans le lecteur d’un poste appairé")
    somebody.page.locator("a[href^='/sign-in/card/']").click()
    ready(somebody)
    somebody.open("/sign-in/")
    expect(somebody.page.locator("[data-card] [data-say]")).to_have_text("Carte dans le lecteur.")
    somebody.look("sign-in-card-row")


def test_a_wrong_pin_a_refusal_and_a_revoked_card_are_told(workstation: Workstation, screen: ScreenOf) -> None:
    workstation.pair(screen("lebrun"))
    somebody = screen(language="en", phone=True)
    somebody.open("/sign-in/card/")
    ready(somebody)
    somebody.page.locator("[data-go]").click()
    workstation.give_pin("0000", "en")
    expect(somebody.page.locator("[data-state][data-s=no]")).to_contain_text("This PIN is wrong.")
    somebody.look("card-wrong-pin")
    somebody.page.locator("[data-go]").click()
    workstation.give_pin("", "en")
    expect(somebody.page.locator("[data-state][data-s=no]")).to_contain_text("You refused")
    workstation.cards.status.away = True
    somebody.page.locator("[data-go]").click()
    workstation.give_pin(language="en")
    expect(somebody.page.locator("[data-state][data-s=no]")).to_contain_text("Nobody can say now")
    forgive(somebody, "409 at", "503 at")


def test_one_document_then_twenty_are_signed_with_one_pin_each_time(workstation: Workstation, screen: ScreenOf) -> None:
    lebrun = screen("lebrun")
    workstation.pair(lebrun)
    cast = workstation.site.cast
    first = sent(cast, [by(cast.lebrun)])
    lebrun.open(f"/book/{first}/")
    ready(lebrun)
    assert not lebrun.page.locator("input[name=pin]").is_visible()
    lebrun.look("envelope-card")
    lebrun.page.locator("[data-go]").click()
    assert "Consentement" in workstation.give_pin()
    lebrun.page.wait_for_url("**/book/")
    assert Recipient.objects.get(envelope_id=first).state == "signed"

    document_id = workstation.site.deposit("Compte rendu")
    many = [
        send.send(document_id=document_id, steps=[[by(cast.lebrun)]], actor=cast.sylvie, at=now()) for _ in range(20)
    ]
    lebrun.open("/book/")
    lebrun.page.locator("[data-pick-all]").check()
    assert lebrun.page.locator("[data-picked]").inner_text() == "20"
    lebrun.look("book-picked")
    lebrun.page.locator("[data-sign]").click()
    ready(lebrun)
    assert lebrun.page.locator("[data-picked]").first.inner_text() == "20"
    lebrun.look("book-agree-card")
    card = lebrun.page.locator("[data-card=sign]")
    # Stopped while they are prepared: nothing is asked of the card, and all stay.
    held: list[Any] = []
    lebrun.page.route("**/book/card/prepare", lambda route: held.append(route))
    card.locator("[data-go]").click()
    card.locator("[data-stop]").click()
    while len(held) < 2:
        lebrun.page.wait_for_timeout(20)
    for route in held:
        route.continue_()
    lebrun.page.unroute("**/book/card/prepare")
    stopped = re.compile(r"tels quels dans votre parapheur\s: 20\.")
    expect(card.locator("[data-state][data-s=no]")).to_contain_text(stopped, timeout=30_000)
    card.locator("[data-go]").click()
    shown = workstation.give_pin()
    assert shown.count("Compte rendu") == 20
    lebrun.page.wait_for_url("**/book/?tab=done")
    assert {row.state for row in Recipient.objects.filter(envelope_id__in=many)} == {"signed"}


def test_without_an_agent_the_page_says_so_and_the_old_way_stays(workstation: Workstation, screen: ScreenOf) -> None:
    lebrun = screen("lebrun", phone=True)
    workstation.pair(lebrun)
    lebrun.open("/security/")
    assert "1 poste est appairé" in lebrun.page.locator("section[aria-labelledby=workstations]").inner_text()
    lebrun.look("security-workstations")
    envelope_id = sent(workstation.site.cast, [by(workstation.site.cast.lebrun)])
    workstation.command("unpair", workstation.site.url)
    lebrun.open(f"/book/{envelope_id}/")
    expect(lebrun.page.locator("input[name=pin]")).to_be_visible()
    lebrun.open("/book/")
    lebrun.look("book-without-agent")
    somebody = screen()
    somebody.open("/sign-in/card/")
    expect(somebody.page.locator("[data-say]")).to_contain_text("ne répond pas")
    expect(somebody.page.locator("[data-install]")).to_be_visible()
    somebody.look("card-without-agent")
    forgive(somebody, "/who", "net::ERR_FAILED")
