"""The pages of templates and of lists sent to many."""

import re
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from telesphore.kernel.clock import now
from telesphore.records.models import Document
from telesphore.signature.actions import send_many
from telesphore.signature.models import BulkRow, BulkSend, Envelope, Template, TemplateVersion
from telesphore.signature.queries import templates as read
from telesphore.signature.states import TemplateScope
from tests.accounts.members import claire
from tests.cast import Cast
from tests.entering import as_person
from tests.papers import blank
from tests.signature.templates import given, made, plan, send_all, used


def pdf(pages: int = 1) -> SimpleUploadedFile:
    return SimpleUploadedFile("form.pdf", blank(pages), "application/pdf")


def address(name: str, *ids: object) -> str:
    return reverse(f"signature:{name}", args=ids)


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.fixture
def sylvie(cast: Cast) -> Client:
    return as_person(cast.sylvie.person_id)


@pytest.fixture
def lebrun(cast: Cast) -> Client:
    return as_person(cast.lebrun.person_id)


NEW = {
    "name": "Consentement", "title": "Consentement de {{patient.name}}", "type": "59284-0", "patient_signs": "on",
    "seat": "chosen", "message": "",
}  # fmt: skip


def test_a_doctor_makes_a_template_for_the_organisation_and_a_secretary_for_herself(
    lebrun: Client, sylvie: Client
) -> None:
    made_for_all = lebrun.post(address("template-new"), {**NEW, "scope": "organisation", "file": pdf()})
    assert made_for_all.status_code == 302
    refused = sylvie.post(address("template-new"), {**NEW, "scope": "organisation", "file": pdf()})
    assert refused.status_code == 422
    assert sylvie.post(address("template-new"), {**NEW, "scope": "private", "file": pdf()}).status_code == 302

    assert sorted(Template.objects.values_list("scope", flat=True)) == ["organisation", "private"]


def test_an_empty_list_says_what_to_do(sylvie: Client) -> None:
    assert "Aucun modèle pour l’instant." in text(sylvie.get(address("templates")))
    assert "Vous n’avez encore rien envoyé" in text(sylvie.get(address("bulks")))


def test_a_search_finds_templates_by_a_part_of_their_name(cast: Cast, sylvie: Client) -> None:
    made(cast, name="Consentement à l’endoscopie")
    made(cast, name="Lettre de sortie")

    found = text(sylvie.get(address("templates"), {"q": "endo"}))
    assert "Consentement à l’endoscopie" in found
    assert "Lettre de sortie" not in found


def test_a_template_is_used_for_a_patient_and_is_on_its_way(cast: Cast, sylvie: Client) -> None:
    template_id = made(cast, what=plan(message="Salle {{salle}}"))

    page = sylvie.get(address("template-use", template_id, cast.odile_id))
    assert "Salle" in text(page)
    answer = sylvie.post(
        address("template-use", template_id, cast.odile_id),
        {"professional": str(cast.lebrun.person_id), "column_0": "4", "due": "2030-01-31"},
    )

    envelope = Envelope.objects.get()
    assert answer["Location"] == address("envelope", envelope.id)
    assert envelope.due_at is not None
    assert envelope.patient_id == cast.odile_id


def test_a_template_is_used_and_changed_before_it_is_sent(cast: Cast, sylvie: Client) -> None:
    template_id = made(cast, what=plan(message="Salle {{salle}}"))
    answer = sylvie.post(
        address("template-use", template_id, cast.odile_id),
        {"professional": str(cast.lebrun.person_id), "column_0": "4", "change": ""},
    )
    assert not Envelope.objects.exists()
    page = sylvie.get(answer["Location"])
    assert (page.resolver_match.view_name, page.context["gaps"]) == ("signature:compose", [])
    assert "Salle 4" in text(page)


