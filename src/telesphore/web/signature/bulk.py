"""Bulk sending: a list is given, its rows' fates are shown, it is confirmed, watched, stopped, reported."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.records import queries as records
from telesphore.signature.actions import send_many
from telesphore.signature.errors import ListNotReadable
from telesphore.signature.formats import rows
from telesphore.signature.queries import bulk as queries
from telesphore.signature.queries import templates
from telesphore.signature.states import RowState
from telesphore.web.access import permission
from telesphore.web.choosing import Colleagues
from telesphore.web.rates import Rate, at_most
from telesphore.web.requests import actor_of
from telesphore.web.signature.template_forms import BulkForm

LISTS = Rate("bulk-lists", most=30, seconds=3600)


@permission("signature:envelope:send")
@require_GET
def bulks(request: HttpRequest) -> HttpResponse:
    """The lists that the actor gave."""
    return render(request, "signature/bulks.html", {"lines": queries.bulks(actor=actor_of(request))})


@permission("signature:envelope:send")
def new_bulk(request: HttpRequest, template_id: UUID) -> HttpResponse:
    """Give a list of patients for a template."""
    return _take(request, template_id=template_id) if request.method == "POST" else _form(request, template_id)


@at_most(LISTS)
def _take(request: HttpRequest, template_id: UUID) -> HttpResponse:
    return _form(request, template_id)


def _form(request: HttpRequest, template_id: UUID) -> HttpResponse:
    actor, at = actor_of(request), now()
    seen = templates.template(template_id=template_id, actor=actor, at=at)
    patients = [] if seen.columns else records.my_patients(actor=actor, at=at)
    form = BulkForm(
        request.POST or None,
        request.FILES or None,
        seen=seen,
        colleagues=Colleagues(actor.organisation, at),
        hint=_("For rows that name nobody."),
        patients=[(str(card.patient_id), card.display_name) for card in patients],
    )
    if request.method == "POST" and form.is_valid():
        try:
            bulk_id = send_many.give_list(
                template_id=template_id, table=_table(form), professional_id=form.professional_id, actor=actor, at=at
            )
        except DomainError as refused:
            if refused.refusal not in (Refusal.INVALID, Refusal.CONFLICT):
                raise
            form.add_error("file", refused.sentence)
        else:
            return redirect("signature:bulk", bulk_id)
    context = {"form": form, "seen": seen, "most": rows.MOST_ROWS, "limit": rows.LARGEST // rows.MEGABYTE}
    return render(request, "signature/bulk_new.html", context, status=422 if form.errors else 200)


def _table(form: BulkForm) -> rows.Table:
    chosen = form.cleaned_data.get("patient")
    if chosen:
        return send_many.table_of([UUID(one) for one in chosen])
    upload = form.cleaned_data["file"]
    try:
        if upload.size > rows.LARGEST:
            raise rows.Unreadable
        return rows.parse(upload.read())
    except rows.Unreadable:
        raise ListNotReadable(rows=rows.MOST_ROWS, limit=rows.LARGEST // rows.MEGABYTE) from None


@permission("signature:envelope:send")
@require_GET
def example(request: HttpRequest, template_id: UUID) -> HttpResponse:
    """An empty list with the columns that this template reads."""
    seen = templates.template(template_id=template_id, actor=actor_of(request), at=now())
    return _csv([("ins", _("name"), _("given name"), _("birth date"), _("due"), "rpps", *seen.columns)], "list.csv")


@permission("signature:envelope:send")
@require_GET
def bulk(request: HttpRequest, bulk_id: UUID) -> HttpResponse:
    """How far it is, and its rows; htmx asks for the state alone."""
    actor = actor_of(request)
    line = queries.bulk(bulk_id=bulk_id, actor=actor)
    after, troubled = request.GET.get("after", ""), request.GET.get("show") == "troubled"
    found = queries.bulk_rows(
        bulk_id=bulk_id,
        actor=actor,
        after=int(after) if after.isascii() and after.isdigit() and len(after) < 6 else 0,
        troubled=troubled,
    )
    context = {
        "line": line,
        "rows": found,
        "troubled": troubled,
        "next": found[-1].number if len(found) == queries.PAGE else 0,
    }
    page = "signature/parts/bulk_state.html" if request.headers.get("HX-Request") else "signature/bulk.html"
    return render(request, page, context)


@permission("signature:envelope:send")
@require_POST
def confirm(request: HttpRequest, bulk_id: UUID) -> HttpResponse:
    """Send every row that will be sent."""
    send_many.confirm_list(bulk_id=bulk_id, actor=actor_of(request), at=now())
    return redirect("signature:bulk", bulk_id)


@permission("signature:envelope:send")
@require_POST
def cancel(request: HttpRequest, bulk_id: UUID) -> HttpResponse:
    """Stop what is not sent yet."""
    send_many.cancel_list(bulk_id=bulk_id, actor=actor_of(request), at=now())
    messages.success(request, _("Nothing more of this list is sent."))
    return redirect("signature:bulk", bulk_id)


@permission("signature:envelope:send")
@require_GET
def report(request: HttpRequest, bulk_id: UUID) -> HttpResponse:
    """Every row's fate, to keep."""
    found = queries.bulk_rows(bulk_id=bulk_id, actor=actor_of(request), most=None)
    head = (_("row"), _("patient"), _("fate"), _("why"), "id")
    lines = [(one.number, one.who, RowState(one.state).label, one.why, one.envelope_id or "") for one in found]
    return _csv([head, *lines], "report.csv")


def _csv(lines: list[tuple[object, ...]], name: str) -> HttpResponse:
    return HttpResponse(
        rows.write(lines),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )
