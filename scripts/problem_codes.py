"""Writes `docs/problems.md`: each code that a refusal over REST can have, with its status and its sentence.

Usage: python scripts/problem_codes.py
"""

import re
from collections.abc import Iterator
from pathlib import Path

import made_page

PAGE = Path(__file__).resolve().parent.parent / "docs" / "problems.md"
ROOMS = (
    "accounts.errors", "paper", "records", "rest.access", "rest.rates", "rest.signature", "signature", "vault.errors",
)  # fmt: skip
"""Those whose refusals a program meets; a test looks whether one comes from elsewhere."""
OTHER_STATUSES = {
    "bad-token": "401", "method-not-offered": "405", "body-too-large": "413", "not-well-formed": "400, 422",
}  # fmt: skip
"""Of those that are answered with another status than their kind's."""

HEAD = """# How software is refused

Written by `scripts/problem_codes.py` from the refusals in the code; a test fails when this page is older than they are.
It has those of all the rooms that REST leads to: some are only ever met on pages.

A code keeps its meaning; new ones come, so take one that you don't know by its status.

| code | status | sentence |
|---|---|---|
"""


def page() -> str:
    """The text of the page."""
    import telesphore.config.routes  # noqa: F401 - all that refuses is behind an address.
    from telesphore.kernel.errors import DomainError
    from telesphore.rest.signature.problems import STATUS

    def kinds(of: type[DomainError]) -> Iterator[type[DomainError]]:
        for kind in of.__subclasses__():
            yield kind
            yield from kinds(kind)

    rooms = tuple(f"telesphore.{room}" for room in ROOMS)
    refusals = {
        kind.code: kind
        for kind in kinds(DomainError)
        if kind.__module__.startswith(rooms) and kind.code != DomainError.code
    }
    text = HEAD
    for code, refusal in sorted(refusals.items()):
        sentence = " ".join((refusal.__doc__ or "").strip().split("\n\n")[0].split())
        sentence = re.sub(r"%\(\w+\)s", "…", sentence).replace("%%", "%").replace("|", "\\|")
        text += f"| `{code}` | {OTHER_STATUSES.get(code, STATUS[refusal.refusal])} | {sentence} |\n"
    return text


if __name__ == "__main__":
    made_page.write(PAGE, page)
