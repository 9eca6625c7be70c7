"""For whom a verdict is told: their language, their times, their words."""

import re
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
    details = {
        # Only there is a code a code: a field or a person may bear any name.
        key: limits(reader.say).get(value, value) if key == "limit" else _detail(value, reader)
        for key, value in finding.details.items()
    }
    return elided(reader.say(finding.reason.sentence).format_map(details), reader)


def elided(sentence: str, reader: Reader) -> str:
    """A sentence that names have filled: in French, `de Anne` is `d’Anne`, and `de Dr` is `du Dr`."""
    if reader.language != "fr":
        return sentence
    sentence = sentence.replace(" de Dr ", " du Dr ").replace(" que Dr ", " que le Dr ")
    return re.sub(r"\b([Dd]|[Qq]u)e (?=[AEIOUÀÂÉÈÊËÎÏÔÙÛ]\w*[a-zà-ÿ])", "\\1’", sentence)


def limits(_: Callable[[str], str]) -> dict[str, str]:
    """What the codes of limits mean: those of pages that are not compared, then those of a file that is not read."""
    return {
        "page-without-surface": _("a page has no surface"),
        "too-heavy": _("drawing them takes too much"),
        "too-large": _("the file is too large"),
        "too-long": _("drawing them takes too long"),
        "too-many-pages": _("there are too many of them"),
        "unreadable": _("they can’t be read"),
        "decoded": _("it grows too large when it is unpacked"),
        "entries": _("it holds too many objects"),
        "fields": _("its form has too many fields"),
        "hashing": _("its signatures cover too much"),
        "objects": _("it holds too many objects"),
        "overlapping": _("parts of it overlap"),
        "pages": _("it has too many pages"),
        "sections": _("it was changed too many times"),
        "signatures": _("it bears too many signatures"),
        "size": _("the file is too large"),
        "stream-size": _("a part of it grows too large when it is unpacked"),
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
