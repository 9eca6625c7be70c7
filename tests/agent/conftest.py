"""Cards that are made once, and agents that start in a folder of their own."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.agent.workstation import SOFTHSM, Agent, MadeCard, PairedServer, make_card

StartAgent = Callable[..., Agent]


class CardBox(NamedTuple):
    """Cards made once; each test has copies."""

    tokens: Path
    card: MadeCard

    def copy(self, to: Path) -> Path:
        shutil.copytree(self.tokens, to, dirs_exist_ok=True)
        return to


@pytest.fixture(scope="session")
def rsa_box(tmp_path_factory: pytest.TempPathFactory) -> CardBox:
    if SOFTHSM is None:
        pytest.skip("SoftHSM2 is not installed")
    tokens = tmp_path_factory.mktemp("cards") / "rsa"
    keys = [rsa.generate_private_key(65537, 2048) for _ in range(2)]
    return CardBox(tokens, make_card(tokens, "CPS-LEBRUN", keys))


@pytest.fixture(scope="session")
def ec_box(tmp_path_factory: pytest.TempPathFactory) -> CardBox:
    if SOFTHSM is None:
        pytest.skip("SoftHSM2 is not installed")
    tokens = tmp_path_factory.mktemp("cards") / "ec"
    keys = [ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())]
    return CardBox(tokens, make_card(tokens, "CPS-RICAUD", keys))


@pytest.fixture(scope="session")
def strict_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    library = tmp_path_factory.mktemp("strict") / "strict.so"
    source = Path(__file__).with_name("strict_card.c")
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True, capture_output=True, timeout=60
    )
    return library


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartAgent]:
    """Starts agents, with the cards of these boxes; they stop with the test."""
    started: list[Agent] = []

    def start(*boxes: CardBox, servers: list[PairedServer] | None = None, **options: object) -> Agent:
        tokens = tmp_path / "tokens"
        tokens.mkdir(exist_ok=True)
        for box in boxes:
            box.copy(tokens)
        agent = Agent(tmp_path, tokens, [PairedServer()] if servers is None else servers, **options)  # type: ignore[arg-type]  # Its own.
        started.append(agent)
        return agent

    yield start
    for agent in started:
        agent.stop()


@pytest.fixture
def agent(start: StartAgent, rsa_box: CardBox) -> Agent:
    """An agent with Dr Lebrun's card."""
    return start(rsa_box)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, rsa_box: CardBox) -> Iterator[Agent]:
    """One agent for the tests that leave it as it was."""
    home = tmp_path_factory.mktemp("door")
    agent = Agent(home, rsa_box.copy(home / "tokens"), [PairedServer()])
    yield agent
    agent.stop()
