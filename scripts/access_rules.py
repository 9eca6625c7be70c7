"""Lists `docs/rules.md`: who may reach each address, as the views themselves say it.

Usage: python scripts/access_rules.py
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import made_page

PAGE = Path(__file__).resolve().parent.parent / "docs" / "rules.md"

HEAD = """# Who may reach each address

Written by `scripts/access_rules.py` from the table of addresses and the rule on each view (`web/access.py`); a test
fails when this page is older than they are. A view without a rule is reachable by nobody.

The rule says who may come as far as the view. Which patient, document or envelope they may then see is decided by the
room behind it, and what is not theirs looks like what does not exist.

| rule | meaning |
|---|---|
| public | everybody, for the reason that is given |
| signed in | every person who has signed in |
| permission | a signed-in member one of whose roles, where they act, holds it (`accounts.states.PERMISSIONS`) |
| patient | who signed in and acts in a record: the patient whose it is, or who represents them |
| link and code | who came in through a link and gave its code |
| bedside | the patient who holds a tablet that a professional handed over |
| demonstration only | everybody on a demonstration; elsewhere it does not exist |

| address | rule | name |
|---|---|---|
"""


def endpoints(patterns: Iterable[Any], before: str = "", room: str = "") -> Iterator[tuple[str, str, str | None]]:
    """Every address below these patterns: its path, its name, and its rule or None."""
    from telesphore.web.access import rule_of

    for pattern in patterns:
        path = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from endpoints(pattern.url_patterns, path, f"{pattern.namespace}:" if pattern.namespace else room)
        else:
            name = f"{room}{pattern.name or ''}"
            yield path, name, rule_of(pattern.callback, name)


def page() -> str:
    """The text of the page."""
    from django.urls import get_resolver

    rows = sorted(endpoints(get_resolver().url_patterns))
    return HEAD + "".join(f"| `/{_plain(path)}` | {rule or '**none**'} | {name} |\n" for path, name, rule in rows)


def _plain(path: str) -> str:
    """A path without the marks of a regular expression."""
    return re.sub(r"\(\?P(<\w+>)[^)]*\)", r"\1", path).replace("^", "").replace("$", "").replace("|", "\\|")


if __name__ == "__main__":
    made_page.write(PAGE, page)
