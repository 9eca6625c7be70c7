"""A page that nobody touches is covered, keeps what was typed, and goes on once its person is back."""

from collections.abc import Callable
from datetime import timedelta

from telesphore.accounts.models import Session
from telesphore.kernel.clock import now
from tests.browser.screens import Screen, sign_in
from tests.browser.site import Site
from tests.cast import PASSWORD

Turn = Callable[..., Screen]
AWAY = timedelta(minutes=16)


def leave_alone(screen: Screen) -> None:
    """Nobody touches the keyboard for sixteen minutes; the server knows it, and so does the page's clock."""
    Session.objects.update(seen_at=now() - AWAY)
    screen.page.clock.set_system_time((now() + AWAY).timestamp())
    screen.page.clock.run_for(1500)


def test_what_was_typed_is_there_once_unlocked_and_can_be_sent(site: Site, screen: Turn) -> None:
    sylvie = screen()
    sylvie.page.clock.install()
    sign_in(sylvie, "sylvie")
    sylvie.open("/records/new")
    sylvie.fill("Nom de naissance", "Delmas")
    leave_alone(sylvie)

    lock = sylvie.page.locator("#lock")
    lock.get_by_role("button", name="Déverrouiller", exact=True).wait_for()
    assert not sylvie.page.locator("main").is_visible()
    assert sylvie.page.title() == "Session verrouillée · Télesphore"
    assert sylvie.page.evaluate("document.activeElement.closest('#lock') !== null")
    sylvie.look("locked")
    sylvie.page.keyboard.press("Escape")
    assert lock.is_visible()

    lock.get_by_label("Mot de passe", exact=True).fill("un-autre-mot-de-passe")
    lock.get_by_role("button", name="Déverrouiller", exact=True).click()
    lock.get_by_role("alert").filter(visible=True).wait_for()
    sylvie.look("locked-wrong")
    lock.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    lock.get_by_role("button", name="Déverrouiller", exact=True).click()
    lock.wait_for(state="hidden")

    assert sylvie.page.get_by_label("Nom de naissance", exact=True).input_value() == "Delmas"
    sylvie.press("Enregistrer")
    sylvie.page.wait_for_load_state()
    # The form arrived: what it lacks is said beside its fields, with what was typed.
    assert sylvie.page.get_by_label("Nom de naissance", exact=True).input_value() == "Delmas"
    assert sylvie.page.locator("[role=alert]").count()


def test_without_scripts_the_server_locks_alone(site: Site, screen: Turn) -> None:
    sylvie = screen("sylvie", scripts=False, phone=True)
    Session.objects.update(seen_at=now() - AWAY)
    sylvie.open("/records/")
    sylvie.says("Session verrouillée")
    assert "FERRAND" not in sylvie.page.content()
    sylvie.follow("Déverrouiller")
    sylvie.picture("locked-page")
    sylvie.page.locator("input[name=password]").fill(PASSWORD)
    sylvie.press("Déverrouiller")
    assert sylvie.title() == "Dossiers"


def test_the_end_is_announced_a_minute_ahead_and_then_the_page_is_closed(site: Site, screen: Turn) -> None:
    sylvie = screen()
    sylvie.page.clock.install()
    sign_in(sylvie, "sylvie")
    Session.objects.update(ends_at=now() + timedelta(seconds=50))
    sylvie.open("/records/new")
    sylvie.page.clock.run_for(1500)
    sylvie.says("Votre session se termine dans moins d’une minute")
    sylvie.look("ending")
    Session.objects.update(ends_at=now())
    sylvie.page.clock.run_for(60_000)
    sylvie.says("Votre session est terminée.")
    assert not sylvie.page.locator("main").is_visible()


def test_the_sessions_and_tokens_of_ones_own(site: Site, screen: Turn) -> None:
    phone, desk = screen("sylvie", phone=True), screen("sylvie")
    for one in (phone, desk):
        one.open("/security/sessions/")
        one.look("sessions")
    desk.press("Fermer toutes les autres")
    desk.says("Vos autres sessions sont fermées")
    phone.open("/records/")
    assert phone.page.url.split("?")[0].endswith("/sign-in/")

    desk.open("/security/tokens/")
    desk.look("tokens")
    desk.fill("Nom", "Logiciel du secrétariat")
    desk.page.get_by_label("records:document:deposit").check()
    desk.press("Créer le jeton")
    desk.says("Voici le jeton")
    desk.look("token-made")
    assert desk.page.locator("#secret").input_value().startswith("telesphore_")
    english = screen("sylvie", phone=True, language="en")
    english.open("/security/tokens/")
    english.look("tokens")
    english.open("/security/")
    english.look("security-parts")
