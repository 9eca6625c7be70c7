"""Anyone verifies a document: what its page says of a file that holds, that was changed, that nobody can read."""

from collections.abc import Callable
from typing import Any

import pytest

from telesphore.ades.verdict.apart import Judged, Picture
from telesphore.ades.verdict.reports.telling import Passage
from telesphore.cli.demonstration.consent import consent_form
from telesphore.paper.pictures import page_picture
from tests.ades import verdicts
from tests.browser.screens import Screen
from tests.browser.site import Site

Turn = Callable[..., Screen]
EITHER = pytest.mark.parametrize(
    "device",
    [{"phone": False, "language": "fr"}, {"phone": True, "language": "en", "dark": True}],
    ids=["desk-french-light", "phone-english-dark"],
)
VERIFY = {"fr": "Vérifier", "en": "Verify"}


def give(somebody: Screen, name: str, content: bytes, button: str) -> None:
    somebody.open("/verify/")
    somebody.page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/pdf", "buffer": content}
    )
    somebody.press(button)
    somebody.page.wait_for_load_state("load")


def drawn(verdict: Any, *passages: Passage) -> Judged:
    """As if the file had been judged so: each face of the page, whatever the looks find today."""
    png = page_picture(consent_form().pdf, 0, 760)
    pictures = [Picture(1, "now", 595, 842, png)]
    if any(not one.expected for one in passages):
        pictures.append(Picture(1, "signed", 595, 842, png))
    return Judged(verdict, 1, tuple(pictures), passages)


CHANGED = (
    Passage(1, (220.0, 600.0, 270.0, 615.0), "28 jours", "7 jours", False),
    Passage(1, (57.0, 520.0, 160.0, 536.0), "À renouveler 3 fois", "", False),
)
FACES = {
    "valid": lambda: drawn(verdicts.valid()),
    "changed": lambda: drawn(verdicts.altered(), *CHANGED),
    "unknown": lambda: drawn(verdicts.not_trusted()),
}


@EITHER
@pytest.mark.parametrize("face", FACES)
def test_each_face_of_a_verdict(
    site: Site, screen: Turn, device: dict[str, Any], face: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telesphore.web.verify.views.judge", lambda *_given, **_named: FACES[face]())
    somebody = screen(**device)
    give(somebody, "ordonnance.pdf", b"%PDF-", VERIFY[device["language"]])

    somebody.page.locator("details").last.locator("summary").click()
    somebody.look(f"verify-{face}")
