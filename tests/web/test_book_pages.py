"""The signature book's pages: filters kept, what is picked kept, and whoever has no business there finds nothing."""

import html
import json
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from telesphore.accounts import actions as accounts
from telesphore.config.tokens import provision_token
from telesphore.jobs import queries as jobs
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.records import actions as records
from telesphore.signature import queries
from telesphore.signature.actions import close, discuss
from telesphore.signature.actions.send import send_composition
from telesphore.signature.models import Composition, Envelope, Field, Part, Party, Recipient, StepPlan
from telesphore.signature.states import EntryKind, EntryVisibility, FieldKind, PartyRole, Purpose, StepKind
from tests.cast import Cast
from tests.entering import as_person
from tests.papers import blank
from tests.signature.circuits import by, sent

PIN = "2741"


def to_review(cast: Cast, reviewer: Actor) -> UUID:
    """A document that awaits a review, and a signature after it."""
    deposited = records.deposit(
        patient_id=cast.odile_id, title="Compte rendu", type_code="11488-4", class_code="11", content=blank(1),
        actor=cast.sylvie, at=now(),
    )  # fmt: skip
    doctor = Party(role=PartyRole.PROFESSIONAL, person_id=reviewer.person_id)
    signer = doctor.model_copy(update={"purpose": Purpose.VALIDATES})
    composition = Composition(
        documents=(Part(document_id=deposited.document_id),),
        steps=(StepPlan(kind=StepKind.REVIEW, parties=(doctor,)), StepPlan(parties=(signer,))),
    )
    return send_composition(composition=composition, actor=cast.sylvie, at=now())


@pytest.fixture
def waiting(cast: Cast) -> UUID:
    return sent(cast, [by(cast.lebrun)])


def sign(client: Client, envelopes: list[UUID], **more: Any) -> Any:
    body = {"envelopes": [str(one) for one in envelopes], "pin": PIN, **more}
    return client.post("/book/token/sign", json.dumps(body), content_type="application/json", HTTP_HX_REQUEST="true")


def test_the_title_counts_what_awaits_and_the_list_names_it(cast: Cast, waiting: UUID) -> None:
    page = as_person(cast.lebrun.person_id).get("/book/").content.decode()
    assert "<title>(1) " in page
    assert f"/book/{waiting}/" in page
    assert "FERRAND Odile" in page


def test_filters_stay_in_the_address_and_are_remembered_but_never_a_patients_name(cast: Cast, waiting: UUID) -> None:
    client = as_person(cast.lebrun.person_id)
    answer = client.get("/book/?order=age&late=1&q=Ferrand&sender=nonsense")
    assert str(waiting) not in answer.content.decode()
    assert answer.cookies["book"].value == "order=age&late=1"
    assert answer.cookies["book"]["httponly"]
    assert str(waiting) not in client.get("/book/").content.decode()
    assert str(waiting) in client.get("/book/?order=urgency").content.decode()
    assert str(waiting) in client.get("/book/").content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "after=zzz",
        "order=;drop",
        "kind=seal",
        "type=%00",
        "q=%00%00",
        "place=1",
        "late=maybe",
        "after=01a204b9-0798-7459-b3d5-d96d99ed9ed4",
    ],
)
def test_an_address_that_means_nothing_filters_nothing(cast: Cast, waiting: UUID, query: str) -> None:
    answer = as_person(cast.lebrun.person_id).get(f"/book/?{query}")
    assert answer.status_code == 200
    assert query.startswith("type") or str(waiting) in answer.content.decode()


def test_a_strangers_book_shows_nothing_and_a_preview_looks_like_one_that_is_not_there(
    cast: Cast, waiting: UUID
) -> None:
    for stranger in (cast.ricaud, cast.cherif):
        client = as_person(stranger.person_id)
        assert str(waiting) not in client.get("/book/").content.decode()
        there, nowhere = client.get(f"/book/{waiting}/preview"), client.get(f"/book/{uuid7()}/preview")
        assert (there.status_code, nowhere.status_code) == (404, 404)
        assert client.post("/book/pick", {"one": str(waiting)}).status_code == 302
        assert client.get("/book/agree/").url == "/book/"  # type: ignore[attr-defined]
    assert Client().get(f"/book/{waiting}/preview").status_code == 302
    assert as_person(cast.lebrun.person_id).get(f"/book/{waiting}/preview").status_code == 200


def test_what_is_picked_is_shown_before_anything_is_signed_and_again_when_asked_again(
    cast: Cast, waiting: UUID
) -> None:
    second, gone = sent(cast, [by(cast.lebrun)]), sent(cast, [by(cast.lebrun)])
    client = as_person(cast.lebrun.person_id)
    answer = client.post("/book/pick", {"pick": [str(waiting), str(second), str(gone), "nonsense"]})
    assert answer.url == "/book/agree/"  # type: ignore[attr-defined]
    close.void(envelope_id=gone, reason="Trop tôt", actor=cast.sylvie, at=now())
    for _ in range(2):
        page = client.get("/book/agree/").content.decode()
        assert str(waiting) in page
        assert str(second) in page
        assert str(gone) not in page
    assert Recipient.objects.filter(state="signed").count() == 0


