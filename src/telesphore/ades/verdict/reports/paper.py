"""The report as a PDF, for a judge and a patient: what the page says, and the pages that differ."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from telesphore.ades.verdict.reports.reader import Reader
from telesphore.ades.verdict.reports.telling import Telling
from telesphore.paper.typesetting import typeset

TEMPLATE = Path(__file__).with_name("report.typ")
LONGEST_TEXT = 1000


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page drawn (`drawing.draw`), with the words above it."""

    caption: str
    svg: str


def report_pdf(
    telling: Telling, drawn: Sequence[Sequence[Drawn]], reader: Reader, *, at: datetime, issuer: str = ""
) -> bytes:
    """The report as a PDF/A; the same bytes for the same telling.

    Args:
        drawn: rows of pages to show side by side: as it is now, as it was signed.
        at: when the file was judged.
        issuer: who made the report; empty for nobody in particular.

    Raises:
        TypesettingFailed
    """
    _ = reader.say
    words = {
        "report": _("Validation report"),
        "page": _("Page"),
        "of": _("of"),
        "signers": _("Who signed"),
        "history": _("The file’s successive states"),
        "pages": _("What the pages show"),
        "steps": _("How to check without us"),
        "facts": _("For the auditor"),
        "also": _("Also"),
        "worth": _("This report says what was found on the day it was made. It is not itself a signature."),
    }
    shapes = {"done": _("right"), "late": _("with a reservation"), "no": _("wrong"), "unknown": _("can’t be known")}
    given = {
        **_short(asdict(telling)),
        "drawn": [[asdict(one) for one in row] for row in drawn],
        "language": reader.language,
        "words": words,
        "shapes": shapes,
        "issuer": issuer,
        "at": at,
    }
    return typeset(TEMPLATE, given)


def _short(value: Any) -> Any:
    """The same with long texts cut: a name in a foreign file may be a book, and PDF/A has bounds."""
    match value:
        case str():
            return value if len(value) <= LONGEST_TEXT else f"{value[:LONGEST_TEXT]}…"
        case dict():
            return {key: _short(one) for key, one in value.items()}
        case list() | tuple():
            return [_short(one) for one in value]
    return value
