"""The fields that a signer fills in, as a form: on the professional's page and on the patient's."""

from collections.abc import Sequence

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from telesphore.signature.queries import FieldLine
from telesphore.signature.states import FieldKind

NONE_CHOSEN = [("", "—")]


class FillForm(forms.Form):
    """One control for each field that is asked; what it says is checked again as the signature is made."""

    def __init__(self, lines: Sequence[FieldLine], data: QueryDict | None, *, form_id: str = "") -> None:
        """`form_id`: of the form that takes the values, when it stands elsewhere on the page."""
        super().__init__(data, prefix="fill")
        for line in lines:
            control = self.fields[line.name] = _control(line)
            control.widget.attrs["data-fill"] = line.name
            if form_id:
                control.widget.attrs["form"] = form_id

    def values(self) -> dict[str, str]:
        """Name of the field → value, as actions take it."""
        return {
            name: ("on" if value else "") if isinstance(value, bool) else value
            for name, value in self.cleaned_data.items()
        }


def _control(line: FieldLine) -> forms.Field:
    where = _("page %(page)s") % {"page": line.page}
    label = line.label or f"{line.kind.label}, {where}"
    hint = where if line.required else _("%(where)s, if you like") % {"where": where}
    if line.kind is FieldKind.CHECKBOX:
        return forms.BooleanField(label=label, help_text=hint, required=line.required)
    if line.kind is FieldKind.CHOICE:
        choices = [*NONE_CHOSEN, *((one, one) for one in line.options)]
        return forms.ChoiceField(label=label, help_text=hint, required=line.required, choices=choices)
    widget = forms.Textarea(attrs={"rows": 3}) if line.several_lines else forms.TextInput()
    widget.attrs["autocomplete"] = "off"
    return forms.CharField(label=label, help_text=hint, required=line.required, max_length=line.longest, widget=widget)
