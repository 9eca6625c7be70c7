"""Dates and hours as people write them, in the reader's language; empty for none."""

from datetime import date, datetime, time, timedelta
from functools import lru_cache

from django.utils import timezone
from django.utils.dateformat import format as write_date
from django.utils.translation import get_language
from django.utils.translation import gettext as _

FIXED = "\u00a0"


def _local(moment: date | datetime) -> date:
    if isinstance(moment, datetime):
        return (timezone.localtime(moment) if timezone.is_aware(moment) else moment).date()
    return moment


def in_french() -> bool:
    """Whether the reader reads French."""
    return _is_french(get_language())


def _is_french(language: str | None) -> bool:
    return (language or "fr").startswith("fr")


@lru_cache(maxsize=1024)  # Long lists have few days.
def _day(moment: date, *, weekday: bool, year: bool, language: str | None) -> str:
    # Written in the reader's language, which is this one: it tells what is remembered apart.
    if _is_french(language):
        number = "1er" if moment.day == 1 else str(moment.day)
        name = f"{write_date(moment, 'l')} " if weekday else ""
        return f"{name}{number}{FIXED}{write_date(moment, 'F')}{f' {moment.year}' if year else ''}"
    return write_date(moment, f"{'l ' if weekday else ''}j{FIXED}F{' Y' if year else ''}")


def _time(moment: datetime) -> str:
    if in_french():
        return f"{moment.hour}{FIXED}h{FIXED}{moment.minute:02}" if moment.minute else f"{moment.hour}{FIXED}h"
    return f"{moment.hour:02}:{moment.minute:02}"


def day(moment: date | datetime | None) -> str:
    """In a sentence: `lundi 23 novembre`, with the year when it is not this one."""
    if moment is None:
        return ""
    local = _local(moment)
    return _day(local, weekday=True, year=local.year != timezone.localdate().year, language=get_language())


def due(moment: datetime, late: bool) -> str:
    """By when something is awaited: `Avant le lundi 23 novembre`, `Attendu pour le lundi 23 novembre`."""
    return (_("Was due %(when)s") if late else _("Before %(when)s")) % {"when": day(moment)}


def day_and_time(moment: datetime | None) -> str:
    """In a sentence: `lundi 23 novembre à 8 h 41`."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    return _("%(day)s at %(time)s") % {"day": day(moment), "time": _time(local)}


def last_minute(end: datetime) -> str:
    """What ends at midnight has its last minute on the day that people chose: `dimanche … à 23 h 59`."""
    whole_day = timezone.localtime(end).time() == time()
    return day_and_time(end - timedelta(minutes=1) if whole_day else end)


def full_date(moment: date | datetime | None) -> str:
    """In what is signed or kept: `23 novembre 2026`."""
    return "" if moment is None else _day(_local(moment), weekday=False, year=True, language=get_language())


def short_date(moment: date | datetime | None) -> str:
    """In a column: `23/11/2026`."""
    return "" if moment is None else f"{_local(moment):%d/%m/%Y}"


def hour(moment: datetime | None) -> str:
    """In a sentence: `8 h 41`."""
    return "" if moment is None else _time(timezone.localtime(moment))


def clock(moment: datetime | None) -> str:
    """In a column: `08:41`."""
    return "" if moment is None else f"{timezone.localtime(moment):%H:%M}"


def column(moment: datetime | None) -> str:
    """In a column: `08:41` today, `23/11` this year, `23/11/2025` before."""
    if moment is None:
        return ""
    local, today = timezone.localtime(moment), timezone.localdate()
    if local.date() == today:
        return f"{local:%H:%M}"
    return f"{local:%d/%m}" if local.year == today.year else f"{local:%d/%m/%Y}"


def month(moment: datetime | None) -> str:
    """Above a group: `novembre 2026`."""
    return "" if moment is None else write_date(timezone.localtime(moment), "F Y")
