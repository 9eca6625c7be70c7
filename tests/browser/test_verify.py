"""Anyone verifies a document: what its page says of a file that holds, that was changed, that nobody can read."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from telesphore.ades.verdict.apart import Judged, Picture
from telesphore.ades.verdict.reports.telling import Passage
from telesphore.cli.demonstration.consent import consent_form
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.paper.pictures import page_picture
from telesphore.records import actions as records
from telesphore.web.uploads import LARGEST_FILE
from tests.ades import verdicts
from tests.ades.attacks import ATTACKS
from tests.browser.screens import Screen
from tests.browser.site import PIN, Site

Turn = Callable[..., Screen]
EITHER = pytest.mark.parametrize(
    "device",
    [{"phone": False, "language": "fr"}, {"phone": True, "language": "en", "dark": True}],
    ids=["desk-french-light", "phone-english-dark"],
)
VERIFY = {"fr": "Vérifier", "en": "Verify"}


def give(somebody: Screen, name: str, content: bytes, button: str) -> None:
    somebody.open("/verify/")
    somebody.page.locator("#id_file").set_input_files({"name": name, "mimeType": "application/pdf", "buffer": content})
    somebody.press(button)
    somebody.page.wait_for_load_state("load")


def drawn(verdict: Any, *passages: Passage) -> Judged:
    """As if the file had been judged so: each face of the page, whatever the looks find today."""
    png = page_picture(consent_form().pdf, 0, 760)
    pictures = [Picture(1, "now", 595, 842, png)]
    if any(not one.expected for one in passages):
        pictures.append(Picture(1, "signed", 595, 842, png))
    return Judged(verdict, 1, tuple(pictures), passages)


CHANGED = (
    Passage(1, (220.0, 600.0, 270.0, 615.0), "28 jours", "7 jours", False),
    Passage(1, (57.0, 520.0, 160.0, 536.0), "À renouveler 3 fois", "", False),
)
ADDED = Passage(1, (57.0, 520.0, 160.0, 536.0), "Délivré le 20/11, pharmacie du Lavoir", "", True)
FACES = {
    "valid": lambda: drawn(verdicts.valid()),
    "reserved": lambda: drawn(verdicts.reserved(), ADDED),
    "changed": lambda: drawn(verdicts.altered(), *CHANGED),
    "unknown": lambda: drawn(verdicts.not_trusted()),
}


@EITHER
@pytest.mark.parametrize("face", FACES)
def test_each_face_of_a_verdict(
    site: Site, screen: Turn, device: dict[str, Any], face: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telesphore.web.verify.views.judge", lambda *_given, **_named: FACES[face]())
    somebody = screen(**device)
    give(somebody, "ordonnance.pdf", b"%PDF-", VERIFY[device["language"]])

    somebody.page.locator("details").last.locator("summary").click()
    somebody.look(f"verify-{face}")


@EITHER
def test_the_form_and_what_it_refuses(screen: Turn, device: dict[str, Any], tmp_path: Path) -> None:
    language = device["language"]
    somebody = screen(**device)
    somebody.open("/verify/")
    somebody.look("verify-form")
    large = tmp_path / "large.pdf"
    with large.open("wb") as file:
        file.truncate(LARGEST_FILE + 1000)
    somebody.page.locator("#id_file").set_input_files(large)
    somebody.press(VERIFY[language])
    somebody.says({"fr": "Ce fichier dépasse 50 Mo", "en": "This file is larger than 50 MB"}[language])
    somebody.look("verify-too-large")
    give(somebody, "lettre.pdf", b"Bonjour", VERIFY[language])

    somebody.says({"fr": "on ne peut rien en dire", "en": "nothing can be said of it"}[language])
    somebody.look("verify-unreadable")


def test_without_scripts_a_document_is_verified_and_its_report_taken_away(site: Site, screen: Turn) -> None:
    somebody = screen(phone=True, scripts=False)
    give(somebody, "formulaire.pdf", consent_form().pdf, "Vérifier")

    somebody.says("Ce fichier ne porte aucune signature électronique.")
    with somebody.page.expect_download() as taken:
        somebody.follow("Rapport (PDF)")
    assert taken.value.suggested_filename == "rapport-de-validation.pdf"
    assert taken.value.path().read_bytes().startswith(b"%PDF-")


def test_the_way_to_the_page_is_on_every_page(screen: Turn) -> None:
    somebody = screen()
    somebody.open("/sign-in/")
    somebody.follow("Vérifier un document")
    assert somebody.title() == "Vérifier un document"


def test_what_the_platform_signed_is_verified_by_anyone(site: Site, screen: Turn) -> None:
    site.provision("lebrun")
    envelope_id = site.send(patient_signs=False)
    lebrun = screen("lebrun")
    lebrun.open(f"/book/{envelope_id}/")
    lebrun.fill("Code PIN de votre carte", PIN)
    lebrun.press("Signer")
    lebrun.says("C’est signé.")
    site.work()
    lebrun.open(f"/book/{envelope_id}/")
    lebrun.follow("Document signé")
    lebrun.settle()
    lebrun.look("document-to-print")
    document = lebrun.page.url.rstrip("/").rpartition("/")[2]
    signed = lebrun.page.request.get(f"{site.url}/documents/{document}/file.pdf").body()

    somebody = screen()
    give(somebody, "consentement.pdf", signed, "Vérifier")
    somebody.says("Ce document est valide")
    somebody.look("verify-ours")
    somebody.picture("verify", keep=True)
    somebody.says("Qui a signé")
    assert "LEBRUN" in somebody.page.content()


@EITHER
@pytest.mark.parametrize("fate", ["stands", "replaced", "withdrawn"])
def test_what_a_print_leads_to(site: Site, screen: Turn, device: dict[str, Any], fate: str) -> None:
    sylvie = site.cast.sylvie
    assert sylvie.person_id is not None
    document = records.file_result(
        patient_id=site.cast.odile_id, source_id=uuid7(), source_part="signed", title="Consentement",
        type_code="59284-0", class_code="52", pdf=consent_form().pdf, pages=3, author_id=sylvie.person_id,
        actor=Actor.system(site.cast.hospital), at=now(),
    )  # fmt: skip
    printed = records.print_document(document_id=document, language="fr", actor=sylvie, at=now())
    text = pypdfium2.PdfDocument(printed.pdf)[0].get_textpage().get_text_bounded()
    address = re.search(r"/verify/copy/[\w-]+", text)
    assert address is not None
    if fate != "stands":
        other = site.deposit() if fate == "replaced" else None
        records.withdraw_document(document_id=document, replaced_by=other, actor=sylvie, at=now())
    somebody = screen(**device)
    somebody.open(address[0])

    said = {
        "stands": {"fr": "est toujours valable", "en": "still holds"},
        "replaced": {"fr": "a été remplacé", "en": "was replaced"},
        "withdrawn": {"fr": "a été retiré", "en": "was withdrawn"},
    }[fate][device["language"]]
    assert said in somebody.title()
    somebody.look(f"verify-copy-{fate}")


def test_sylvie_withdraws_a_document_for_another(site: Site, screen: Turn) -> None:
    first = site.deposit("Ordonnance")
    site.deposit("Ordonnance, corrigée")
    sylvie = screen("sylvie", phone=True)
    sylvie.open(f"/documents/{first}/")
    sylvie.follow("Retirer…")
    sylvie.look("withdraw-document")
    sylvie.page.get_by_label("Le document qui le remplace").select_option(index=1)
    sylvie.press("Retirer")

    sylvie.says("Remplacé : ce document ne vaut plus.")
    sylvie.settle()
    sylvie.look("document-replaced")
    sylvie.open(f"/records/{site.cast.odile_id}/")
    sylvie.says("Remplacé")
    sylvie.look("record-with-replaced")
    sylvie.open(f"/documents/{first}/")
    sylvie.follow("Voir ce qui le remplace")
    assert sylvie.title() == "Ordonnance, corrigée"


@EITHER
def test_a_forged_prescription_is_shown_beside_what_was_signed(screen: Turn, device: dict[str, Any]) -> None:
    forged = next(case for case in ATTACKS if str(case) == "text replaced in an update").make()
    somebody = screen(**device)
    give(somebody, "prescription.pdf", forged, VERIFY[device["language"]])

    somebody.says({"fr": "Ne vous fiez pas à ce document", "en": "Do not rely on this document"}[device["language"]])
    said = somebody.page.locator(".v-diff").inner_text()
    assert "Levothyrox 25 micrograms" in said
    assert "Levothyrox 200 micrograms" in said
    somebody.look("verify-forged")