def test_what_could_not_be_sent_puts_nothing_into_the_record(cast: Cast, sylvie: Client) -> None:
    from telesphore.records.models import Patient

    template_id = made(cast)
    Patient.objects.filter(id=cast.odile_id).update(phone="")

    answer = sylvie.post(
        address("template-use", template_id, cast.odile_id), {"professional": str(cast.lebrun.person_id)}
    )

    assert answer.status_code == 422
    assert not Document.objects.exists()


def test_a_patient_of_somebody_else_is_not_there(cast: Cast, sylvie: Client) -> None:
    template_id = made(cast)

    for name in ("template-use", "templates-for-patient"):
        ids = (template_id, cast.ibrahim_id) if name == "template-use" else (cast.ibrahim_id,)
        assert sylvie.get(address(name, *ids)).status_code == 404


def test_a_private_template_of_somebody_else_is_not_there(cast: Cast, lebrun: Client) -> None:
    template_id = made(cast, cast.sylvie, scope=TemplateScope.PRIVATE)

    for name in ("template", "template-revise", "template-archive", "template-patients", "bulk-new", "bulk-example"):
        assert lebrun.get(address(name, template_id)).status_code == 404
    assert lebrun.get(address("template-file", template_id, 1, 0)).status_code == 404
    assert lebrun.post(address("template-archive", template_id)).status_code == 404


def test_a_secretary_reads_a_shared_template_and_does_not_change_it(cast: Cast, sylvie: Client) -> None:
    template_id = made(cast)

    assert "Modifier" not in text(sylvie.get(address("template", template_id)))
    assert sylvie.get(address("template-file", template_id, 1, 0))["Content-Type"] == "application/pdf"
    assert sylvie.post(address("template-archive", template_id)).status_code == 403
    assert Template.objects.get().archived_at is None


def test_an_administrator_manages_templates_and_sends_none(cast: Cast) -> None:
    template_id = made(cast)
    administrator = as_person(claire(cast).person_id)

    assert administrator.get(address("template", template_id)).status_code == 200
    assert administrator.get(address("bulk-new", template_id)).status_code == 403
    assert administrator.post(address("template-archive", template_id)).status_code == 302


def test_a_new_version_keeps_the_circuit_and_the_file_unless_told_otherwise(cast: Cast, lebrun: Client) -> None:
    template_id = made(cast)
    before = read.template(template_id=template_id, actor=cast.lebrun, at=now()).definition

    answer = lebrun.post(
        address("template-revise", template_id),
        {"message": "Autrement dit.", "easy_text": "", "seat_1": str(cast.ricaud.person_id), "title_0": "Accord"},
    )

    assert answer.status_code == 302
    after = read.template(template_id=template_id, actor=cast.lebrun, at=now()).definition
    assert TemplateVersion.objects.count() == 2
    assert after.composition.documents[0].document_id == before.composition.documents[0].document_id
    assert after.composition.documents[0].title == "Accord"
    assert after.composition.steps[1].parties[0].person_id == cast.ricaud.person_id
    assert after.composition.steps[0] == before.composition.steps[0]


def test_a_draft_is_kept_as_a_template_once_its_pages_were_looked_at(cast: Cast, sylvie: Client) -> None:
    template_id = made(cast, what=plan(message="Bonjour").model_copy(update={"steps": plan().steps[1:]}))
    draft_id = used(cast, template_id)
    kept = {"name": "Le mien", "scope": "private"}

    assert sylvie.post(address("template-from-draft", draft_id), kept).status_code == 422
    # The title names Odile by now; it becomes a merge field again.
    assert sylvie.post(address("template-from-draft", draft_id), {**kept, "checked": "on"}).status_code == 302
    mine = Template.objects.get(name="Le mien")
    seen = read.template(template_id=mine.id, actor=cast.sylvie, at=now())
    assert seen.definition.composition.documents[0].title == "Consentement de {{patient.name}}"
    assert as_person(cast.lebrun.person_id).get(address("template-from-draft", draft_id)).status_code == 404


