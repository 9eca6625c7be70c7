"""The discussion beside a document: Odile asks on her phone, Dr Lebrun answers at her desk."""

from collections.abc import Callable

from telesphore.kernel.clock import now
from telesphore.signature import queries
from tests.browser.screens import Screen
from tests.browser.site import Site

Turn = Callable[..., Screen]


def test_a_question_is_asked_on_a_phone_and_answered_at_a_desk(site: Site, screen: Turn) -> None:
    envelope_id = site.send()
    site.work()
    odile = screen(phone=True)
    odile.open("/outbox/")
    odile.page.locator("a[href*='/l/']").first.click()
    odile.press("Recevoir le code")
    odile.page.locator("#code").fill(site.code())
    odile.press("Continuer")
    odile.settle()
    odile.follow("J’ai une question")
    odile.fill("Que voulez-vous savoir ?", "Je prends un fluidifiant du sang. Dois-je l’arrêter avant ?")
    odile.look("patient-question")
    odile.press("Envoyer ma question")
    odile.says("Votre question est partie.")
    odile.look("patient-question-sent")

    lebrun = screen("lebrun")
    lebrun.open(f"/book/{envelope_id}/")
    lebrun.says("Attend une réponse")
    lebrun.page.locator("summary", has_text="Répondre").click()
    lebrun.page.get_by_label("Votre réponse").fill("Oui, trois jours avant. Nous vous appelons demain.")
    lebrun.press("Envoyer la réponse")
    lebrun.says("Répondu")
    # A note for colleagues, with the name of one chosen by @, pinned by the keyboard.
    area = lebrun.page.get_by_label("Écrire aux personnes du circuit")
    area.press_sequentially("À revoir avec @syl")
    lebrun.page.get_by_role("option", name="Sylvie Courtois").click()
    assert area.input_value() == "À revoir avec @Sylvie Courtois "
    lebrun.press("Montrer un endroit")
    lebrun.page.keyboard.press("ArrowDown")
    lebrun.page.keyboard.press("Enter")
    lebrun.says("Retirer l’épingle")
    lebrun.press("Envoyer")
    lebrun.says("Prévenus : Sylvie Courtois")
    assert lebrun.page.locator("[data-paper] .p-place").count() == 2
    lebrun.look("envelope-thread")
    seen = queries.thread(envelope_id=envelope_id, actor=site.cast.lebrun, at=now())
    assert seen is not None
    assert [(pin.page, pin.x, pin.y) for line in seen.lines if (pin := line.pin)] == [(0, 960, 40), (0, 500, 510)]

    odile.open("/p/")
    odile.says("Oui, trois jours avant.")
    odile.look("patient-read-answered")
    assert "À revoir" not in odile.page.content()

    sylvie = screen("sylvie", phone=True, language="en", dark=True)
    sylvie.open(f"/book/{envelope_id}/")
    sylvie.says("Discussion")
    sylvie.look("envelope-thread")
    plain = screen("sylvie", scripts=False)
    plain.open(f"/book/{envelope_id}/thread/")
    plain.fill("Écrire aux personnes du circuit", "Sans script")
    plain.press("Envoyer")
    plain.says("Sans script")
