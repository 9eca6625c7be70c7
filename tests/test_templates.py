"""Every template of ours can be read, and is the one that people are shown."""

import pytest
from django.template.loader import get_template

from tests.architecture import ROOT

TEMPLATES = ROOT / "src" / "telesphore" / "web" / "templates"
NAMES = sorted(str(file.relative_to(TEMPLATES)) for file in TEMPLATES.rglob("*.html"))


def test_there_are_templates() -> None:
    assert {"base.html", "account/login.html", "mfa/totp/activate_form.html"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_our_template_is_shown_and_not_a_librarys_of_the_same_name(name: str) -> None:
    assert get_template(name).template.origin.name == str(TEMPLATES / name)
