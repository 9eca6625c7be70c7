"""Links that lead nowhere any more: each says why, in French, and what to do."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from telesphore.kernel.clock import now
from telesphore.links.models import Link
from tests.browser.screens import Screen
from tests.browser.site import Site
from tests.browser.test_signing import wrong

Turn = Callable[..., Screen]


def expire() -> None:
    Link.objects.update(expires_at=now() - timedelta(seconds=1))


def revoke() -> None:
    Link.objects.update(revoked_at=now())


def use_up() -> None:
    Link.objects.update(used_up_at=now())


@pytest.mark.parametrize(
    ("end", "sentence"),
    [
        (expire, "Ce lien n’est plus valable : son délai est passé."),
        (revoke, "Ce lien a été retiré par son expéditeur."),
        (use_up, "Ce lien a rempli son rôle."),
    ],
)
def test_a_link_that_leads_nowhere_any_more_says_why(
    site: Site, screen: Turn, end: Callable[[], None], sentence: str
) -> None:
    site.send()
    odile = screen(phone=True)
    odile.open(site.link())
    odile.press("Recevoir le code")
    code = site.code()
    end()

    odile.page.locator("#code").fill(code)
    odile.press("Continuer")
    odile.says(sentence)
    odile.open(site.link())
    odile.says(sentence)
    odile.look(f"patient-link-{end.__name__}")


def test_a_guessed_link_is_none(site: Site, screen: Turn) -> None:
    guesser = screen(phone=True)

    guesser.open(f"/l/{'A' * 43}")

    guesser.says("Ce lien n’existe pas. Vérifiez qu’il est entier")
    guesser.look("patient-link-guessed")


def test_five_wrong_codes_close_the_link_and_asking_too_soon_says_to_wait(site: Site, screen: Turn) -> None:
    site.send()
    odile = screen(phone=True)
    odile.open(site.link())
    odile.press("Recevoir le code")
    code = site.code()
    odile.press("Je n’ai pas reçu le code")
    odile.says("Un code vient de partir.")
    odile.look("patient-code-too-soon")
    for left in (4, 3, 2, 1):
        odile.page.locator("#code").fill(wrong(code))
        odile.press("Continuer")
        odile.says(f"Essais restants : {left}.")
    odile.page.locator("#code").fill(wrong(code))
    odile.press("Continuer")
    odile.says("Cinq codes inexacts ont été donnés : ce lien est fermé.")

    odile.open(site.link())
    odile.says("Cinq codes inexacts ont été donnés : ce lien est fermé.")
    odile.look("patient-link-blocked")
