"""The page that places fields on a draft: its sender's, and nobody else's."""

from typing import Any
from uuid import UUID

from telesphore.kernel.clock import now
from telesphore.signature import queries
from telesphore.signature.actions import compose
from telesphore.signature.actions.compose import Composition, Part, Party, StepPlan
from telesphore.signature.states import FieldKind, PartyRole, Purpose
from tests.cast import Cast
from tests.entering import as_person
from tests.papers import asking
from tests.signature.test_fields import deposited


def begun(cast: Cast) -> UUID:
    steps = (StepPlan(parties=(Party(role=PartyRole.PATIENT, purpose=Purpose.CONSENTS),)),)
    document_id = deposited(cast, asking("{{signature:patient}}", "{{date:witness}}"))
    composition = Composition(documents=(Part(document_id=document_id),), steps=steps)
    return compose.begin(patient_id=cast.odile_id, composition=composition, actor=cast.sylvie, at=now())


def posted(version: int, **more: Any) -> dict[str, Any]:
    field = {"kind": "date", "party": 0, "part": 0, "page": 1, "across": 60, "up": 60, "width": 100, "height": 20}
    return {
        "version": version, "f-TOTAL_FORMS": 1, "f-INITIAL_FORMS": 0,
        **{f"f-0-{name}": value for name, value in field.items()}, **more,
    }  # fmt: skip


def kinds(cast: Cast, draft_id: UUID) -> list[FieldKind]:
    (party,) = queries.draft(draft_id=draft_id, actor=cast.sylvie).composition.parties
    return [field.kind for field in party.fields]


def test_only_its_sender_places_fields_on_a_draft(cast: Cast) -> None:
    draft_id = begun(cast)
    address = f"/drafts/{draft_id}/fields"
    for stranger in (cast.lebrun, cast.ricaud, cast.cherif):
        browser = as_person(stranger.person_id)
        assert browser.get(address).status_code == 404
        assert browser.post(address, posted(1)).status_code == 404
    assert kinds(cast, draft_id) == []
    sylvie = as_person(cast.sylvie.person_id)
    assert sylvie.get(address).status_code == 200
    assert sylvie.post(address, posted(1)).status_code == 302
    assert kinds(cast, draft_id) == [FieldKind.DATE]
    # From a window that shows what was there before.
    assert sylvie.post(address, posted(1)).status_code == 409


def test_what_can_not_be_read_is_shown_again_and_nothing_is_kept(cast: Cast) -> None:
    draft_id = begun(cast)
    sylvie = as_person(cast.sylvie.person_id)
    for wrong in ({"f-0-party": 7}, {"f-0-page": 0}, {"f-0-across": "nan"}, {"f-0-kind": "x"}, {"f-0-part": 3}):
        assert sylvie.post(f"/drafts/{draft_id}/fields", posted(1, **wrong)).status_code == 422, wrong
    assert kinds(cast, draft_id) == []


def test_what_the_text_asks_for_is_placed_at_one_press(cast: Cast) -> None:
    draft_id = begun(cast)
    sylvie = as_person(cast.sylvie.person_id)
    answer = sylvie.post(f"/drafts/{draft_id}/fields", posted(1, anchors="1"), follow=True)
    assert answer.status_code == 200
    assert kinds(cast, draft_id) == [FieldKind.DATE, FieldKind.SIGNATURE]
