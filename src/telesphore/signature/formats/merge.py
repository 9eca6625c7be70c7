"""Merge fields: `{{patient.name}}` in a text, replaced once, from known values only."""

import re
from collections.abc import Iterable, Mapping

MARK = re.compile(r"\{\{\s*([a-z][a-z0-9_.]{0,39})\s*\}\}")
KNOWN = ("patient.name", "patient.birth_date", "sender.name", "organisation.name", "date")
"""What the patient, the sender and the day give; any other name is a column of a list, or asked before sending."""
LONGEST_VALUE = 200
MOST_COLUMNS = 20


def marks(texts: Iterable[str]) -> tuple[str, ...]:
    """The names in these texts, in the order of their first coming."""
    return tuple(dict.fromkeys(name for text in texts for name in MARK.findall(text)))


def columns(texts: Iterable[str]) -> tuple[str, ...]:
    """Those that neither the patient nor the sender gives."""
    return tuple(name for name in marks(texts) if name not in KNOWN)


def merge(text: str, values: Mapping[str, str], longest: int) -> str:
    """The text with its values, at most `longest` characters. A value is never read again: what it holds of our own
    signs (merge fields, anchors of signatures) is taken out of it.

    Raises:
        KeyError: a name without a value.
    """
    return MARK.sub(lambda found: plain(values[found[1]]), text)[:longest]


def plain(value: str) -> str:
    """A value as it may stand in a text: one line, of bounded length, without our signs."""
    kept = re.sub(r"\{\{|\}\}", " ", "".join(char if char.isprintable() else " " for char in value))
    return " ".join(kept.split())[:LONGEST_VALUE]
