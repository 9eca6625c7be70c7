"""Several documents signed after one PIN: each is an act of its own, and one that is refused stops no other."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from telesphore.audit.models import Event
from telesphore.kernel.clock import now
from telesphore.signature.actions import close, sign
from telesphore.signature.errors import EnvelopeClosed, EnvelopeNotFound
from telesphore.signature.models import Revision
from telesphore.signature.ports import TokenGone
from tests.cast import Cast
from tests.signature.circuits import Token, by, sent, token_of


@dataclass(frozen=True)
class Card(Token):
    """Asked once for all of them; or taken out."""

    asked: list[int]
    gone: bool = False

    def sign_many(self, contents: Sequence[bytes]) -> list[bytes]:
        self.asked.append(len(contents))
        if self.gone:
            raise TokenGone
        return [self.sign(content) for content in contents]


def card_of(cast: Cast, *, gone: bool = False) -> Card:
    token = token_of(cast.lebrun, "Lebrun")
    return Card(token.certificate, token.chain, token.key, [], gone)


def test_one_pin_signs_all_that_may_be_signed(cast: Cast) -> None:
    mine = [sent(cast, [by(cast.lebrun)]) for _ in range(3)]
    withdrawn, others = sent(cast, [by(cast.lebrun)]), sent(cast, [by(cast.ricaud)])
    close.void(envelope_id=withdrawn, reason="Mauvais document", actor=cast.sylvie, at=now())
    card = card_of(cast)
    batch = sign.sign_batch(envelope_ids=[*mine, withdrawn, others, mine[0]], token=card, actor=cast.lebrun, at=now())
    assert [one.envelope_id for one in batch.signed] == mine
    assert {one: type(why) for one, why in batch.refused.items()} == {
        withdrawn: EnvelopeClosed,
        others: EnvelopeNotFound,
    }
    assert card.asked == [3]
    for envelope_id in mine:
        assert Revision.objects.filter(envelope_id=envelope_id).count() == 2
    told = Event.objects.filter(action="signature:recipient:sign").values_list("outcome", flat=True)
    assert sorted(told) == ["done"] * 3 + ["refused"] * 2


def test_a_card_taken_out_signs_none_of_them(cast: Cast) -> None:
    mine = [sent(cast, [by(cast.lebrun)]) for _ in range(2)]
    with pytest.raises(TokenGone):
        sign.sign_batch(envelope_ids=mine, token=card_of(cast, gone=True), actor=cast.lebrun, at=now())
    assert not Revision.objects.filter(envelope_id__in=mine, number=1).exists()


def test_what_is_known_of_the_card_and_its_holder_is_asked_once_for_the_whole_list(cast: Cast) -> None:
    card = card_of(cast)

    def asked(count: int) -> int:
        mine = [sent(cast, [by(cast.lebrun)]) for _ in range(count)]
        with CaptureQueriesContext(connection) as captured:
            batch = sign.sign_batch(envelope_ids=mine, token=card, actor=cast.lebrun, at=now())
        assert len(batch.signed) == count
        return len([one for one in captured if not re.match(r"(RELEASE )?SAVEPOINT", one["sql"])])

    asked(1)
    one, four = asked(1), asked(4)
    assert (four - one) / 3 <= 26
