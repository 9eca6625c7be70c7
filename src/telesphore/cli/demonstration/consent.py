"""The consent form that the demonstration makes for itself: three pages, in our own words, a place for each signer."""

from dataclasses import dataclass
from pathlib import Path

from telesphore.paper.typesetting import typeset

TEMPLATE = Path(__file__).with_name("consent.typ")
A4_HEIGHT = 841.89
LEFT, WIDTH, GAP, TOP, HEIGHT = 57.0, 234.0, 13.0, 585.0, 104.0
"""The two places, in points from the upper left corner; the template gets the same numbers."""
INSET, CAPTION = 8.0, 28.0
"""Inside a place, its caption comes first; a signature's picture goes under it."""


@dataclass(frozen=True, slots=True)
class SignaturePlace:
    """Where a signature shows.

    Attributes:
        page: from 0.
        box: left, bottom, right, top, in points from the page's lower left corner.
    """

    page: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class ConsentForm:
    """The form, and its places: the patient's, then the doctor's."""

    pdf: bytes
    places: list[SignaturePlace]


def consent_form() -> ConsentForm:
    """A consent to bronchoscopy (CSP L.1111-4), on A4; the same bytes each time.

    Raises:
        TypesettingFailed
    """
    pdf = typeset(TEMPLATE, {"left": LEFT, "width": WIDTH, "gap": GAP, "top": TOP, "height": HEIGHT, "inset": INSET})
    return ConsentForm(pdf, [_place(LEFT), _place(LEFT + WIDTH + GAP)])


def _place(left: float) -> SignaturePlace:
    upper = A4_HEIGHT - TOP - CAPTION
    lower = A4_HEIGHT - TOP - HEIGHT + INSET
    return SignaturePlace(2, (left + INSET, lower, left + WIDTH - INSET, upper))
