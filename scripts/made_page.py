"""Writes a page of `docs/` that is made from the code: under its settings, in a home that is no instance's."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def write(place: Path, page: Callable[[], str]) -> None:
    """Write the text of a page to its place."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["TELESPHORE_HOME"] = home
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "telesphore.config.settings")
        import django

        django.setup()
        place.write_text(page())