def test_all_that_the_filters_leave_is_picked_at_once(cast: Cast, waiting: UUID) -> None:
    late = sent(cast, [by(cast.lebrun)])
    Recipient.objects.filter(envelope_id=late).update(due_at=now() - timedelta(days=1))
    client = as_person(cast.lebrun.person_id)
    client.post("/book/pick", {"all": "yes", "filters": "late=1"})
    page = client.get("/book/agree/").content.decode()
    assert str(late) in page
    assert str(waiting) not in page


def test_one_pin_signs_what_can_be_and_the_rest_says_why_and_stays(committed_cast: Cast) -> None:
    cast = committed_cast
    provision_token(actor=cast.lebrun, pin=PIN)
    mine = [sent(cast, [by(cast.lebrun)]) for _ in range(3)]
    another = sent(cast, [by(cast.ricaud)])
    expired = mine[2]
    Envelope.objects.filter(id=expired).update(expires_at=now())
    client = as_person(cast.lebrun.person_id)
    wrong = sign(client, mine, pin="0000")
    assert (wrong.status_code, wrong.json()["error"]) == (422, "wrong-pin")
    assert Recipient.objects.filter(state="signed").count() == 0
    said = sign(client, [*mine, another]).json()
    assert said["signed"] == [str(one) for one in mine[:2]]
    assert {one["id"]: one["error"] for one in said["refused"]} == {
        str(expired): "envelope-expired",
        str(another): "envelope-not-found",
    }
    assert all(one["sentence"] for one in said["refused"])
    left = queries.awaiting(actor=cast.lebrun, at=now(), wanted=queries.Wanted())
    assert [line.envelope_id for line in left.lines] == [expired]


def test_signing_asks_for_the_right_who_proved_themselves_and_bounds(cast: Cast, waiting: UUID) -> None:
    assert sign(Client(), [waiting]).headers["HX-Redirect"] == "/sign-in/"
    assert sign(as_person(cast.sylvie.person_id), [waiting]).status_code == 403
    lebrun = as_person(cast.lebrun.person_id)
    assert sign(lebrun, []).status_code == 422
    assert sign(lebrun, [uuid7() for _ in range(21)]).status_code == 422
    assert sign(lebrun, [waiting], pin="").status_code == 422


def test_the_morning_message_is_had_and_stopped_in_one_press(cast: Cast) -> None:
    client = as_person(cast.lebrun.person_id)
    client.post("/book/digest", {"wanted": "yes"})
    assert 'value="no"' in client.get("/book/").content.decode()
    client.post("/book/digest", {"wanted": "no"})
    assert 'value="yes"' in client.get("/book/").content.decode()


def test_many_reviews_are_approved_at_once_and_anothers_are_not(cast: Cast) -> None:
    mine, another = to_review(cast, cast.lebrun), to_review(cast, cast.ricaud)
    client = as_person(cast.lebrun.person_id)
    assert client.post("/book/pick", {"pick": [str(mine), str(another)]}).status_code == 302
    page = client.get("/book/agree/").content.decode()
    assert str(mine) in page
    assert str(another) not in page
    assert client.post("/book/approve", {"pick": [str(mine), str(another)]}).status_code == 200
    first_step = Recipient.objects.filter(envelope_id__in=[mine, another], step__position=0)
    states = {row.envelope_id: row.state for row in first_step}
    assert states == {mine: "approved", another: "waiting"}
    assert as_person(cast.sylvie.person_id).post("/book/approve", {"pick": str(another)}).status_code == 403


