"""Choose the organisation to act in, choose light or dark."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from telesphore.web.access import public, signed_in
from telesphore.web.requests import ORGANISATION_KEY, current_membership, memberships_of

THEMES = ("light", "dark", "device")


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


@public("how the pages look")
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark, or as the device says; kept in a cookie, since the patient's pages have it too."""
    wanted = request.POST.get("theme", "")
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = redirect(back)
    if wanted in THEMES:
        response.set_cookie("theme", wanted, max_age=365 * 86400, samesite="Lax", secure=request.is_secure())
    return response
