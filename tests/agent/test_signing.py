"""The card's keys sign what the holder agreed to, and nothing else."""

import base64
import hashlib
import json
import secrets

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import load_der_x509_certificate

from tests.agent.conftest import CardBox, StartAgent
from tests.agent.workstation import AUTHORITY, PIN, Agent, base64url, document


def joined(*fields: bytes) -> bytes:
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


def check(certificate: bytes, signature: str, content: bytes, algorithm: str = "rsa-pkcs1-sha256") -> None:
    """
    Raises:
        InvalidSignature
    """
    key = load_der_x509_certificate(certificate).public_key()
    digest = hashes.SHA384() if algorithm.endswith("384") else hashes.SHA256()
    raw = base64.b64decode(signature)
    if isinstance(key, rsa.RSAPublicKey):
        pss = padding.PSS(padding.MGF1(digest), 32)
        key.verify(raw, content, pss if "pss" in algorithm else padding.PKCS1v15(), digest)
    else:
        assert isinstance(key, ec.EllipticCurvePublicKey)
        key.verify(raw, content, ec.ECDSA(digest))


def test_the_certificates_are_read_without_a_pin(agent: Agent, rsa_box: CardBox) -> None:
    status, answer = agent.ask("certificates")
    (card,) = answer["cards"]
    assert (status, card["label"]) == (200, "CPS-LEBRUN")
    assert base64.b64decode(card["authentication"]) == rsa_box.card.authentication
    assert base64.b64decode(card["signature"]) == rsa_box.card.signature
    assert [base64.b64decode(content) for content in card["chain"]] == [AUTHORITY.certificate]
    assert "PIN" not in agent.screen


def test_the_authentication_key_signs_the_challenge_of_this_server(agent: Agent, rsa_box: CardBox) -> None:
    nonce = secrets.token_bytes(32)
    answer = agent.later("authenticate", nonce=base64url(nonce))
    agent.expect("asks you to identify yourself", "PIN of your card")
    agent.type(PIN)
    status, said = answer.result()
    assert status == 200
    assert base64.b64decode(said["certificate"]) == rsa_box.card.authentication
    signed = joined(b"telesphore-agent authenticate 1", agent.server.origin.encode(), nonce)
    check(rsa_box.card.authentication, said["signature"], signed, said["algorithm"])


def test_a_list_is_signed_with_one_pin(agent: Agent, rsa_box: CardBox) -> None:
    documents = [document(1), document(2, "rsa-pss-sha256"), document(3)]
    answer = agent.later(
        "sign", certificate=rsa_box.card.fingerprint, purpose="Validates the report", documents=documents
    )
    shown = agent.expect("asks you to sign these 3 documents", "PIN of your card")
    assert "Validates the report" in shown
    for number in (1, 2, 3):
        digest = hashlib.sha256(b"%d" % number).hexdigest()
        assert f"{number}. Letter {number}\n   2 pages, fingerprint {digest[:8]} {digest[8:16]}" in shown
    agent.type(PIN)
    status, said = answer.result()
    assert (status, [entry["id"] for entry in said["signatures"]]) == (200, ["d1", "d2", "d3"])
    for number, entry in enumerate(said["signatures"], 1):
        algorithm = str(documents[number - 1]["algorithm"])
        check(rsa_box.card.signature, entry["signature"], b"to be signed %d" % number, algorithm)
    assert agent.screen.count("PIN of your card") == 1
    assert PIN not in agent.screen


def test_elliptic_keys_sign_in_der(start: StartAgent, ec_box: CardBox) -> None:
    agent = start(ec_box)
    answer = agent.later("authenticate", nonce=base64url(bytes(32)))
    agent.expect("PIN of your card")
    agent.type(PIN)
    said = answer.result()[1]
    assert said["algorithm"] == "ecdsa-sha256"
    signed = joined(b"telesphore-agent authenticate 1", agent.server.origin.encode(), bytes(32))
    check(ec_box.card.authentication, said["signature"], signed, said["algorithm"])
    answer = agent.later(
        "sign", certificate=ec_box.card.fingerprint, purpose="Seen", documents=[document(1, "ecdsa-sha384")]
    )
    agent.expect("sign this document", "PIN of your card")
    agent.type(PIN)
    (entry,) = answer.result()[1]["signatures"]
    check(ec_box.card.signature, entry["signature"], b"to be signed 1", "ecdsa-sha384")


