"""Signing with the card of a paired workstation, through the pages: one, many, another's card, what fails stays."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from telesphore.accounts.models import Person
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.signature.actions import close, prepare
from telesphore.signature.errors import CertificateOfAnother, CertificateOfUnknown
from telesphore.signature.models import Prepared, Recipient
from telesphore.signature.states import RecipientState
from tests.accounts.peer import LEBRUN, Cards, Peer, paired, plain64
from tests.cast import Cast
from tests.certificates import Signer
from tests.signature.circuits import Token, by, doctor_signs, sent, token_of

ComeIn = Callable[[Actor], Client]


class Desk:
    """Dr Lebrun's browser at a paired workstation, her card in the reader."""

    def __init__(self, client: Client, peer: Peer, card: Signer) -> None:
        self.client = client
        self.peer = peer
        self.card = card

    def post(self, name: str, **body: Any) -> Any:
        return self.client.post(
            f"/book/card/{name}", {"workstation": self.peer.workstation, **body}, content_type="application/json"
        )

    def prepared(self, *envelopes: UUID) -> Any:
        return self.post(
            "prepare", certificate=plain64(self.card.certificate), chain=[plain64(one) for one in self.card.chain],
            envelopes=[str(one) for one in envelopes],
        ).json()  # fmt: skip

    def task(self, said: Any) -> str:
        answer = self.post("task", prepared=[one["id"] for one in said["prepared"]])
        assert answer.status_code == 200, answer.content
        return str(answer.json()["request"])

    def completed(self, answer: dict[str, Any]) -> Any:
        return self.post("complete", **answer).json()


@pytest.fixture
def desk(cast: Cast, cards: Cards, come_in: ComeIn) -> Desk:
    client = come_in(cast.lebrun)
    return Desk(client, paired(client), cards.signing_card())


def state(envelope_id: UUID) -> str:
    return str(Recipient.objects.get(envelope_id=envelope_id).state)


def test_the_card_in_the_reader_signs_one(cast: Cast, desk: Desk) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    request = desk.post("certificates").json()["request"]
    assert desk.peer.read(request, "certificates")
    said = desk.prepared(envelope_id)
    assert (len(said["prepared"]), said["refused"]) == (1, [])
    task = desk.task(said)
    shown = desk.peer.read(task, "sign")["documents"][0]
    assert (shown["title"], shown["pages"], shown["algorithm"]) == ("Consentement", 2, "ecdsa-sha256")
    assert len(shown["sha256"]) == 64
    done = desk.completed(desk.peer.sign(task, desk.card))
    assert (len(done["signed"]), done["refused"]) == (1, [])
    assert state(envelope_id) == RecipientState.SIGNED


def test_many_are_signed_at_once_and_what_fails_says_why_and_stays(cast: Cast, desk: Desk) -> None:
    envelopes = [sent(cast, [by(cast.lebrun)]) for _ in range(4)]
    others = sent(cast, [by(cast.ricaud)])
    close.void(envelope_id=envelopes[1], reason="Mistake", actor=cast.sylvie, at=now())
    said = desk.prepared(*envelopes, others)
    assert {one["id"]: one["error"] for one in said["refused"]} == {
        str(envelopes[1]): "envelope-closed", str(others): "envelope-not-found",
    }  # fmt: skip
    answer = desk.peer.sign(desk.task(said), desk.card)
    answer["signatures"][0]["signature"] = plain64(b"no signature")
    done = desk.completed(answer)
    assert (len(done["signed"]), [one["error"] for one in done["refused"]]) == (2, ["signature-does-not-match"])
    assert [state(one) for one in envelopes] == ["waiting", "released", "signed", "signed"]
    assert Event.objects.filter(action="signature:recipient:sign", outcome="done").count() == 2


