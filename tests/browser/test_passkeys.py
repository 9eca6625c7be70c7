"""Passkeys in a real browser, with its virtual authenticators: made, used, carried to a second device, lost."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from telesphore.accounts import actions
from telesphore.kernel.clock import now
from telesphore.outbox import queries as outbox
from tests.browser.screens import Screen, sign_in
from tests.browser.site import EMAILS, Site
from tests.browser.test_coming_in import code_of

Turn = Callable[..., Screen]

MAKE, CONTINUE, SHOW = "Créer une clé d’accès", "Continuer avec ma clé d’accès", "Montrer mes codes de secours"


@pytest.fixture(autouse=True)
def production(settings: Any) -> None:
    """An instance that is not a demonstration: too little opens nothing."""
    settings.DEMONSTRATION = False


class Authenticator:
    """What makes and holds passkeys in one browser (WebAuthn domain of Chromium's protocol).

    `carried` is a security key, which another browser can hold as well; else it is the device itself.
    """

    def __init__(self, screen: Screen, *, verified: bool = True, carried: bool = False) -> None:
        self.protocol = screen.page.context.new_cdp_session(screen.page)
        self.protocol.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2", "transport": "usb" if carried else "internal", "hasResidentKey": True,
            "hasUserVerification": True, "isUserVerified": verified, "automaticPresenceSimulation": True,
        }  # fmt: skip
        self.id = self.protocol.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def credentials(self) -> list[dict[str, Any]]:
        answer = self.protocol.send("WebAuthn.getCredentials", {"authenticatorId": self.id})
        return list(answer["credentials"])

    def hold(self, credential: dict[str, Any]) -> None:
        """Hold a passkey that was made elsewhere."""
        self.protocol.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": credential})

    def verify(self, able: bool) -> None:
        """Whether it recognises its holder."""
        self.protocol.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": able})


def by_password(turn: Turn, **device: Any) -> Screen:
    """Dr Lebrun, who has given the form her password."""
    lebrun = turn(**device)
    sign_in(lebrun, "lebrun")
    return lebrun


def sign_out(screen: Screen) -> None:
    screen.open("/sign-out/")
    screen.page.locator("main form button.btn-primary").click()
    expect(screen.page.get_by_role("button", name=CONTINUE)).to_be_visible()


def set_up(screen: Screen) -> list[str]:
    """From the first sign-in with an initial password to the first page; gives the recovery codes."""
    screen.press(MAKE)
    screen.press(SHOW)
    screen.page.locator("[data-codes] li").first.wait_for()
    codes = screen.page.locator("[data-codes] li").all_inner_texts()
    screen.press("Je les ai rangés")
    screen.says("Bonjour, ")
    return codes


def mails(site: Site) -> list[str]:
    site.work()
    return [message.text for message in outbox.local_messages() if message.channel == "email"]


def test_from_an_initial_password_to_a_passkey_in_three_presses(screen: Turn, site: Site) -> None:
    lebrun = by_password(screen, phone=True)
    device = Authenticator(lebrun)
    assert lebrun.title() == "Créer votre clé d’accès"
    lebrun.look("set-up-passkey")
    lebrun.press(MAKE)
    expect(lebrun.page.get_by_role("heading", name="Vos codes de secours")).to_be_visible()
    lebrun.look("set-up-codes")
    lebrun.press(SHOW)
    expect(lebrun.page.get_by_role("button", name="Je les ai rangés")).to_be_visible()
    assert lebrun.page.locator("[data-codes] li").count() == 10
    lebrun.look("recovery-codes")
    with lebrun.page.expect_download() as download:
        lebrun.press("Télécharger")
    assert lebrun.page.locator("[data-codes] li").first.inner_text() in download.value.path().read_text()
    lebrun.press("Je les ai rangés")
    lebrun.says("Bonjour, Dr Anne Lebrun")
    made = device.credentials()
    assert [(one["isResidentCredential"], one["rpId"]) for one in made] == [(True, "localhost")]

    sign_out(lebrun)
    lebrun.look("sign-in")
    lebrun.press(CONTINUE)
    lebrun.says("Bonjour, Dr Anne Lebrun")
    lebrun.open("/security/")
    lebrun.look("security")
    assert not [mail for mail in mails(site) if "nouvel appareil" in mail or "encore inconnu" in mail]


def test_a_key_made_here_opens_the_account_on_a_second_device_which_is_told(screen: Turn, site: Site) -> None:
    lebrun = by_password(screen)
    desk = Authenticator(lebrun)
    set_up(lebrun)
    key = Authenticator(lebrun, carried=True)
    lebrun.open("/security/passkeys/add/")
    lebrun.look("passkey-add")
    lebrun.fill("Nom", "Clé du trousseau")
    lebrun.press(MAKE)
    lebrun.says("Votre clé d’accès est prête.")
    assert (len(desk.credentials()), len(key.credentials())) == (1, 1), "the second one is made by the other device"
    before = len(mails(site))

    ward = screen(phone=True)
    Authenticator(ward, carried=True).hold(key.credentials()[0])
    ward.open("/sign-in/")
    ward.press(CONTINUE)
    ward.says("Bonjour, Dr Anne Lebrun")
    assert [mail for mail in mails(site)[before:] if "Chrome, " in mail], "she is told of the new device"

    lebrun.open("/security/")
    row = lebrun.page.locator(".t-row", has_text="Clé du trousseau")
    row.get_by_role("link", name="Retirer").click()
    lebrun.look("way-remove")
    lebrun.press("Retirer")
    lebrun.says("La clé d’accès est retirée.")
    sign_out(ward)
    ward.press(CONTINUE)
    ward.says("Cette clé d’accès n’est pas connue ici.")
    ward.look("sign-in-unknown-passkey")


def test_the_last_way_stays_with_the_reason(screen: Turn) -> None:
    lebrun = by_password(screen)
    Authenticator(lebrun)
    set_up(lebrun)
    lebrun.open("/security/")
    lebrun.page.locator(".t-row", has_text="Clé d’accès ·").get_by_role("link", name="Retirer").click()
    lebrun.press("Retirer")
    lebrun.says("Sans lui, vous ne pourriez plus entrer.")
    lebrun.look("security-last-way")


def test_who_lost_her_only_device_comes_back_by_a_recovery_code_and_her_own_address(screen: Turn, site: Site) -> None:
    lebrun = by_password(screen)
    Authenticator(lebrun)
    codes = set_up(lebrun)
    actions.remove_password(person_id=site.cast.lebrun.person, elsewhere=False, actor=site.cast.lebrun, at=now())
    new = screen(phone=True)
    Authenticator(new)
    new.open("/sign-in/")
    new.follow("Je n’ai plus mon moyen d’accès")
    new.look("lost")
    new.fill("Adresse électronique", EMAILS["lebrun"])
    new.fill("Code de secours", codes[3])
    new.press("Recevoir le lien")
    new.says("un lien vient de partir")
    new.look("lost-sent")
    found = re.search(r"http\S+/sign-in/set-up/\S+", [mail for mail in mails(site) if "/set-up/" in mail][-1])
    assert found
    new.open(found.group())
    new.look("follow")
    new.press("Continuer")
    assert new.title() == "Créer une nouvelle clé d’accès"
    new.look("set-up-after-loss")
    new.press(MAKE)
    new.says("Votre clé d’accès est prête.")
    new.open("/records/")
    assert new.title() == "Dossiers"
    again = screen()
    again.open(found.group())
    again.says("Ce lien ne peut pas servir")


def test_after_a_password_a_recovery_code_leads_to_a_new_passkey(screen: Turn, site: Site) -> None:
    lebrun = by_password(screen)
    Authenticator(lebrun)
    codes = set_up(lebrun)
    new = screen()
    Authenticator(new)
    sign_in(new, "lebrun")
    assert new.title() == "Saisissez votre code"
    new.look("second-step")
    new.fill("Code", codes[0].upper())
    new.press("Continuer")
    assert new.title() == "Créer une nouvelle clé d’accès"
    new.press(MAKE)
    new.says("Votre clé d’accès est prête.")


def test_an_administrators_link_asks_for_the_code_that_they_told(screen: Turn, site: Site) -> None:
    from dataclasses import replace

    claire = replace(site.cast.sylvie, roles=frozenset({"administrator"}))
    code = actions.reset_ways(person_id=site.cast.lebrun.person, actor=claire, at=now())
    found = re.search(r"http\S+/sign-in/set-up/\S+", [mail for mail in mails(site) if "/set-up/" in mail][-1])
    assert found
    lebrun = screen()
    Authenticator(lebrun)
    lebrun.open(found.group())
    lebrun.fill("Code", code)
    lebrun.look("follow-code")
    lebrun.press("Continuer")
    assert lebrun.title() == "Créer une nouvelle clé d’accès"
    lebrun.open("/records/")
    assert lebrun.title() == "Créer une nouvelle clé d’accès", "nothing is shown before a way is set up"
    set_up(lebrun)


def test_an_authenticator_that_does_not_recognise_its_holder_lets_nobody_in(screen: Turn) -> None:
    lebrun = by_password(screen)
    device = Authenticator(lebrun, verified=False)
    lebrun.press(MAKE)
    lebrun.says("la clé d’accès n’a pas été donnée")
    assert device.credentials() == []
    lebrun.look("set-up-refused")
    device.verify(True)
    set_up(lebrun)
    sign_out(lebrun)
    device.verify(False)
    lebrun.press(CONTINUE)
    lebrun.says("la clé d’accès n’a pas été donnée")
    lebrun.look("sign-in-refused")
    lebrun.open("/records/")
    expect(lebrun.page.get_by_role("button", name=CONTINUE)).to_be_visible()


def test_a_password_and_an_applications_code_set_up_without_giving_the_password_twice(screen: Turn) -> None:
    lebrun = by_password(screen, language="en")
    lebrun.look("set-up-passkey")
    lebrun.follow("Password and application")
    assert lebrun.title() == "Add an application's code"
    lebrun.look("totp-add")
    lebrun.page.locator("details summary").click()
    secret = lebrun.page.locator("details .p-hash").inner_text().strip()
    lebrun.fill("Code", code_of(secret))
    lebrun.press("Add")
    assert lebrun.title() == "Your recovery codes"
    lebrun.press("Show my recovery codes")
    lebrun.look("recovery-codes")
    lebrun.press("I have put them away")
    lebrun.says("Hello, Dr Anne Lebrun")
    lebrun.open("/security/password/")
    lebrun.fill("New password", "Bonjour2026!")
    lebrun.press("Change")
    lebrun.says("one of the first that others would try")
    lebrun.look("password-common")
    lebrun.open("/security/")
    lebrun.look("security")


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_sign_in_page_on_a_desk_and_a_phone(screen: Turn, language: str, settings: Any) -> None:
    for phone in (False, True):
        anybody = screen(phone=phone, language=language)
        anybody.open("/sign-in/")
        anybody.look("sign-in")
        anybody.open("/sign-in/lost/")
        anybody.look("lost")
