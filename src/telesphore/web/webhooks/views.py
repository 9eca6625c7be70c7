"""Subscriptions and deliveries: make, change the secret, end, send again."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.signature.actions import embed
from telesphore.signature.queries import embedding
from telesphore.web.access import fresh, permission
from telesphore.web.requests import actor_of
from telesphore.webhooks import actions, queries
from telesphore.webhooks.states import What


class SubscriptionForm(forms.Form):
    """Which address, of what."""

    url = forms.CharField(
        label=gettext_lazy("Address"),
        help_text=gettext_lazy("It begins with https://, and answers within ten seconds."),
        max_length=500,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    events = forms.MultipleChoiceField(
        label=gettext_lazy("What it is told of"),
        # Each time anew: in the reader's language.
        choices=lambda: [(what.value, f"{what.label} ({what.value})") for what in What],
        widget=forms.CheckboxSelectMultiple,
        initial=[what.value for what in What],
    )


@permission(actions.PERMISSION)
@fresh
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """What is subscribed, what became of each call, and a form for another. A secret is in this answer only."""
    form, issued = SubscriptionForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            issued = actions.subscribe(**form.cleaned_data, actor=actor_of(request), at=now())
        except DomainError as refused:
            if refused.refusal not in (Refusal.INVALID, Refusal.CONFLICT):
                raise
            form.add_error(None, refused.sentence)
        else:
            form = SubscriptionForm()
    return _page(request, form, issued, 422 if form.errors else 200)


def _page(request: HttpRequest, form: SubscriptionForm, issued: actions.Issued | None, status: int) -> HttpResponse:
    actor = actor_of(request)
    context = {
        "form": form,
        "issued": issued,
        "subscriptions": queries.subscriptions(actor=actor),
        "deliveries": queries.deliveries(actor=actor),
        "origins": embedding.framing_origins(actor=actor),
    }
    return render(request, "webhooks.html", context, status=status)


@permission(actions.PERMISSION)
@fresh
@require_POST
def secret(request: HttpRequest, subscription_id: UUID) -> HttpResponse:
    """Another secret, shown in this answer only."""
    issued = actions.change_secret(subscription_id=subscription_id, actor=actor_of(request), at=now())
    return _page(request, SubscriptionForm(), issued, 200)


@permission(actions.PERMISSION)
@require_POST
def end(request: HttpRequest, subscription_id: UUID) -> HttpResponse:
    """Tell an address nothing more."""
    actions.unsubscribe(subscription_id=subscription_id, actor=actor_of(request), at=now())
    messages.success(request, _("This address is told nothing more."))
    return redirect("webhooks:page")


@permission(embed.MANAGE)
@fresh
@require_POST
def allow(request: HttpRequest) -> HttpResponse:
    """Let the pages of an origin show the pages of signing within theirs."""
    try:
        embed.allow_origin(origin=request.POST.get("origin", "")[:300], actor=actor_of(request), at=now())
    except DomainError as refused:
        if refused.refusal not in (Refusal.INVALID, Refusal.CONFLICT):
            raise
        messages.error(request, refused.sentence)
    else:
        messages.success(request, _("Pages of this origin may show the pages of signing."))
    return redirect("webhooks:page")


@permission(embed.MANAGE)
@require_POST
def forbid(request: HttpRequest, origin_id: UUID) -> HttpResponse:
    """Let them no more."""
    embed.forbid_origin(origin_id=origin_id, actor=actor_of(request), at=now())
    messages.success(request, _("Pages of this origin show nothing of ours any more."))
    return redirect("webhooks:page")


@permission(actions.PERMISSION)
@require_POST
def again(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Send a call again."""
    actions.send_again(delivery_id=delivery_id, actor=actor_of(request), at=now())
    messages.success(request, _("It will be sent again in a moment."))
    return redirect("webhooks:page")
