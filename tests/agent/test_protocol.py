"""Reading requests, apart from any connection: time passes as the test says."""

import random
import time

import pytest

from telesphore_agent import protocol
from telesphore_agent.errors import Refused
from telesphore_agent.protocol import Reader, Request
from tests.agent.workstation import PairedServer, document

SERVER = PairedServer()


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


def read(reader: Reader, token: str) -> Request:
    return reader.read(
        token,
        origin=SERVER.origin,
        workstation=SERVER.workstation,
        server_key=SERVER.key.public_key().public_bytes_raw(),
    )


def refusal(reader: Reader, token: str) -> str:
    with pytest.raises(Refused) as caught:
        read(reader, token)
    return caught.value.code


@pytest.mark.parametrize(("later", "stale"), [(179, False), (182, True), (86_400, True)])
def test_a_request_lives_two_minutes_and_one_of_skew(later: int, stale: bool) -> None:
    clock = Clock()
    reader = Reader(clock)
    token = SERVER.request("status")
    clock.now += later
    if stale:
        assert refusal(reader, token) == "stale-request"
    else:
        assert read(reader, token).operation == "status"


def test_a_request_is_remembered_for_as_long_as_it_could_come_again() -> None:
    clock = Clock()
    reader = Reader(clock)
    token = SERVER.request("status")
    read(reader, token)
    for seconds in (1, 100, 78):
        clock.now += seconds
        assert refusal(reader, token) == "replayed-request"
    clock.now += 5
    assert refusal(reader, token) == "stale-request"


def test_what_was_taken_is_not_forgotten_to_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MOST_REMEMBERED", 3)
    clock = Clock()
    reader = Reader(clock)
    tokens = [SERVER.request("status") for _ in range(4)]
    for token in tokens[:3]:
        read(reader, token)
    assert refusal(reader, tokens[3]) == "too-many"
    assert refusal(reader, tokens[0]) == "replayed-request"
    clock.now += 300
    now = int(clock.now)
    assert read(reader, SERVER.request("status", iat=now, exp=now + 120)).operation == "status"


def test_whatever_is_changed_in_a_request_it_is_refused() -> None:
    reader = Reader(Clock())
    token = SERVER.request("status")
    chance = random.Random(4)
    for _ in range(300):
        place = chance.randrange(len(token))
        changed = token[:place] + chance.choice("AZaz09-_.=é\x00") + token[place + chance.randrange(2) :]
        if changed != token:
            assert refusal(reader, changed) == "bad-request"
    assert read(reader, token).operation == "status"


def test_a_list_of_the_largest_size_is_read() -> None:
    documents = [document(number, title="x" * 200) for number in range(500)]
    request = read(Reader(Clock()), SERVER.request("sign", certificate="0" * 64, purpose="p", documents=documents))
    assert len(request.documents) == 500
