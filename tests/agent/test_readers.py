"""Readers and cards, as PC/SC shows them: a real pcscd, with a virtual reader."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agent.conftest import StartAgent
from tests.agent.reader import VirtualReader, missing
from tests.agent.workstation import ROOT, Agent, PairedServer

PATIENCE = 10.0


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[VirtualReader]:
    reason = missing()
    if reason:
        pytest.skip(reason)
    virtual = VirtualReader(tmp_path / "pcsc")
    yield virtual
    virtual.unplug()


@pytest.fixture
def agent(start: StartAgent, reader: VirtualReader) -> Agent:
    """An agent with a reader, and no software token."""
    return start(environment=reader.environment)


class Watch:
    """A page's `watch`: its events, as they come."""

    def __init__(self, agent: Agent) -> None:
        self._connection = socket.create_connection(("127.0.0.1", agent.port), timeout=PATIENCE)
        path = f"/watch?request={agent.server.request('watch')}"
        self._connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {agent.host}\r\nOrigin: {agent.server.origin}\r\n\r\n".encode()
        )
        self._file = self._connection.makefile("r", encoding="utf-8")
        head = "".join(iter(self._file.readline, "\n"))
        assert head.startswith("HTTP/1.1 200")
        assert "Content-Type: text/event-stream\n" in head

    def next(self) -> dict[str, Any]:
        assert self._file.readline() == "event: card\n"
        data = self._file.readline()
        assert self._file.readline() == "\n"
        said: dict[str, Any] = json.loads(data.removeprefix("data: "))
        return said

    def until(self, *cards: bool) -> None:
        """Until the readers' slots are as said; events before may show one slot at a time."""
        while [reader["card"] for reader in self.next()["readers"]] != list(cards):
            pass

    def close(self) -> None:
        self._file.close()
        self._connection.close()


def test_a_page_sees_a_card_come_and_go(agent: Agent, reader: VirtualReader) -> None:
    assert agent.ask("certificates") == (409, {"error": "no-card"})
    watch = Watch(agent)
    first = watch.next()
    assert [entry["card"] for entry in first["readers"]] == [False, False]
    assert first["readers"][0]["name"].startswith("Virtual PCD")
    with reader.card():
        watch.until(True, False)
        assert agent.ask("status")[1]["readers"][0]["card"] is True
        assert agent.ask("certificates") == (409, {"error": "unknown-card"})
    watch.until(False, False)
    assert agent.ask("certificates") == (409, {"error": "no-card"})
    watch.close()


def test_a_page_sees_a_reader_go_and_come_back(agent: Agent, reader: VirtualReader) -> None:
    watch = Watch(agent)
    watch.until(False, False)
    reader.unplug()
    watch.until()
    assert agent.ask("certificates") == (409, {"error": "no-reader"})
    reader.plug_in()
    watch.until(False, False)
    watch.close()


def test_the_command_says_what_is_there(agent: Agent, reader: VirtualReader) -> None:
    with reader.card():
        until = time.monotonic() + PATIENCE
        while not agent.ask("status")[1]["readers"][0]["card"]:
            assert time.monotonic() < until
            time.sleep(0.1)
        told = subprocess.run(
            [sys.executable, "-m", "telesphore_agent", "status", "--module", "/nowhere.so"],
            capture_output=True, text=True, check=False, timeout=60,
            env={
                "PYTHONPATH": str(ROOT / "agent" / "src"), "LANG": "en_GB.UTF-8", "HOME": str(agent.home),
                **reader.environment,
            },
        )  # fmt: skip
    assert "Reader: Virtual PCD 00 00, with a card\n" in told.stdout
    assert "Reader: Virtual PCD 00 01, without card\n" in told.stdout
    assert (told.returncode, "library is not installed" in told.stderr) == (1, True)


def test_without_a_service_the_page_is_told_that_there_is_no_reader(start: StartAgent) -> None:
    agent = start(servers=[PairedServer()])
    assert agent.ask("status")[1]["readers"] == []
    assert agent.ask("certificates") == (409, {"error": "no-reader"})
