"""An envelope is composed with the keyboard alone, with scripts and without; its three steps are gone through."""

import base64
from collections.abc import Callable

from telesphore.signature.models import Envelope, Recipient, Step
from telesphore.signature.states import EnvelopeState, PartyRole
from tests.browser.screens import Screen
from tests.browser.site import PIN, Site
from tests.browser.test_patient_screens import come_in
from tests.paper.pictures import photograph

Turn = Callable[..., Screen]
NAMED = """() => {
  const one = document.activeElement;
  return (one.labels?.[0]?.innerText ?? one.getAttribute("aria-label") ?? one.innerText).trim().replace(/\\s+/g, " ");
}"""

DROP = """photo => {
  const dropped = new DataTransfer();
  const bytes = Uint8Array.from(atob(photo), (one) => one.charCodeAt(0));
  dropped.items.add(new File([bytes], "IMG_2034.jpg", {type: "image/jpeg"}));
  const said = {dataTransfer: dropped, bubbles: true, cancelable: true};
  document.querySelector("#documents").dispatchEvent(new DragEvent("drop", said));
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
    """A second document: a paper that her phone has photographed, held sideways; dropped on the page."""
    press(sylvie, "Ajouter un fichier…")
    sylvie.follow("Annuler")
    sylvie.page.evaluate(DROP, base64.b64encode(photograph(6)).decode())
    adding = sylvie.page.get_by_role("dialog", name="Ajouter un fichier")
    adding.get_by_label("Titre", exact=True).fill("Notice signée sur papier")
    sylvie.look("compose-upload-picture")
    adding.get_by_role("button", name="Ajouter", exact=True).click()
    sylvie.says("Converti à partir d’une image JPEG")


def composed(sylvie: Screen, site: Site) -> Envelope:
    """A consent for Odile, then an interpreter, then Dr Lebrun, composed by keyboard and sent."""
    site.deposit()
    sylvie.open(f"/records/{site.cast.odile_id}/")
    press(sylvie, "Préparer une enveloppe")
    write(sylvie, "Un document du dossier", "Cons")
    press(sylvie, "Ajouter ce document")
    if sylvie.scripts:
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
    if sylvie.scripts:
        sylvie.page.keyboard.press("Tab")
        sylvie.says("Il ne manque rien")
        sylvie.look("composed")
    # An address that was half typed when the page saved itself.
    sylvie.complaints[:] = [one for one in sylvie.complaints if not one.startswith("422 at")]
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
    return envelope


def test_sylvie_composes_three_steps_with_the_keyboard_alone_and_without_scripts(site: Site, screen: Turn) -> None:
    composed(screen("sylvie", scripts=False), site)


def test_a_consent_goes_through_the_patient_their_interpreter_and_the_doctor(site: Site, screen: Turn) -> None:
    site.provision("lebrun")
    sylvie = screen("sylvie")
    envelope = composed(sylvie, site)
    site.work()

    odile = screen(phone=True)
    read_through(odile, site.link())
    odile.follow("J’accepte")
    odile.press("Signer")
    odile.says("C’est signé")
    site.work()

    ana = screen(phone=True)
    read_through(ana, site.link(), says="vous demande de traduire ce document", look="guest-read")
    ana.says("j’ai traduit")
    ana.look("guest-decide")
    ana.follow("C’est exact")
    ana.look("guest-sign")
    ana.press("Signer")
    ana.says("C’est signé")
    ana.look("guest-done")
    site.work()

    lebrun = screen("lebrun")
    lebrun.open(f"/book/{envelope.id}/")
    lebrun.fill("Code PIN de votre carte", PIN)
    lebrun.press("Signer")
    lebrun.says("C’est signé.")
    site.work()

    sylvie.open(f"/book/{envelope.id}/")
    sylvie.says("Terminé")
    sylvie.follow("Preuves")
    sylvie.settle()
    assert Envelope.objects.get().state == EnvelopeState.COMPLETED
    proofs = Recipient.objects.order_by("step__position").values_list("state", "proof__purpose")
    assert list(proofs) == [("signed", "consents"), ("signed", "validates"), ("signed", "validates")]


def read_through(screen: Screen, link: str, says: str = "", look: str = "") -> None:
    """Come in by a link and its code, and read the three pages and the photograph."""
    come_in(screen, link, "Recevoir le code", "Continuer")
    if look:
        screen.says(says)
        screen.look(look)
    for name in ("Page 2", "Page 3", "Page 4", "J’ai tout lu"):
        screen.press(name)
        screen.settle()
