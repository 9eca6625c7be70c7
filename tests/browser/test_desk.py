"""A day at the desk: patients registered, files refused, work that stopped, the journal."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pikepdf
import pytest
from django.db import connection

from telesphore.config import wiring
from telesphore.config.settings import SETTINGS
from telesphore.outbox import ports
from tests.browser.screens import Screen
from tests.browser.site import Site
from tests.papers import blank, one_page

Turn = Callable[..., Screen]


def locked() -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(one_page())) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="owner", user="user"))
    return out.getvalue()


def with_a_program() -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(one_page())) as pdf:
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert('bonjour')")
        pdf.save(out)
    return out.getvalue()


def test_sylvie_registers_a_patient_mends_what_was_wrong_and_finds_the_record(screen: Turn) -> None:
    sylvie = screen("sylvie", phone=True)
    sylvie.open("/records/new")
    sylvie.fill("Nom de naissance", "Delvaux")
    sylvie.fill("Prénoms", "Irène")
    sylvie.fill("Téléphone mobile", "12")
    sylvie.press("Enregistrer")
    sylvie.says("À corriger pour continuer")
    sylvie.says("Écrivez le numéro avec ses dix chiffres")
    sylvie.look("register-to-mend")
    assert sylvie.page.get_by_label("Nom de naissance", exact=True).input_value() == "Delvaux"
    sylvie.fill("Date de naissance", "1948-05-02")
    sylvie.page.get_by_label("Sexe").select_option(index=1)
    sylvie.fill("Téléphone mobile", "06 39 98 01 60")
    sylvie.press("Enregistrer")

    assert sylvie.title() == "DELVAUX Irène"
    sylvie.look("record-new")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (lambda: b"%not a PDF at all", "Ce fichier n’est ni un PDF, ni une image"),
        (locked, "Ce PDF est protégé par un mot de passe."),
        (lambda: blank(1001), "Ce PDF a plus de 1000 pages."),
        (lambda: one_page()[:200], "Ce PDF est abîmé"),
    ],
    ids=["not-a-pdf", "locked", "too-many-pages", "cut-short"],
)
def test_a_file_that_cannot_be_taken_says_why_and_what_to_do(
    site: Site, screen: Turn, tmp_path: Path, content: Callable[[], bytes], sentence: str
) -> None:
    paper = tmp_path / "document.pdf"
    paper.write_bytes(content())
    sylvie = screen("sylvie")
    sylvie.open(f"/records/{site.cast.odile_id}/deposit")
    sylvie.page.get_by_label("Fichier", exact=True).set_input_files(paper)
    sylvie.fill("Titre", "Consentement")
    sylvie.press("Déposer")

    sylvie.says(sentence)
    sylvie.look("deposit-refused")
    sylvie.open(f"/records/{site.cast.odile_id}/")
    sylvie.says("Aucun document")


DROP = """name => {
  const dropped = new DataTransfer();
  dropped.items.add(new File(["%PDF"], name, {type: "application/pdf"}));
  const said = {dataTransfer: dropped, bubbles: true, cancelable: true};
  const left = document.querySelector("h1").dispatchEvent(new DragEvent("drop", said));
  return [left, document.querySelector("[type=file]").files[0].name, document.querySelector("[name=title]").value];
}"""


def test_a_pdf_with_a_program_is_taken_without_it(site: Site, screen: Turn, tmp_path: Path) -> None:
    paper = tmp_path / "document.pdf"
    paper.write_bytes(with_a_program())
    sylvie = screen("sylvie")
    sylvie.open(f"/records/{site.cast.odile_id}/deposit")
    # What is dropped on the page is chosen, and names the document until one does.
    for name, title in (
        ("lettre_de  sortie.pdf", "Lettre de sortie"),
        ("IMG_2034.jpg", ""),
        ("bilan.v2.pdf", "Bilan.v2"),
    ):
        assert sylvie.page.evaluate(DROP, name) == [False, name, title]
    sylvie.look("deposit-dropped")
    sylvie.fill("Titre", "Consentement")
    assert sylvie.page.evaluate(DROP, "autre.pdf") == [False, "autre.pdf", "Consentement"]
    sylvie.page.get_by_label("Fichier", exact=True).set_input_files(paper)
    sylvie.press("Déposer")

    sylvie.says("Le document est dans le dossier.")
    sylvie.says("Un programme (JavaScript) a été retiré du fichier.")
    sylvie.settle()
    sylvie.look("document-cleaned")


class Away:
    """A mail server that does not answer."""

    def send(self, **_: str) -> None:
        raise ports.GatewayAway


@pytest.fixture
def mail_away() -> Iterator[Callable[[], None]]:
    """The mail gateway is away, until the test brings it back."""
    ports.mail.bind(Away)
    yield lambda: wiring.bind_gateways(SETTINGS)
    wiring.bind_gateways(SETTINGS)


def test_work_that_stopped_is_told_with_its_reason_and_tried_again(
    site: Site, screen: Turn, mail_away: Callable[[], None]
) -> None:
    site.send()
    claire = screen("claire")
    claire.open("/jobs/")
    claire.says("Prochain essai")
    claire.look("jobs-waiting")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET attempts = 11, scheduled_at = now() WHERE status = 'todo'")
    site.work()
    claire.open("/jobs/")
    claire.says("La passerelle n’a pas répondu")
    claire.look("jobs-stopped")

    mail_away()
    claire.press("Réessayer")
    claire.says("Il reprend dans un instant.")
    site.work()
    claire.open("/jobs/")
    claire.says("Tout a abouti.")
    assert "/l/" in site.last("email")


def test_the_journal_tells_what_was_refused(site: Site, screen: Turn) -> None:
    ricaud = screen("ricaud")
    ricaud.open(f"/records/{site.cast.odile_id}/")
    hugo = screen("hugo", dark=True)
    hugo.open("/audit/")

    hugo.says("Dossier ouvert")
    hugo.says("Refusé")
    hugo.says("Dr Thomas Ricaud")
    hugo.look("journal-refusals")
