"""What the stand-in gateways received, newest first."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from telesphore.outbox import queries
from telesphore.web.access import demonstration


@demonstration
@require_GET
def outbox(request: HttpRequest) -> HttpResponse:
    """E-mails and SMS that a real instance would have sent."""
    messages = list(reversed(queries.local_messages()))[:100]
    return render(request, "outbox.html", {"messages_sent": messages})
