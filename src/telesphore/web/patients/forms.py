"""What is typed into the patient's pages, parsed at the door."""

from django import forms
from django.utils.translation import gettext_lazy as _

from telesphore.records.actions import Why


class AskForm(forms.Form):
    """To what address a link is asked for."""

    email = forms.EmailField(
        label=_("Your e-mail address"),
        max_length=254,
        help_text=_("The one that you gave to the organisation that cares for you."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class ReportForm(forms.Form):
    """What a patient says of an access; a choice, so that nothing of their health is written down."""

    why = forms.ChoiceField(
        label=_("What happened?"),
        widget=forms.RadioSelect,
        choices=[
            (Why.UNKNOWN_PERSON.value, _("I do not know this person")),
            (Why.NOT_THERE.value, _("I was not in care there that day")),
            (Why.OTHER.value, _("Something else")),
        ],
    )
