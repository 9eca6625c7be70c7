"""Fields that several pages share."""

import re

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


class PhoneField(forms.CharField):
    """A phone number as the French write it, or international; gives E.164."""

    def __init__(self, **options: object) -> None:
        super().__init__(max_length=30, widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}), **options)  # type: ignore[arg-type]  # Django's own options.

    def clean(self, value: object) -> str:
        """E.164, e.g. `+33639980147`; empty when not required and left empty."""
        text = str(super().clean(value))
        digits = re.sub(r"[\s.()-]", "", text)
        if not digits:
            return ""
        if re.fullmatch(r"0[1-9]\d{8}", digits):
            return f"+33{digits[1:]}"
        if re.fullmatch(r"\+[1-9]\d{7,14}", digits):
            return digits
        raise ValidationError(_("Write the number with its ten digits, or beginning with + and the country."))
