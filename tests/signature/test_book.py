"""The signature book's lists: what awaits whom, in which order, left by which filters, page by page."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from telesphore.accounts import actions as accounts
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.outbox import queries as outbox
from telesphore.outbox.models import Notice, Status
from telesphore.signature import queries
from telesphore.signature.actions import close, digest
from telesphore.signature.models import Digest, Envelope, Recipient, Revision, Step
from telesphore.signature.queries import Order, Wanted
from telesphore.signature.states import RecipientState, StepKind
from telesphore.vault import actions as vault
from tests.cast import Cast
from tests.entering import as_person
from tests.signature.circuits import by, sent

ALL = Wanted()


def waiting(actor: Actor, wanted: Wanted = ALL, after: UUID | None = None) -> queries.Book:
    return queries.awaiting(actor=actor, at=now(), wanted=wanted, after=after)


def many(cast: Cast, count: int) -> list[UUID]:
    """So many envelopes that await Dr Lebrun, copied from one that was sent: urgent, due, of another type by turns."""
    first = Envelope.objects.get(id=sent(cast, [by(cast.lebrun)]))
    place = Recipient.objects.get(envelope_id=first.id)
    made, envelopes, steps, places = [], [], [], []
    for number in range(count):
        envelope_id, step_id = uuid7(), uuid7()
        made.append(envelope_id)
        envelopes.append(
            Envelope(
                organisation_id=first.organisation_id, id=envelope_id, patient_id=first.patient_id,
                document_id=first.document_id, key_id=first.key_id, sender_id=first.sender_id, pages=1,
                sent_at=first.sent_at, expires_at=first.expires_at,
                title_sealed=vault.seal_text(
                    organisation_id=first.organisation_id, key_id=first.key_id, text=f"Copie {number}",
                    context=f"signature:envelope:{envelope_id}",
                ),
            )
        )  # fmt: skip
        steps.append(Step(organisation_id=first.organisation_id, id=step_id, envelope_id=envelope_id, position=0))
        places.append(
            Recipient(
                organisation_id=first.organisation_id, envelope_id=envelope_id, step_id=step_id,
                person_id=place.person_id, state=RecipientState.WAITING,
                awaited_at=first.sent_at - timedelta(minutes=number % 7), urgent=number % 5 == 0,
                due_at=first.sent_at + timedelta(days=number % 3 - 1) if number % 2 else None,
                type_code=("59284-0", "11502-2")[number % 2], sender_id=first.sender_id, about_id=first.patient_id,
            )
        )  # fmt: skip
    Envelope.objects.bulk_create(envelopes)
    Step.objects.bulk_create(steps)
    Recipient.objects.bulk_create(places)
    return made


def test_a_place_keeps_what_its_envelope_said(cast: Cast) -> None:
    envelope = Envelope.objects.get(id=sent(cast, [by(cast.lebrun)]))
    place = Recipient.objects.get(envelope_id=envelope.id)
    assert (place.kind, place.urgent, place.due_at) == (StepKind.SIGN, envelope.urgent, envelope.due_at)
    assert (place.type_code, place.sender_id, place.about_id) == ("59284-0", cast.sylvie.person_id, cast.odile_id)


@pytest.mark.parametrize("order", list(Order))
def test_pages_follow_each_other_without_gap_or_repetition(cast: Cast, order: Order) -> None:
    many(cast, 120)
    seen: list[queries.Awaiting] = []
    after = None
    while True:
        page = waiting(cast.lebrun, Wanted(order=order), after)
        seen += page.lines
        assert (page.matching, page.waiting) == (121, 121)
        if page.after is None:
            break
        after = page.after
    assert len({line.recipient_id for line in seen}) == len(seen) == 121

    def due(line: queries.Awaiting) -> float:
        return line.due_at.timestamp() if line.due_at else float("inf")

    expected = {
        Order.URGENCY: lambda line: (not line.urgent, due(line), line.since),
        Order.AGE: lambda line: line.since,
        Order.PATIENT: lambda line: line.since,
        Order.TYPE: lambda line: (line.type_code, not line.urgent, due(line), line.since),
    }[order]
    assert seen == sorted(seen, key=lambda line: (expected(line), line.recipient_id))


def test_filters_leave_what_they_say_and_count_it(cast: Cast) -> None:
    many(cast, 60)
    lebrun = cast.lebrun
    assert cast.sylvie.person_id is not None
    by_type = waiting(lebrun, Wanted(type_code="11502-2"))
    assert by_type.matching == len(by_type.lines) == 30
    assert {line.type_code for line in by_type.lines} == {"11502-2"}
    assert waiting(lebrun, Wanted(sender=cast.sylvie.person_id)).matching == 61
    assert waiting(lebrun, Wanted(sender=uuid7())).lines == ()
    late = waiting(lebrun, Wanted(late=True))
    assert late.matching == len(late.lines) > 0
    assert all(line.late for line in late.lines)
    assert waiting(lebrun, Wanted(kind=StepKind.REVIEW)).matching == 0
    assert waiting(lebrun, Wanted(patient="ferr od")).matching == 61
    assert waiting(lebrun, Wanted(patient="marceau")).matching == 0
    facets = waiting(lebrun)
    assert {(one.value, one.count) for one in facets.types} == {("59284-0", 31), ("11502-2", 30)}
    assert [(one.name, one.count) for one in facets.senders] == [("Sylvie Courtois", 61)]
    assert len(queries.pick_all(actor=lebrun, at=now(), wanted=Wanted(type_code="11502-2"))) == 30


def test_anothers_lines_never_show_nor_those_of_another_organisation(cast: Cast) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    assert [line.envelope_id for line in waiting(cast.lebrun).lines] == [envelope_id]
    elsewhere = cast.lebrun.within(uuid7())
    for stranger in (cast.ricaud, cast.sylvie, elsewhere):
        assert waiting(stranger).lines == ()
        assert queries.count_waiting(actor=stranger, at=now()) == 0
        assert queries.picked(actor=stranger, at=now(), envelope_ids=[envelope_id]) == ()
        assert queries.pick_all(actor=stranger, at=now(), wanted=ALL) == []
        assert queries.done_by(actor=stranger) == ([], None)
    # Whose place a filter names changes nothing to whose places are looked at.
    assert waiting(cast.ricaud, Wanted(place=cast.lebrun.person_id)).lines == ()


def test_whom_i_stand_in_for_is_in_the_same_list_and_named(cast: Cast) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    own = sent(cast, [by(cast.ricaud)])
    at = now()
    assert cast.ricaud.person_id is not None

    def delegate(types: list[str]) -> None:
        accounts.give_delegation(
            delegator_id=cast.lebrun.person, delegate_id=cast.ricaud.person, document_types=types, reason="congés",
            permissions=["signature:recipient:sign"], starts_at=at - timedelta(hours=1), ends_at=at + timedelta(days=7),
            actor=cast.lebrun, at=at,
        )  # fmt: skip

    delegate(["11502-2"])
    assert {line.envelope_id for line in waiting(cast.ricaud).lines} == {own}
    delegate([])
    found = {line.envelope_id: line for line in waiting(cast.ricaud).lines}
    assert {key: line.in_place_of for key, line in found.items()} == {envelope_id: "Dr Anne Lebrun", own: ""}
    assert queries.count_waiting(actor=cast.ricaud, at=now()) == 2
    assert [line.envelope_id for line in waiting(cast.ricaud, Wanted(place=cast.lebrun.person_id)).lines] == [
        envelope_id
    ]


def test_what_a_circuit_that_ended_left_waits_no_more(cast: Cast) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)], [by(cast.ricaud)])
    close.void(envelope_id=envelope_id, reason="Trop tôt", actor=cast.sylvie, at=now())
    assert waiting(cast.lebrun).waiting == queries.count_waiting(actor=cast.ricaud, at=now()) == 0


def test_a_page_asks_as_many_queries_for_few_as_for_many(cast: Cast) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            waiting(cast.lebrun)
        return len(captured)

    many(cast, 2)
    few = asked()
    many(cast, 110)
    assert asked() == few <= 6


def test_the_page_counts_what_waits_once_for_itself_and_the_shell_around_it(cast: Cast) -> None:
    many(cast, 2)
    browser = as_person(cast.lebrun.person_id)
    with CaptureQueriesContext(connection) as captured:
        page = browser.get("/book/")
    counts = [one for one in captured if "COUNT(" in one["sql"] and "signature_recipient" in one["sql"]]
    assert len(counts) == 1
    assert page.context["waiting_count"] == page.context["book"].waiting == 3
    assert 'class="t-count" data-s="you">3<' in page.content.decode()


def test_each_line_of_the_page_leads_to_its_circuit(cast: Cast) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    page = as_person(cast.lebrun.person_id).get("/book/").content.decode()
    assert f'href="{reverse("signature:envelope", args=[envelope_id])}"' in page


def test_whom_only_an_earlier_notice_did_not_reach_is_not_told_as_such(cast: Cast) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    place = Recipient.objects.get(envelope_id=envelope_id)
    first = Notice.objects.get(about=place.id)
    settled = {"sealed": None, "settled_at": now()}
    Notice.objects.filter(id=first.id).update(status=Status.FAILED, error_code="refused", **settled)
    (line,) = queries.undelivered(actor=cast.sylvie, at=now())
    assert (line.recipient_id, line.why) == (place.id, "refused")
    first.pk, first.status, first.queued_at = (first.organisation_id, uuid7()), Status.SENT, now()
    first.sealed, first.settled_at = None, now()
    first.save(force_insert=True)
    assert queries.undelivered(actor=cast.sylvie, at=now()) == []


def test_who_is_late_and_what_was_not_delivered_is_told_to_the_sender(cast: Cast) -> None:
    envelope_id = sent(cast, [by(cast.lebrun)])
    Envelope.objects.filter(id=envelope_id).update(due_at=now() - timedelta(days=1))
    lines, more = queries.sent(actor=cast.sylvie, at=now())
    ((awaited,),) = [line.awaited for line in lines]
    assert (awaited.name, awaited.late, awaited.undelivered, more) == ("Dr Anne Lebrun", True, False, None)
    assert queries.sent(actor=cast.lebrun, at=now()) == ([], None)


def test_what_i_sent_and_did_go_page_by_page(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telesphore.signature.queries.done.PAGE", 2)
    envelopes = [sent(cast, [by(cast.lebrun)]) for _ in range(3)]
    lines, more = queries.sent(actor=cast.sylvie, at=now())
    rest, end = queries.sent(actor=cast.sylvie, at=now(), after=more)
    assert [line.envelope_id for line in [*lines, *rest]] == envelopes[::-1]
    assert end is None
    for envelope_id in envelopes:
        close.decline(envelope_id=envelope_id, reason="", actor=cast.lebrun, at=now())
    done, more = queries.done_by(actor=cast.lebrun)
    last, end = queries.done_by(actor=cast.lebrun, after=more)
    assert {one.line.envelope_id for one in [*done, *last]} == set(envelopes)
    assert [one.did for one in last] == [RecipientState.DECLINED]
    assert end is None


def test_the_morning_message_counts_once_a_day_and_says_nothing_else(cast: Cast) -> None:
    sent(cast, [by(cast.lebrun)])
    at = now().replace(hour=12)
    system = Actor.system()
    digest.choose(wanted=True, actor=cast.lebrun, at=at)
    digest.choose(wanted=True, actor=cast.lebrun, at=at)
    assert digest.send_due(actor=system, at=at) == 0
    tomorrow = at + timedelta(days=1)
    assert digest.send_due(actor=system, at=tomorrow.replace(hour=3)) == 0
    assert digest.send_due(actor=system, at=tomorrow) == 1
    assert digest.send_due(actor=system, at=tomorrow) == 0
    row = Digest.objects.get()
    (notice,) = outbox.notices_about(organisation_id=cast.hospital, about=[row.id])
    assert notice.kind == "signature:digest"
    assert queries.has_digest(actor=cast.lebrun)
    assert not queries.has_digest(actor=cast.ricaud)
    digest.choose(wanted=False, actor=cast.lebrun, at=tomorrow)
    assert digest.send_due(actor=system, at=tomorrow + timedelta(days=1)) == 0


def test_nothing_is_sent_of_an_empty_book(cast: Cast) -> None:
    digest.choose(wanted=True, actor=cast.lebrun, at=now())
    assert digest.send_due(actor=Actor.system(), at=now().replace(hour=12) + timedelta(days=1)) == 0
    assert Revision.objects.count() == 0
