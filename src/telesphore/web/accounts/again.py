"""Prove again who one is: to unlock a session, or before a sensitive act."""

from typing import Any

from allauth.account.forms import ReauthenticateForm
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password, resume_request
from allauth.account.views import ReauthenticateView
from allauth.core import context
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from telesphore.accounts import actions
from telesphore.accounts.states import ENOUGH, Acr
from telesphore.kernel.clock import now
from telesphore.web.accounts import ceremonies, throttle
from telesphore.web.accounts.ways import switched_on
from telesphore.web.entering import Proof, prove_again, safe_path
from telesphore.web.presence import presence_of


class AgainForm(ReauthenticateForm):  # type: ignore[misc]  # django-allauth has no types.
    """The password, and the code of one's phone when one has set one up: never one factor where two were asked."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["password"].help_text = ""
        self.others = list(Authenticator.objects.filter(user=self.user).exclude(type=Authenticator.Type.WEBAUTHN))
        if self.others:
            self.fields["code"] = forms.CharField(
                label=gettext_lazy("Code"),
                help_text=gettext_lazy("The six digits of your phone's application, or a recovery code."),
                max_length=32,
                widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
            )

    def clean(self) -> dict[str, Any]:
        """A code is tried once the password is right: a stranger at the screen does not use up recovery codes."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if self.others and "password" in data and "code" in data:
            try:
                guess = throttle.guess(context.request, kind="code", account=self.user.email, at=now())
            except throttle.TooManyGuesses:
                raise ValidationError(_("Too many tries. Wait a minute, or sign in another way.")) from None
            if actions.spend_code(person_id=self.user.pk, code=data["code"], at=now()) is None:
                self.add_error("code", ValidationError(_("This code is not right, or it was used already.")))
            else:
                guess.was_right()
        return data


class AgainView(ReauthenticateView):  # type: ignore[misc]  # django-allauth has no types.
    """The page before a sensitive act; it leads back to where the person was, with a sentence."""

    template_name = "account/reauthenticate.html"
    form_class = AgainForm

    def _check_reauthentication_method_available(self, request: HttpRequest) -> None:
        """The page itself shows the ways that there are; a person may have no password."""

    def get_reauthentication_alternatives(self) -> list[dict[str, Any]]:
        """None of the library's own pages."""
        return []

    def get_form_class(self) -> type[AgainForm]:
        return AgainForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        refused = try_again(request)
        if refused is None:
            messages.success(request, _("It is you: go on."))
            resumed: HttpResponse | None = resume_request(request)
            return resumed or redirect(self.get_success_url())
        page: HttpResponse = self.render_to_response(self.get_context_data(form=refused), status=422)
        return page

    def get_context_data(self, **options: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**options)
        to = safe_path(self.request, self.request.POST.get("next") or self.request.GET.get("next") or "/")
        return context | {"ways": switched_on(), "passkey": has_passkey(self.request.user), "next": to}


def has_passkey(person: Any) -> bool:
    """Whether a passkey can prove again who they are."""
    return bool(Authenticator.objects.filter(user=person, type=Authenticator.Type.WEBAUTHN).exists())


def try_again(request: HttpRequest) -> AgainForm | None:
    """Take what was sent as a new proof; the form that says what is wrong, or None when it holds."""
    form = AgainForm(data=request.POST, user=request.user)
    if "credential" in request.POST:
        try:
            passkey = ceremonies.complete_proving(request, request.POST["credential"], at=now())
            if passkey.user_id != request.user.pk:
                raise ceremonies.PasskeyRefused
        except ceremonies.PasskeyRefused:
            form.errors.clear()
            form.add_error(None, _("This passkey is not known here. Try another one, or another way."))
            return form
        prove_again(request, proof=Proof("passkey", Acr.PASSKEY))
        return None
    if not form.others and _came_in_by_enough(request):
        # Asked before the password is looked at: the answer says nothing of it.
        form.errors.clear()
        form.add_error(None, _("A password alone is not enough here. Use the way by which you came in."))
        return form
    if not form.is_valid():
        return form
    reauthenticate_by_password(request)
    return None


def _came_in_by_enough(request: HttpRequest) -> bool:
    """Whether the session began with more than a password alone: it goes on with no less."""
    session = presence_of(request)
    return session is not None and session.acr in ENOUGH
