"""Writes `docs/permissions.md`: which role holds which permission, as the table of the code has it.

Usage: python scripts/permissions_table.py
"""

from pathlib import Path

import made_page

PAGE = Path(__file__).resolve().parent.parent / "docs" / "permissions.md"

HEAD = """# Who may do what

Written by `scripts/permissions_table.py` from `accounts.states.PERMISSIONS`, with the sentences of the page
`/organisation/permissions/`; a test fails when this page is older than they are.

A permission opens a kind of page. Which patient's, which document's, which envelope's is decided each time by the room
that owns the row: an administrator opens no record. Nobody administers and has a part in care with the same account.

"""


def page() -> str:
    """The text of the page."""
    from django.utils import translation

    from telesphore.accounts.states import PERMISSIONS, Role
    from telesphore.web.accounts.words import PERMISSION_WORDS, ROOMS

    with translation.override("en"):
        text = HEAD
        for room, title in ROOMS.items():
            text += f"## {title}\n\n| may | permission | {' | '.join(str(role.label) for role in Role)} |\n"
            text += "|---" * (2 + len(Role)) + "|\n"
            for name, sentence in PERMISSION_WORDS.items():
                if name.startswith(f"{room}:"):
                    held = " | ".join("yes" if role in PERMISSIONS[name] else "" for role in Role)
                    text += f"| {sentence} | `{name}` | {held} |\n"
            text += "\n"
        return text.rstrip() + "\n"


if __name__ == "__main__":
    made_page.write(PAGE, page)
