"""The backup way in: an administrator switches it on and reads what came of it; members come in by a code."""

import hashlib
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from telesphore.accounts import actions, queries
from telesphore.accounts.errors import BackupCodeWrong
from telesphore.accounts.states import BACKUP_MEANS, Acr
from telesphore.kernel.clock import now
from telesphore.web.access import fresh, permission, public
from telesphore.web.entering import Proof, enter
from telesphore.web.rates import Rate, at_most, spend
from telesphore.web.requests import BACKUP_KEY, ORGANISATION_KEY, actor_of

CODE_KEY = "backup_code"
RATE = Rate("backup", 300, 60)
"""A hospital comes from one address."""
CODES = 5
"""Codes that one address may ask for one person within ten minutes."""
HOURS = (1, 2, 4, 8, 12, 24)


class OpenForm(forms.Form):
    """Why, and for how long."""

    reason = forms.CharField(
        label=gettext_lazy("What is down, and since when"), min_length=10, max_length=500,
        help_text=gettext_lazy("Kept in the journal, and shown on this page."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    hours = forms.TypedChoiceField(
        label=gettext_lazy("For how long"), coerce=int, widget=forms.RadioSelect,
        help_text=gettext_lazy("It ends by itself; you can end it before."),
    )  # fmt: skip

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own.
        self.fields["hours"].choices = [(n, _("%(hours)s h") % {"hours": n}) for n in HOURS]  # type: ignore[attr-defined]  # A choice field.


class EmailForm(forms.Form):
    """Who comes in."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"), max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True}),
    )  # fmt: skip


class CodeForm(forms.Form):
    """The code that came."""

    code = forms.CharField(
        label=gettext_lazy("Code"), max_length=20, help_text=gettext_lazy("Eight digits, in the e-mail."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True}),
    )  # fmt: skip


@permission("accounts:backup:switch")
@require_http_methods(["GET", "HEAD"])
def backup(request: HttpRequest, form: OpenForm | None = None) -> HttpResponse:
    """Whether it is open, what came of the earlier ones, and the form that opens it."""
    actor, at = actor_of(request), now()
    cards = queries.backups(organisation_id=actor.organisation, at=at)
    people = queries.person_cards(card.opened_by for card in cards)
    lines = [
        {
            "card": card,
            "opened_by": people[card.opened_by].display_name if card.opened_by in people else "",
            "uses": queries.backup_report(organisation_id=actor.organisation, card=card, at=at),
        }
        for card in cards[:10]
    ]
    current = next((line for line in lines if line["card"].ended_at is None), None)  # type: ignore[attr-defined]  # A card.
    context = {
        "form": form or OpenForm(), "current": current, "earlier": [line for line in lines if line is not current],
    }  # fmt: skip
    return render(request, "accounts/backup.html", context, status=422 if form else 200)


@permission("accounts:backup:switch")
@fresh
@require_POST
def open_backup(request: HttpRequest) -> HttpResponse:
    """Open it."""
    form = OpenForm(request.POST)
    if not form.is_valid():
        request.method = "GET"
        return backup(request, form=form)
    said = form.cleaned_data
    actions.open_backup(reason=said["reason"], hours=said["hours"], actor=actor_of(request), at=now())
    messages.success(request, _("The backup way is open."))
    return redirect("backup")


@permission("accounts:backup:switch")
@fresh
@require_POST
def close_backup(request: HttpRequest) -> HttpResponse:
    """Close it before its time."""
    actions.close_backup(actor=actor_of(request), at=now())
    messages.success(request, _("The backup way is closed."))
    return redirect("backup")


@public("the door itself, while an administrator has opened the backup way")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@at_most(RATE)
def ask_code(request: HttpRequest) -> HttpResponse:
    """Ask for a code; the answer is the same for every address."""
    at = now()
    if not queries.any_backup_open(at=at):
        return render(request, "account/backup_closed.html", status=404)
    form = EmailForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"].strip().lower()
        name = f"backup-{hashlib.sha256(email.encode()).hexdigest()[:16]}"
        spent = spend(request, Rate(name, CODES, 600), at)
        if spent.left < 0:
            return spent.tell(render(request, "429.html", status=429))
        sent = actions.send_backup_code(email=email, actor=actor_of(request), at=at)
        request.session[CODE_KEY] = f"{sent.organisation_id.hex}/{sent.code_id.hex}"
        return redirect("backup_code")
    status = 422 if request.method == "POST" else 200
    return render(request, "account/backup_ask.html", {"form": form}, status=status)


@public("the second step of coming in by the backup way")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@at_most(RATE)
def give_code(request: HttpRequest) -> HttpResponse:
    """Give the code, and come in: in one organisation, for what care can't wait for, until the backup way ends."""
    at = now()
    organisation, _slash, code = request.session.get(CODE_KEY, "").partition("/")
    if not code or not queries.any_backup_open(at=at):
        return redirect("backup_ask")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person_id, card = actions.enter_by_backup(
                sent=actions.CodeSent(UUID(organisation), UUID(code)), code=form.cleaned_data["code"],
                actor=actor_of(request), at=at,
            )  # fmt: skip
        except BackupCodeWrong as wrong:
            form.add_error("code", str(wrong))
        else:
            response = enter(request, person_id=person_id, proof=Proof(BACKUP_MEANS, Acr.ONE_FACTOR, card.ends_at))
            request.session[BACKUP_KEY] = f"{card.organisation_id.hex}/{card.access_id.hex}"
            request.session[ORGANISATION_KEY] = card.organisation_id.hex
            return response
    status = 422 if request.method == "POST" else 200
    return render(request, "account/backup_code.html", {"form": form}, status=status)
