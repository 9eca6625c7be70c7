"""API tokens: what a program may do in one's name, until when; shown once."""

from datetime import datetime, time, timedelta
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from telesphore.accounts import actions, queries
from telesphore.accounts.states import TOKEN_LIFE, permissions_of
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.web.access import fresh, permission
from telesphore.web.accounts.ways import PARTS, Part
from telesphore.web.accounts.words import PERMISSION_WORDS
from telesphore.web.requests import actor_of

USUAL = timedelta(days=90)


class TokenForm(forms.Form):
    """What a token is called, what it may do, until when."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=80, help_text=gettext_lazy("Which program will use it, where.")
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"),
        help_text=gettext_lazy("Among what you may do yourself; the less, the better."),
        widget=forms.CheckboxSelectMultiple,
    )
    until = forms.DateField(
        label=gettext_lazy("Last day"),
        help_text=gettext_lazy("Within a year."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: object, held: frozenset[str], **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # Django's own options.
        scopes = self.fields["scopes"]
        assert isinstance(scopes, forms.MultipleChoiceField)
        scopes.choices = [(name, f"{PERMISSION_WORDS[name]} ({name})") for name in sorted(held)]

    def end(self) -> datetime:
        """The end of the last day, here, and within the longest life."""
        end = timezone.make_aware(datetime.combine(self.cleaned_data["until"] + timedelta(days=1), time()))
        latest = now() + TOKEN_LIFE
        return min(end, latest) if end - latest < timedelta(days=1) else end


@permission("accounts:token:manage")
@fresh
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """One's tokens where one acts, and a form for another. A new one is in this answer, and in no other."""
    actor, at = actor_of(request), now()
    usual = timezone.localdate(at + USUAL)
    form = TokenForm(request.POST or None, held=permissions_of(actor.roles), initial={"until": usual})
    issued = None
    if request.method == "POST" and form.is_valid():
        try:
            issued = actions.issue_token(
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                expires_at=form.end(),
                actor=actor,
                at=at,
            )
        except DomainError as refused:
            if refused.refusal not in (Refusal.INVALID, Refusal.CONFLICT):
                raise
            form.add_error(None, refused.sentence)
        else:
            form = TokenForm(held=permissions_of(actor.roles), initial={"until": usual})
    context = {"part": tokens_part(request), "form": form, "issued": issued}
    return render(request, "account/tokens.html", context, status=422 if form.errors else 200)


@permission("accounts:token:manage")
@require_POST
def revoke_token(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """Take a token back; nothing more than closing, so it asks for no new proof."""
    actions.revoke_token(token_id=token_id, actor=actor_of(request), at=now())
    messages.success(request, _("This token opens nothing any more."))
    return redirect("tokens")


def tokens_part(request: HttpRequest) -> dict[str, object]:
    """For the security page: one's living tokens where one acts."""
    return {"tokens": queries.tokens_of(actor=actor_of(request), at=now())}


PARTS.append(Part("account/parts/tokens.html", tokens_part))
