"""An envelope is composed with the keyboard alone, with scripts and without."""

from collections.abc import Callable

import pytest

from telesphore.signature.models import Envelope, Recipient, Step
from telesphore.signature.states import PartyRole
from tests.browser.screens import Screen
from tests.browser.site import Site
from tests.paper.pictures import photograph

Turn = Callable[..., Screen]
NAMED = """() => {
  const one = document.activeElement;
  return (one.labels?.[0]?.innerText ?? one.getAttribute("aria-label") ?? one.innerText).trim().replace(/\\s+/g, " ");
}"""


def tab_to(screen: Screen, name: str) -> None:
    """Press Tab until the control of this name has the focus."""
    for _press in range(70):
        screen.page.keyboard.press("Tab")
        found = screen.page.evaluate(NAMED)
        if found == name:
            return
    raise AssertionError(f"{name!r} is not reached by Tab; the last was {found!r}")


def write(screen: Screen, name: str, words: str) -> None:
    """Into a field, or the first letters of what a list is to show."""
    tab_to(screen, name)
    screen.page.keyboard.type(words)


def press(screen: Screen, name: str) -> None:
    tab_to(screen, name)
    with screen.page.expect_navigation():
        screen.page.keyboard.press("Enter")


def photographs(sylvie: Screen) -> None:
    """A second document: a paper that her phone has photographed, held sideways."""
    press(sylvie, "Ajouter un fichier…")
    photo = {"name": "IMG_2034.jpg", "mimeType": "image/jpeg", "buffer": photograph(6)}
    sylvie.page.get_by_label("Fichier", exact=True).set_input_files(photo)
    sylvie.fill("Titre", "Notice signée sur papier")
    sylvie.look("compose-upload-picture")
    sylvie.press("Ajouter")
    sylvie.says("Converti à partir d’une image JPEG")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_sylvie_composes_three_steps_with_the_keyboard_alone(site: Site, screen: Turn, scripts: bool) -> None:
    site.deposit()
    sylvie = screen("sylvie", scripts=scripts)
    sylvie.open(f"/records/{site.cast.odile_id}/")
    press(sylvie, "Préparer une enveloppe")
    write(sylvie, "Un document du dossier", "Cons")
    press(sylvie, "Ajouter ce document")
    if scripts:
        photographs(sylvie)
    for number, who in enumerate(("Le patient", "Un interprète", "Dr Anne"), 1):
        press(sylvie, "Ajouter une étape")
        write(sylvie, f"Qui, à l’étape {number}", who)
        press(sylvie, f"Ajouter à l’étape {number}")
    sylvie.says("2 éléments manquent")
    sylvie.page.locator("h1").first.evaluate("one => { one.tabIndex = -1; one.focus(); }")
    write(sylvie, "Nom", "Ana Silva")
    write(sylvie, "Adresse électronique", "ana@interpretes.example")
    write(sylvie, "Téléphone mobile", "06 39 98 01 11")
    if scripts:
        sylvie.page.keyboard.press("Tab")
        sylvie.says("Il ne manque rien")
        sylvie.look("composed")
    press(sylvie, "Envoyer…")
    sylvie.says("Avant l’envoi")
    press(sylvie, "Envoyer")
    sylvie.says("C’est parti.")
    envelope = Envelope.objects.get()
    roles = [
        Recipient.objects.get(step_id=step.id).role
        for step in Step.objects.filter(envelope_id=envelope.id).order_by("position")
    ]
    assert roles == [PartyRole.PATIENT, PartyRole.INTERPRETER, PartyRole.PROFESSIONAL]
