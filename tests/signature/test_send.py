"""Sending: who may be asked to sign, and where."""

from typing import Any
from uuid import UUID

import pytest

from telesphore.audit.models import Event
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.kernel.identifiers import uuid7
from telesphore.records import actions as records
from telesphore.records.errors import AlreadyWithdrawn, DocumentNotFound
from telesphore.signature.actions import send as sending
from telesphore.signature.actions.send import Signer, send
from telesphore.signature.actions.write import Place
from telesphore.signature.errors import NobodyToSign, NoChannel, NoPlaceToSign, UnknownSigner
from telesphore.signature.models import Envelope
from telesphore.signature.states import Purpose
from tests.cast import Cast
from tests.papers import one_page


def deposited(cast: Cast) -> UUID:
    return records.deposit(
        patient_id=cast.odile_id, title="Lettre", type_code="59284-0", class_code="52", content=one_page(),
        actor=cast.sylvie, at=now(),
    ).document_id  # fmt: skip


def signer(person_id: UUID | None, box: tuple[float, float, float, float] = (50, 50, 200, 100)) -> Signer:
    purpose = Purpose.VALIDATES if person_id else Purpose.CONSENTS
    return Signer(person_id=person_id, purpose=purpose, place=Place(0, box))


@pytest.mark.parametrize(
    ("steps", "refusal"),
    [
        (lambda cast: [], NobodyToSign),
        (lambda cast: [[]], NobodyToSign),
        (lambda cast: [[signer(cast.cherif.person_id)]], UnknownSigner),
        (lambda cast: [[signer(cast.sylvie.person_id)]], UnknownSigner),
        (lambda cast: [[signer(uuid7())]], UnknownSigner),
        (lambda cast: [[signer(cast.lebrun.person_id, (50, 50, 55, 100))]], NoPlaceToSign),
    ],
    ids=["nobody", "empty step", "another organisation", "secretary", "unknown", "no room"],
)
def test_what_can_not_be_sent_is_refused_and_nothing_is_sent(
    cast: Cast, steps: object, refusal: type[DomainError]
) -> None:
    assert callable(steps)
    with pytest.raises(refusal):
        send(document_id=deposited(cast), steps=steps(cast), actor=cast.sylvie, at=now())
    assert not Envelope.objects.exists()


def test_a_patient_who_can_not_be_reached_is_not_asked(cast: Cast) -> None:
    from telesphore.records.models import Patient

    Patient.objects.filter(id=cast.odile_id).update(phone="")
    with pytest.raises(NoChannel):
        send(document_id=deposited(cast), steps=[[signer(None)]], actor=cast.sylvie, at=now())


def test_a_stranger_can_not_send_what_is_not_theirs(cast: Cast) -> None:
    document_id = deposited(cast)
    for stranger in (cast.ricaud, cast.cherif, cast.ibrahim):
        with pytest.raises(DocumentNotFound):
            send(document_id=document_id, steps=[[signer(cast.lebrun.person_id)]], actor=stranger, at=now())


def withdrawn(cast: Cast, document_id: UUID) -> None:
    records.withdraw_document(document_id=document_id, replaced_by=None, actor=cast.sylvie, at=now())


def test_what_was_withdrawn_is_neither_read_nor_sent(cast: Cast) -> None:
    document_id = deposited(cast)
    withdrawn(cast, document_id)
    with pytest.raises(AlreadyWithdrawn):
        send(document_id=document_id, steps=[[signer(cast.lebrun.person_id)]], actor=cast.sylvie, at=now())
    assert not Envelope.objects.exists()
    assert not Event.objects.filter(action="records:document:open", subject_id=document_id).exists()
    assert Event.objects.get(action="signature:envelope:send").outcome == "refused"


def test_what_is_withdrawn_while_it_is_prepared_is_not_sent(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    document_id = deposited(cast)
    real = sending.add_form

    def withdrawn_meanwhile(*args: Any) -> bytes:
        withdrawn(cast, document_id)
        return real(*args)

    monkeypatch.setattr(sending, "add_form", withdrawn_meanwhile)
    with pytest.raises(AlreadyWithdrawn):
        send(document_id=document_id, steps=[[signer(cast.lebrun.person_id)]], actor=cast.sylvie, at=now())
    assert not Envelope.objects.exists()


def test_a_stranger_is_not_told_that_a_document_was_withdrawn(cast: Cast) -> None:
    document_id = deposited(cast)
    withdrawn(cast, document_id)
    for stranger in (cast.ricaud, cast.cherif, cast.ibrahim):
        with pytest.raises(DocumentNotFound):
            send(document_id=document_id, steps=[[signer(cast.lebrun.person_id)]], actor=stranger, at=now())
