"""The pages of what one does besides signing: each shows, each does it, and is not there for others."""

from uuid import UUID

import pytest
from django.test import Client

from telesphore.kernel.actors import Actor
from telesphore.records.models import Document
from telesphore.signature.models import Draft, Recipient
from telesphore.signature.states import StepKind
from tests import entering
from tests.cast import Cast
from tests.signature.test_steps import PATIENT, approve, asks, states, step, through


def signed_in(actor: Actor) -> Client:
    return entering.as_person(actor.person_id)


def circuit(cast: Cast) -> UUID:
    return through(
        cast,
        step(StepKind.REVIEW, asks(cast.lebrun)),
        step(StepKind.OPINION, asks(cast.lebrun)),
        step(StepKind.SIGN, PATIENT),
        watchers=[cast.ricaud.person],
        message="Merci de relire.",
    )


def test_a_review_then_an_opinion_taken_back_by_the_pages(cast: Cast) -> None:
    envelope_id, client = circuit(cast), signed_in(cast.lebrun)
    place = f"/book/{envelope_id}"
    page = client.get(f"{place}/").content.decode()
    assert "Merci de relire." in page
    assert "Converti à partir" not in page
    Document.objects.update(converted_from="image/jpeg")
    assert "Converti à partir d’une image JPEG." in client.get(f"{place}/").content.decode()
    assert f"{place}/review" in page
    assert f"{place}/sign" not in page
    assert client.post(f"{place}/review", {"comment": "x" * 3000}).status_code == 422
    assert client.post(f"{place}/review", {"comment": "Relu."}).status_code == 302
    assert client.get(f"{place}/take-back").status_code == 200
    assert client.post(f"{place}/take-back").status_code == 302
    assert states(envelope_id) == ["waiting", "pending", "pending"]
    client.post(f"{place}/review", {"comment": "Relu."})
    assert f"{place}/advise" in client.get(f"{place}/").content.decode()
    assert client.post(f"{place}/advise", {}).status_code == 422
    assert client.post(f"{place}/advise", {"opinion": "reserved", "comment": "Voir INR."}).status_code == 302
    assert states(envelope_id) == ["approved", "advised", "waiting"]
    page = client.get(f"{place}/").content.decode()
    assert "Relu." in page
    assert "Voir INR." in page


def test_a_place_is_handed_over_by_its_page(cast: Cast) -> None:
    envelope_id, client = circuit(cast), signed_in(cast.lebrun)
    place = f"/book/{envelope_id}/hand-over"
    assert "Ricaud" in client.get(place).content.decode()
    assert client.post(place, {"colleague": ""}).status_code == 422
    assert client.post(place, {"colleague": str(cast.ricaud.person)}).status_code == 302
    assert Recipient.objects.filter(envelope_id=envelope_id, person_id=cast.ricaud.person).count() == 1


def test_the_sender_reminds_corrects_and_takes_back_by_the_pages(cast: Cast) -> None:
    envelope_id, client = through(cast, step(StepKind.SIGN, PATIENT)), signed_in(cast.sylvie)
    place = f"/book/{envelope_id}"
    recipient = f"{place}/recipients/{Recipient.objects.get(envelope_id=envelope_id).id}"
    page = client.get(f"{place}/").content.decode()
    for address in (f"{recipient}/remind", f"{recipient}/correct", f"{place}/recall"):
        assert address in page
    for _again in range(2):
        assert client.post(f"{recipient}/remind").status_code == 302
    assert client.get(f"{recipient}/correct").status_code == 200
    assert (
        client.post(
            f"{recipient}/correct", {"email": "sylvie.courtois@montfaucy.example", "phone": "0639980199"}
        ).status_code
        == 422
    )
    assert (
        client.post(f"{recipient}/correct", {"email": "odile@ailleurs.example", "phone": "06 39 98 01 99"}).status_code
        == 302
    )
    assert client.get(f"{place}/recall").status_code == 200
    assert client.post(f"{place}/recall").status_code == 302
    assert Draft.objects.filter(follows_id=envelope_id).count() == 1


@pytest.mark.parametrize("who", ["ricaud", "cherif", "nobody"])
def test_those_without_a_place_find_nothing_to_do(cast: Cast, who: str) -> None:
    envelope_id = circuit(cast)
    approve(cast.lebrun, envelope_id)
    client = Client() if who == "nobody" else signed_in(getattr(cast, who))
    recipient = Recipient.objects.filter(envelope_id=envelope_id).earliest("step__position").id
    answers = {
        path: client.post(f"/book/{envelope_id}/{path}", {"opinion": "reserved", "colleague": str(cast.lebrun.person)})
        for path in ("review", "advise", "take-back", "recall", "hand-over", f"recipients/{recipient}/remind")
    }
    codes = {path: answer.status_code for path, answer in answers.items()}
    if who == "nobody":
        assert set(codes.values()) == {302}
        assert all("/book/" not in answer["Location"].partition("?")[0] for answer in answers.values())
    elif who == "ricaud":
        # He watches: the page is his to see, and to take back nothing is a conflict, not an absence.
        assert codes.pop("take-back") in (404, 409)
        assert set(codes.values()) <= {403, 404}
    else:
        assert set(codes.values()) <= {403, 404}
    assert states(envelope_id) == ["approved", "waiting", "pending"]
