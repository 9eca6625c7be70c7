"""Members: who works here, what they may do, who is invited, suspended, gone. Nothing here shows a patient."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from telesphore.accounts import actions, queries
from telesphore.accounts.access import may
from telesphore.accounts.states import MemberState, Role
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.signature import queries as signature
from telesphore.signature.actions import transfer
from telesphore.web.access import fresh, permission
from telesphore.web.accounts.member_forms import InviteForm, PractitionerForm, RoleForm, SuccessorForm, beginning, end
from telesphore.web.choosing import Colleagues
from telesphore.web.requests import actor_of

MOST_PAGES = 1000
NEWCOMER = (
    "email", "given_name", "family_name", "title", "profession", "specialty_code", "specialty", "rpps", "phone",
)  # fmt: skip
"""What the form says of a person."""


@permission("accounts:members:see")
@require_GET
def members(request: HttpRequest) -> HttpResponse:
    """The list, searched and narrowed. Who does not manage members sees those who are here."""
    actor = actor_of(request)
    manages = may(actor, "accounts:members:manage")
    search = request.GET.get("q", "")[:100]
    asked_state, asked_role = request.GET.get("state", ""), request.GET.get("role", "")
    state = MemberState(asked_state) if asked_state in MemberState.values else None
    role = Role(asked_role) if asked_role in Role.values else None
    asked = request.GET.get("page", "1")
    page = min(max(int(asked[:6]), 1), MOST_PAGES) if asked.isascii() and asked.isdigit() else 1
    lines = queries.members(
        organisation_id=actor.organisation,
        at=now(),
        search=search,
        state=state if manages else MemberState.ACTIVE,
        role=role,
        page=page,
    )
    context = {
        "lines": lines[: queries.PAGE],
        "more": len(lines) > queries.PAGE,
        "page": page,
        "search": search,
        "state": state.value if state else "",
        "role": role.value if role else "",
        "all_states": list(MemberState),
        "all_roles": list(Role),
        "manages": manages,
    }
    return render(request, "accounts/members.html", context)


@permission("accounts:members:see")
@require_GET
def member(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """One member: for a colleague, what they do here; for an administrator, what can be changed too."""
    return _member(request, person_id)


def _member(request: HttpRequest, person_id: UUID, form: RoleForm | None = None, status: int = 200) -> HttpResponse:
    actor, at = actor_of(request), now()
    manages = may(actor, "accounts:members:manage")
    seen = queries.member(organisation_id=actor.organisation, person_id=person_id, at=at, active_only=not manages)
    waiting = signature.count_to_hand_over(actor=actor, person_id=person_id) if manages else 0
    units = queries.units(organisation_id=actor.organisation, at=at, open_only=True)
    context = {
        "member": seen,
        "manages": manages,
        "is_self": person_id == actor.person_id,
        "waiting": waiting,
        "delegations": queries.delegations_of(organisation_id=actor.organisation, person_id=person_id, at=at),
        "form": form or RoleForm(units=units),
    }
    return render(request, "accounts/member.html", context, status=status)


@permission("accounts:members:manage")
@fresh
@sensitive_variables("invited")
def invite(request: HttpRequest) -> HttpResponse:
    """Invite somebody; without a phone, the code is shown, once, to be given by voice."""
    actor, at = actor_of(request), now()
    units = queries.units(organisation_id=actor.organisation, at=at, open_only=True)
    form = InviteForm(request.POST or None, units=units)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        newcomer = actions.Newcomer(**{name: data[name] for name in NEWCOMER})
        try:
            invited = actions.invite(
                newcomer=newcomer,
                roles=[Role(role) for role in data["roles"]],
                unit_id=UUID(data["unit"]) if data["unit"] else None,
                actor=actor,
                at=at,
            )
        except DomainError as refused:
            if refused.refusal not in (Refusal.INVALID, Refusal.CONFLICT, Refusal.FORBIDDEN):
                raise
            form.add_error(None, refused.sentence)
        else:
            return _left(request, invited, newcomer.email)
    return render(request, "accounts/invite.html", {"form": form}, status=422 if form.errors else 200)


def _left(request: HttpRequest, invited: actions.Invited, email: str) -> HttpResponse:
    if invited.code:
        return render(request, "accounts/spoken_code.html", {"code": invited.code, "email": email})
    messages.success(request, _("The invitation has left."))
    return redirect("members")


@permission("accounts:members:manage")
@fresh
@require_POST
def resend(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Send an invitation again."""
    invited = actions.resend(invitation_id=invitation_id, actor=actor_of(request), at=now())
    return _left(request, invited, "")


