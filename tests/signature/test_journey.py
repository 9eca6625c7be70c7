"""The main job through the room's actions: states, who is told when, and every way in which it is refused."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from telesphore.audit import actions as audit
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.links.models import Link
from telesphore.outbox.models import Notice
from telesphore.records.models import Document
from telesphore.signature import queries
from telesphore.signature.actions import close, copy, results, seal, sign, view
from telesphore.signature.errors import (
    AlreadySigned,
    EnvelopeClosed,
    EnvelopeExpired,
    EnvelopeNotFound,
    NotReadYet,
    NotYourTurn,
)
from telesphore.signature.models import Envelope, Recipient, Revision
from telesphore.signature.states import EnvelopeState
from tests.cast import Cast
from tests.signature.circuits import ODILE, Token, by, doctor_signs, odile_signs, sent, token_of


@dataclass(frozen=True)
class Under:
    """An envelope under way: Odile signs, then Dr Lebrun."""

    envelope_id: UUID
    token: Token


@pytest.fixture
def under(cast: Cast) -> Under:
    return Under(sent(cast, [ODILE], [by(cast.lebrun)]), token_of(cast.lebrun, "Lebrun"))


def state(under: Under) -> str:
    return Envelope.objects.get(id=under.envelope_id).state


def invited(under: Under) -> int:
    """How many recipients were told that it is their turn."""
    recipients = Recipient.objects.filter(envelope_id=under.envelope_id).values_list("id", flat=True)
    return Notice.objects.filter(about__in=list(recipients), kind="signature:invitation").count()


def test_each_is_told_in_turn_and_the_envelope_says_where_it_is(cast: Cast, under: Under) -> None:
    assert (state(under), invited(under)) == (EnvelopeState.SENT, 1)
    assert queries.book(actor=cast.lebrun) == []
    assert not odile_signs(cast, under.envelope_id).last
    assert (state(under), invited(under)) == (EnvelopeState.IN_PROGRESS, 2)
    assert [line.envelope_id for line in queries.book(actor=cast.lebrun)] == [under.envelope_id]
    assert doctor_signs(cast.lebrun, under.envelope_id, under.token).last
    assert (state(under), invited(under)) == (EnvelopeState.SEALING, 2)
    assert queries.book(actor=cast.lebrun) == []
    system = Actor.system(cast.hospital)
    seal.seal(envelope_id=under.envelope_id, actor=system, at=now())
    assert state(under) == EnvelopeState.COMPLETED
    results.file_results(envelope_id=under.envelope_id, actor=system, at=now())
    copy.send_copy(envelope_id=under.envelope_id, actor=system, at=now())
    seen = queries.envelope(envelope_id=under.envelope_id, actor=cast.sylvie, at=now())
    assert seen.signed_document_id is not None
    assert seen.evidence_document_id is not None
    final = copy.open_copy(envelope_id=under.envelope_id, actor=cast.odile, at=now())
    assert final.pdf == view.view(envelope_id=under.envelope_id, actor=cast.sylvie, at=now()).pdf
    assert Notice.objects.filter(about=under.envelope_id, kind="signature:copy").count() == 1


def test_nobody_signs_before_their_turn(cast: Cast, under: Under) -> None:
    with pytest.raises(NotYourTurn):
        doctor_signs(cast.lebrun, under.envelope_id, under.token)
    with pytest.raises(NotYourTurn):
        close.decline(envelope_id=under.envelope_id, reason="Trop tôt", actor=cast.lebrun, at=now())
    assert state(under) == EnvelopeState.SENT


def test_nobody_signs_twice(cast: Cast, under: Under) -> None:
    odile_signs(cast, under.envelope_id)
    with pytest.raises(AlreadySigned):
        odile_signs(cast, under.envelope_id)
    with pytest.raises(AlreadySigned):
        close.decline(envelope_id=under.envelope_id, reason="", actor=cast.odile, at=now())


def test_nobody_signs_what_they_have_not_read(cast: Cast, under: Under) -> None:
    with pytest.raises(NotReadYet):
        sign.sign_as_patient(envelope_id=under.envelope_id, pages_shown=1, drawing=None, actor=cast.odile, at=now())


def test_others_cannot_tell_that_it_exists(cast: Cast, under: Under) -> None:
    elsewhere = sent(cast, [ODILE], [by(cast.ricaud)])
    for actor in (cast.ricaud, cast.cherif, cast.ibrahim):
        for act in (
            lambda actor=actor: view.view(envelope_id=under.envelope_id, actor=actor, at=now()),
            lambda actor=actor: queries.envelope(envelope_id=under.envelope_id, actor=actor, at=now()),
            lambda actor=actor: doctor_signs(actor, under.envelope_id, under.token),
            lambda actor=actor: close.decline(envelope_id=under.envelope_id, reason="", actor=actor, at=now()),
            lambda actor=actor: close.void(envelope_id=under.envelope_id, reason="", actor=actor, at=now()),
        ):
            with pytest.raises(EnvelopeNotFound):
                act()
    # A recipient of another envelope of the same patient is no recipient of this one; nor does a recipient withdraw.
    view.view(envelope_id=elsewhere, actor=cast.ricaud, at=now())
    for actor in (cast.lebrun, cast.odile):
        with pytest.raises(EnvelopeNotFound):
            close.void(envelope_id=under.envelope_id, reason="", actor=actor, at=now())
    assert state(under) == EnvelopeState.SENT


def test_a_refusal_ends_the_circuit_and_its_reason_is_kept_sealed(cast: Cast, under: Under) -> None:
    close.decline(envelope_id=under.envelope_id, reason="Je veux en parler", actor=cast.odile, at=now())
    row = Envelope.objects.get(id=under.envelope_id)
    assert row.state == EnvelopeState.DECLINED
    assert b"Je veux en parler" not in bytes(row.reason_sealed or b"")
    assert queries.envelope(envelope_id=under.envelope_id, actor=cast.sylvie, at=now()).reason == "Je veux en parler"
    assert invited(under) == 1
    with pytest.raises(EnvelopeClosed):
        odile_signs(cast, under.envelope_id)
    with pytest.raises(EnvelopeClosed):
        close.void(envelope_id=under.envelope_id, reason="", actor=cast.sylvie, at=now())


def test_what_is_withdrawn_is_signed_by_nobody_and_its_link_is_revoked(cast: Cast, under: Under) -> None:
    close.void(envelope_id=under.envelope_id, reason="Mauvais document", actor=cast.sylvie, at=now())
    assert state(under) == EnvelopeState.VOIDED
    assert Link.objects.get(subject_id=under.envelope_id).revoked_at is not None
    with pytest.raises(EnvelopeClosed):
        odile_signs(cast, under.envelope_id)
    assert queries.book(actor=cast.lebrun) == []


def test_what_is_being_sealed_is_not_withdrawn(cast: Cast, under: Under) -> None:
    odile_signs(cast, under.envelope_id)
    doctor_signs(cast.lebrun, under.envelope_id, under.token)
    with pytest.raises(EnvelopeClosed):
        close.void(envelope_id=under.envelope_id, reason="", actor=cast.sylvie, at=now())


def test_an_expired_envelope_is_signed_and_declined_by_nobody_and_may_be_withdrawn(cast: Cast, under: Under) -> None:
    expires = now()
    Envelope.objects.update(expires_at=expires)
    for act in (
        lambda at: sign.sign_as_patient(
            envelope_id=under.envelope_id, pages_shown=2, drawing=None, actor=cast.odile, at=at
        ),
        lambda at: close.decline(envelope_id=under.envelope_id, reason="", actor=cast.odile, at=at),
    ):
        with pytest.raises(EnvelopeExpired):
            act(expires)
    sign.sign_as_patient(
        envelope_id=under.envelope_id, pages_shown=2, drawing=None, actor=cast.odile,
        at=expires - timedelta(microseconds=1),
    )  # fmt: skip
    with pytest.raises(EnvelopeExpired):
        sign.sign_with_token(
            envelope_id=under.envelope_id, token=under.token, drawing=None, actor=cast.lebrun, at=expires
        )
    close.void(envelope_id=under.envelope_id, reason="Trop tard", actor=cast.sylvie, at=expires + timedelta(days=1))


def test_a_refused_act_says_in_the_trail_which_document_it_was_about(cast: Cast, under: Under) -> None:
    with pytest.raises(NotYourTurn):
        doctor_signs(cast.lebrun, under.envelope_id, under.token)
    event = Event.objects.get(action="signature:recipient:sign", outcome="refused")
    assert (event.subject_id, event.patient_id) == (under.envelope_id, cast.odile_id)
    assert event.detail == {"code": "not-your-turn"}


# Act and trace die together


class TrailBroken(Exception):
    """The trail can't be written."""


