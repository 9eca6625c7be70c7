"""The page of composition: its sender's alone; every button keeps what was typed and does one thing."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from telesphore.kernel.clock import now
from telesphore.signature import queries
from telesphore.signature.actions import close, compose
from telesphore.signature.actions.compose import Composition, Part, Party, PlacedField, StepPlan
from telesphore.signature.models import Draft, Envelope, Recipient
from telesphore.signature.states import FieldKind, PartyRole, Purpose, StepKind
from tests.cast import Cast
from tests.entering import as_person
from tests.signature.test_compose import begun, deposited, plan


@pytest.fixture
def sylvie(cast: Cast) -> Client:
    return as_person(cast.sylvie.person_id)


def address(name: str, *ids: object) -> str:
    return reverse(f"signature:{name}", args=ids)


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def kept(cast: Cast, draft_id: UUID) -> Composition:
    return queries.draft(draft_id=draft_id, actor=cast.sylvie).composition


def press(browser: Client, cast: Cast, draft_id: UUID, act: str, **typed: Any) -> Any:
    """Press a button of the page, with all that the page holds, as a browser would."""
    seen = browser.get(address("compose", draft_id))
    data: dict[str, Any] = {"version": seen.context["draft"].version, "act": act}
    for form in seen.context["forms"]:
        for bound in form:
            value = bound.value()
            if value is True:
                data[bound.html_name] = "on"
            elif value not in (None, False):
                data[bound.html_name] = str(value)
    data |= typed
    return browser.post(address("compose", draft_id), {key: value for key, value in data.items() if value is not None})


def test_a_circuit_is_composed_button_by_button(cast: Cast, sylvie: Client) -> None:
    first, second = deposited(cast, "Information", 1), deposited(cast, "Consentement", 1)
    answer = sylvie.post(address("begin", cast.odile_id))
    draft_id = Draft.objects.get().id
    assert answer["Location"] == address("compose", draft_id)
    assert "2 éléments manquent" in text(sylvie.get(address("compose", draft_id)))
    press(sylvie, cast, draft_id, "add-document", document=str(first), title="Coloscopie")
    press(sylvie, cast, draft_id, "add-document", document=str(second))
    press(sylvie, cast, draft_id, "document-up:1", **{"d1-title": "Le consentement"})
    for _step in range(3):
        press(sylvie, cast, draft_id, "add-step")
    press(sylvie, cast, draft_id, "add-party:0", **{"add-0": "patient"})
    press(sylvie, cast, draft_id, "add-party:1", **{"add-1": "interpreter"})
    answer = press(sylvie, cast, draft_id, "add-party:2", **{"add-2": str(cast.lebrun.person_id), "s2-kind": "review"})
    assert answer["Location"].endswith("#step-2-0")
    press(sylvie, cast, draft_id, "step-up:2", **{"s1p0-name": "Ana Silva", "s1p0-phone": "06 39 98 01 99",
          "s1p0-email": "ana@example.org", "s0p0-at_bedside": "on"})  # fmt: skip
    press(sylvie, cast, draft_id, "watch", watcher=str(cast.ricaud.person_id))
    whole = kept(cast, draft_id)
    assert [(part.document_id, part.title) for part in whole.documents] == [(second, "Le consentement"), (first, "")]
    assert [(step.kind, [party.role for party in step.parties]) for step in whole.steps] == [
        (StepKind.SIGN, [PartyRole.PATIENT]),
        (StepKind.REVIEW, [PartyRole.PROFESSIONAL]),
        (StepKind.SIGN, [PartyRole.INTERPRETER]),
    ]
    patient, _lebrun, ana = whole.parties
    assert (patient.purpose, patient.at_bedside) == (Purpose.CONSENTS, True)
    assert (ana.name, ana.phone, ana.purpose) == ("Ana Silva", "+33639980199", Purpose.VALIDATES)
    assert (whole.title, whole.watchers) == ("Coloscopie", (cast.ricaud.person_id,))
    press(sylvie, cast, draft_id, "remove-step:1")
    press(sylvie, cast, draft_id, "remove-party:1-0")
    press(sylvie, cast, draft_id, "remove-step:1")
    press(sylvie, cast, draft_id, "unwatch:0")
    whole = kept(cast, draft_id)
    assert (len(whole.steps), whole.watchers) == (1, ())
    assert press(sylvie, cast, draft_id, "go")["Location"] == address("draft-send", draft_id)
    summary = sylvie.get(address("draft-send", draft_id))
    assert "Une tablette" in text(summary)
    sent = sylvie.post(address("draft-send", draft_id), {"version": summary.context["draft"].version})
    assert sent["Location"] == address("envelope", draft_id)
    assert Envelope.objects.get(id=draft_id).sender_id == cast.sylvie.person_id


def test_a_consent_is_sent_at_two_presses_and_the_patient_signs_before_the_doctor(cast: Cast, sylvie: Client) -> None:
    document_id = deposited(cast, "Consentement", 1)
    answer = sylvie.post(address("send", document_id), follow=True)
    draft_id = Draft.objects.get().id
    assert answer.redirect_chain[-1][0] == address("draft-send", draft_id)
    assert "Dr Anne Lebrun" in text(answer)
    sylvie.post(address("draft-send", draft_id), {"version": 1})
    rows = Recipient.objects.filter(envelope_id=draft_id).order_by("step__position")
    assert [(row.patient_id, row.person_id) for row in rows] == [
        (cast.odile_id, None), (None, cast.lebrun.person_id)
    ]  # fmt: skip


def test_what_is_missing_is_told_beside_its_place_and_nothing_leaves(cast: Cast, sylvie: Client) -> None:
    nobody = StepPlan(parties=(Party(role=PartyRole.PROFESSIONAL, purpose=Purpose.VALIDATES),))
    draft_id = begun(cast, plan(cast, deposited(cast, "Lettre", 1), steps=[nobody]))
    seen = sylvie.get(address("compose", draft_id))
    assert [gap.place for gap in seen.context["gaps"]] == ["step-0-0"]
    assert text(seen).count("Choisissez qui.") == 2
    assert press(sylvie, cast, draft_id, "go")["Location"].endswith("#missing")
    summary = text(sylvie.get(address("draft-send", draft_id)))
    assert "Choisissez qui." in summary
    assert "Envoyer</button>" not in summary
    assert sylvie.post(address("draft-send", draft_id), {"version": 1}).status_code == 302
    assert not Envelope.objects.exists()


def test_a_change_in_another_window_is_told_and_not_written_over(cast: Cast, sylvie: Client) -> None:
    draft_id = begun(cast, plan(cast, deposited(cast, "Lettre", 1)))
    press(sylvie, cast, draft_id, "save", title="Le premier")
    told = press(sylvie, cast, draft_id, "save", title="Le second", version="1")
    assert "dans une autre fenêtre" in text(sylvie.get(told["Location"]))
    assert press(sylvie, cast, draft_id, "live", title="Le second", version="1").status_code == 409
    assert kept(cast, draft_id).title == "Le premier"
    assert sylvie.post(address("draft-send", draft_id), {"version": 1})["Location"] == address("compose", draft_id)
    assert not Envelope.objects.exists()


@pytest.mark.parametrize(
    "typed", [{"s0p0-purpose": "consents"}, {"s0-needed": "7"}, {"due": "hier"}, {"expires_after_days": "0"},
              {"s0p0-person": "01900000-0000-7000-8000-000000000000"}, {"s0-kind": "x"}]
)  # fmt: skip
def test_what_can_not_be_read_is_shown_again_and_nothing_is_kept(
    cast: Cast, sylvie: Client, typed: dict[str, str]
) -> None:
    draft_id = begun(cast, plan(cast, deposited(cast, "Lettre", 1)))
    answer = press(sylvie, cast, draft_id, "add-step", **typed)
    assert answer.status_code == 422
    assert "À corriger" in text(answer)
    assert len(kept(cast, draft_id).steps) == 1


@pytest.mark.parametrize(
    "act", ["", "x", "document-up:0", "document-down:9", "remove-document:9", "step-up:0", "remove-step:9",
            "add-party:9", "add-party:0", "remove-party:9-9", "remove-party:0", "watch", "unwatch:3", "add-document"]
)  # fmt: skip
def test_a_button_that_is_none_changes_nothing(cast: Cast, sylvie: Client, act: str) -> None:
    draft_id = begun(cast, plan(cast, deposited(cast, "Lettre", 1)))
    before = kept(cast, draft_id)
    assert press(sylvie, cast, draft_id, act, document="x", watcher="x").status_code == 302
    assert kept(cast, draft_id) == before


def test_fields_stay_on_their_document_when_it_moves_and_go_with_it(cast: Cast, sylvie: Client) -> None:
    field = PlacedField(kind=FieldKind.DATE, part=1, page=0, box=(60, 60, 160, 80))
    lebrun = Party(
        role=PartyRole.PROFESSIONAL, person_id=cast.lebrun.person_id, purpose=Purpose.VALIDATES, fields=(field,)
    )
    both = deposited(cast, "Lettre", 1), deposited(cast, "Annexe", 1)
    draft_id = begun(cast, plan(cast, *both, steps=[StepPlan(parties=(lebrun,))]))
    press(sylvie, cast, draft_id, "document-up:1")
    assert [one.part for one in kept(cast, draft_id).parties[0].fields] == [0]
    press(sylvie, cast, draft_id, "remove-document:0")
    assert kept(cast, draft_id).parties[0].fields == ()


def test_a_draft_and_its_pages_are_not_there_for_anybody_else(cast: Cast) -> None:
    document_id = deposited(cast, "Lettre", 1)
    draft_id = begun(cast, plan(cast, document_id))
    pages = [address(name, draft_id) for name in ("compose", "draft-send", "draft-upload", "draft-discard")]
    for stranger in (cast.lebrun, cast.ricaud, cast.cherif):
        browser = as_person(stranger.person_id)
        for page in pages:
            assert browser.get(page).status_code == 404
            assert browser.post(page, {"version": 1, "act": "add-step"}).status_code == 404
        assert str(draft_id) not in text(browser.get(address("drafts")))
    for stranger in (cast.ricaud, cast.cherif):
        browser = as_person(stranger.person_id)
        assert browser.post(address("begin", cast.odile_id)).status_code == 404
        assert browser.post(address("send", document_id)).status_code == 404
    for page in (*pages, address("drafts")):
        assert Client().get(page)["Location"].startswith("/sign-in/")
    assert Draft.objects.count() == 1


def test_an_empty_list_of_drafts_says_what_to_do_and_a_draft_is_thrown_away_once_confirmed(
    cast: Cast, sylvie: Client
) -> None:
    assert "Préparer une enveloppe" in text(sylvie.get(address("drafts")))
    draft_id = begun(cast, plan(cast, deposited(cast, "Lettre", 1), title="À relire"))
    assert "À relire" in text(sylvie.get(address("drafts")))
    assert sylvie.get(address("draft-discard", draft_id)).status_code == 200
    assert Draft.objects.exists()
    assert sylvie.post(address("draft-discard", draft_id))["Location"] == address("drafts")
    assert not Draft.objects.exists()


def test_a_second_round_shows_why_the_first_was_declined(cast: Cast, sylvie: Client) -> None:
    draft_id = begun(cast, plan(cast, deposited(cast, "Lettre", 1)))
    compose.send_draft(draft_id=draft_id, version=1, actor=cast.sylvie, at=now())
    close.decline(envelope_id=draft_id, reason="La date manque", actor=cast.lebrun, at=now())
    assert "Corriger et renvoyer" in text(sylvie.get(address("envelope", draft_id)))
    answer = sylvie.post(address("again", draft_id), follow=True)
    assert "« La date manque »" in text(answer).replace("\xa0", " ")
    assert as_person(cast.lebrun.person_id).post(address("again", draft_id)).status_code == 404


def test_a_file_goes_into_the_record_and_into_the_draft(cast: Cast, sylvie: Client) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from tests.papers import blank

    draft_id = begun(cast, Composition())
    given = {"title": "Notice", "type": "59284-0", "file": SimpleUploadedFile("n.pdf", blank(2))}
    assert sylvie.post(address("draft-upload", draft_id), given).status_code == 302
    (part,) = kept(cast, draft_id).documents
    assert part == Part(document_id=part.document_id)
    bad = {"title": "Notice", "type": "59284-0", "file": SimpleUploadedFile("n.pdf", b"%PDF-nothing")}
    assert sylvie.post(address("draft-upload", draft_id), bad).status_code == 422
    assert len(kept(cast, draft_id).documents) == 1
