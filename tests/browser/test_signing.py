"""The main job, as people do it: Sylvie sends, Odile and Dr Lebrun sign, all of them find the result."""

import math
import re
from collections.abc import Callable
from pathlib import Path

from telesphore.cli.demonstration.consent import consent_form
from telesphore.kernel.clock import now
from telesphore.signature import queries
from telesphore.signature.states import EnvelopeState
from tests.browser.screens import Screen, sign_in
from tests.browser.site import PIN, Site

Turn = Callable[..., Screen]
CONSENT = "Consentement à l’endoscopie bronchique"


def wrong(code: str) -> str:
    """Another code."""
    return f"{(int(code) + 1) % 10**6:06d}"


def come_in(odile: Screen, *, receive: str, proceed: str, miss: str) -> None:
    """Ask for the code, miss it once, then give it."""
    odile.look("patient-landing")
    odile.press(receive)
    odile.look("patient-code")
    code = odile.site.code()
    odile.page.locator("#code").fill(wrong(code))
    odile.press(proceed)
    odile.says(miss)
    odile.look("patient-code-wrong")
    odile.page.locator("#code").fill(code)
    odile.press(proceed)
    odile.settle()


def draw(odile: Screen) -> None:
    """A signature by hand, with two strokes."""
    canvas = odile.page.locator("canvas.t-hand")
    canvas.wait_for()
    box = canvas.bounding_box()
    assert box is not None
    mouse = odile.page.mouse
    loops = [(0.15 + t / 70 + 0.04 * math.sin(t / 1.6), 0.45 - 0.3 * math.cos(t / 2) * (1 - t / 50)) for t in range(36)]
    flourish = [(0.2 + t / 40, 0.82 - 0.06 * math.sin(t / 4)) for t in range(22)]
    for stroke in (loops, flourish):
        points = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in stroke]
        mouse.move(*points[0])
        mouse.down()
        for point in points[1:]:
            mouse.move(*point)
        mouse.up()


