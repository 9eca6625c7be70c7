"""Work that stopped or waits for another try."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from telesphore.jobs import actions, queries
from telesphore.kernel.clock import now
from telesphore.web.access import permission
from telesphore.web.requests import actor_of


@permission("jobs:job:manage")
@require_GET
def jobs(request: HttpRequest) -> HttpResponse:
    """The queues, and what stopped in them."""
    context = {"troubled": queries.troubled(actor=actor_of(request)), "queues": queries.queues()}
    return render(request, "jobs.html", context)


@permission("jobs:job:manage")
@require_POST
def try_again(request: HttpRequest, job_id: int) -> HttpResponse:
    """Run a stopped job again."""
    actions.try_again(job_id=job_id, actor=actor_of(request), at=now())
    messages.success(request, _("It will run again in a moment."))
    return redirect("jobs")