def test_questions_and_fields_are_marked_and_what_has_fields_is_signed_on_its_own_page(cast: Cast) -> None:
    plain, asked, fields = (sent(cast, [by(cast.lebrun)]) for _ in range(3))
    words = discuss.Words(kind=EntryKind.QUESTION, visibility=EntryVisibility.PROFESSIONALS, body="Quelle dose ?")
    entry = discuss.write(envelope_id=asked, words=words, actor=cast.sylvie, at=now())
    place = Recipient.objects.get(envelope_id=fields)
    Field.objects.create(
        organisation_id=place.organisation_id, id=uuid7(), envelope_id=fields, recipient_id=place.id, name="Dose",
        kind=FieldKind.TEXT, page=0, box=[60, 700, 260, 718], required=True, words_sealed=b"-",
    )  # fmt: skip
    lines = {
        one.envelope_id: one for one in queries.awaiting(actor=cast.lebrun, at=now(), wanted=queries.Wanted()).lines
    }
    assert {one.questions: key for key, one in lines.items() if one.questions} == {True: asked}
    assert [key for key, one in lines.items() if not one.signable] == [fields]
    client = as_person(cast.lebrun.person_id)
    page = client.get("/book/?questions=1").content.decode()
    assert str(asked) in page
    assert str(plain) not in page
    assert "fill" in client.get(f"/book/{fields}/preview", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    client.post("/book/pick", {"pick": [str(plain), str(fields)]})
    agreed = client.get("/book/agree/").content.decode()
    assert f'value="{plain}"' in agreed
    assert f'value="{fields}"' not in agreed
    assert f"/book/{fields}/" in agreed
    discuss.mark_read(envelope_id=asked, entry_id=entry, actor=cast.lebrun, at=now())
    wanted = queries.Wanted(questions=True)
    assert queries.awaiting(actor=cast.lebrun, at=now(), wanted=wanted).matching == 0


def test_an_act_from_the_list_comes_back_to_it_where_it_was(cast: Cast) -> None:
    mine, following = to_review(cast, cast.lebrun), uuid7()
    client = as_person(cast.lebrun.person_id)
    page = client.get(f"/book/{mine}/preview?order=age&next={following}").content.decode()
    (way,) = set(re.findall(rf'href="/book/{mine}/review\?([^"]+)"', page))
    address = f"/book/{mine}/review?{html.unescape(way)}"
    assert f'href="/book/?order=age#e-{following}"' in client.get(address).content.decode()
    assert client.post(address, {"comment": ""}).url == f"/book/?order=age#e-{following}"  # type: ignore[attr-defined]
    assert Recipient.objects.get(envelope_id=mine, step__position=0).state == "approved"
    # Nowhere else, whatever the address says.
    other = to_review(cast, cast.lebrun)
    answer = client.post(f"/book/{other}/decline?from=https://evil.test", {"reason": "Trop tôt"})
    assert answer.url == f"/book/{other}/"  # type: ignore[attr-defined]


def test_whoever_was_delegated_reviews_alone_sees_those_and_signs_nothing(cast: Cast) -> None:
    review, signature = to_review(cast, cast.lebrun), sent(cast, [by(cast.lebrun)])
    at = now()
    accounts.give_delegation(
        delegator_id=cast.lebrun.person, delegate_id=cast.ricaud.person, document_types=[], reason="congés",
        permissions=["signature:recipient:review"], starts_at=at - timedelta(hours=1), ends_at=at + timedelta(days=7),
        actor=cast.lebrun, at=at,
    )  # fmt: skip
    page = as_person(cast.ricaud.person_id).get("/book/").content.decode()
    assert str(review) in page
    assert str(signature) not in page
    ((_name, _until, lines),) = queries.delegated_book(actor=cast.ricaud, at=now())
    assert [line.envelope_id for line in lines] == [review]


def test_the_sender_reminds_from_the_list_once_an_hour_and_comes_back_to_it(cast: Cast, waiting: UUID) -> None:
    client = as_person(cast.sylvie.person_id)
    place = Recipient.objects.get(envelope_id=waiting)
    address = f"/book/{waiting}/recipients/{place.id}/remind"
    assert address in client.get("/circuits/").content.decode()
    assert client.post(address, {"list": "sent"}).url == "/circuits/"  # type: ignore[attr-defined]
    place.refresh_from_db()
    assert place.reminded_at is not None
    assert address not in client.get("/circuits/").content.decode()


def test_the_sender_sees_which_seal_does_not_come_and_why(
    cast: Cast, waiting: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    Recipient.objects.filter(envelope_id=waiting).update(state="released")
    Envelope.objects.filter(id=waiting).update(state="sealing")
    assert queries.stuck(actor=cast.sylvie) == []
    trouble = jobs.TroubledJob(
        id=1, name="signature:seal", queue="default", stopped=False, attempts=2, code="timestamp-unavailable",
        sentence="No timestamp came.", failed_at=now(), next_try_at=now(),
    )  # fmt: skip
    monkeypatch.setattr(jobs, "troubles_of", lambda **_: {str(waiting): trouble})
    assert "No timestamp came." in as_person(cast.sylvie.person_id).get("/circuits/").content.decode()
    assert queries.stuck(actor=cast.lebrun) == []
    assert str(waiting) not in as_person(cast.lebrun.person_id).get("/circuits/").content.decode()


def test_a_delegation_is_begun_with_what_the_document_asks(cast: Cast) -> None:
    client = as_person(cast.lebrun.person_id)
    page = client.get("/delegations/give?act=review&type=11502-2").content.decode()
    ticked = set(re.findall(r'value="([^"]+)"[^>]*checked', page))
    assert ticked == {"signature:recipient:review", "signature:recipient:decline", "11502-2"}
    assert not re.findall(
        r"checked", as_person(cast.lebrun.person_id).get("/delegations/give?act=x&type=y").content.decode()
    )
