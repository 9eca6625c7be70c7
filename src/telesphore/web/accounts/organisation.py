"""The organisation: its name and numbers, its units, who may do what."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from telesphore.accounts import actions, queries
from telesphore.accounts.states import PERMISSIONS, Role
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.web.access import fresh, permission
from telesphore.web.accounts.member_forms import OrganisationForm, UnitForm
from telesphore.web.accounts.words import PERMISSION_WORDS, ROOMS
from telesphore.web.requests import actor_of


@permission("accounts:organisation:manage")
@fresh
def settings(request: HttpRequest) -> HttpResponse:
    """The organisation's name and national numbers, and its units."""
    actor = actor_of(request)
    card = queries.organisation_card(actor.organisation)
    known = {"name": card.name, "city": card.city, "finess": card.finess, "siren": card.siren, "siret": card.siret}
    form = OrganisationForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_organisation(**form.cleaned_data, actor=actor, at=now())
        except DomainError as refused:
            if refused.refusal is not Refusal.INVALID:
                raise
            form.add_error("siret", refused.sentence)
        else:
            messages.success(request, _("It is written."))
            return redirect("organisation-settings")
    return _settings(request, form, UnitForm(), 422 if form.errors else 200)


def _settings(request: HttpRequest, form: OrganisationForm, unit_form: UnitForm, status: int = 200) -> HttpResponse:
    units = queries.units(organisation_id=actor_of(request).organisation, at=now())
    context = {"form": form, "unit_form": unit_form, "units": units}
    return render(request, "accounts/settings.html", context, status=status)


@permission("accounts:organisation:manage")
@fresh
@require_POST
def add_unit(request: HttpRequest) -> HttpResponse:
    """Add a unit."""
    form = UnitForm(request.POST)
    if form.is_valid():
        try:
            actions.open_unit(name=form.cleaned_data["name"], actor=actor_of(request), at=now())
        except DomainError as refused:
            if refused.refusal is not Refusal.INVALID:
                raise
            form.add_error("name", refused.sentence)
        else:
            return redirect("organisation-settings")
    card = queries.organisation_card(actor_of(request).organisation)
    known = {"name": card.name, "city": card.city, "finess": card.finess, "siren": card.siren, "siret": card.siret}
    return _settings(request, OrganisationForm(initial=known), form, 422)


@permission("accounts:organisation:manage")
@fresh
def unit(request: HttpRequest, unit_id: UUID) -> HttpResponse:
    """Rename a unit, or close it."""
    actor = actor_of(request)
    line = queries.unit(organisation_id=actor.organisation, unit_id=unit_id, at=now())
    if request.method == "POST" and "close" in request.POST:
        actions.close_unit(unit_id=unit_id, actor=actor, at=now())
        messages.success(request, _("The unit is closed."))
        return redirect("organisation-settings")
    form = UnitForm(request.POST or None, initial={"name": line.name})
    if request.method == "POST" and form.is_valid():
        try:
            actions.rename_unit(unit_id=unit_id, name=form.cleaned_data["name"], actor=actor, at=now())
        except DomainError as refused:
            if refused.refusal is not Refusal.INVALID:
                raise
            form.add_error("name", refused.sentence)
        else:
            return redirect("organisation-settings")
    return render(request, "accounts/unit.html", {"form": form, "unit": line}, status=422 if form.errors else 200)


@permission("accounts:permissions:see")
@require_GET
def permissions(request: HttpRequest) -> HttpResponse:
    """Which role may do what."""
    held = actor_of(request).roles
    rooms = [
        (
            title,
            [
                (sentence, name, [(role, role in PERMISSIONS[name]) for role in Role])
                for name, sentence in PERMISSION_WORDS.items()
                if name.startswith(f"{room}:")
            ],
        )
        for room, title in ROOMS.items()
    ]
    return render(request, "accounts/permissions.html", {"rooms": rooms, "all_roles": list(Role), "held": held})
