"""What the law says of a signature, and of the data that it leaves: our words, beside the addresses of the texts."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from telesphore.web.access import public
from telesphore.web.patients import session


@public("what the law says is the same for everybody")
@require_GET
def law(request: HttpRequest) -> HttpResponse:
    """A page to read before signing, and at any time."""
    # No way back to the signature is shown to who was not there.
    return render(request, "patients/law.html", {"visiting": session.KEY in request.session})
