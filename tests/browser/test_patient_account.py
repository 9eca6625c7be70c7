"""A patient's account on a phone: invited, a code, the account, the documents, who looked; and who acts for a child."""

from collections.abc import Callable
from datetime import date
from typing import Any

from telesphore.audit.models import Event
from telesphore.kernel.clock import now
from telesphore.records import actions as records
from telesphore.records.actions import Identity
from tests.browser.screens import Screen
from tests.browser.site import Site

Turn = Callable[..., Screen]


def come_by_link(screen: Screen, site: Site) -> None:
    """From the e-mail's link to the page that says what the account opens."""
    screen.open(site.link())
    screen.press("Recevoir le code" if "fr" in screen.name else "Receive the code")
    screen.page.locator("#code").fill(site.code())
    screen.press("Continuer" if "fr" in screen.name else "Continue")


def test_odile_opens_her_account_reads_and_sees_who_looked(site: Site, screen: Turn) -> None:
    sylvie = screen("sylvie")
    document_id = site.deposit("Compte rendu de scanner")
    records.open_document(document_id=document_id, purpose="TREAT", actor=site.cast.lebrun, at=now())
    withdrawn = site.deposit("Ancienne ordonnance")
    records.withdraw_document(document_id=withdrawn, replaced_by=None, actor=site.cast.sylvie, at=now())
    sylvie.open(f"/records/{site.cast.odile_id}/")
    sylvie.follow("Inviter, ou voir qui agit")
    sylvie.look("record-accounts")
    sylvie.press("Inviter le patient")
    sylvie.says("L’invitation est partie.")
    site.work()

    odile = screen(phone=True)
    odile.open(site.link())
    odile.look("patient-account-landing")
    come_by_link(odile, site)
    assert odile.title() == "Ce que ce compte ouvre"
    odile.look("patient-account-welcome")
    odile.press("Ouvrir mon compte")
    assert odile.title() == "Votre compte est prêt"
    odile.look("patient-account-ready")
    odile.follow("Pas maintenant")
    assert odile.title() == "Mon dossier"
    odile.look("patient-record")

    odile.follow("Mes documents")
    odile.says("Compte rendu de scanner")
    odile.says("Retiré")
    odile.look("patient-documents")
    odile.follow("Compte rendu de scanner")
    odile.settle()
    odile.look("patient-document")
    read = Event.objects.filter(action="records:document:open", actor_kind="patient").latest("id")
    assert (read.person_id, read.ground) == (site.cast.odile_id, "own-record")

    odile.open("/my/accesses/")
    odile.says("Dr Anne Lebrun")
    odile.says("Cette personne est dans l’équipe de soins.")
    odile.look("patient-accesses")
    odile.page.get_by_role("link", name="Je ne reconnais pas cet accès").filter(has_text="").first.click()
    odile.look("patient-report")
    odile.page.get_by_label("Je ne connais pas cette personne").check()
    odile.press("Signaler cet accès")
    assert odile.title() == "C’est signalé"
    odile.look("patient-reported")

    odile.open("/my/representatives")
    odile.look("patient-representatives-none")
    sylvie.open(f"/records/{site.cast.odile_id}/accounts")
    sylvie.says("A un compte")
    sylvie.press("Fermer le compte")
    odile.open("/my/")
    assert odile.page.get_by_text("Mon dossier").count() == 0


def give_authenticator(screen: Screen) -> None:
    """A phone that knows its owner by the finger: Chromium's virtual authenticator."""
    devtools = screen.page.context.new_cdp_session(screen.page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def test_odile_makes_a_passkey_at_once_and_comes_back_by_it(site: Site, screen: Turn, settings: Any) -> None:
    settings.DEMONSTRATION = False
    site.deposit("Compte rendu de scanner")
    records.invite_patient(patient_id=site.cast.odile_id, actor=site.cast.sylvie, at=now())
    site.work()
    odile = screen(phone=True)
    give_authenticator(odile)
    come_by_link(odile, site)
    odile.press("Ouvrir mon compte")
    odile.follow("Créer une clé d’accès")
    odile.press("Créer une clé d’accès")
    odile.says("Vos codes de secours")
    odile.open("/my/")
    assert odile.title() == "Mon dossier"
    odile.press("Se déconnecter")

    odile.open("/patient/")
    odile.follow("Me connecter avec mon compte")
    odile.press("Continuer avec ma clé d’accès")
    odile.page.get_by_role("button", name="Mon dossier").click()
    assert odile.title() == "Mon dossier"
    odile.follow("Mes documents")
    odile.follow("Compte rendu de scanner")
    odile.settle()
    odile.open("/my/accesses/")
    odile.says("Compte rendu de scanner")
    read = Event.objects.filter(action="records:document:open", actor_kind="patient").latest("id")
    assert (read.person_id, read.means, read.ground) == (site.cast.odile_id, "passkey", "own-record")


def test_ines_acts_for_her_son_and_each_page_says_so(site: Site, screen: Turn) -> None:
    leo = records.register_patient(
        identity=Identity(birth_name="Ferrand", given_names="Léo", birth_date=date(2015, 6, 1), sex="M"),
        email="", phone="", language="fr", actor=site.cast.sylvie, at=now(),
    )  # fmt: skip
    site.deposit("Carnet de vaccination", leo)
    sylvie = screen("sylvie")
    sylvie.open(f"/records/{leo}/representatives/new")
    sylvie.look("record-represent")
    sylvie.page.get_by_label("À quel titre").select_option("parental-authority")
    sylvie.fill("Prénom", "Inès")
    sylvie.fill("Nom", "Ferrand")
    sylvie.fill("Adresse électronique", "ines.ferrand@courriel.example")
    sylvie.fill("Téléphone mobile", "06 39 98 01 60")
    sylvie.page.locator("[name=starts_on]").fill("2026-01-01")
    sylvie.fill("Ce que vous avez vu", "Livret de famille")
    sylvie.press("Inscrire et inviter")
    sylvie.says("Invité, pas encore venu")
    sylvie.look("record-representatives")
    site.work()

    ines = screen(phone=True, language="en", dark=True)
    come_by_link(ines, site)
    ines.look("patient-representative-welcome")
    ines.press("Open my account")
    ines.follow("Not now")
    ines.says("You act for FERRAND Léo")
    ines.look("patient-representative-record")
    ines.follow("The documents")
    ines.says("Carnet de vaccination")
    ines.open("/my/representatives")
    ines.says("Inès Ferrand")
    ines.look("patient-representatives")
    ines.open("/my/accesses/")
    ines.look("patient-representative-accesses")
    ines.open("/my/records")
    ines.look("patient-entrances")


def test_the_patients_door_says_how_to_come_in(site: Site, screen: Turn) -> None:
    anybody = screen(phone=True)
    anybody.open("/patient/")
    assert anybody.title() == "Je suis patient"
    anybody.look("patient-sign-in")
