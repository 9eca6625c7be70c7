"""Every page, at a desk and on a phone, in French and English, light and dark."""

from collections.abc import Callable

import pytest

from tests.browser.screens import Screen
from tests.browser.site import Site

Turn = Callable[..., Screen]
EITHER = pytest.mark.parametrize(("phone", "language"), [(False, "fr"), (True, "en")], ids=["desk-fr", "phone-en"])


@pytest.fixture
def told(site: Site) -> dict[str, object]:
    """A document deposited, and one that awaits Dr Lebrun."""
    return {
        "document": site.deposit("Compte rendu de spirométrie"), "envelope": site.send(patient_signs=False),
        "odile": site.cast.odile_id,
    }  # fmt: skip


def walk(screen: Screen, told: dict[str, object], pages: dict[str, str]) -> None:
    """Look at each page, by its name; pages that show a document, once it is shown."""
    for name, path in pages.items():
        screen.open(path.format(**told))
        screen.look(name)


@EITHER
def test_pages_of_a_secretary(screen: Turn, told: dict[str, object], phone: bool, language: str) -> None:
    sylvie = screen("sylvie", phone=phone, language=language)

    walk(sylvie, told, {
        "home-sylvie": "/", "records": "/records/", "records-none": "/records/?q=Zola", "register": "/records/new",
        "record": "/records/{odile}/", "deposit": "/records/{odile}/deposit", "circuits": "/circuits/",
        "send": "/documents/{document}/send", "withdraw": "/book/{envelope}/void", "outbox": "/outbox/",
    })  # fmt: skip


@EITHER
def test_pages_of_a_doctor(screen: Turn, told: dict[str, object], phone: bool, language: str) -> None:
    lebrun = screen("lebrun", phone=phone, language=language)

    walk(lebrun, told, {
        "home-lebrun": "/", "book": "/book/", "book-signed": "/book/?tab=signed", "document": "/documents/{document}/",
        "envelope": "/book/{envelope}/", "refuse": "/book/{envelope}/decline",
    })  # fmt: skip


@EITHER
def test_pages_of_ones_account(screen: Turn, told: dict[str, object], phone: bool, language: str) -> None:
    anybody = screen(phone=phone, language=language)
    walk(anybody, told, {"sign-in": "/sign-in/", "no-such-page": "/nothing-here"})
    lebrun = screen("lebrun", phone=phone, language=language)

    walk(lebrun, told, {
        "security": "/security/", "second-factor": "/security/totp/", "password": "/security/password/",
        "organisation": "/organisation/", "sign-out": "/sign-out/", "forbidden": "/jobs/",
        "no-such-record": "/records/01900000-0000-7000-8000-000000000000/",
    })  # fmt: skip


@EITHER
def test_pages_of_who_runs_and_who_audits(screen: Turn, told: dict[str, object], phone: bool, language: str) -> None:
    walk(screen("claire", phone=phone, language=language), told, {"home-claire": "/", "jobs": "/jobs/"})
    walk(screen("hugo", phone=phone, language=language), told, {"home-hugo": "/", "journal": "/audit/"})
