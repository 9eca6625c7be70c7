"""For whom a verdict is told: their language, their times, their words."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from telesphore.ades.verdict.reports.levels import missing
from telesphore.ades.verdict.result import Finding

FIXED = "\u00a0"
_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip
_MONTHS_ENGLISH = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom it is told.

    Attributes:
        language: `fr` or `en`: how dates are written.
        zone: in which times are told.
        say: an English sentence in the reader's language.
    """

    language: str
    zone: tzinfo
    say: Callable[[str], str]


def moment(at: datetime, reader: Reader) -> str:
    """`19 novembre 2026 à 17 h 32`, `19 November 2026 at 17:32`."""
    local = at.astimezone(reader.zone)
    if reader.language == "fr":
        number = "1er" if local.day == 1 else str(local.day)
        day = f"{number}{FIXED}{_MONTHS[local.month - 1]} {local.year}"
        return f"{day} à {local.hour}{FIXED}h{FIXED}{local.minute:02}"
    return f"{local.day}{FIXED}{_MONTHS_ENGLISH[local.month - 1]} {local.year} at {local.hour:02}:{local.minute:02}"


def precise(at: datetime, reader: Reader) -> str:
    """For auditors: `19/11/2026 17:32:08 +01:00`."""
    local = at.astimezone(reader.zone)
    return f"{local:%d/%m/%Y} {local:%H:%M:%S} {local.isoformat()[-6:]}"


def sentence_of(finding: Finding, reader: Reader) -> str:
    """A finding's reason, in the reader's language."""
    known = _codes(reader)
    details = {key: known.get(value) or _detail(value, reader) for key, value in finding.details.items()}
    return reader.say(finding.reason.sentence).format_map(details)


def _codes(reader: Reader) -> dict[str, str]:
    """Codes that stand for words in a finding's details."""
    _ = reader.say
    return {
        "too-heavy": _("drawing them takes too much"),
        "too-large": _("the file is too large"),
        "too-long": _("drawing them takes too long"),
        "unreadable": _("they can’t be read"),
    }


def _detail(value: str, reader: Reader) -> str:
    """A date is written as the reader writes it."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return missing(value, reader.say)
    return moment(at, reader) if at.tzinfo is not None else value


def listed(names: Iterable[str], reader: Reader) -> str:
    """`Anne, Thomas et Inès`; each name once."""
    known = list(dict.fromkeys(names))
    if len(known) < 2:
        return "".join(known)
    _ = reader.say
    return _("{first} and {last}").format(first=", ".join(known[:-1]), last=known[-1])
