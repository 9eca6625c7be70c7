"""Every page, at a desk and on a phone, in French and English, light and dark."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from telesphore.kernel.clock import now
from telesphore.signature.actions import compose
from telesphore.signature.actions.compose import Composition, Part, Party, StepPlan
from telesphore.signature.states import PartyRole, Purpose, StepKind
from tests.browser.screens import Screen
from tests.browser.site import Site

Turn = Callable[..., Screen]
EITHER = pytest.mark.parametrize(
    "device",
    [{"phone": False, "language": "fr"}, {"phone": True, "language": "en", "dark": True}],
    ids=["desk-french-light", "phone-english-dark"],
)


@pytest.fixture
def told(site: Site) -> dict[str, object]:
    """A document deposited, one that awaits Dr Lebrun, a draft that could leave, and one that lacks an address."""
    return {
        "draft": drafted(site, "+33639980111"), "lacking": drafted(site, ""),
        "document": site.deposit("Compte rendu de spirométrie"), "envelope": site.send(patient_signs=False),
        "odile": site.cast.odile_id,
    }  # fmt: skip


def drafted(site: Site, phone: str) -> UUID:
    """Two documents through three steps: Dr Lebrun reads, Odile and her interpreter sign, Dr Lebrun signs."""
    lebrun = Party(role=PartyRole.PROFESSIONAL, person_id=site.cast.lebrun.person_id, purpose=Purpose.VALIDATES)
    odile = Party(role=PartyRole.PATIENT, purpose=Purpose.CONSENTS)
    ana = Party(
        role=PartyRole.INTERPRETER, name="Ana Silva", email="ana@interpretes.example", phone=phone,
        quality="interprète en portugais", purpose=Purpose.VALIDATES,
    )  # fmt: skip
    composition = Composition(
        title="Endoscopie bronchique",
        documents=(Part(document_id=site.deposit()), Part(document_id=site.deposit("Notice d’information"))),
        steps=(
            StepPlan(kind=StepKind.REVIEW, parties=(lebrun,)),
            StepPlan(parties=(odile, ana)),
            StepPlan(parties=(lebrun,)),
        ),
        watchers=(site.cast.ricaud.person,),
    )
    return compose.begin(patient_id=site.cast.odile_id, composition=composition, actor=site.cast.sylvie, at=now())


def walk(screen: Screen, told: dict[str, object], pages: dict[str, str]) -> None:
    """Look at each page, by its name; pages that show a document, once it is shown."""
    for name, path in pages.items():
        screen.open(path.format(**told))
        screen.look(name)


@EITHER
def test_pages_of_a_secretary(screen: Turn, told: dict[str, object], device: dict[str, Any]) -> None:
    sylvie = screen("sylvie", **device)

    walk(sylvie, told, {
        "home-sylvie": "/", "records": "/records/", "records-none": "/records/?q=Zola", "register": "/records/new",
        "record": "/records/{odile}/", "deposit": "/records/{odile}/deposit", "circuits": "/circuits/",
        "drafts": "/drafts/", "compose": "/drafts/{lacking}/", "compose-send": "/drafts/{draft}/send",
        "compose-upload": "/drafts/{draft}/upload", "draft-discard": "/drafts/{draft}/discard",
        "withdraw": "/book/{envelope}/void", "outbox": "/outbox/",
    })  # fmt: skip


@EITHER
def test_pages_of_a_doctor(screen: Turn, told: dict[str, object], device: dict[str, Any]) -> None:
    lebrun = screen("lebrun", **device)

    walk(lebrun, told, {
        "home-lebrun": "/", "book": "/book/", "book-signed": "/book/?tab=signed", "document": "/documents/{document}/",
        "envelope": "/book/{envelope}/", "refuse": "/book/{envelope}/decline",
    })  # fmt: skip


@EITHER
def test_pages_of_ones_account(screen: Turn, told: dict[str, object], device: dict[str, Any]) -> None:
    anybody = screen(**device)
    walk(anybody, told, {"sign-in": "/sign-in/", "no-such-page": "/nothing-here"})
    if not device["phone"]:
        anybody.open("/sign-in/")
        anybody.picture("sign-in", keep=True)
    lebrun = screen("lebrun", **device)

    walk(lebrun, told, {
        "security": "/security/", "second-factor": "/security/totp/", "password": "/security/password/",
        "organisation": "/organisation/", "sign-out": "/sign-out/", "forbidden": "/jobs/",
        "recovery-codes-make": "/security/recovery-codes/", "again": "/sign-in/again/",
        "passkey-add": "/security/passkeys/add/",
        "no-such-record": "/records/01900000-0000-7000-8000-000000000000/",
    })  # fmt: skip


@EITHER
def test_pages_of_who_runs_and_who_audits(screen: Turn, told: dict[str, object], device: dict[str, Any]) -> None:
    claire = screen("claire", **device)
    walk(claire, told, {
        "home-claire": "/", "jobs": "/jobs/", "limits": "/organisation/sessions/",
        "members-none": "/organisation/members/?q=Zola", "webhooks": "/webhooks/",
    })  # fmt: skip
    claire.page.locator("[name=url]").fill("http://dpi.example/telesphore")
    claire.page.locator("form[action='/webhooks/'] .btn-primary").click()
    claire.page.get_by_role("alert").first.wait_for()
    claire.look("webhooks-refused")
    claire.page.locator("[name=url]").fill("https://dpi.example/telesphore")
    claire.page.locator("form[action='/webhooks/'] .btn-primary").click()
    claire.page.locator("#secret").wait_for()
    # What harms says first what it does.
    for summary in claire.page.locator(".p-told summary").all():
        summary.click()
    claire.look("webhooks-made")
    claire.page.locator("form[action$='/end'] .btn-no").click()
    claire.page.locator(".p-told").wait_for(state="detached")
    walk(screen("hugo", **device), told, {"home-hugo": "/", "journal": "/audit/"})


def test_a_page_with_faults_is_told(site: Site, screen: Turn) -> None:
    somebody = screen()
    somebody.open("/sign-in/")
    somebody.page.evaluate(
        """() => {
          document.querySelector('label').remove();
          const wide = document.createElement('p');
          wide.textContent = 'anticonstitutionnellement'.repeat(9);
          wide.style.overflowWrap = 'normal';
          document.querySelector('main').append(wide);
          const away = new Image();
          away.src = 'https://elsewhere.example/pixel.png';
        }"""
    )
    somebody.check()

    told = "\n".join(somebody.complaints)
    somebody.complaints.clear()
    assert "label" in told
    assert "320 px" in told
    assert "elsewhere.example" in told
