"""Reminders and the end of time: by themselves, at most so often, only of what is asked; and what reached nobody."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.links.access import check_alive
from telesphore.links.errors import LinkExpired
from telesphore.links.models import Link
from telesphore.outbox import actions as outbox
from telesphore.outbox import ports
from telesphore.outbox.models import Notice, Status
from telesphore.signature import queries
from telesphore.signature.actions import close, expire, remind, tell
from telesphore.signature.actions.call import VISIT
from telesphore.signature.actions.correct_recipient import Reach, correct_recipient
from telesphore.signature.actions.remind import remind_due, remind_now
from telesphore.signature.errors import (
    EnvelopeClosed,
    EnvelopeExpired,
    EnvelopeNotFound,
    NotAwaited,
    RecipientNotFound,
    RemindedLately,
)
from telesphore.signature.models import Envelope, Party, Recipient
from telesphore.signature.states import EnvelopeState, StepKind
from tests.cast import Cast
from tests.records.test_accounts import last_mail
from tests.signature.circuits import odile_signs
from tests.signature.test_guests import FATOU, by_link
from tests.signature.test_steps import PATIENT, approve, asks, states, step, through, told

DAY = timedelta(days=1)
SYSTEM = Actor.system()


def reminders(envelope_id: UUID) -> int:
    places = Recipient.objects.filter(envelope_id=envelope_id).values_list("id", flat=True)
    return Notice.objects.filter(kind="signature:reminder", about__in=list(places)).count()


def test_the_first_reminder_then_one_every_n_days_and_no_more_than_so_many(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.SIGN, PATIENT), remind_after_days=3, remind_every_days=2, remind_most=2)
    start = now()
    counts = {}
    for days in (2, 3, 4, 5, 7, 9, 20):
        for _twice in range(2):
            remind_due(actor=SYSTEM, at=start + days * DAY)
        counts[days] = reminders(envelope_id)
    assert counts == {2: 0, 3: 1, 4: 1, 5: 2, 7: 2, 9: 2, 20: 2}


@pytest.mark.parametrize("party", [PATIENT, FATOU], ids=["patient", "guest"])
def test_a_reminder_puts_nobody_out_of_their_visit_and_a_corrected_address_does(cast: Cast, party: Party) -> None:
    envelope_id = through(cast, step(StepKind.SIGN, party))
    recipient = Recipient.objects.get(envelope_id=envelope_id)
    browser = by_link(recipient)
    by_sylvie(cast, envelope_id)
    assert browser.get("/p/").status_code == 200
    correct_recipient(
        envelope_id=envelope_id, recipient_id=recipient.id, reach=Reach("o@courriel.example", "+33639980150"),
        actor=cast.sylvie, at=now(),
    )  # fmt: skip
    assert browser.get("/p/").status_code == 409


@pytest.mark.parametrize("settings", [{"remind_after_days": 0}, {"remind_most": 0}])
def test_nobody_is_reminded_where_the_sender_wanted_no_reminder(cast: Cast, settings: dict[str, int]) -> None:
    envelope_id = through(cast, step(StepKind.SIGN, PATIENT), **settings)
    assert remind_due(actor=SYSTEM, at=now() + 20 * DAY) == 0
    assert reminders(envelope_id) == 0


def test_a_patient_s_reminder_carries_a_link_that_works_and_the_old_one_dies_with_its_visit(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.SIGN, PATIENT))
    later = now() + 4 * DAY
    assert remind_due(actor=SYSTEM, at=later) == 1
    old, new = Link.objects.filter(subject_id=envelope_id).order_by("created_at")
    check_alive(old, later + timedelta(minutes=29))
    with pytest.raises(LinkExpired):
        check_alive(old, later + timedelta(minutes=30))
    check_alive(new, later + timedelta(minutes=30))
    assert Recipient.objects.get(envelope_id=envelope_id).link_id == new.id
    mail = last_mail(cast, "signature:reminder")
    assert "/l/" in mail
    for secret in ("Consentement", "Odile", "Ferrand", "Marchetti"):
        assert secret not in mail


def test_only_who_is_awaited_is_reminded(cast: Cast) -> None:
    envelope_id = through(
        cast,
        step(StepKind.REVIEW, asks(cast.lebrun), asks(cast.ricaud)),
        step(StepKind.SIGN, PATIENT),
    )
    approve(cast.lebrun, envelope_id)
    assert remind_due(actor=SYSTEM, at=now() + 4 * DAY) == 1
    awaited = Recipient.objects.get(envelope_id=envelope_id, person_id=cast.ricaud.person)
    assert Notice.objects.get(kind="signature:reminder").about == awaited.id
    close.void(envelope_id=envelope_id, reason="", actor=cast.sylvie, at=now())
    assert remind_due(actor=SYSTEM, at=now() + 20 * DAY) == 0


def test_the_query_and_the_rule_under_the_lock_agree(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.SIGN, PATIENT), remind_after_days=1, remind_every_days=3, remind_most=3)
    start = Recipient.objects.get(envelope_id=envelope_id).awaited_at
    assert start is not None
    for hours in range(0, 24 * 12, 7):
        at = start + timedelta(hours=hours)
        found = Recipient.objects.filter(remind._is_due(at), envelope_id=envelope_id).exists()
        row = Recipient.objects.select_related("envelope").get(envelope_id=envelope_id)
        assert found == remind._due_at(row.envelope, row, at), hours
        remind_due(actor=SYSTEM, at=at)
    assert reminders(envelope_id) == 3


def by_sylvie(cast: Cast, envelope_id: UUID, at: datetime | None = None, actor: Actor | None = None) -> None:
    place = Recipient.objects.filter(envelope_id=envelope_id).earliest("step__position")
    remind_now(envelope_id=envelope_id, recipient_id=place.id, actor=actor or cast.sylvie, at=at or now())


def test_the_sender_reminds_at_most_once_an_hour(cast: Cast) -> None:
    envelope_id, at = through(cast, step(StepKind.SIGN, PATIENT)), now()
    by_sylvie(cast, envelope_id, at)
    with pytest.raises(RemindedLately):
        by_sylvie(cast, envelope_id, at + timedelta(minutes=59))
    by_sylvie(cast, envelope_id, at + timedelta(minutes=60))
    assert reminders(envelope_id) == 2
    over = at + timedelta(minutes=60) + VISIT
    assert Link.objects.filter(subject_id=envelope_id, revoked_at=None, expires_at__gt=over).count() == 1
    # By itself, one follows three days after the last.
    assert remind_due(actor=SYSTEM, at=at + 3 * DAY) == 0
    assert remind_due(actor=SYSTEM, at=at + 4 * DAY) == 1


def test_who_acts_after_a_reminder_leaves_no_older_link_that_leads_in(cast: Cast) -> None:
    envelope_id, at = through(cast, step(StepKind.SIGN, PATIENT)), now()
    by_sylvie(cast, envelope_id, at)
    leading = Link.objects.filter(subject_id=envelope_id, revoked_at=None, used_up_at=None, expires_at__gt=at)
    assert leading.count() == 2
    close.decline(envelope_id=envelope_id, reason="Non.", actor=cast.odile, at=at)
    assert not leading.exists()


def test_only_the_sender_reminds_and_only_who_is_awaited(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.SIGN, PATIENT), step(StepKind.REVIEW, asks(cast.lebrun)))
    other = through(cast, step(StepKind.SIGN, PATIENT))
    for stranger in (cast.lebrun, cast.ricaud, cast.cherif, cast.odile):
        with pytest.raises(EnvelopeNotFound):
            by_sylvie(cast, envelope_id, actor=stranger)
    elsewhere = Recipient.objects.get(envelope_id=other)
    with pytest.raises(RecipientNotFound):
        remind_now(envelope_id=envelope_id, recipient_id=elsewhere.id, actor=cast.sylvie, at=now())
    odile_signs(cast, envelope_id)
    with pytest.raises(NotAwaited):
        by_sylvie(cast, envelope_id)
    with pytest.raises(EnvelopeExpired):
        by_sylvie(cast, other, now() + 31 * DAY)
    close.void(envelope_id=other, reason="", actor=cast.sylvie, at=now())
    with pytest.raises(EnvelopeClosed):
        by_sylvie(cast, other)
    assert reminders(envelope_id) + reminders(other) == 0


def test_an_envelope_whose_time_is_over_ends_and_all_are_told_once(cast: Cast) -> None:
    envelope_id = through(
        cast, step(StepKind.SIGN, PATIENT), step(StepKind.REVIEW, asks(cast.lebrun)), expires_after_days=10
    )
    start = now()
    assert expire.expire_due(actor=SYSTEM, at=start + 9 * DAY) == 0
    assert expire.expire_due(actor=SYSTEM, at=start + 10 * DAY) == 1
    assert expire.expire_due(actor=SYSTEM, at=start + 10 * DAY) == 0
    row = Envelope.objects.get(id=envelope_id)
    assert (row.state, row.closed_at) == (EnvelopeState.EXPIRED, start + 10 * DAY)
    assert states(envelope_id) == ["released", "released"]
    assert Link.objects.get(subject_id=envelope_id).revoked_at is not None
    assert told("signature:expired", envelope_id) == 1
    assert Notice.objects.filter(kind="signature:release").count() == 1


def test_one_envelope_that_can_not_be_ended_keeps_no_other(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (through(cast, step(StepKind.SIGN, PATIENT)) for _one in range(2))
    real = expire.expire

    def failing(*, envelope_id: UUID, actor: Actor, at: datetime) -> bool:
        if envelope_id == first:
            raise RuntimeError
        return real(envelope_id=envelope_id, actor=actor, at=at)

    monkeypatch.setattr(expire, "expire", failing)
    assert expire.expire_due(actor=SYSTEM, at=now() + 31 * DAY) == 1
    assert Envelope.objects.get(id=second).state == EnvelopeState.EXPIRED


def undeliverable(cast: Cast) -> None:
    """Every waiting notice meets a gateway that knows no such address."""

    class Refusing:
        def send(self, **_message: str) -> None:
            raise ports.AddressRefused

    waiting = list(Notice.objects.filter(kind="signature:invitation", status=Status.WAITING))
    previous = ports.mail.get()
    ports.mail.bind(Refusing)
    try:
        for notice in waiting:
            outbox.deliver(organisation_id=str(cast.hospital), notice_id=str(notice.id))
    finally:
        ports.mail.bind(lambda: previous)


def test_a_notice_that_reached_nobody_comes_back_to_the_sender(cast: Cast) -> None:
    envelope_id = through(cast, step(StepKind.SIGN, PATIENT), step(StepKind.REVIEW, asks(cast.lebrun)))
    assert queries.undelivered(actor=cast.sylvie, at=now()) == []
    undeliverable(cast)
    (line,) = queries.undelivered(actor=cast.sylvie, at=now())
    assert (line.envelope_id, line.title, line.name, line.correctable) == (
        envelope_id, "Consentement", "FERRAND Odile", True,
    )  # fmt: skip
    assert queries.undelivered(actor=cast.lebrun, at=now()) == []
    notice = Notice.objects.get(status=Status.FAILED)
    for _again in range(2):
        tell.tell_undelivered(
            recipient_id=line.recipient_id, notice_id=notice.id, actor=Actor.system(cast.hospital), at=now()
        )
    assert told("signature:undelivered", notice.id) == 1
    by_sylvie(cast, envelope_id)
    assert queries.undelivered(actor=cast.sylvie, at=now()) == []
