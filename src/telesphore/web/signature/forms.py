"""What is typed into the pages of envelopes, parsed at the door."""

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from telesphore.signature.states import IdentityDocument, Opinion
from telesphore.web.choosing import ColleagueField, Colleagues, offer
from telesphore.web.forms import PhoneField


class SignForm(forms.Form):
    """The PIN of the signer's card or token; it is used once and kept nowhere."""

    pin = forms.CharField(
        label=_("PIN of your card"),
        max_length=64,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )
    code = forms.CharField(
        label=_("One-time code of your signing service"),
        max_length=64,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )
    asks_code = False
    """Whether the signing service wants a code: the page shows the field then only."""


class ReasonForm(forms.Form):
    """Why, in a few words."""

    reason = forms.CharField(label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4}))


class ReviewForm(forms.Form):
    """What one writes with an approval, for professionals."""

    comment = forms.CharField(
        label=_("Comment (optional)"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class AdviseForm(ReviewForm):
    """An opinion; nothing is preselected."""

    opinion = forms.ChoiceField(
        label=_("Your opinion"),
        choices=[
            (Opinion.FAVOURABLE.value, _("Favourable")),
            (Opinion.RESERVED.value, _("With reservations")),
            (Opinion.UNFAVOURABLE.value, _("Unfavourable")),
            (Opinion.ABSTAINED.value, _("No opinion: the circuit goes on without it")),
        ],
        widget=forms.RadioSelect,
    )
    field_order = ("opinion", "comment")


class HandOverForm(forms.Form):
    """Which colleague takes one's place."""

    colleague = ColleagueField(label=_("Colleague"))

    def __init__(self, *args: object, colleagues: Colleagues, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # Django's own options.
        offer(self, "colleague", colleagues)


class CorrectForm(forms.Form):
    """How a patient or a guest is reached."""

    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    phone = PhoneField(label=_("Mobile phone"))


class SeenForm(forms.Form):
    """How a professional knows who is in front of them: at least one way."""

    document = forms.ChoiceField(
        label=_("Identity document that you have looked at"),
        choices=[
            ("", pgettext_lazy("identity document", "None")),
            *((value, capfirst(label)) for value, label in IdentityDocument.choices),
        ],
        required=False,
        widget=forms.RadioSelect,
    )
    bracelet = forms.CharField(
        label=_("Bracelet"),
        help_text=_("Scan it, or type the number that it bears."),
        max_length=64,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    code = forms.CharField(
        label=_("Code received on the patient’s phone"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
