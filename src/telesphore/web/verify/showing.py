"""What the page of a verdict shows: its telling, its pages drawn, its reports to take away, all made on the spot."""

import json
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from telesphore.ades.verdict.apart import Judged
from telesphore.ades.verdict.reports.etsi import as_etsi_xml
from telesphore.ades.verdict.reports.json_report import as_json
from telesphore.ades.verdict.reports.pages import pages_drawn
from telesphore.ades.verdict.reports.paper import report_pdf
from telesphore.ades.verdict.reports.reader import Reader
from telesphore.ades.verdict.reports.telling import Telling, tell


@dataclass(frozen=True, slots=True)
class Shown:
    """A page drawn, as an address that holds it."""

    caption: str
    address: str
    signed: bool


@dataclass(frozen=True, slots=True)
class Reports:
    """The reports, as addresses that hold them: nothing is kept here to be fetched later."""

    pdf: str
    json: str
    xml: str


@dataclass(frozen=True, slots=True)
class Showing:
    """All that the page needs."""

    telling: Telling
    rows: tuple[tuple[Shown, ...], ...]
    reports: Reports


def reader() -> Reader:
    """Who reads this page."""
    language = "fr" if (get_language() or "fr").startswith("fr") else "en"
    return Reader(language, timezone.get_current_timezone(), _)


def show(judged: Judged, *, name: str, at: datetime) -> Showing:
    """A verdict, ready for its page.

    Args:
        name: of the file, as the browser gave it.
    """
    who = reader()
    telling = tell(judged.verdict, who, name=name, passages=judged.passages)
    drawn = pages_drawn(judged, who)
    pdf = report_pdf(telling, drawn, who, at=at)
    written = json.dumps(as_json(judged.verdict), ensure_ascii=False, indent=1).encode()
    return Showing(
        telling,
        tuple(
            tuple(
                Shown(one.caption, _address("image/svg+xml", one.svg.encode()), index > 0)
                for index, one in enumerate(row)
            )
            for row in drawn
        ),
        Reports(
            _address("application/pdf", pdf),
            _address("application/json", written),
            _address("application/xml", as_etsi_xml(judged.verdict)),
        ),
    )


def _address(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{b64encode(content).decode()}"
