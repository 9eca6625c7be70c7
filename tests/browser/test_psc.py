"""A professional comes in by Pro Santé Connect, in a browser; and by the backup way, when it is down."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from telesphore.accounts import actions as accounts
from telesphore.accounts import ports
from telesphore.accounts.models import Organisation, Person
from telesphore.kernel.clock import now
from tests.browser.screens import Screen
from tests.browser.site import Site
from tests.connectors.psc.identities import FINESS, LEBRUN, SIRET
from tests.connectors.psc.provider import Provider, client, provide


@pytest.fixture
def psc(site: Site, settings: Any) -> Iterator[Provider]:
    """The provider, which knows Dr Lebrun under two activities."""
    settings.WAYS = {"passkey", "password", "psc"}
    Person.objects.filter(id=site.cast.lebrun.person_id).update(national_id=LEBRUN)
    Organisation.objects.filter(id=site.cast.hospital).update(finess=FINESS, siret=SIRET)
    with provide(back=f"{site.url}/sign-in/psc/back/") as provider:
        ports.identity_provider.bind(lambda: client(provider))
        yield provider
        ports.identity_provider.bind(lambda: None)


@pytest.mark.parametrize(("phone", "language"), [(True, "fr"), (False, "en")])
def test_a_professional_comes_in_and_says_in_which_activity(
    psc: Provider, site: Site, screen: Callable[..., Screen], phone: bool, language: str
) -> None:
    french = language == "fr"
    hers = screen(phone=phone, language=language)
    hers.open("/sign-in/")
    hers.look("psc-sign-in")
    hers.page.get_by_role("button", name=re.compile("Pro Santé Connect")).click()
    hers.page.get_by_role("button", name="Anne Lebrun").click()
    hers.page.get_by_role("button", name="Continuer").click()
    hers.page.wait_for_url("**/organisation/activity/")
    hers.says("Médecin · Cabinet individuel" if french else "physician · individual practice")
    hers.look("psc-activity")
    hers.page.get_by_role("button", name=re.compile("Centre hospitalier de Montfaucy")).click()
    hers.page.wait_for_url(f"{site.url}/")
    hers.open("/security/")
    hers.says(LEBRUN)
    hers.look("psc-security")
    _went_there(hers, psc.issuer)


@pytest.mark.parametrize(("phone", "language"), [(True, "en"), (False, "fr")])
def test_when_it_is_down_an_administrator_opens_the_backup_way(
    psc: Provider, site: Site, screen: Callable[..., Screen], settings: Any, phone: bool, language: str
) -> None:
    french = language == "fr"
    ports.identity_provider.bind(lambda: client(Provider("http://127.0.0.1:9")))
    hers = screen(phone=phone, language=language)
    hers.open("/sign-in/")
    hers.page.get_by_role("button", name=re.compile("Pro Santé Connect")).click()
    hers.says("Pro Santé Connect ne répond pas" if french else "Pro Santé Connect does not answer")
    hers.look("psc-away")
    _went_there(hers, "503")
    # The password's field is folded away beside other ways.
    settings.WAYS = {"passkey", "password"}
    claire = screen("claire", phone=phone, language=language)
    settings.WAYS = {"passkey", "password", "psc"}
    claire.open("/organisation/backup/")
    claire.look("backup-closed")
    claire.page.get_by_label("Ce qui est en panne" if french else "What is down").fill(
        "Pro Santé Connect ne répond plus"
    )
    claire.page.get_by_label("4 h", exact=True).check()
    claire.press("Ouvrir la voie de secours" if french else "Open the backup way")
    claire.says("Ouverte jusqu’au" if french else "Open until")
    hers.open("/sign-in/")
    hers.look("backup-sign-in")
    hers.follow("Voie de secours" if french else "Backup way")
    hers.look("backup-ask")
    hers.fill("Adresse électronique" if french else "E-mail address", "anne.lebrun@montfaucy.example")
    hers.press("Recevoir un code" if french else "Receive a code")
    site.work()
    found = re.search(r"\b\d{8}\b", site.last("email"))
    assert found is not None
    hers.look("backup-code")
    hers.fill("Code", found.group())
    hers.press("Entrer" if french else "Come in")
    hers.page.wait_for_url(f"{site.url}/")
    hers.look("backup-home")
    hers.open("/records/")
    claire.open("/organisation/backup/")
    claire.says("Dr Anne Lebrun")
    claire.look("backup-open")
    accounts.end_backups(actor=site.cast.sylvie, at=now())
    claire.press("Fermer maintenant" if french else "Close it now")
    hers.open("/records/")
    assert "/sign-in/" in hers.page.url


def _went_there(screen: Screen, where: str) -> None:
    """What the screen would complain of is what the test is about."""
    expected = [complaint for complaint in screen.complaints if where.removeprefix("http://") in complaint]
    assert expected
    screen.complaints[:] = [complaint for complaint in screen.complaints if complaint not in expected]