def test_what_a_list_shares_is_asked_of_the_database_once(
    cast: Cast, desk: Desk, django_assert_max_num_queries: Any
) -> None:
    """The certificate, the titles, the rows of what waits: each document more costs what is its own."""

    def asked(count: int) -> tuple[int, int, int]:
        envelopes, numbers = [sent(cast, [by(cast.lebrun)]) for _ in range(count)], []
        with django_assert_max_num_queries(1000) as queries:
            said = desk.prepared(*envelopes)
        numbers.append(len(queries))
        with django_assert_max_num_queries(1000) as queries:
            task = desk.task(said)
        numbers.append(len(queries))
        answer = desk.peer.sign(task, desk.card)
        with django_assert_max_num_queries(1000) as queries:
            assert len(desk.completed(answer)["signed"]) == count
        return numbers[0], numbers[1], len(queries)

    asked(1)
    one, three = asked(1), asked(3)
    prepare, task, complete = ((more - less) // 2 for less, more in zip(one, three, strict=True))
    assert (prepare <= 20, task, complete <= 32) == (True, 0, True), (prepare, task, complete)


def test_an_answer_given_twice_signs_once(cast: Cast, desk: Desk) -> None:
    said = desk.prepared(sent(cast, [by(cast.lebrun)]))
    answer = desk.peer.sign(desk.task(said), desk.card)
    desk.completed(answer)
    assert [one["error"] for one in desk.completed(answer)["refused"]] == ["prepared-used"]


def test_one_list_is_for_one_card(cast: Cast, cards: Cards, desk: Desk) -> None:
    first = desk.prepared(sent(cast, [by(cast.lebrun)]))
    desk.card = cards.signing_card()
    second = desk.prepared(sent(cast, [by(cast.lebrun)]))
    answer = desk.post("task", prepared=[first["prepared"][0]["id"], second["prepared"][0]["id"]])
    assert (answer.status_code, answer.json()["error"]) == (409, "cards-differ")


def test_another_persons_preparation_can_not_be_asked_for_or_completed(cast: Cast, desk: Desk, come_in: ComeIn) -> None:
    said = desk.prepared(sent(cast, [by(cast.lebrun)]))
    answer = desk.peer.sign(desk.task(said), desk.card)
    desk.client = come_in(cast.ricaud)
    assert desk.post("task", prepared=[said["prepared"][0]["id"]]).status_code == 404
    assert [one["error"] for one in desk.completed(answer)["refused"]] == ["prepared-not-found"]


@pytest.mark.parametrize("number", [0, 501])
def test_a_list_has_1_to_500_documents(cast: Cast, desk: Desk, number: int) -> None:
    asked = [str(UUID(int=one)) for one in range(1, number + 1)]
    assert desk.post("task", prepared=asked).json()["error"] == "bad-exchange"


def test_preparing_asks_who_proved_long_ago_to_prove_it_again(cast: Cast, desk: Desk) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    session = desk.client.session
    session["account_authentication_methods"] = [{"method": "password", "at": now().timestamp() - 301}]
    session.save()
    answer = desk.client.post(
        "/book/card/prepare",
        {"workstation": desk.peer.workstation, "certificate": "AAAA", "envelopes": [str(envelope_id)]},
        content_type="application/json", headers={"HX-Request": "true"},
    )  # fmt: skip
    assert answer.status_code == 204
    assert answer["HX-Redirect"].startswith("/sign-in/again/")


# Whose card it is


def test_another_persons_card_signs_nothing(cast: Cast, cards: Cards, desk: Desk) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    desk.card = cards.signing_card("899700000017")
    assert [one["error"] for one in desk.prepared(envelope_id)["refused"]] == ["certificate-of-another"]
    assert not Prepared.objects.exists()


def test_a_card_that_bears_no_identifier_signs_nothing(cast: Cast, cards: Cards, desk: Desk) -> None:
    desk.card = cards.signing_card("Anne LEBRUN")
    refused = desk.prepared(sent(cast, [by(cast.lebrun)]))["refused"]
    assert [one["error"] for one in refused] == ["certificate-of-unknown"]


def test_a_card_by_whom_nobody_trusts_signs_nothing(cast: Cast, desk: Desk) -> None:
    # The right name, by an authority that anybody could have made.
    desk.card = Cards().signing_card(LEBRUN)
    refused = desk.prepared(sent(cast, [by(cast.lebrun)]))["refused"]
    assert [one["error"] for one in refused] == ["certificate-of-unknown"]


def test_whoever_has_no_identifier_written_down_signs_with_no_card_of_the_outside(cast: Cast, desk: Desk) -> None:
    Person.objects.filter(id=cast.lebrun.person_id).update(national_id="")
    refused = desk.prepared(sent(cast, [by(cast.lebrun)]))["refused"]
    assert [one["error"] for one in refused] == ["certificate-of-unknown"]


def test_the_rpps_number_tells_whose_a_card_is(cast: Cast, desk: Desk) -> None:
    Person.objects.filter(id=cast.lebrun.person_id).update(national_id="", rpps=LEBRUN[1:])
    assert desk.prepared(sent(cast, [by(cast.lebrun)]))["refused"] == []


def test_a_token_that_the_organisation_gave_another_signs_nothing(cast: Cast) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    anothers = token_of(cast.ricaud, "Ricaud")
    with pytest.raises(CertificateOfAnother):
        doctor_signs(cast.lebrun, envelope_id, anothers)
    with pytest.raises(CertificateOfAnother):
        prepare.prepare_signature(
            envelope_id=envelope_id, certificate=anothers.certificate, chain=anothers.chain, drawing=None,
            actor=cast.lebrun, at=now(),
        )  # fmt: skip


def test_a_token_at_hand_with_anothers_identifier_signs_nothing(cast: Cast, cards: Cards) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    own = token_of(cast.lebrun, "Lebrun")
    anothers = cards.signing_card("899700000017", own.key)
    with pytest.raises(CertificateOfAnother):
        doctor_signs(cast.lebrun, envelope_id, replace(own, certificate=anothers.certificate, chain=anothers.chain))


def test_a_token_at_hand_that_says_nothing_of_its_holder_is_believed(cast: Cast, cards: Cards) -> None:
    # The operator gave it to them; a card in a reader is anybody's.
    envelope_id = sent(cast, [by(cast.lebrun)])
    own = token_of(cast.lebrun, "Lebrun")
    named = cards.signing_card("Anne LEBRUN", own.key)
    token: Token = replace(own, certificate=named.certificate, chain=named.chain)
    with pytest.raises(CertificateOfUnknown):
        prepare.prepare_signature(
            envelope_id=envelope_id, certificate=token.certificate, chain=token.chain, drawing=None,
            actor=cast.lebrun, at=now(),
        )  # fmt: skip
    assert doctor_signs(cast.lebrun, envelope_id, token).last
