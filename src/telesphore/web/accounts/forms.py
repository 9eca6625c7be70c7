"""The forms of signing in and of one's security page."""

from typing import Any

from allauth.account.forms import LoginForm
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from telesphore.accounts import actions
from telesphore.accounts.actions.ways import NAME_LETTERS
from telesphore.kernel.clock import now
from telesphore.web.accounts import throttle
from telesphore.web.accounts.passwords import LONGEST


class SignInForm(LoginForm):  # type: ignore[misc]  # django-allauth has no types.
    """Address and password."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["login"].label = _("E-mail address")
        # The browser offers what it keeps; a longer password than any of ours costs nothing to refuse.
        self.fields["password"].max_length = LONGEST
        self.fields["password"].help_text = ""
        for name in ("login", "password"):
            self.fields[name].widget.attrs.pop("placeholder", None)


class CodeForm(AuthenticateForm):  # type: ignore[misc]  # django-allauth has no types.
    """The second step of signing in with a password: a code, checked by our own action."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["code"]
        field.label, field.max_length = _("Code"), 20
        field.widget.attrs = {"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"}

    def clean_code(self) -> str:
        try:
            guess = throttle.guess(context.request, kind="code", account=self.user.email, at=now())
        except throttle.TooManyGuesses:
            raise get_adapter().validation_error("too_many_codes") from None
        code = str(self.cleaned_data["code"])
        proved = actions.spend_code(person_id=self.user.pk, code=code, at=now())
        if proved is None:
            raise get_adapter().validation_error("incorrect_code")
        guess.was_right()
        self.authenticator = Authenticator.objects.get(pk=proved)
        return code


class NameForm(forms.Form):
    """What a passkey is called."""

    name = forms.CharField(label=_("Name"), max_length=NAME_LETTERS)


class CodeOnceForm(forms.Form):
    """The first code of an application."""

    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class PasswordForm(forms.Form):
    """A new password, once: the browser can show it."""

    password = forms.CharField(
        label=_("New password"),
        max_length=LONGEST,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, person: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.person = person
        self.fields["password"].help_text = _("At least 12 characters: a short sentence is easy to keep in mind.")

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        validate_password(password, self.person)
        return password


class LostForm(forms.Form):
    """What is asked of who has lost their ways to sign in."""

    email = forms.EmailField(label=_("E-mail address"), widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    code = forms.CharField(
        label=_("Recovery code"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )


class SetUpCodeForm(forms.Form):
    """The code that an administrator told."""

    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
