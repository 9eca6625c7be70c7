"""Two at once upon a list that is sent to many."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from telesphore.audit.models import Event
from telesphore.kernel.clock import now
from telesphore.records.models import Document
from telesphore.signature.actions import author, send_many, send_row
from telesphore.signature.errors import BulkNotReady
from telesphore.signature.models import BulkRow, Draft, Envelope, TemplateVersion
from telesphore.signature.queries import templates as read
from telesphore.signature.states import RowState, Seat
from tests.cast import Cast
from tests.signature.templates import given, made
from tests.signature.test_races import at_once, meet_before, meet_if_they_can, refusals


def of_odile(cast: Cast) -> tuple[UUID, UUID]:
    bulk_id = given(cast, made(cast), f"patient\n{cast.odile_id}")
    return bulk_id, BulkRow.objects.get(bulk_id=bulk_id).id


def test_two_workers_at_one_row_send_one_envelope(committed_cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    cast = committed_cast
    bulk_id, row_id = of_odile(cast)
    send_many.confirm_list(bulk_id=bulk_id, actor=cast.sylvie, at=now())
    # Both have claimed it, then both have put its documents into the record.
    meet_before(monkeypatch, send_row, "_claim")
    meet_before(monkeypatch, send_row, "deposited")

    def work() -> None:
        send_row.send_row(organisation_id=cast.hospital, row_id=row_id, at=now())

    assert refusals(at_once(work, work)) == []
    assert BulkRow.objects.get().state == RowState.SENT
    assert (Envelope.objects.count(), Document.objects.count(), Draft.objects.count()) == (1, 1, 0)
    assert Event.objects.filter(action="signature:bulk:close-row").count() == 1


def test_two_confirmations_at_once_send_once(committed_cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    cast = committed_cast
    bulk_id, _row_id = of_odile(cast)
    meet_if_they_can(monkeypatch, send_many, "_rows")

    def confirm() -> int:
        return send_many.confirm_list(bulk_id=bulk_id, actor=cast.sylvie, at=now())

    results = at_once(confirm, confirm)

    assert refusals(results) == [BulkNotReady]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'signature:bulk:send-row'")
        assert cursor.fetchone() == (1,)


@pytest.mark.parametrize(("before", "state"), [("sender_of", RowState.CANCELLED), ("_send_row", RowState.SENT)])
def test_a_row_is_sent_or_stopped_and_never_both(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch, before: str, state: RowState
) -> None:
    cast = committed_cast
    bulk_id, row_id = of_odile(cast)
    send_many.confirm_list(bulk_id=bulk_id, actor=cast.sylvie, at=now())
    real = getattr(send_row, before)

    def stopped_meanwhile(*args: Any) -> Any:
        # By somebody else, just before the row is claimed, or just after.
        at_once(lambda: send_many.cancel_list(bulk_id=bulk_id, actor=cast.sylvie, at=now()))
        return real(*args)

    monkeypatch.setattr(send_row, before, stopped_meanwhile)
    send_row.send_row(organisation_id=cast.hospital, row_id=row_id, at=now())

    assert BulkRow.objects.get().state == state
    sent = state == RowState.SENT
    assert (Envelope.objects.count(), Document.objects.count()) == (int(sent), int(sent))


def test_two_changes_of_a_template_at_once_are_two_versions(
    committed_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast = committed_cast
    template_id = made(cast)
    plan = read.template(template_id=template_id, actor=cast.lebrun, at=now()).definition.composition
    meet_if_they_can(monkeypatch, author.read, "last_version")

    def change() -> int:
        return author.revise_template(
            template_id=template_id, plan=plan, sitters=[author.Sitter(Seat.CHOSEN)], replaced={}, actor=cast.lebrun,
            at=now(),
        )  # fmt: skip

    assert sorted(at_once(change, change)) == [2, 3]
    assert TemplateVersion.objects.count() == 3
