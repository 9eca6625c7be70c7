"""One template to many patients: each row's fate is told before anything leaves, and it is sent once or not at all."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection

from telesphore.accounts.models import Membership
from telesphore.accounts.states import PERMISSIONS
from telesphore.audit.models import Event
from telesphore.kernel.clock import now
from telesphore.records.models import CareTeamMember, Document, Patient
from telesphore.signature.actions import author, send_many, send_row
from telesphore.signature.errors import (
    BulkNotFound,
    BulkNotReady,
    NoPatientColumn,
    TemplateArchived,
    TemplateNotFound,
    TooManyBulks,
)
from telesphore.signature.formats import rows
from telesphore.signature.models import BulkRow, BulkSend, Draft, Envelope, Recipient
from telesphore.signature.queries import bulk as read
from telesphore.signature.states import BulkState, RowState, TemplateScope
from tests.cast import Cast
from tests.signature.templates import given, made, patients, plan, send_all


def fates(cast: Cast, bulk_id: UUID) -> list[str]:
    return [line.code or line.state.value for line in read.bulk_rows(bulk_id=bulk_id, actor=cast.sylvie, most=None)]


def state(cast: Cast, bulk_id: UUID) -> BulkState:
    return read.bulk(bulk_id=bulk_id, actor=cast.sylvie).state


def confirm(cast: Cast, bulk_id: UUID) -> int:
    return send_many.confirm_list(bulk_id=bulk_id, actor=cast.sylvie, at=now())


def jobs_of_rows() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'signature:bulk:send-row'")
        return int(cursor.fetchone()[0])


def test_each_row_says_before_anything_leaves_whether_it_will_be_sent_or_why_not(cast: Cast) -> None:
    Patient.objects.filter(id=cast.ibrahim_id).update(ins="168037512345678")
    unreachable, *_ = patients(cast.sylvie, 2)
    Patient.objects.filter(id=unreachable).update(phone="")
    lines = [
        "INS;Patient;Nom;Prénom;Date de naissance;Échéance;RPPS;Salle",
        "2 51 11 38 18500022;;;;;2030-01-31;;1",
        ";;FERRAND;odile;07/11/1951;;;1",
        ";;Marchetti;Odile;1951-11-08;;;1",
        "168037512345678;;;;;;;1",
        f";{cast.ibrahim_id};;;;;;1",
        ";nobody;;;;;;1",
        f";{unreachable};;;;;;1",
        ";;Patient;B;02/01/1960;31/31/2030;;1",
        ";;Patient;B;02/01/1960;2020-01-01;;1",
        ";;Patient;B;02/01/1960;;nadia.cherif@aulnes.example;1",
        ";;Patient;B;02/01/1960;;;",
        ";;Patient;B;02/01/1960;31/12/2030;THOMAS.RICAUD@montfaucy.example;1",
    ]
    bulk_id = given(cast, made(cast, what=plan(message="Salle {{salle}}")), "\n".join(lines))

    assert fates(cast, bulk_id) == [
        "ready", "same-patient-twice", "unknown-patient", "unknown-patient", "unknown-patient", "unknown-patient",
        "no-channel", "date-not-readable", "due-in-the-past", "unknown-professional", "column-missing", "ready",
    ]  # fmt: skip
    assert state(cast, bulk_id) is BulkState.READY
    assert not Envelope.objects.exists()
    assert not Document.objects.exists()


def test_two_patients_of_one_name_and_birth_date_are_told_apart_by_nobody_but_the_sender(cast: Cast) -> None:
    first, second = patients(cast.sylvie, 2)
    Patient.objects.filter(id__in=[first, second]).update(given_names="Jeanne", birth_date="1960-01-01")

    bulk_id = given(cast, made(cast), "nom;date de naissance\nPatient;01/01/1960")
    assert fates(cast, bulk_id) == ["several-patients"]

    # Whose record is not open to the sender is nobody to them, and makes no name ambiguous.
    CareTeamMember.objects.filter(patient_id=second).update(ends_at=now())
    assert fates(cast, given(cast, made(cast), "nom;date de naissance\nPatient;01/01/1960")) == ["ready"]


def test_a_long_list_with_bad_rows_is_sent_but_for_them(cast: Cast) -> None:
    template_id = made(cast)
    known = patients(cast.sylvie, 35)
    lines = [str(patient_id) for patient_id in known]
    for place in (0, 9, 18, 27, 39):
        lines.insert(place, "Inconnu")
    bulk_id = given(cast, template_id, "patient\n" + "\n".join(lines))
    assert confirm(cast, bulk_id) == 35

    send_all(cast, bulk_id)

    line = read.bulk(bulk_id=bulk_id, actor=cast.sylvie)
    assert (line.state, line.rows, line.sent, line.troubled) == (BulkState.DONE, 40, 35, 5)
    sent = Envelope.objects.filter(sender_id=cast.sylvie.person_id)
    assert set(sent.values_list("patient_id", flat=True)) == set(known)
    assert set(sent.values_list("id", flat=True)) == set(
        BulkRow.objects.filter(state=RowState.SENT).values_list("id", flat=True)
    )
    assert Document.objects.count() == 35
    assert not Draft.objects.exists()
    assert not Recipient.objects.exclude(envelope__in=sent).exists()


@pytest.fixture
def one(cast: Cast) -> tuple[UUID, UUID]:
    """A list of Odile alone, confirmed: the ids of the bulk sending and of its row."""
    bulk_id = given(cast, made(cast), f"patient\n{cast.odile_id}")
    confirm(cast, bulk_id)
    return bulk_id, BulkRow.objects.get(bulk_id=bulk_id).id


def test_a_row_that_runs_again_sends_nothing_more(cast: Cast, one: tuple[UUID, UUID]) -> None:
    _bulk_id, row_id = one
    for _ in range(3):
        send_row.send_row(organisation_id=cast.hospital, row_id=row_id, at=now())

    assert (Envelope.objects.count(), Document.objects.count()) == (1, 1)
    assert Event.objects.filter(action="signature:envelope:send", outcome="done").count() == 1


class Crash(BaseException):
    """The worker dies."""


@pytest.mark.parametrize(
    "place",
    ["deposited", "_begin_draft", "compose.send_draft", "_close"],
    ids=["filing", "drafting", "sending", "told"],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_that_dies_anywhere_in_a_row_neither_sends_twice_nor_half_sends(
    cast: Cast, one: tuple[UUID, UUID], place: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bulk_id, row_id = one
    owner, _, name = place.rpartition(".")
    module = send_row.compose if owner else send_row
    right = getattr(module, name)

    def dies(*arguments: object, **options: object) -> object:
        if when == "after":
            right(*arguments, **options)
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(module, name, dies)
        with pytest.raises(Crash):
            send_row.send_row(organisation_id=cast.hospital, row_id=row_id, at=now())
    send_row.send_row(organisation_id=cast.hospital, row_id=row_id, at=now())

    assert fates(cast, bulk_id) == ["sent"]
    assert (Envelope.objects.count(), Document.objects.count(), Draft.objects.count()) == (1, 1, 0)


def test_a_record_that_closed_meanwhile_is_an_unknown_patient_and_stops_no_other_row(cast: Cast) -> None:
    (other,) = patients(cast.sylvie, 1)
    bulk_id = given(cast, made(cast), f"patient\n{cast.odile_id}\n{other}")
    confirm(cast, bulk_id)
    CareTeamMember.objects.filter(patient_id=cast.odile_id, person_id=cast.sylvie.person_id).update(ends_at=now())

    send_all(cast, bulk_id)

    assert fates(cast, bulk_id) == ["unknown-patient", "sent"]
    assert not Document.objects.filter(patient_id=cast.odile_id).exists()
    assert state(cast, bulk_id) is BulkState.DONE


def test_a_sender_who_left_sends_nothing_more(cast: Cast, one: tuple[UUID, UUID]) -> None:
    bulk_id, _row_id = one
    Membership.objects.filter(person_id=cast.sylvie.person_id).update(ends_at=now())

    send_all(cast, bulk_id)

    assert fates(cast, bulk_id) == ["sender-may-not-send"]
    assert not Envelope.objects.exists()


def test_what_is_refused_at_the_last_moment_leaves_a_withdrawn_document_and_no_draft(
    cast: Cast, one: tuple[UUID, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    bulk_id, row_id = one
    begin = send_row._begin_row

    def begin_then_lose_the_phone(*arguments: object) -> None:
        begin(*arguments)  # type: ignore[arg-type]  # As it was called.
        Patient.objects.filter(id=cast.odile_id).update(phone="")

    monkeypatch.setattr(send_row, "_begin_row", begin_then_lose_the_phone)
    send_row.send_row(organisation_id=cast.hospital, row_id=row_id, at=now())

    assert fates(cast, bulk_id) == ["no-channel"]
    assert not Draft.objects.exists()
    assert not Envelope.objects.exists()
    assert Document.objects.get().withdrawn_at is not None


def test_a_list_that_is_stopped_sends_no_more_and_keeps_what_left(cast: Cast) -> None:
    bulk_id = given(cast, made(cast), "patient\n" + "\n".join(map(str, patients(cast.sylvie, 3))))
    confirm(cast, bulk_id)
    first = BulkRow.objects.get(bulk_id=bulk_id, number=1)
    send_row.send_row(organisation_id=cast.hospital, row_id=first.id, at=now())

    assert send_many.cancel_list(bulk_id=bulk_id, actor=cast.sylvie, at=now()) == 2
    send_all(cast, bulk_id)

    assert fates(cast, bulk_id) == ["sent", "cancelled", "cancelled"]
    assert Envelope.objects.count() == 1
    with pytest.raises(BulkNotReady):
        send_many.cancel_list(bulk_id=bulk_id, actor=cast.sylvie, at=now())


def test_a_list_is_confirmed_once(cast: Cast, one: tuple[UUID, UUID]) -> None:
    bulk_id, _row_id = one

    with pytest.raises(BulkNotReady):
        confirm(cast, bulk_id)
    assert jobs_of_rows() == 1


def test_a_list_that_was_stopped_or_has_nothing_to_send_is_not_confirmed(cast: Cast) -> None:
    template_id = made(cast)
    nothing = given(cast, template_id, "patient\nInconnu")
    stopped = given(cast, template_id, f"patient\n{cast.odile_id}")
    send_many.cancel_list(bulk_id=stopped, actor=cast.sylvie, at=now())
    put_away = given(cast, template_id, f"patient\n{cast.odile_id}")
    author.archive_template(template_id=template_id, actor=cast.lebrun, at=now())

    for bulk_id, refusal in ((nothing, BulkNotReady), (stopped, BulkNotReady), (put_away, TemplateArchived)):
        with pytest.raises(refusal):
            confirm(cast, bulk_id)
    assert jobs_of_rows() == 0


def test_a_list_is_of_who_gave_it_alone(cast: Cast, one: tuple[UUID, UUID]) -> None:
    bulk_id, _row_id = one

    for actor in (cast.lebrun, cast.ricaud, cast.cherif, cast.odile):
        assert read.bulks(actor=actor) == []
        with pytest.raises(BulkNotFound):
            read.bulk_rows(bulk_id=bulk_id, actor=actor)
        with pytest.raises(BulkNotFound):
            send_many.cancel_list(bulk_id=bulk_id, actor=actor, at=now())


def test_a_private_template_of_somebody_else_is_sent_to_nobody(cast: Cast) -> None:
    template_id = made(cast, scope=TemplateScope.PRIVATE)

    with pytest.raises(TemplateNotFound):
        given(cast, template_id, f"patient\n{cast.odile_id}")


def test_lists_that_name_nobody_or_come_too_many_at_a_time_are_refused(cast: Cast) -> None:
    template_id = made(cast)
    with pytest.raises(NoPatientColumn):
        given(cast, template_id, "salle\n4")
    for _ in range(send_many.UNDER_WAY):
        confirm(cast, given(cast, template_id, f"patient\n{cast.odile_id}"))
    with pytest.raises(TooManyBulks):
        given(cast, template_id, f"patient\n{cast.odile_id}")


def test_who_may_not_send_gives_no_list(cast: Cast) -> None:
    from telesphore.accounts.errors import NotAllowed
    from tests.accounts.members import claire

    assert "administrator" not in PERMISSIONS["signature:envelope:send"]
    with pytest.raises(NotAllowed):
        send_many.give_list(
            template_id=made(cast), table=rows.parse(b"patient\nx"), professional_id=None, actor=claire(cast), at=now()
        )


def test_later_rows_leave_one_after_the_other(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send_many, "AT_ONCE", 1)
    bulk_id = given(cast, made(cast), "patient\n" + "\n".join(map(str, patients(cast.sylvie, 3))))
    confirm(cast, bulk_id)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT scheduled_at FROM procrastinate_jobs WHERE task_name = 'signature:bulk:send-row' ORDER BY id"
        )
        first, second, third = (row[0] for row in cursor.fetchall())
    assert first is None
    assert third - second == timedelta(seconds=0.5)


def test_what_a_list_says_is_not_at_rest_in_clear(cast: Cast, one: tuple[UUID, UUID]) -> None:
    given(cast, made(cast), "nom;date de naissance\nZweigelt;01/01/1960")

    assert not any(b"Zweigelt" in bytes(row.given_sealed) for row in BulkRow.objects.all())
    assert BulkSend.objects.count() == 2
