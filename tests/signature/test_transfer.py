"""What awaited somebody who left goes to a colleague: once, with both names, and without a look at any document."""

import pytest

from telesphore.accounts import actions as accounts
from telesphore.accounts.errors import MemberNotFound, NotAllowed
from telesphore.accounts.states import Role
from telesphore.audit.models import Event
from telesphore.kernel.clock import now
from telesphore.outbox.models import Notice
from telesphore.signature import queries
from telesphore.signature.actions import transfer
from telesphore.signature.errors import EnvelopeNotFound, NotLeft, SuccessorInTheStep, UnknownSigner
from telesphore.signature.models import Recipient
from tests.accounts.members import claire, hired
from tests.cast import Cast
from tests.signature.circuits import ODILE, by, doctor_signs, sent, token_of


def test_what_awaits_who_left_and_what_would_is_a_colleague_s(cast: Cast) -> None:
    administrator = claire(cast)
    waiting, later = sent(cast, [by(cast.lebrun)]), sent(cast, [ODILE], [by(cast.lebrun)])
    done = sent(cast, [by(cast.lebrun)], [ODILE])
    doctor_signs(cast.lebrun, done, token_of(cast.lebrun, "Lebrun"))
    assert queries.count_to_hand_over(actor=administrator, person_id=cast.lebrun.person) == 2
    accounts.leave(person_id=cast.lebrun.person, actor=administrator, at=now())
    moved = transfer.transfer(
        person_id=cast.lebrun.person, successor_id=cast.ricaud.person, actor=administrator, at=now()
    )
    assert moved == 2
    owners = dict(Recipient.objects.exclude(person_id=None).values_list("envelope_id", "person_id"))
    assert owners == {waiting: cast.ricaud.person, later: cast.ricaud.person, done: cast.lebrun.person}
    assert [line.envelope_id for line in queries.book(actor=cast.ricaud)] == [waiting]
    events = Event.objects.filter(action="signature:recipient:transfer", outcome="done")
    assert {event.subject_id for event in events} == {waiting, later}
    for event in events:
        assert event.person_id == administrator.person
        assert event.detail == {"from": str(cast.lebrun.person), "to": str(cast.ricaud.person)}
    told = Notice.objects.filter(kind="signature:transfer").values_list("about", flat=True)
    assert set(told) == {cast.lebrun.person, cast.ricaud.person}
    again = transfer.transfer(
        person_id=cast.lebrun.person, successor_id=cast.ricaud.person, actor=administrator, at=now()
    )
    assert again == 0


def test_only_an_administrator_and_only_from_who_left_to_who_may_sign(cast: Cast) -> None:
    administrator, envelope = claire(cast), sent(cast, [by(cast.lebrun)])
    elsewhere = hired(cast.elsewhere, "Bea", Role.ADMINISTRATOR)
    with pytest.raises(NotLeft):
        transfer.transfer(person_id=cast.lebrun.person, successor_id=cast.ricaud.person, actor=administrator, at=now())
    accounts.leave(person_id=cast.lebrun.person, actor=administrator, at=now())
    for refusal, successor, actor in (
        (UnknownSigner, cast.sylvie, administrator),
        (UnknownSigner, cast.cherif, administrator),
        (UnknownSigner, cast.lebrun, administrator),
        (NotAllowed, cast.ricaud, cast.ricaud),
        (NotAllowed, cast.ricaud, cast.sylvie),
        (MemberNotFound, cast.cherif, elsewhere),
    ):
        with pytest.raises(refusal):
            transfer.transfer(person_id=cast.lebrun.person, successor_id=successor.person, actor=actor, at=now())
    with pytest.raises(NotAllowed):
        queries.count_to_hand_over(actor=cast.ricaud, person_id=cast.lebrun.person)
    assert Recipient.objects.get(envelope_id=envelope).person_id == cast.lebrun.person


def test_who_hands_over_does_not_come_near_the_document(cast: Cast) -> None:
    administrator, envelope = claire(cast), sent(cast, [by(cast.lebrun)])
    accounts.leave(person_id=cast.lebrun.person, actor=administrator, at=now())
    transfer.transfer(person_id=cast.lebrun.person, successor_id=cast.ricaud.person, actor=administrator, at=now())
    with pytest.raises(EnvelopeNotFound):
        queries.envelope(envelope_id=envelope, actor=administrator, at=now())


def test_nothing_moves_to_who_is_asked_in_the_same_step(cast: Cast) -> None:
    administrator = claire(cast)
    alone = sent(cast, [by(cast.lebrun)])
    sent(cast, [by(cast.lebrun), by(cast.ricaud)])
    accounts.leave(person_id=cast.lebrun.person, actor=administrator, at=now())
    with pytest.raises(SuccessorInTheStep) as refused:
        transfer.transfer(person_id=cast.lebrun.person, successor_id=cast.ricaud.person, actor=administrator, at=now())
    assert refused.value.params == {"count": 1}
    assert Recipient.objects.get(envelope_id=alone).person_id == cast.lebrun.person
    free = hired(cast.hospital, "Colette", Role.PROFESSIONAL)
    assert transfer.transfer(person_id=cast.lebrun.person, successor_id=free.person, actor=administrator, at=now()) == 2
