"""A notice leaves after its transaction, is tried again while its gateway is away, and its text is then forgotten."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from django.db import connection, transaction

from telesphore.audit import actions as audit
from telesphore.audit.models import Event
from telesphore.config import wiring, worker
from telesphore.config.settings import SETTINGS
from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.outbox import actions, ports, queries
from telesphore.outbox.models import Channel, Notice, Status
from tests.cast import Cast

TEXT = "Bonjour, un document vous attend."


@dataclass
class Gateway:
    """Answers as it is told to, and remembers."""

    refusals: list[Exception] = field(default_factory=list)
    taken: list[dict[str, str]] = field(default_factory=list)

    def send(self, **message: str) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.taken.append(message)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    found = Gateway()
    ports.mail.bind(lambda: found)
    ports.sms.bind(lambda: found)
    yield found
    wiring.bind_gateways(SETTINGS)


def queued(cast: Cast, channel: Channel = Channel.EMAIL, to: str = "odile.ferrand@courriel.example") -> UUID:
    with transaction.atomic():
        return actions.send(
            organisation_id=cast.hospital, channel=channel, to=to, subject="Un document", text=TEXT,
            kind="tests:notice", about=uuid7(), actor=cast.sylvie, at=now(),
        )  # fmt: skip


def deliver(cast: Cast, notice_id: UUID) -> None:
    actions.deliver(organisation_id=str(cast.hospital), notice_id=str(notice_id))


def outcomes(notice_id: UUID) -> list[str]:
    return [event.action for event in Event.objects.filter(subject_id=notice_id).order_by("at", "id")]


@pytest.mark.parametrize(
    ("channel", "to"), [(Channel.EMAIL, "odile.ferrand@courriel.example"), (Channel.SMS, "+33639980147")]
)
def test_a_notice_leaves_once_and_its_text_is_forgotten(
    cast: Cast, gateway: Gateway, channel: Channel, to: str
) -> None:
    notice_id = queued(cast, channel, to)
    waiting = Notice.objects.get(id=notice_id)
    for secret in (to, TEXT):
        assert secret.encode() not in bytes(waiting.sealed or b"")
    deliver(cast, notice_id)
    deliver(cast, notice_id)
    assert [(message["to"], message["text"], message["message_id"]) for message in gateway.taken] == [
        (to, TEXT, notice_id.hex)
    ]
    row = Notice.objects.get(id=notice_id)
    assert (row.status, row.sealed, row.tries, row.error_code) == (Status.SENT, None, 1, "")
    assert outcomes(notice_id) == ["outbox:notice:queue", "outbox:notice:deliver"]


def test_while_its_gateway_is_away_a_notice_waits_and_keeps_its_text(cast: Cast, gateway: Gateway) -> None:
    gateway.refusals = [ports.GatewayAway(), ports.GatewayAway()]
    notice_id = queued(cast)
    for tries in (1, 2):
        with pytest.raises(ports.GatewayAway):
            deliver(cast, notice_id)
        row = Notice.objects.get(id=notice_id)
        assert (row.status, row.tries, row.sealed is not None) == (Status.WAITING, tries, True)
    deliver(cast, notice_id)
    assert len(gateway.taken) == 1
    assert Notice.objects.get(id=notice_id).status == Status.SENT


def test_an_address_that_is_refused_settles_the_notice_for_good(cast: Cast, gateway: Gateway) -> None:
    gateway.refusals = [ports.AddressRefused()]
    notice_id = queued(cast)
    deliver(cast, notice_id)
    deliver(cast, notice_id)
    assert gateway.taken == []
    row = Notice.objects.get(id=notice_id)
    assert (row.status, row.sealed, row.error_code) == (Status.FAILED, None, "address-refused")
    [status] = queries.notices_about(organisation_id=cast.hospital, about=[row.about])
    assert (status.status, status.error_code) == ("failed", "address-refused")
    assert outcomes(notice_id) == ["outbox:notice:queue", "outbox:notice:give-up"]


def test_a_notice_that_left_but_was_not_noted_leaves_again_under_the_same_id(
    cast: Cast, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    notice_id = queued(cast)
    with monkeypatch.context() as crash:
        crash.setattr(audit, "record", _crash)
        with pytest.raises(KeyboardInterrupt):
            deliver(cast, notice_id)
    assert Notice.objects.get(id=notice_id).status == Status.WAITING
    deliver(cast, notice_id)
    assert [message["message_id"] for message in gateway.taken] == [notice_id.hex] * 2


def _crash(*_args: object, **_fields: object) -> UUID:
    raise KeyboardInterrupt


def test_the_worker_tries_again_later_when_the_gateway_is_away(committed_cast: Cast, gateway: Gateway) -> None:
    gateway.refusals = [ports.GatewayAway()]
    notice_id = queued(committed_cast)
    worker.run(concurrency=1, until_idle=True, signals=False)
    assert gateway.taken == []
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET scheduled_at = now() WHERE args ->> 'notice_id' = %s "
            "AND status = 'todo' AND attempts = 1 AND scheduled_at > now() RETURNING id",
            [str(notice_id)],
        )
        assert len(cursor.fetchall()) == 1
    worker.run(concurrency=1, until_idle=True, signals=False)
    assert [message["message_id"] for message in gateway.taken] == [notice_id.hex]
    assert Notice.objects.get(id=notice_id).status == Status.SENT


def test_a_notice_of_an_act_that_is_undone_never_leaves(committed_cast: Cast, gateway: Gateway) -> None:
    with transaction.atomic():
        queued(committed_cast)
        transaction.set_rollback(True)
    worker.run(concurrency=1, until_idle=True, signals=False)
    assert gateway.taken == []
    assert not Notice.objects.exists()
