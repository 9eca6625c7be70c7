"""Fields that several pages share."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

TAKEN = "application/pdf,image/jpeg,image/png,image/tiff,image/webp,.docx,.odt,.rtf,.xlsx,.ods,.pptx,.odp"
"""What a browser offers to choose: a phone, its camera. What the file is, is read in the file."""


TAKEN_IN_WORDS = _lazy(
    "A PDF, a picture (JPEG, PNG, TIFF, WebP) or an office file (docx, odt, rtf, xlsx, ods, pptx, odp); 50 MB at most. "
    "Several pictures become the pages of one document, in their order."
)


class _Files(forms.FileInput):
    allow_multiple_selected = True


class DocumentField(forms.FileField):
    """A document's file, or the pictures that are its pages: a list of uploads, never empty when required."""

    def __init__(self, *, many: bool = True, **options: Any) -> None:
        super().__init__(widget=(_Files if many else forms.FileInput)(attrs={"accept": TAKEN}), **options)

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Each of them as `FileField` has it."""
        files = data if isinstance(data, list) else [data]
        return [one for one in (super(DocumentField, self).clean(file, initial) for file in files or [None]) if one]


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