def csv_file(content: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("list.csv", content.encode("latin-1"), "text/csv")


def test_a_list_is_given_checked_confirmed_watched_and_reported(cast: Cast, sylvie: Client) -> None:
    template_id = made(cast)
    answer = sylvie.post(
        address("bulk-new", template_id),
        {"professional": str(cast.lebrun.person_id), "file": csv_file(f"patient;nom\n{cast.odile_id};\n;=1+1\n")},
    )
    bulk = BulkSend.objects.get()
    assert answer["Location"] == address("bulk", bulk.id)
    assert "hx-get" in sylvie.get(address("bulk", bulk.id)).content.decode()
    send_many.check_list(organisation_id=cast.hospital, bulk_id=bulk.id, at=now())

    page = text(sylvie.get(address("bulk", bulk.id)))
    assert "1 enveloppe sera envoyée." in page
    assert "FERRAND Odile" in page
    assert "Patient inconnu." in page
    assert sylvie.post(address("bulk-confirm", bulk.id)).status_code == 302
    assert sylvie.post(address("bulk-confirm", bulk.id)).status_code == 409
    polled = sylvie.get(address("bulk", bulk.id), headers={"HX-Request": "true"}).content.decode()
    assert polled.startswith('<div id="bulk" hx-get')
    send_all(cast, bulk.id)

    done = sylvie.get(address("bulk", bulk.id), headers={"HX-Request": "true"}).content.decode()
    assert "hx-get" not in done
    report = sylvie.get(address("bulk-report", bulk.id)).content.decode("utf-8-sig").splitlines()
    assert report[1].startswith("1;FERRAND Odile;envoyée;;")
    assert report[2].startswith("2;'=1+1;ne sera pas envoyée;Patient inconnu.;")


def test_patients_are_chosen_one_by_one_among_ones_own(cast: Cast, sylvie: Client) -> None:
    template_id = made(cast)
    common = {"professional": str(cast.lebrun.person_id)}

    assert sylvie.post(address("bulk-new", template_id), common).status_code == 422
    strange = {**common, "patient": [str(cast.ibrahim_id)]}
    assert sylvie.post(address("bulk-new", template_id), strange).status_code == 422
    assert sylvie.post(address("bulk-new", template_id), {**common, "patient": [str(cast.odile_id)]}).status_code == 302
    assert BulkRow.objects.count() == 1


@pytest.mark.parametrize("content", ["", "patient;\x00\nx", "patient\n" + "x\n" * 2001, "salle\n4\n"])
def test_a_list_that_is_none_is_refused_with_what_to_do(cast: Cast, sylvie: Client, content: str) -> None:
    answer = sylvie.post(
        address("bulk-new", made(cast)),
        {"professional": str(cast.lebrun.person_id), "file": SimpleUploadedFile("list.csv", content.encode())},
    )

    assert answer.status_code == 422
    assert not BulkSend.objects.exists()


def test_a_list_of_somebody_else_is_not_there(cast: Cast, lebrun: Client) -> None:
    bulk_id: UUID = given(cast, made(cast), f"patient\n{cast.odile_id}")

    for name in ("bulk", "bulk-report"):
        assert lebrun.get(address(name, bulk_id)).status_code == 404
    for name in ("bulk-confirm", "bulk-cancel"):
        assert lebrun.post(address(name, bulk_id)).status_code == 404
    assert BulkRow.objects.get().state == "ready"


def test_an_empty_list_with_the_columns_of_the_template_can_be_taken(cast: Cast, sylvie: Client) -> None:
    template_id = made(cast, what=plan(message="Salle {{salle}}"))

    content = sylvie.get(address("bulk-example", template_id)).content.decode("utf-8-sig")
    assert content == "ins;nom;prénom;date de naissance;échéance;rpps;salle\r\n"


def test_the_page_of_a_list_asks_the_same_few_queries_however_long_it_is(
    cast: Cast, sylvie: Client, django_assert_max_num_queries: Any
) -> None:
    bulk_id = given(cast, made(cast), "patient\n" + "Inconnu\n" * 60)

    with django_assert_max_num_queries(30):
        sylvie.get(address("bulk", bulk_id))
