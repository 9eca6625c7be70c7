"""Writes `docs/problems.md`: each code that a refusal over REST can have, as the code behind the endpoints names them.

Usage: python scripts/problem_codes.py
"""

import os
import re
import tempfile
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "problems.md"

HEAD = """# How software is refused

Written by `scripts/problem_codes.py` from the refusals that the code behind the endpoints names; a test fails when this
page is older than they are. `x-problem-codes` in the description (`/api/v1/openapi.json`) says which of them each
endpoint can answer: rather too many than too few.

A code keeps its meaning; new ones come, so take one that you don't know by its status.

| code | status | sentence |
|---|---|---|
"""


def page() -> str:
    """The text of the page."""
    from telesphore.rest.signature.codes import statuses_of
    from telesphore.rest.signature.description import all_refusals

    text = HEAD
    for code, refusal in all_refusals().items():
        sentence = " ".join((refusal.__doc__ or "").strip().split("\n\n")[0].split())
        sentence = re.sub(r"%\(\w+\)s", "…", sentence).replace("%%", "%").replace("|", "\\|")
        text += f"| `{code}` | {', '.join(map(str, statuses_of(refusal)))} | {sentence} |\n"
    return text


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ["TELESPHORE_HOME"] = home
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "telesphore.config.settings")
        import django

        django.setup()
        PAGE.write_text(page())