def test_an_algorithm_of_another_kind_of_key_is_refused_before_anything_is_asked(
    agent: Agent, rsa_box: CardBox
) -> None:
    documents = [document(1), document(2, "ecdsa-sha256")]
    answer = agent.ask("sign", certificate=rsa_box.card.fingerprint, purpose="Seen", documents=documents)
    assert answer == (400, {"error": "bad-request"})
    assert "PIN" not in agent.screen


def test_a_holder_who_refuses_signs_nothing(agent: Agent, rsa_box: CardBox) -> None:
    answer = agent.later("sign", certificate=rsa_box.card.fingerprint, purpose="Seen", documents=[document()])
    agent.expect("PIN of your card")
    agent.type("")
    assert answer.result() == (409, {"error": "refused-by-holder"})


def test_a_wrong_pin_is_told_and_never_tried_again(agent: Agent, rsa_box: CardBox) -> None:
    answer = agent.later("authenticate", nonce=base64url(bytes(32)))
    agent.expect("PIN of your card")
    agent.type("9999")
    assert answer.result() == (409, {"error": "wrong-pin"})
    answer = agent.later("sign", certificate=rsa_box.card.fingerprint, purpose="Seen", documents=[document()])
    # The right one of another time is not remembered either.
    agent.expect("asks you to sign", "PIN of your card")
    agent.type(PIN)
    assert answer.result()[0] == 200


def test_a_signature_certificate_is_for_the_signature_key_only(agent: Agent, rsa_box: CardBox) -> None:
    other = hashlib.sha256(rsa_box.card.authentication).hexdigest()
    assert agent.ask("sign", certificate=other, purpose="Seen", documents=[document()]) == (
        409, {"error": "no-such-certificate"},
    )  # fmt: skip


def test_another_window_is_not_opened_over_the_first(agent: Agent, rsa_box: CardBox) -> None:
    first = agent.later("authenticate", nonce=base64url(bytes(32)))
    agent.expect("PIN of your card")
    assert agent.ask("authenticate", nonce=base64url(bytes(32))) == (409, {"error": "busy"})
    agent.type("")
    assert first.result()[1] == {"error": "refused-by-holder"}


def test_two_cards_are_one_too_many_to_sign_in_but_a_signature_names_its_own(
    start: StartAgent, rsa_box: CardBox, ec_box: CardBox
) -> None:
    agent = start(rsa_box, ec_box)
    assert agent.ask("authenticate", nonce=base64url(bytes(32))) == (409, {"error": "several-cards"})
    answer = agent.later("sign", certificate=rsa_box.card.fingerprint, purpose="Seen", documents=[document()])
    assert "CPS-LEBRUN" in agent.expect("sign this document", "PIN of your card")
    agent.type(PIN)
    check(rsa_box.card.signature, answer.result()[1]["signatures"][0]["signature"], b"to be signed 1")


def test_a_card_withdrawn_before_the_pin_is_told(agent: Agent, rsa_box: CardBox) -> None:
    answer = agent.later("sign", certificate=rsa_box.card.fingerprint, purpose="Seen", documents=[document()])
    agent.expect("PIN of your card")
    agent.take_out()
    agent.type(PIN)
    assert answer.result() == (409, {"error": "card-removed"})


def test_a_card_put_in_after_the_start_is_found(start: StartAgent, rsa_box: CardBox) -> None:
    agent = start()
    assert agent.ask("certificates") == (409, {"error": "no-reader"})
    rsa_box.copy(agent.tokens)
    assert agent.ask("certificates")[1]["cards"][0]["label"] == "CPS-LEBRUN"


def test_neither_pin_nor_title_nor_request_is_logged(agent: Agent, rsa_box: CardBox) -> None:
    nonce = base64url(secrets.token_bytes(32))
    answer = agent.later("authenticate", nonce=nonce)
    agent.expect("PIN of your card")
    agent.type(PIN)
    assert answer.result()[0] == 200
    logged = agent.expect("INFO authenticate for https://telesphore.montfaucy.example: done")
    assert PIN not in agent.screen
    assert nonce not in agent.screen + logged
    assert json.dumps(answer.result()[1]["signature"]) not in agent.screen
