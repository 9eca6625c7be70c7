"""How proofs stand, the twenty years to come as a chart and a table, what hangs on each authority."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.signature import queries
from telesphore.web.access import permission
from telesphore.web.requests import actor_of

WIDTH, HEIGHT, GAP = 32, 160, 10
"""Of a bar and of the chart, in the drawing's own units."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One year of the chart: how many renewals, where its bar stands and how tall it is."""

    year: int
    count: int
    left: int
    middle: int
    top: int
    height: int


@permission("signature:proof:see")
@require_GET
def retention(request: HttpRequest) -> HttpResponse:
    """How long the proofs of this organisation's documents stand."""
    actor = actor_of(request)
    forecast = queries.forecast(at=now(), organisation_id=actor.organisation)
    bars = _bars(forecast.years)
    counts = forecast.standing.counts
    context = {
        "forecast": forecast,
        "standing": forecast.standing,
        "states": [
            (counts["standing"], "done", pgettext("proofs", "Stand")),
            (counts["due"], "waiting", pgettext("proofs", "To be renewed now")),
            (counts["failing"], "no", pgettext("proofs", "Could not be renewed")),
            (counts["weakened"], "no", pgettext("proofs", "Were lost")),
        ],
        "failures": [(_sentence(code), count) for code, count in sorted(forecast.standing.failures.items())],
        "bars": bars,
        "chart_width": bars[-1].left + WIDTH,
        "chart_height": HEIGHT + 48,
        "base": HEIGHT + 20,
        "bar_width": WIDTH,
        "margin_days": forecast.margin.days,
    }
    return render(request, "retention.html", context)


def _bars(years: tuple[queries.YearLine, ...]) -> list[Bar]:
    most = max(1, *(line.in_files for line in years))
    bars = []
    for number, line in enumerate(years):
        height = max(round(HEIGHT * line.in_files / most), 2 if line.in_files else 0)
        left = number * (WIDTH + GAP)
        bars.append(Bar(line.year, line.in_files, left, left + WIDTH // 2, HEIGHT + 20 - height, height))
    return bars


def _sentence(code: str) -> str:
    """What a refusal's code means."""
    waiting = [DomainError]
    while waiting:
        kind = waiting.pop()
        if kind.code == code and kind is not DomainError and "%(" not in (kind.__doc__ or ""):
            return kind().sentence
        waiting += kind.__subclasses__()
    return _("Refused: %(code)s.") % {"code": code}
