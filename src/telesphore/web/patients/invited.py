"""Come in by an invitation: the link and its code lead here; the account is made, and a passkey is offered at once."""

from uuid import UUID

from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from telesphore.accounts import queries as accounts
from telesphore.accounts.states import Acr
from telesphore.kernel.clock import now
from telesphore.records import actions, queries
from telesphore.records.states import Measure
from telesphore.web.access import link_session, patient_account
from telesphore.web.entering import Proof, enter
from telesphore.web.entrances import choose, current_entrance
from telesphore.web.patients import session
from telesphore.web.requests import actor_of

PROOF = Proof("link+code", Acr.LINK_AND_CODE)


@link_session
def welcome(request: HttpRequest) -> HttpResponse:
    """Says what the account will open, and makes it when its person agrees."""
    at = now()
    visit = session.to_account(request, at)
    invitation = queries.invitation(organisation_id=visit.organisation_id, row_id=visit.envelope_id)
    known = invitation.known_person_id
    # An account that can be come into otherwise is not opened by a link: its person signs in first.
    must_sign_in = known is not None and request.user.pk != known and _has_ways(known)
    if request.method == "POST" and not must_sign_in:
        return _confirm(request, visit, known)
    context = {
        "organisation": accounts.organisation_card(visit.organisation_id).name,
        "invitation": invitation,
        "measure": Measure(invitation.measure).label if invitation.measure else "",
        "must_sign_in": must_sign_in,
        "signed_in_as_another": must_sign_in and request.user.is_authenticated,
    }
    return render(request, "patients/welcome.html", context, status=409 if request.method == "POST" else 200)


def _confirm(request: HttpRequest, visit: session.Visit, known: UUID | None) -> HttpResponse:
    at = now()
    row_id = visit.envelope_id
    if visit.purpose == actions.LINK_TO_ACCOUNT:
        patient = session.actor_of_visit(request, visit)
        person_id = actions.confirm_account(account_id=row_id, person_id=known, actor=patient, at=at)
    else:
        bearer = session.bearer_of_visit(request, visit)
        person_id = actions.confirm_representation(representation_id=row_id, person_id=known, actor=bearer, at=at)
    by_link = request.user.pk != person_id
    if by_link:
        enter(request, person_id=person_id, proof=PROOF)
    else:
        del request.session[session.KEY]
    choose(request, row_id, by_link=by_link)
    note_entrance(request)
    return redirect("patients:ready" if by_link else "patients:home")


def note_entrance(request: HttpRequest) -> None:
    """Leave the trace of who came to the record that was chosen."""
    entrance = current_entrance(request)
    # A representation may be confirmed before it begins.
    if entrance is not None:
        actions.enter_record(
            row_id=entrance.row_id,
            patient_id=entrance.patient.patient_id,
            account=UUID(str(request.user.pk)),
            actor=actor_of(request),
            at=now(),
        )


def _has_ways(person_id: UUID) -> bool:
    """Whether a person can come in otherwise than by a link and its code, or comes near others' data."""
    person = get_user_model().objects.get(pk=person_id)
    ways, roles = accounts.ways_of(person_id), accounts.memberships(person_id=person_id, at=now())
    return bool(roles or person.national_id or ways.passkeys or ways.password or ways.totp_at)


@patient_account
@require_GET
def ready(request: HttpRequest) -> HttpResponse:
    """The account is there: a passkey at once, or later."""
    entrance = current_entrance(request)
    assert entrance is not None
    return render(request, "patients/ready.html", {"organisation": entrance.organisation.name})