@permission("accounts:members:manage")
@require_POST
def withdraw(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Take an invitation back."""
    actions.withdraw_invitation(invitation_id=invitation_id, actor=actor_of(request), at=now())
    messages.success(request, _("The invitation is withdrawn: its link leads nowhere any more."))
    return redirect("members")


@permission("accounts:members:manage")
@fresh
@require_POST
def grant(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Give a member a role."""
    actor, at = actor_of(request), now()
    form = RoleForm(request.POST, units=queries.units(organisation_id=actor.organisation, at=at, open_only=True))
    if form.is_valid():
        data = form.cleaned_data
        try:
            actions.grant_role(
                person_id=person_id,
                organisation_id=actor.organisation,
                role=Role(data["role"]),
                starts_at=beginning(data["starts_on"]) if data["starts_on"] else None,
                ends_at=end(data["ends_on"]) if data["ends_on"] else None,
                unit_id=UUID(data["unit"]) if data["unit"] else None,
                actor=actor,
                at=at,
            )
        except DomainError as refused:
            if refused.refusal is Refusal.NOT_FOUND:
                raise
            form.add_error(None, refused.sentence)
        else:
            messages.success(request, _("The role is given."))
            return redirect("member", person_id)
    return _member(request, person_id, form, 422)


@permission("accounts:members:manage")
@fresh
@require_POST
def end_role(request: HttpRequest, person_id: UUID, membership_id: UUID) -> HttpResponse:
    """End a role now."""
    actions.end_role(membership_id=membership_id, ends_at=None, actor=actor_of(request), at=now())
    messages.success(request, _("The role is over."))
    return redirect("member", person_id)


@permission("accounts:members:manage")
@fresh
def practitioner(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Write what a professional is: profession, specialty, number."""
    actor, at = actor_of(request), now()
    seen = queries.member(organisation_id=actor.organisation, person_id=person_id, at=at)
    known = {
        "title": seen.title,
        "profession": seen.profession,
        "specialty_code": seen.specialty_code,
        "rpps": seen.rpps,
    }
    form = PractitionerForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            actions.describe_practitioner(person_id=person_id, **form.cleaned_data, actor=actor, at=at)
        except DomainError as refused:
            if refused.refusal is Refusal.NOT_FOUND:
                raise
            form.add_error(None, refused.sentence)
        else:
            messages.success(request, _("It is written."))
            return redirect("member", person_id)
    context = {"form": form, "member": seen}
    return render(request, "accounts/practitioner.html", context, status=422 if form.errors else 200)


@permission("accounts:members:manage")
@require_POST
def suspend(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Suspend a member: in haste, so it asks for nothing more."""
    actions.suspend(person_id=person_id, actor=actor_of(request), at=now())
    messages.success(request, _("Suspended: nothing opens to this person here any more."))
    return redirect("member", person_id)


@permission("accounts:members:manage")
@fresh
@require_POST
def lift(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Lift a suspension."""
    actions.lift(person_id=person_id, actor=actor_of(request), at=now())
    messages.success(request, _("The suspension is lifted."))
    return redirect("member", person_id)


@permission("accounts:members:manage")
@fresh
def reset(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Give back a way in to a member who lost theirs: all are removed, a link leaves, its code is shown once."""
    actor, at = actor_of(request), now()
    seen = queries.member(organisation_id=actor.organisation, person_id=person_id, at=at)
    code = actions.reset_ways(person_id=person_id, actor=actor, at=at) if request.method == "POST" else ""
    return render(request, "accounts/reset.html", {"member": seen, "code": code})


@permission("accounts:members:manage")
@fresh
def leave(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Have a member leave, and hand over what awaits them; for who has left already, hand over what still does."""
    actor, at = actor_of(request), now()
    seen = queries.member(organisation_id=actor.organisation, person_id=person_id, at=at)
    waiting = signature.count_to_hand_over(actor=actor, person_id=person_id)
    gone = seen.line.state is MemberState.LEFT
    colleagues = Colleagues(actor.organisation, at, apart=[person_id])
    form = SuccessorForm(request.POST or None, colleagues=colleagues, required=waiting > 0)
    if request.method == "POST" and form.is_valid():
        try:
            if not gone:
                actions.leave(person_id=person_id, actor=actor, at=at)
            # A crash here leaves what awaited them with them: their page counts it, and it is handed over from there.
            if form.cleaned_data["successor"]:
                successor = UUID(form.cleaned_data["successor"])
                transfer.transfer(person_id=person_id, successor_id=successor, actor=actor, at=at)
        except DomainError as refused:
            if refused.refusal is Refusal.NOT_FOUND:
                raise
            form.add_error(None, refused.sentence)
        else:
            messages.success(request, _("It is done."))
            return redirect("member", person_id)
    context = {"form": form, "member": seen, "waiting": waiting, "gone": gone}
    return render(request, "accounts/leave.html", context, status=422 if form.errors else 200)
