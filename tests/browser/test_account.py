"""Coming in and out, the second factor, and what people choose for their screen."""

import re
from collections.abc import Callable

import pytest
from allauth.mfa.totp.internal import auth as totp
from pytest_django import Settings

from tests.browser.screens import Screen, sign_in
from tests.browser.site import Site
from tests.cast import PASSWORD

Turn = Callable[..., Screen]


def digits(secret: str) -> str:
    """What an authenticator application shows now."""
    return totp.format_hotp_value(totp.hotp_value(secret, next(totp.yield_hotp_counters_from_time())))


def test_a_wrong_password_and_an_unknown_address_are_told_the_same(screen: Turn) -> None:
    somebody = screen()
    sign_in(somebody, "lebrun", "un-autre-mot-de-passe")
    known = somebody.page.get_by_role("alert").inner_text()
    somebody.look("sign-in-wrong")
    sign_in(somebody, "personne@montfaucy.example", "un-autre-mot-de-passe")
    unknown = somebody.page.get_by_role("alert").inner_text()

    assert known == unknown
    assert "mot de passe" in known


def test_the_second_factor_outside_a_demonstration(screen: Turn, settings: Settings) -> None:
    settings.DEMONSTRATION = False
    lebrun = screen(phone=True)
    sign_in(lebrun, "lebrun")
    assert lebrun.title() == "Créer votre clé d’accès"
    lebrun.follow("Mot de passe et application")
    assert lebrun.title() == "Ajouter le code d’une application", "the password is not asked twice"
    secret = lebrun.page.locator("details .p-hash").text_content() or ""
    lebrun.page.locator("input[name=code]").fill("000000")
    lebrun.press("Ajouter")
    lebrun.look("totp-wrong")
    lebrun.page.locator("input[name=code]").fill(digits(secret))
    lebrun.press("Ajouter")
    lebrun.press("Montrer mes codes de secours")
    spare = lebrun.page.locator(".p-codes li").first.inner_text()
    lebrun.press("Je les ai rangés")
    assert lebrun.title() == "Bonjour, Dr Anne Lebrun"
    lebrun.open("/sign-out/")
    lebrun.press("Se déconnecter")

    sign_in(lebrun, "lebrun")
    assert lebrun.title() == "Saisissez votre code"
    lebrun.page.locator("input[name=code]").fill(spare)
    lebrun.press("Continuer")
    assert lebrun.title() == "Créer une nouvelle clé d’accès"
    lebrun.open("/")
    assert lebrun.title() == "Bonjour, Dr Anne Lebrun"
    lebrun.open("/sign-out/")
    lebrun.press("Se déconnecter")

    sign_in(lebrun, "lebrun")
    lebrun.page.locator("input[name=code]").fill(spare)
    lebrun.press("Continuer")
    assert lebrun.title() == "Saisissez votre code", "a recovery code works once"


def test_after_signing_out_the_pages_are_closed(screen: Turn) -> None:
    sylvie = screen("sylvie")
    sylvie.open("/sign-out/")
    sylvie.press("Se déconnecter")
    assert sylvie.title() == "Se connecter"

    sylvie.open("/records/")

    assert sylvie.title() == "Se connecter"
    assert sylvie.page.url.endswith("/sign-in/?next=/records/")


def test_the_language_and_the_theme_are_kept(screen: Turn) -> None:
    sylvie = screen("sylvie")
    sylvie.open("/")
    sylvie.press("English")
    sylvie.says("Hello, Sylvie Courtois")
    sylvie.press("Light or dark")

    sylvie.open("/records/")

    assert sylvie.title() == "Records"
    assert sylvie.page.locator("html").get_attribute("data-bs-theme") == "dark"
    sylvie.look("records-chosen-dark")


def test_dr_ricaud_learns_nothing_of_odiles_record(site: Site, screen: Turn) -> None:
    ricaud = screen("ricaud")
    ricaud.open(f"/records/{site.cast.odile_id}/")
    there = ricaud.page.locator("main").inner_text()
    ricaud.open("/records/01900000-0000-7000-8000-000000000000/")
    nowhere = ricaud.page.locator("main").inner_text()

    assert there == nowhere
    assert "FERRAND" not in there


def test_the_whole_way_with_the_keyboard(screen: Turn) -> None:
    sylvie = screen()
    sylvie.open("/sign-in/")
    keyboard = sylvie.page.keyboard
    keyboard.press("Tab")
    assert sylvie.page.evaluate("document.activeElement.textContent") == "Aller au contenu"
    sylvie.page.locator("input[name=login]").focus()
    keyboard.type("sylvie.courtois@montfaucy.example")
    keyboard.press("Tab")
    keyboard.type(PASSWORD)
    keyboard.press("Enter")
    sylvie.says("Bonjour, Sylvie Courtois")
    for _ in range(30):
        keyboard.press("Tab")
        if re.search(r"/records/$", sylvie.page.evaluate("document.activeElement.href || ''")):
            break
    keyboard.press("Enter")
    sylvie.says("Enregistrer un patient")


@pytest.mark.parametrize("path", ["/sign-in/", "/nothing-here", "/records/"])
def test_a_page_without_scripts_is_a_page(screen: Turn, path: str) -> None:
    anybody = screen(scripts=False)

    anybody.open(path)

    assert anybody.title()
