"""Where a static file is served: under the name that the front build gave it, made from its content."""

import json
from functools import cache
from pathlib import Path

from django.contrib.staticfiles.storage import StaticFilesStorage

MANIFEST = Path(__file__).parent / "static" / "built" / "manifest.json"


@cache
def _names() -> dict[str, str]:
    """Empty before the first build: pages then stand without their style."""
    try:
        names: dict[str, str] = json.loads(MANIFEST.read_text())
    except FileNotFoundError:
        return {}
    return names


class BuiltFiles(StaticFilesStorage):
    """Gives `{% static "built/patient.css" %}` its built name, with its hash."""

    def url(self, name: str | None) -> str:
        """The address of a file, as the build named it."""
        return super().url(_names().get(name or "", name))
