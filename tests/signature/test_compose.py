"""Drafts: composed, changed, sent under the same id; several documents bound into one file."""

from io import BytesIO
from uuid import UUID

import pikepdf
import pytest

from telesphore.kernel.clock import now
from telesphore.records import actions as records
from telesphore.records.errors import DocumentNotFound, RecordNotFound
from telesphore.signature import queries
from telesphore.signature.actions import close, compose, view
from telesphore.signature.actions.compose import Composition, Part, Party, StepPlan
from telesphore.signature.errors import DraftChanged, DraftNotFound, EnvelopeClosed, EnvelopeNotFound, NothingToSign
from telesphore.signature.models import Draft, Envelope, EnvelopePart
from telesphore.signature.states import PartyRole, Purpose
from tests.cast import Cast
from tests.papers import blank


def deposited(cast: Cast, title: str, pages: int, patient_id: UUID | None = None) -> UUID:
    return records.deposit(
        patient_id=patient_id or cast.odile_id, title=title, type_code="59284-0", class_code="52",
        content=blank(pages), actor=cast.sylvie if patient_id is None else cast.ricaud, at=now(),
    ).document_id  # fmt: skip


def plan(cast: Cast, *documents: UUID, **more: object) -> Composition:
    lebrun = Party(role=PartyRole.PROFESSIONAL, person_id=cast.lebrun.person_id, purpose=Purpose.VALIDATES)
    return Composition.model_validate(
        {"documents": [Part(document_id=one) for one in documents], "steps": [StepPlan(parties=(lebrun,))], **more}
    )


def begun(cast: Cast, composition: Composition) -> UUID:
    return compose.begin(patient_id=cast.odile_id, composition=composition, actor=cast.sylvie, at=now())


def test_documents_of_one_envelope_are_bound_in_order_under_their_titles(cast: Cast) -> None:
    first, second = deposited(cast, "Information", 2), deposited(cast, "Consentement", 3)
    draft_id = begun(cast, plan(cast, second, first, title="Coloscopie"))
    envelope_id = compose.send_draft(draft_id=draft_id, version=1, actor=cast.sylvie, at=now())
    assert envelope_id == draft_id
    assert not Draft.objects.exists()
    envelope = Envelope.objects.get(id=envelope_id)
    assert (queries.title(envelope), envelope.pages, envelope.document_id) == ("Coloscopie", 5, second)
    parts = EnvelopePart.objects.filter(envelope_id=envelope_id).order_by("position")
    assert list(parts.values_list("document_id", "first_page", "pages")) == [(second, 0, 3), (first, 3, 2)]
    file = view.view(envelope_id=envelope_id, actor=cast.lebrun, at=now())
    with pikepdf.open(BytesIO(file.pdf)) as bound, bound.open_outline() as outline:
        assert len(bound.pages) == 5
        assert [item.title for item in outline.root] == ["Consentement", "Information"]


def test_another_patients_document_is_not_bound_in(cast: Cast) -> None:
    mine = deposited(cast, "Consentement", 1)
    records.add_to_care_team(
        patient_id=cast.ibrahim_id, person_id=cast.sylvie.person, function="", reads_documents=True,
        actor=cast.ricaud, at=now(),
    )  # fmt: skip
    other = deposited(cast, "Compte rendu", 1, cast.ibrahim_id)
    draft_id = begun(cast, plan(cast, mine, other))
    with pytest.raises(DocumentNotFound):
        compose.send_draft(draft_id=draft_id, version=1, actor=cast.sylvie, at=now())
    assert Draft.objects.filter(id=draft_id).exists()


def test_a_change_in_another_window_is_not_written_over(cast: Cast) -> None:
    draft_id = begun(cast, plan(cast, deposited(cast, "Consentement", 1)))
    changed = plan(cast, title="Autre titre")
    assert compose.change(draft_id=draft_id, composition=changed, version=1, actor=cast.sylvie, at=now()) == 2
    with pytest.raises(DraftChanged):
        compose.change(draft_id=draft_id, composition=plan(cast), version=1, actor=cast.sylvie, at=now())
    with pytest.raises(DraftChanged):
        compose.send_draft(draft_id=draft_id, version=1, actor=cast.sylvie, at=now())
    assert queries.draft(draft_id=draft_id, actor=cast.sylvie).composition == changed
    with pytest.raises(NothingToSign):
        compose.send_draft(draft_id=draft_id, version=2, actor=cast.sylvie, at=now())


def test_a_draft_is_its_senders_alone(cast: Cast) -> None:
    draft_id = begun(cast, plan(cast, deposited(cast, "Consentement", 1)))
    for stranger in (cast.lebrun, cast.ricaud, cast.cherif, cast.odile):
        with pytest.raises(DraftNotFound):
            queries.draft(draft_id=draft_id, actor=stranger)
        with pytest.raises(DraftNotFound):
            compose.discard(draft_id=draft_id, actor=stranger, at=now())
        with pytest.raises(DraftNotFound):
            compose.send_draft(draft_id=draft_id, version=1, actor=stranger, at=now())
    assert [line.draft_id for line in queries.drafts(actor=cast.sylvie)] == [draft_id]
    assert queries.drafts(actor=cast.lebrun) == []


def test_nobody_composes_for_a_patient_whose_record_is_closed_to_them(cast: Cast) -> None:
    with pytest.raises(RecordNotFound):
        compose.begin(patient_id=cast.odile_id, composition=Composition(), actor=cast.ricaud, at=now())


def test_a_second_round_holds_all_that_the_first_held(cast: Cast) -> None:
    composition = plan(cast, deposited(cast, "Consentement", 1), title="Coloscopie", message="Merci.", urgent=True)
    envelope_id = compose.send_draft(draft_id=begun(cast, composition), version=1, actor=cast.sylvie, at=now())
    with pytest.raises(EnvelopeClosed):
        compose.correct(envelope_id=envelope_id, actor=cast.sylvie, at=now())
    close.decline(envelope_id=envelope_id, reason="La date manque", actor=cast.lebrun, at=now())
    with pytest.raises(EnvelopeNotFound):
        compose.correct(envelope_id=envelope_id, actor=cast.lebrun, at=now())
    again = queries.draft(
        draft_id=compose.correct(envelope_id=envelope_id, actor=cast.sylvie, at=now()), actor=cast.sylvie
    )
    assert (again.composition, again.follows_id) == (composition, envelope_id)
    second = compose.send_draft(draft_id=again.draft_id, version=1, actor=cast.sylvie, at=now())
    assert Envelope.objects.get(id=second).follows_id == envelope_id
