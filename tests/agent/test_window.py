"""The agent's window, on a screen of the test's own: what it shows, and what its keys do."""

import http.client
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.conftest import CardBox, StartAgent
from tests.agent.workstation import PIN, SOFTHSM, Agent, base64url, document

PATIENCE = 15.0
TITLE = "^T.+lesphore$"
"""In both languages; xdotool compares bytes."""
CALM = 0.9
"""A window that just came up takes no Enter."""


class Screen:
    """An X server without a screen, and fingers."""

    def __init__(self) -> None:
        reading, writing = os.pipe()
        self._process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
            pass_fds=[writing], stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(writing)
        with os.fdopen(reading) as file:
            self.display = f":{file.readline().strip()}"

    def fingers(self, *command: str) -> str:
        done = subprocess.run(
            ["xdotool", *command], capture_output=True, text=True, check=False, timeout=PATIENCE,
            env={**os.environ, "DISPLAY": self.display},
        )  # fmt: skip
        return done.stdout

    def windows(self, title: str) -> int:
        return len(self.fingers("search", "--onlyvisible", "--name", title).split())

    def wait(self, title: str, count: int = 1) -> None:
        until = time.monotonic() + PATIENCE
        while self.windows(title) != count:
            assert time.monotonic() < until, f"{self.windows(title)} windows {title}"
            time.sleep(0.05)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    if shutil.which("Xvfb") is None or shutil.which("xdotool") is None:
        pytest.skip("Xvfb or xdotool is not installed")
    pytest.importorskip("tkinter", reason="this Python has no Tk")
    screen = Screen()
    yield screen
    screen.close()


@pytest.fixture
def agent(start: StartAgent, rsa_box: CardBox, screen: Screen) -> Agent:
    return start(rsa_box, terminal=False, environment={"DISPLAY": screen.display})


def test_the_pin_typed_in_the_window_signs_and_the_window_closes(
    agent: Agent, rsa_box: CardBox, screen: Screen
) -> None:
    answer = agent.later(
        "sign", certificate=rsa_box.card.fingerprint, purpose="Vaut validation", lang="fr",
        documents=[document(number) for number in range(30)],
    )  # fmt: skip
    screen.wait(TITLE)
    time.sleep(CALM)
    screen.fingers("type", PIN)
    screen.fingers("key", "Return")
    status, said = answer.result(PATIENCE)
    assert (status, len(said["signatures"])) == (200, 30)
    assert all("signature" in entry for entry in said["signatures"])
    screen.wait(TITLE, 0)


def test_escape_stops_between_two_documents(
    start: StartAgent, rsa_box: CardBox, screen: Screen, strict_library: Path
) -> None:
    agent = start(
        rsa_box, terminal=False, module=strict_library,
        environment={"DISPLAY": screen.display, "STRICT_LIBRARY": str(SOFTHSM), "STRICT_SLOW": "20000"},
    )  # fmt: skip
    documents = [document(number) for number in range(500)]
    answer = agent.later("sign", certificate=rsa_box.card.fingerprint, purpose="Seen", documents=documents)
    screen.wait(TITLE)
    time.sleep(CALM)
    screen.fingers("type", PIN)
    screen.fingers("key", "Return")
    time.sleep(0.4)
    screen.fingers("key", "Escape")
    said = answer.result(PATIENCE)[1]["signatures"]
    made = sum("signature" in entry for entry in said)
    assert 0 < made < 500
    assert [entry.get("error") for entry in said[made:]] == ["refused-by-holder"] * (500 - made)


def test_escape_refuses(agent: Agent, screen: Screen) -> None:
    answer = agent.later("authenticate", nonce=base64url(bytes(32)))
    screen.wait(TITLE)
    screen.fingers("key", "Escape")
    assert answer.result(PATIENCE) == (409, {"error": "refused-by-holder"})
    screen.wait(TITLE, 0)


def test_a_wrong_pin_closes_the_window_and_the_next_one_starts_empty(agent: Agent, screen: Screen) -> None:
    for pin, status in (("9999", 409), (PIN, 200)):
        answer = agent.later("authenticate", nonce=base64url(bytes(32)))
        screen.wait(TITLE)
        time.sleep(CALM)
        screen.fingers("type", pin)
        screen.fingers("key", "Return")
        assert answer.result(PATIENCE)[0] == status
        screen.wait(TITLE, 0)


def test_enter_meant_for_another_window_agrees_to_nothing(agent: Agent, screen: Screen) -> None:
    answer = agent.later("authenticate", nonce=base64url(bytes(32)))
    screen.wait(TITLE)
    screen.fingers("type", "hello")
    screen.fingers("key", "Return")
    time.sleep(0.3)
    assert not answer.done()
    screen.fingers("key", "Escape")
    assert answer.result(PATIENCE) == (409, {"error": "refused-by-holder"})


def test_a_page_that_left_takes_its_window_with_it(agent: Agent, screen: Screen) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=PATIENCE)
    token = agent.server.request("authenticate", nonce=base64url(bytes(32)))
    connection.request(
        "POST", "/request", json.dumps({"request": token}),
        {"Origin": agent.server.origin, "Content-Type": "application/json"},
    )  # fmt: skip
    screen.wait(TITLE)
    connection.close()
    screen.wait(TITLE, 0)
