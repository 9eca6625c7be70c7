"""Take a signature back, until the next has acted: from the page that says that it is given."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from telesphore.accounts import queries as accounts
from telesphore.kernel.clock import now
from telesphore.signature import queries
from telesphore.signature.actions import recall
from telesphore.signature.errors import TooLateToTakeBack
from telesphore.web.access import link_session, public, to_authenticate_again
from telesphore.web.entering import recently_authenticated
from telesphore.web.patients import session


@link_session
def take_back(request: HttpRequest) -> HttpResponse:
    """Asks whether it is sure, then takes the signature back; the visit ends, and a new link leaves.

    The link that was signed by has done its work: only who came in by it, and is still there, reaches this page.
    """
    at = now()
    visit = session.to_sign(request, at, after_signing=True)
    if visit.by_account and not recently_authenticated(request):
        return to_authenticate_again(request)
    actor = session.actor_of_visit(request, visit)
    envelope = queries.envelope(envelope_id=visit.envelope_id, actor=actor, at=at)
    too_late = not envelope.may_take_back
    if request.method == "POST":
        try:
            recall.take_back(envelope_id=visit.envelope_id, actor=actor, at=at)
        except TooLateToTakeBack:
            too_late = True
        else:
            session.leave(request)
            return redirect("patients:taken-back")
    context = {
        "envelope": envelope,
        "organisation": accounts.organisation_card(visit.organisation_id).name,
        "too_late": too_late,
    }
    return render(request, "patients/take_back.html", context, status=409 if too_late else 200)


@public("says that a signature was taken back, and nothing else")
@require_GET
def taken_back(request: HttpRequest) -> HttpResponse:
    """The signature no longer counts; what happens next."""
    session.speak_on(request)
    return render(request, "patients/taken_back.html")
