"""Choose the organisation to act in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from telesphore.web.access import signed_in
from telesphore.web.requests import ORGANISATION_KEY, current_membership, memberships_of


@signed_in
def choose_organisation(request: HttpRequest) -> HttpResponse:
    """One person, several organisations: one at a time, never mixed on a page."""
    memberships = memberships_of(request)
    if request.method == "POST":
        wanted = request.POST.get("organisation", "")
        if any(card.organisation.organisation_id.hex == wanted for card in memberships):
            request.session[ORGANISATION_KEY] = wanted
            return redirect("/")
    context = {"memberships": memberships, "current": current_membership(request)}
    return render(request, "accounts/organisation.html", context)
