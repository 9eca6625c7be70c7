"""Cards that count wrong PINs, readers with a keypad, readers unplugged: SoftHSM2 behind a library that is strict."""

import http.client
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.agent.conftest import CardBox, StartAgent
from tests.agent.reader import VirtualReader, missing
from tests.agent.test_signing import check
from tests.agent.workstation import PIN, SOFTHSM, Agent, base64url, document

StartStrict = Callable[..., Agent]
NONCE = base64url(bytes(32))


@pytest.fixture
def start_strict(start: StartAgent, rsa_box: CardBox, strict_library: Path) -> StartStrict:
    def start_strict(**environment: str) -> Agent:
        return start(
            rsa_box, module=strict_library, environment={"STRICT_LIBRARY": str(SOFTHSM), **environment}
        )  # fmt: skip

    return start_strict


def try_pin(agent: Agent, pin: str) -> tuple[int, dict[str, object]]:
    before = agent.screen.count("PIN of your card")
    answer = agent.later("authenticate", nonce=NONCE)
    agent.expect_times("PIN of your card", before + 1)
    agent.type(pin)
    return answer.result()


def test_the_last_try_is_told_before_and_after_and_the_agent_never_takes_it(start_strict: StartStrict) -> None:
    agent = start_strict()
    assert try_pin(agent, "9999") == (409, {"error": "wrong-pin"})
    assert try_pin(agent, "9998") == (409, {"error": "wrong-pin", "tries_left": 1})
    assert "Last try" not in agent.screen
    assert try_pin(agent, "9997") == (409, {"error": "pin-locked"})
    assert "Last try: a wrong PIN will lock the card." in agent.screen
    # A locked card is told at once: its holder is asked nothing.
    assert agent.ask("authenticate", nonce=NONCE) == (409, {"error": "pin-locked"})
    assert agent.screen.count("PIN of your card") == 3


def test_the_right_pin_gives_all_tries_back(start_strict: StartStrict) -> None:
    agent = start_strict()
    for pin, status in (("9999", 409), ("9998", 409), (PIN, 200), ("9999", 409)):
        assert try_pin(agent, pin)[0] == status
    assert try_pin(agent, PIN)[0] == 200


def test_a_pin_that_no_card_could_have_is_not_shown_to_it(start_strict: StartStrict) -> None:
    agent = start_strict()
    for _ in range(4):
        assert try_pin(agent, "9" * 65) == (409, {"error": "wrong-pin"})
    assert try_pin(agent, PIN)[0] == 200


def test_a_reader_with_a_keypad_is_used(start_strict: StartStrict) -> None:
    agent = start_strict(STRICT_KEYPAD=PIN)
    answer = agent.later("authenticate", nonce=NONCE)
    agent.expect("reader’s keypad", "“no” to refuse")
    agent.type("no")
    assert answer.result() == (409, {"error": "refused-by-holder"})
    answer = agent.later("authenticate", nonce=NONCE)
    agent.expect_times("“no” to refuse", 2)
    agent.type("")
    assert answer.result()[0] == 200
    assert "PIN of your card" not in agent.screen


def test_while_a_list_is_signed_its_page_may_look_but_not_ask_for_another(
    start_strict: StartStrict, rsa_box: CardBox
) -> None:
    agent = start_strict(STRICT_SLOW="20000")
    documents = [document(number) for number in range(500)]
    answer = agent.later("sign", certificate=rsa_box.card.fingerprint, purpose="Seen", documents=documents)
    agent.expect("PIN of your card")
    agent.type(PIN)
    agent.expect(" of 500. Leave the card in place.")
    assert agent.ask("status")[1]["readers"][0]["card"] is True
    assert agent.ask("authenticate", nonce=NONCE) == (409, {"error": "busy"})
    agent.take_out()
    assert answer.result()[0] == 200


def test_a_card_withdrawn_in_the_middle_gives_the_signatures_made_so_far(
    start_strict: StartStrict, rsa_box: CardBox
) -> None:
    agent = start_strict(STRICT_SLOW="20000")
    documents = [document(number) for number in range(500)]
    answer = agent.later("sign", certificate=rsa_box.card.fingerprint, purpose="Seen", documents=documents)
    agent.expect("PIN of your card")
    agent.type(PIN)
    agent.expect(" of 500. Leave the card in place.")
    agent.take_out()
    said = answer.result()[1]["signatures"]
    made = sum("signature" in entry for entry in said)
    assert 0 < made < 500
    for number, entry in enumerate(said[:made]):
        check(rsa_box.card.signature, entry["signature"], b"to be signed %d" % number)
    assert [entry.get("error") for entry in said[made:]] == ["card-removed"] * (500 - made)


def test_no_more_is_signed_for_a_page_that_left(start_strict: StartStrict, rsa_box: CardBox) -> None:
    agent = start_strict(STRICT_SLOW="20000")
    token = agent.server.request(
        "sign", certificate=rsa_box.card.fingerprint, purpose="Seen", documents=[document(n) for n in range(500)]
    )
    connection = http.client.HTTPConnection("127.0.0.1", agent.port, timeout=10)
    connection.request(
        "POST", "/request", json.dumps({"request": token}),
        {"Origin": agent.server.origin, "Content-Type": "application/json"},
    )  # fmt: skip
    agent.expect("PIN of your card")
    agent.type(PIN)
    agent.expect(" of 500. Leave the card in place.")
    connection.close()
    # Free again at once: the list did not go on.
    assert agent.ask("certificates")[0] == 200
    assert "\n500 of 500" not in agent.screen


def test_a_reader_unplugged_while_the_holder_reads_is_told(
    start_strict: StartStrict, rsa_box: CardBox, tmp_path: Path
) -> None:
    reason = missing()
    if reason:
        pytest.skip(reason)
    reader = VirtualReader(tmp_path / "pcsc", readers=False)
    try:
        agent = start_strict(STRICT_REMOVABLE="yes", **reader.environment)
        # A slot that can be emptied is no software token: PC/SC tells of it, or nobody does.
        assert agent.ask("status")[1]["readers"] == []
        answer = agent.later("sign", certificate=rsa_box.card.fingerprint, purpose="Seen", documents=[document()])
        agent.expect("PIN of your card")
        agent.take_out()
        agent.type(PIN)
        assert answer.result() == (409, {"error": "reader-removed"})
    finally:
        reader.unplug()
