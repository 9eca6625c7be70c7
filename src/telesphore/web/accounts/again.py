"""Prove again who one is: to unlock a session, or before a sensitive act."""

from typing import Any

from allauth.account.forms import ReauthenticateForm
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from allauth.mfa import app_settings
from allauth.mfa.base.internal.flows import check_rate_limit
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import ReauthenticateWebAuthnForm
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


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
            forget = check_rate_limit(self.user)
            if not any(one.wrap().validate_code(data["code"]) for one in self.others):
                self.add_error("code", ValidationError(_("This code is not right, or it was used already.")))
            else:
                forget()
        return data


def has_passkey(person: Any) -> bool:
    """Whether a passkey can prove again who they are."""
    supported = Authenticator.Type.WEBAUTHN.value in app_settings.SUPPORTED_TYPES
    return supported and Authenticator.objects.filter(user=person, type=Authenticator.Type.WEBAUTHN).exists()


def try_again(request: HttpRequest) -> AgainForm | ReauthenticateWebAuthnForm | None:
    """Take what was sent as a new proof; the form that says what is wrong, or None when it holds."""
    if "credential" in request.POST:
        passkey = ReauthenticateWebAuthnForm(data=request.POST, user=request.user)
        if not passkey.is_valid():
            return passkey
        passkey.save()
        return None
    form = AgainForm(data=request.POST, user=request.user)
    if not form.is_valid():
        return form
    reauthenticate_by_password(request)
    return None
