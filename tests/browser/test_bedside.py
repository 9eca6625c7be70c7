"""A tablet at the bedside: handed over, read and signed without network, and given back to who handed it over."""

from collections.abc import Callable
from uuid import UUID

import pytest
from playwright.sync_api import Error as BrowserError

from telesphore.signature.models import Bedside, Envelope, Recipient
from tests.browser.screens import Screen
from tests.browser.site import Site
from tests.cast import PASSWORD

TABLET = {"width": 820, "height": 1180}


def handed_over(site: Site, screen: Callable[..., Screen], **options: object) -> tuple[Screen, UUID]:
    """Dr Lebrun's tablet, in Odile's hands."""
    envelope_id = site.send()
    tablet = screen("lebrun", **options)
    tablet.page.set_viewport_size(TABLET)  # type: ignore[arg-type]  # A size.
    tablet.open(f"/book/{envelope_id}/")
    tablet.follow("Confier la tablette")
    tablet.look("bedside-open")
    tablet.page.get_by_label("passeport").check()
    tablet.press("Confier la tablette")
    tablet.says("Confiée par")
    tablet.settle()
    tablet.says("Le document entier est sur cette tablette")
    return tablet, envelope_id


def without_network(tablet: Screen) -> None:
    """What the browser says of a network that the test itself took away is no complaint."""
    tablet.complaints[:] = [one for one in tablet.complaints if "ERR_INTERNET_DISCONNECTED" not in one]


def read_all(tablet: Screen) -> None:
    for number in (2, 3):
        tablet.press("Page suivante")
        tablet.page.locator(f"[data-viewer][data-shown='{number}']").wait_for()
    tablet.page.locator("[data-read]").check()


def test_odile_signs_while_the_network_is_away(site: Site, screen: Callable[..., Screen]) -> None:
    tablet, envelope_id = handed_over(site, screen)
    context = tablet.page.context
    tablet.look("bedside")
    context.set_offline(True)
    # What would lead away from a page that could not come back is not followed.
    tablet.follow("English")
    tablet.says("Le réseau est absent")
    tablet.page.locator("[data-read]").check()
    tablet.press("Je suis d’accord et je signe")
    tablet.says("Vous n’avez pas encore vu cette page")
    tablet.page.locator("[data-viewer][data-shown='2']").wait_for()
    tablet.press("Page suivante")
    tablet.page.locator("[data-viewer][data-shown='3']").wait_for()
    tablet.press("Je suis d’accord et je signe")
    tablet.says("Rien n’est perdu")
    tablet.picture("bedside-cut")
    assert Envelope.objects.get(id=envelope_id).state == "sent"

    # Even a page that is gone has lost nothing.
    tablet.page.once("dialog", lambda dialog: dialog.accept())
    with pytest.raises(BrowserError, match="ERR_INTERNET_DISCONNECTED"):
        tablet.page.reload()
    context.set_offline(False)
    tablet.page.goto(f"{site.url}/bedside/")
    tablet.says("C’est signé")
    tablet.look("bedside-done")
    proof = Recipient.objects.get(envelope_id=envelope_id, patient_id=site.cast.odile_id).proof
    assert proof is not None
    assert proof["decided_at"] >= Bedside.objects.get().began_at.isoformat()
    assert tablet.page.evaluate("localStorage.getItem('bedside')") is None
    without_network(tablet)


def test_a_refusal_waits_for_the_network_and_goes_by_itself(site: Site, screen: Callable[..., Screen]) -> None:
    tablet, envelope_id = handed_over(site, screen, dark=True)
    tablet.page.context.set_offline(True)
    tablet.page.get_by_text("Je n’accepte pas").click()
    tablet.page.get_by_label("Que souhaitez-vous en dire").fill("Je préfère attendre")
    tablet.look("bedside-refusing")
    tablet.press("Envoyer mon refus")
    tablet.says("Rien n’est perdu")
    tablet.page.context.set_offline(False)
    tablet.says("Votre refus est reçu")
    assert Envelope.objects.get(id=envelope_id).state == "declined"
    without_network(tablet)


def test_a_tablet_is_unlocked_only_once_what_was_decided_offline_has_left_it(
    site: Site, screen: Callable[..., Screen]
) -> None:
    tablet, envelope_id = handed_over(site, screen)
    page, context = tablet.page, tablet.page.context
    read_all(tablet)
    # The lock page came while the network was there, in a tab of its own.
    lock = context.new_page()
    lock.goto(f"{site.url}/locked/")
    context.set_offline(True)
    tablet.press("Je suis d’accord et je signe")
    tablet.says("Rien n’est perdu")
    page.close()
    lock.locator("input[name=password]").fill(PASSWORD)
    lock.locator("form[data-unlock] button").click()
    lock.get_by_text("n’a pas encore quitté cette tablette").wait_for()
    context.set_offline(False)
    lock.wait_for_url("**/bedside/done**")
    assert Recipient.objects.get(envelope_id=envelope_id, patient_id=site.cast.odile_id).state == "signed"
    assert Bedside.objects.get().end == "signed"
    assert lock.evaluate("localStorage.getItem('bedside')") is None
    without_network(tablet)


def test_a_decision_that_comes_after_the_hour_is_refused_in_clear_words(
    site: Site, screen: Callable[..., Screen]
) -> None:
    tablet, envelope_id = handed_over(site, screen)
    read_all(tablet)
    tablet.page.context.set_offline(True)
    tablet.press("Je suis d’accord et je signe")
    tablet.says("Rien n’est perdu")
    Bedside.objects.update(ends_at=Bedside.objects.get().began_at)
    tablet.page.context.set_offline(False)
    tablet.says("Cette tablette n’est plus confiée")
    tablet.look("bedside-over")
    tablet.complaints[:] = [one for one in tablet.complaints if not one.startswith("404 at")]
    without_network(tablet)
    assert Envelope.objects.get(id=envelope_id).state == "sent"


def test_the_tablet_leads_nowhere_else_until_who_handed_it_over_unlocks_it(
    site: Site, screen: Callable[..., Screen]
) -> None:
    tablet, envelope_id = handed_over(site, screen)
    page = tablet.page
    page.go_back()
    page.wait_for_load_state()
    assert "FERRAND" not in page.locator("main").inner_text() or page.url.endswith("/bedside/")
    for place in ("/", "/book/", f"/book/{envelope_id}/", f"/patients/{site.cast.odile_id}/"):
        tablet.open(place)
        tablet.says("Session verrouillée")
    tablet.open("/bedside/")
    tablet.follow("English")
    tablet.settle()
    tablet.says("Handed to you by")
    tablet.look("bedside-english")
    tablet.follow("Give the tablet back")
    tablet.says("Session verrouillée")
    page.locator("input[name=password]").fill("deviné")
    page.locator("form[data-unlock] button, main form button").first.click()
    page.wait_for_load_state()
    assert Bedside.objects.get().end == ""
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("form[data-unlock] button, main form button").first.click()
    page.wait_for_url(f"**/book/{envelope_id}/")
    assert Bedside.objects.get().end == "returned"
    tablet.complaints[:] = [one for one in tablet.complaints if not one.startswith(("422 at", "423 at"))]