def test_a_consent_goes_from_the_secretary_to_the_patient_to_the_doctor_and_back(
    site: Site, screen: Turn, tmp_path: Path
) -> None:
    site.provision("lebrun")
    sylvie = screen()
    sign_in(sylvie, "sylvie")
    sylvie.page.get_by_role("link", name="Dossiers").first.click()
    sylvie.page.get_by_label("Nom du patient").fill("ferr")
    sylvie.press("Chercher")
    sylvie.follow("FERRAND Odile")
    sylvie.follow("Déposer un document")
    paper = tmp_path / "consentement.pdf"
    paper.write_bytes(consent_form().pdf)
    sylvie.page.get_by_label("Fichier", exact=True).set_input_files(paper)
    sylvie.fill("Titre", CONSENT)
    sylvie.press("Déposer")
    sylvie.says("Le document est dans le dossier.")
    sylvie.settle()
    sylvie.look("document-deposited")
    sylvie.press("Le faire signer")
    sylvie.says("Dr Anne Lebrun")
    sylvie.look("envelope-before-sending")
    sylvie.press("Envoyer")
    sylvie.says("C’est parti.")
    sylvie.settle()
    sylvie.look("envelope-sent")
    envelope = sylvie.page.url
    site.work()

    odile = screen(phone=True)
    odile.open("/outbox/")
    odile.page.locator("a[href*='/l/']").first.click()
    assert odile.title() == "Un document vous attend"
    come_in(odile, receive="Recevoir le code", proceed="Continuer", miss="Essais restants : 4.")
    for number in (1, 2):
        odile.says(f"Page {number} sur 3")
        odile.page.locator("canvas[data-canvas]").wait_for()
        if number == 1:
            odile.look("patient-read")
            odile.picture("patient-read", keep=True)
        odile.press(f"Page {number + 1}")
        odile.settle()
    odile.press("J’ai tout lu")
    odile.says("Moi, FERRAND Odile")
    odile.look("patient-decide")
    odile.follow("J’accepte")
    draw(odile)
    odile.look("patient-sign")
    odile.picture("patient-sign", keep=True)
    odile.press("Signer")
    odile.says("C’est signé")
    odile.look("patient-done")
    odile.picture("patient-done", keep=True)

    site.work()
    lebrun = screen("lebrun")
    lebrun.open("/")
    lebrun.picture("home", keep=True)
    lebrun.page.get_by_role("link", name="Parapheur").first.click()
    lebrun.says("FERRAND Odile")
    lebrun.picture("signature-book", keep=True)
    lebrun.follow("FERRAND Odile")
    lebrun.page.keyboard.press("o")
    lebrun.page.wait_for_url(re.compile(r"/book/[0-9a-f-]{36}/$"))
    lebrun.settle()
    lebrun.picture("envelope", keep=True)
    lebrun.fill("Code PIN de votre carte", "0000")
    lebrun.press("Signer")
    lebrun.says("Ce code PIN est inexact.")
    lebrun.settle()
    lebrun.look("envelope-wrong-pin")
    lebrun.fill("Code PIN de votre carte", PIN)
    lebrun.press("Signer")
    lebrun.says("C’est signé.")
    lebrun.look("book-after-signing")

    site.work()
    sylvie.open(envelope)
    sylvie.says("Terminé")
    sylvie.look("envelope-completed")
    sylvie.follow("Document signé")
    sylvie.settle()
    sylvie.look("document-signed")
    sylvie.page.go_back()
    sylvie.follow("Preuves")
    sylvie.settle()
    sylvie.look("document-evidence")
    sylvie.picture("evidence", keep=True)
    sylvie.page.get_by_role("link", name="FERRAND Odile").first.click()
    sylvie.look("record-after")
    sylvie.picture("record", keep=True)

    odile.open(site.link())
    assert odile.title() == "Votre exemplaire est prêt"
    odile.look("patient-copy-landing")
    odile.press("Recevoir le code")
    odile.page.locator("#code").fill(site.code())
    odile.press("Continuer")
    odile.settle()
    odile.look("patient-copy")
    with odile.page.expect_download() as kept:
        odile.page.get_by_role("link", name="Garder mon exemplaire").click()
    assert Path(kept.value.path()).read_bytes().startswith(b"%PDF-")

    hugo = screen("hugo")
    hugo.open("/audit/")
    hugo.says("Document scellé")
    hugo.picture("journal", keep=True)


def test_odile_signs_in_english_and_in_the_dark(site: Site, screen: Turn) -> None:
    site.send()
    odile = screen(phone=True, language="en", dark=True)

    odile.open(site.link())
    come_in(odile, receive="Receive the code", proceed="Continue", miss="This is not the code that we sent. 4 tries")
    odile.look("patient-read")
    odile.press("Read as text")
    odile.says("Madame, votre médecin vous propose")
    odile.look("patient-read-as-text")
    for number in (2, 3):
        odile.press(f"Page {number}")
        odile.settle()
    odile.press("I have read it all")
    odile.look("patient-decide")
    odile.follow("I agree")
    odile.look("patient-sign")
    odile.press("Sign it")

    odile.says("It is signed")
    odile.look("patient-done")


def test_odile_signs_on_a_phone_whose_scripts_are_off(site: Site, screen: Turn) -> None:
    envelope_id = site.send()
    odile = screen(phone=True, scripts=False)

    odile.open(site.link())
    odile.press("Recevoir le code")
    odile.page.locator("#code").fill(site.code())
    odile.press("Continuer")
    odile.page.wait_for_load_state("load")
    picture = odile.page.locator("img.t-picture")
    assert picture.evaluate("image => image.naturalWidth") > 500
    odile.picture("patient-read-noscript")
    odile.press("Page 2")
    odile.press("Page 3")
    odile.press("J’ai tout lu")
    odile.follow("J’accepte")
    odile.picture("patient-sign-noscript")
    odile.press("Signer")

    odile.says("C’est signé")
    seen = queries.envelope(envelope_id=envelope_id, actor=site.cast.sylvie, at=now())
    assert seen.steps[0].recipients[0].state == "signed"


