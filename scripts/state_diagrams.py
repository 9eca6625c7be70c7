"""Draws `docs/states.md`: the lives of things, as the tables in `states.py` allow them.

Usage: python scripts/state_diagrams.py
"""

import enum
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "states.md"

HEAD = """# The life of an envelope

Drawn by `scripts/state_diagrams.py` from `signature/states.py`; a test fails when this page is older than the table.
The database holds one of these states for each envelope. A change that no arrow allows is refused.

"""

PREPARED = """
## The life of a prepared signature

A signature that waits for a card elsewhere.

"""

PROOF = """
## The life of a proof

Of a sealed document, as the guardian of retention watches it.

"""

ROW = """
## The life of a row sent to many

Of a list of patients; `sent`, it is an envelope, under the same id.

"""


def diagram(transitions: Mapping[enum.Enum, AbstractSet[enum.Enum]]) -> str:
    """A Mermaid state diagram of a table of transitions; the first state is where a life starts."""
    first = next(iter(transitions))
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {_node(first)}"]
    for state, following in transitions.items():
        lines += [f"    {_node(state)} --> {_node(next_)}" for next_ in transitions if next_ in following]
        if not following:
            lines.append(f"    {_node(state)} --> [*]")
    return "\n".join([*lines, "```"])


def _node(state: enum.Enum) -> str:
    return str(state.value).replace("-", "_")


def page() -> str:
    """The text of the page."""
    from telesphore.signature.states import PREPARED_TRANSITIONS, PROOF_TRANSITIONS, ROW_TRANSITIONS, TRANSITIONS

    tables = ((HEAD, TRANSITIONS), (PREPARED, PREPARED_TRANSITIONS), (PROOF, PROOF_TRANSITIONS), (ROW, ROW_TRANSITIONS))
    return "".join(f"{head}{diagram(table)}\n" for head, table in tables)


if __name__ == "__main__":
    PAGE.write_text(page())