def everything() -> dict[str, Any]:
    """All that the acts of this room write."""
    return {
        "envelopes": sorted(Envelope.objects.values_list("id", "state", "closed_at")),
        "recipients": sorted(Recipient.objects.values_list("id", "state", "link_id"), key=str),
        "revisions": Revision.objects.count(),
        "documents": Document.objects.count(),
        "links": sorted(Link.objects.values_list("id", "revoked_at", "used_up_at"), key=str),
        "notices": Notice.objects.count(),
    }


def _signed_by_all(cast: Cast, under: Under) -> None:
    odile_signs(cast, under.envelope_id)
    doctor_signs(cast.lebrun, under.envelope_id, under.token)


def _completed(cast: Cast, under: Under) -> None:
    _signed_by_all(cast, under)
    seal.seal(envelope_id=under.envelope_id, actor=Actor.system(cast.hospital), at=now())


def _nothing(cast: Cast, under: Under) -> None:
    pass


def _system(cast: Cast) -> Actor:
    return Actor.system(cast.hospital)


ACTS: dict[str, tuple[Callable[[Cast, Under], Any], Callable[[Cast, Under], Any]]] = {
    "signature:envelope:send": (_nothing, lambda cast, _under: sent(cast, [ODILE])),
    "signature:document:view": (
        _nothing,
        lambda cast, under: view.view(envelope_id=under.envelope_id, actor=cast.odile, at=now()),
    ),
    "signature:recipient:sign": (_nothing, lambda cast, under: odile_signs(cast, under.envelope_id)),
    "signature:recipient:decline": (
        _nothing,
        lambda cast, under: close.decline(envelope_id=under.envelope_id, reason="Non", actor=cast.odile, at=now()),
    ),
    "signature:envelope:void": (
        _nothing,
        lambda cast, under: close.void(envelope_id=under.envelope_id, reason="Non", actor=cast.sylvie, at=now()),
    ),
    "signature:envelope:complete": (
        _signed_by_all,
        lambda cast, under: seal.seal(envelope_id=under.envelope_id, actor=_system(cast), at=now()),
    ),
    "records:document:deposit": (
        _completed,
        lambda cast, under: results.file_results(envelope_id=under.envelope_id, actor=_system(cast), at=now()),
    ),
    "signature:copy:send": (
        _completed,
        lambda cast, under: copy.send_copy(envelope_id=under.envelope_id, actor=_system(cast), at=now()),
    ),
}


@pytest.mark.parametrize("action", ACTS)
def test_no_act_without_its_trace(cast: Cast, under: Under, monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    before_it, act = ACTS[action]
    before_it(cast, under)
    real, broken = audit.record, []

    def record(name: str, **fields: Any) -> UUID:
        if name == action:
            broken.append(name)
            raise TrailBroken
        return real(name, **fields)

    deposited = Document.objects.count()
    before = everything()
    monkeypatch.setattr(audit, "record", record)
    with pytest.raises(TrailBroken):
        act(cast, under)
    assert broken == [action]
    after = everything()
    if action == "signature:envelope:send":
        # What was deposited to be sent is another act, with its own trace.
        assert after.pop("documents") == before.pop("documents") + 1 == deposited + 1
    assert after == before
    monkeypatch.undo()
    act(cast, under)
    assert everything() != before or action == "signature:document:view"