def test_odile_cannot_sign_before_she_has_read_every_page(site: Site, screen: Turn) -> None:
    site.send()
    odile = screen(phone=True)
    odile.open(site.link())
    odile.press("Recevoir le code")
    odile.page.locator("#code").fill(site.code())
    odile.press("Continuer")
    odile.press("Page 2")

    odile.open("/p/decide")
    assert odile.page.url.endswith("/p/")
    odile.says("Page 2 sur 3")
    odile.open("/p/sign")
    odile.press("Signer")

    assert odile.page.url.endswith("/p/")


def test_odile_does_not_agree(site: Site, screen: Turn) -> None:
    envelope_id = site.send()
    link = site.link()
    odile = screen(phone=True)
    odile.open(link)
    odile.press("Recevoir le code")
    odile.page.locator("#code").fill(site.code())
    odile.press("Continuer")
    odile.follow("Je n’accepte pas")
    odile.look("patient-decline")
    odile.page.locator("#reason").fill("Je veux d’abord en parler à ma fille.")
    odile.press("Envoyer mon refus")
    odile.says("Votre refus est reçu")
    odile.look("patient-declined")
    odile.open(link)
    odile.says("Rien n’est perdu.")
    odile.look("patient-link-after-refusal")

    sylvie = screen("sylvie")
    sylvie.open(f"/book/{envelope_id}/")
    sylvie.says("Je veux d’abord en parler à ma fille.")
    sylvie.look("envelope-declined")


def test_dr_lebrun_refuses_and_sylvie_reads_why(site: Site, screen: Turn) -> None:
    envelope_id = site.send(patient_signs=False)
    lebrun = screen("lebrun", phone=True)
    lebrun.open(f"/book/{envelope_id}/")
    lebrun.follow("Refuser…")
    lebrun.press("Refuser")
    lebrun.says("À corriger pour continuer")
    lebrun.look("refuse-without-reason")
    lebrun.fill("Motif", "Ce n’est pas le bon examen.")
    lebrun.press("Refuser")
    lebrun.says("Refusé")

    seen = queries.envelope(envelope_id=envelope_id, actor=site.cast.sylvie, at=now())
    assert (seen.state, seen.reason) == (EnvelopeState.DECLINED, "Ce n’est pas le bon examen.")


def test_what_sylvie_withdraws_says_so_to_odile_who_was_reading(site: Site, screen: Turn) -> None:
    envelope_id = site.send()
    link = site.link()
    odile = screen(phone=True)
    odile.open(link)
    odile.press("Recevoir le code")
    odile.page.locator("#code").fill(site.code())
    odile.press("Continuer")
    sylvie = screen("sylvie")
    sylvie.open(f"/book/{envelope_id}/")
    sylvie.follow("Retirer…")
    sylvie.fill("Motif", "Mauvaise version.")
    sylvie.press("Retirer")
    sylvie.says("Retiré")
    sylvie.settle()
    sylvie.look("envelope-withdrawn")

    odile.press("Page 2")
    odile.says("Ce lien a été retiré par son expéditeur.")
    odile.open(link)
    odile.says("Ce lien a été retiré par son expéditeur.")
    odile.look("patient-link-withdrawn")


def test_dr_lebrun_signs_one_and_is_led_to_the_next(site: Site, screen: Turn) -> None:
    site.provision("lebrun")
    site.send("Ordonnance", patient_signs=False)
    site.send("Compte rendu", patient_signs=False)
    lebrun = screen("lebrun", language="en", dark=True)
    lebrun.open("/book/")
    lebrun.look("book-two")
    # The line is shown beside the list; its circuit opens from there.
    lebrun.page.get_by_role("link", name=re.compile("FERRAND Odile")).first.click()
    lebrun.page.keyboard.press("o")
    lebrun.page.wait_for_url(re.compile(r"/book/[0-9a-f-]{36}/$"))
    lebrun.fill("PIN of your card", PIN)
    lebrun.press("Sign")

    lebrun.says("It is signed.")
    lebrun.settle()
    lebrun.look("envelope-next")
    lebrun.fill("PIN of your card", PIN)
    lebrun.press("Sign")
    lebrun.says("Nothing awaits your signature.")
