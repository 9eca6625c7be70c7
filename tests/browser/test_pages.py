"""Every page, at a desk and on a phone, in French and English, light and dark."""

from collections.abc import Callable

import pytest

from tests.browser.screens import Screen
from tests.browser.site import Site

Turn = Callable[..., Screen]


@pytest.mark.parametrize(("phone", "language"), [(False, "fr"), (True, "en")])
def test_sylvies_pages(site: Site, screen: Turn, phone: bool, language: str) -> None:
    sylvie = screen("sylvie", phone=phone, language=language)
    sylvie.look("home-nothing")
