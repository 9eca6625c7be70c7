"""What is typed to make, change and use templates, and to send them to many."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from telesphore.records.states import DocumentType
from telesphore.signature.actions.author import Sitter
from telesphore.signature.queries.templates import TemplateView
from telesphore.signature.states import Seat, TemplateScope
from telesphore.web.choosing import ColleagueField, Colleagues, offer
from telesphore.web.forms import DocumentField

OPEN_SEATS = (Seat.CHOSEN, Seat.REFERRING, Seat.SENDER)


SEATS = [(seat.value, seat.label) for seat in OPEN_SEATS]


def sitter_of(chosen: str) -> Sitter:
    """Who was chosen in a list of seats."""
    return Sitter(Seat(chosen)) if chosen in Seat.values else Sitter(Seat.NAMED, UUID(chosen))


class _ScopeForm(forms.Form):
    """Its name, and who sees it."""

    name = forms.CharField(label=_("Name of the template"), max_length=200)
    scope = forms.ChoiceField(label=_("Who uses it"))
    unit = forms.ChoiceField(label=_("Unit"), required=False, help_text=_("For a template of one unit."))

    def __init__(self, *args: Any, shared: bool, units: Mapping[UUID, str], **options: Any) -> None:
        super().__init__(*args, **options)
        scopes = [TemplateScope.PRIVATE]
        scopes += [TemplateScope.UNIT] if units else []
        scopes += [TemplateScope.ORGANISATION] if shared else []
        self._choose("scope", [(scope.value, scope.label) for scope in reversed(scopes)])
        if units:
            self._choose("unit", [("", "—"), *((str(unit_id), name) for unit_id, name in units.items())])
        else:
            del self.fields["unit"]

    def _choose(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        """A unit's template names its unit."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("scope") == TemplateScope.UNIT and not data.get("unit"):
            self.add_error("unit", _("Choose the unit."))
        return data

    @property
    def unit_id(self) -> UUID | None:
        """The unit chosen, for a template of a unit."""
        chosen = self.cleaned_data.get("unit")
        return UUID(chosen) if chosen and self.cleaned_data["scope"] == TemplateScope.UNIT else None


class NewTemplateForm(_ScopeForm):
    """A template of one file: the patient first when they sign, then a professional."""

    file = DocumentField(
        many=False,
        label=_("Blank form"),
        help_text=_("The form as it is before anybody’s name is on it: a PDF is best."),
    )
    title = forms.CharField(
        label=_("Title of the document"),
        max_length=200,
        help_text=_("You may write {{patient.name}}, {{patient.birth_date}}, {{sender.name}} or {{date}} in it."),
    )
    type = forms.ChoiceField(label=_("Type"), choices=DocumentType.choices)
    patient_signs = forms.BooleanField(label=_("The patient signs first"), required=False, initial=True)
    seat = ColleagueField(label=_("Then signs"))
    message = forms.CharField(
        label=_("Message to all recipients"),
        max_length=5000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Any other name in double braces, such as {{room}}, is asked for each patient."),
    )

    def __init__(self, *args: Any, colleagues: Colleagues, **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "seat", colleagues, SEATS)


class FromDraftForm(_ScopeForm):
    """What a draft becomes: a template of its own, or another version of one."""

    version_of = forms.ChoiceField(
        label=_("Make it another version of"),
        required=False,
        help_text=_("Its name and who uses it then stay as they are."),
    )
    checked = forms.BooleanField(
        label=_("I looked at every page: nothing in it is of this patient"),
        help_text=_("Names found in the text are refused; those in a picture can’t be found."),
    )

    def __init__(self, *args: Any, versions: Iterable[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self._choose("version_of", [("", _("none: a new template")), *versions])
        self.fields["name"].required = False

    def clean(self) -> dict[str, Any]:
        """A new template has a name."""
        data = super().clean()
        if not data.get("version_of") and not data.get("name"):
            self.add_error("name", _("Give it a name."))
        return data


class ReviseForm(forms.Form):
    """What a version says otherwise: texts, who takes each place, files."""

    message = forms.CharField(
        label=_("Message to all recipients"), max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    easy_text = forms.CharField(
        label=_("In easy words, for the patient"),
        max_length=20_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
    )

    def __init__(self, *args: Any, seen: TemplateView, colleagues: Colleagues, **options: Any) -> None:
        whole = seen.definition.composition
        initial = {"message": whole.message, "easy_text": whole.easy_text}
        super().__init__(*args, **options)
        self.initial = initial
        number = 0
        for party, seat in zip(whole.parties, seen.definition.seats, strict=True):
            if seat is None:
                continue
            number += 1
            self.fields[f"seat_{number}"] = ColleagueField(
                label=_("Professional %(number)s") % {"number": number},
                initial=str(party.person_id) if seat is Seat.NAMED else seat.value,
            )
            offer(self, f"seat_{number}", colleagues, SEATS)
        self.seats = number
        for position, part in enumerate(whole.documents):
            title = forms.CharField(
                label=_("Title of document %(number)s") % {"number": position + 1}, max_length=200, initial=part.title
            )
            self.fields[f"title_{position}"] = title
            self.fields[f"file_{position}"] = DocumentField(
                many=False,
                label=_("Another file for document %(number)s") % {"number": position + 1},
                required=False,
                help_text=_("Leave empty to keep it."),
            )

    @property
    def sitters(self) -> list[Sitter]:
        """Who takes each professional's place."""
        return [sitter_of(self.cleaned_data[f"seat_{number}"]) for number in range(1, self.seats + 1)]


class _ChoicesForm(forms.Form):
    """Who takes the open places."""

    professional = ColleagueField(label=_("Professional"), required=False)

    def __init__(
        self, *args: Any, seen: TemplateView, colleagues: Colleagues, hint: object = "", **options: Any
    ) -> None:
        super().__init__(*args, **options)
        if seen.asks_professional:
            self.fields["professional"].help_text = str(hint)
            offer(self, "professional", colleagues)
        else:
            del self.fields["professional"]

    @property
    def professional_id(self) -> UUID | None:
        """Who was chosen, if anybody."""
        chosen = self.cleaned_data.get("professional")
        return UUID(chosen) if chosen else None


class UseForm(_ChoicesForm):
    """What a template leaves open, for one patient."""

    due = forms.DateField(label=_("To be completed by"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, seen: TemplateView, **options: Any) -> None:
        super().__init__(*args, seen=seen, **options)
        self.columns = seen.columns
        for position, name in enumerate(seen.columns):
            self.fields[f"column_{position}"] = forms.CharField(
                label=name.replace("_", " ").replace(".", " ").capitalize(), max_length=200
            )

    @property
    def values(self) -> dict[str, str]:
        """Of the merge fields that were asked."""
        return {name: self.cleaned_data[f"column_{position}"] for position, name in enumerate(self.columns)}


class BulkForm(_ChoicesForm):
    """A list of patients, as a file or chosen one by one."""

    file = forms.FileField(
        label=_("List (CSV)"), required=False, widget=forms.FileInput(attrs={"accept": ".csv,text/csv"})
    )
    patient = forms.MultipleChoiceField(
        label=_("Or choose among your patients"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, patients: Iterable[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["patient"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = list(patients)
        if not field.choices:
            del self.fields["patient"]

    def clean(self) -> dict[str, Any]:
        """One of both."""
        data: dict[str, Any] = super().clean() or {}
        if bool(data.get("file")) == bool(data.get("patient")):
            self.add_error("file", _("Give a list, or choose patients: one of both."))
        return data
