"""What is typed into the pages of an organisation and its members, parsed at the door."""

from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.timezone import get_current_timezone
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from telesphore.accounts.formats.nomenclatures import PROFESSIONS, SPECIALTIES, Term
from telesphore.accounts.formats.numbers import BadNumber, Finess, Rpps, Siren, Siret
from telesphore.accounts.queries import UnitLine
from telesphore.accounts.states import DELEGABLE, Role
from telesphore.records.states import DocumentType
from telesphore.web.accounts.words import PERMISSION_WORDS
from telesphore.web.choosing import ColleagueField, Colleagues, offer
from telesphore.web.forms import PhoneField


class NumberField(forms.CharField):
    """A national number; gives its type, or None when left empty."""

    def __init__(self, kind: Callable[[str], Any], *, wrong: Any, **options: Any) -> None:
        self.kind, self.wrong = kind, wrong
        super().__init__(
            max_length=30, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}), **options
        )

    def clean(self, value: Any) -> Any:
        """The number.

        Raises:
            ValidationError: it can't be one.
        """
        text = super().clean(value)
        if not text:
            return None
        try:
            return self.kind(text)
        except BadNumber:
            raise ValidationError(self.wrong) from None


class DayField(forms.DateField):
    """A day, as the browser's own calendar gives it."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def beginning(day: Any) -> datetime:
    """Its first instant, here."""
    return datetime.combine(day, time(), get_current_timezone())


def end(day: Any) -> datetime:
    """The instant after its last one, here."""
    return beginning(day + timedelta(days=1))


class OrganisationForm(forms.Form):
    """An organisation's name and numbers."""

    name = forms.CharField(label=_("Name"), max_length=200)
    city = forms.CharField(label=_("Town"), max_length=100, required=False)
    finess = NumberField(
        Finess.parse, label=_("FINESS number"), help_text=_("Nine characters."),
        wrong=_("This is not a FINESS number: nine characters, the last of which is a key."),
    )  # fmt: skip
    siren = NumberField(
        Siren.parse, label=_("SIREN number"), help_text=_("Nine digits."),
        wrong=_("This is not a SIREN number: nine digits, the last of which is a key."),
    )  # fmt: skip
    siret = NumberField(
        Siret.parse, label=_("SIRET number"), help_text=_("Fourteen digits, of which the first nine are the SIREN."),
        wrong=_("This is not a SIRET number: fourteen digits, the last of which is a key."),
    )  # fmt: skip


class UnitForm(forms.Form):
    """The name of a unit."""

    name = forms.CharField(label=_("Name of the unit"), max_length=100)


def _terms(terms: Iterable[Term]) -> list[tuple[str, str]]:
    language = get_language() or "fr"
    named = [(term.code, _capital(term.label(language))) for term in terms]
    return [("", "—"), *sorted(named, key=lambda choice: choice[1].casefold())]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _units(units: Iterable[UnitLine]) -> list[tuple[str, str]]:
    return [("", "—"), *((str(unit.unit_id), unit.name) for unit in units)]


class PractitionerForm(forms.Form):
    """What a professional is, as the national directory says it."""

    title = forms.CharField(
        label=_("Title"), help_text=_("Before the name, for example Dr."), max_length=20, required=False
    )
    profession = forms.ChoiceField(label=_("Profession"), required=False)
    specialty_code = forms.ChoiceField(label=_("Specialty"), required=False)
    rpps = NumberField(
        Rpps.parse, label=_("RPPS number"), help_text=_("Eleven digits, as on the professional's card."),
        wrong=_("This is not an RPPS number: eleven digits, the last of which is a key."),
    )  # fmt: skip

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["profession"].choices = _terms(PROFESSIONS.values())  # type: ignore[attr-defined]  # A choice.
        self.fields["specialty_code"].choices = _terms(SPECIALTIES.values())  # type: ignore[attr-defined]  # A choice.

    def clean(self) -> dict[str, Any]:
        """The specialty is one of the profession's; its label is kept beside its code."""
        data: dict[str, Any] = super().clean() or {}
        specialty = SPECIALTIES.get(data.get("specialty_code") or "")
        if specialty is not None and specialty.profession != data.get("profession"):
            self.add_error("specialty_code", _("This is not a specialty of this profession."))
        profession = PROFESSIONS.get(data.get("profession") or "")
        # In French: what is drawn on signed documents is.
        label = specialty or profession
        data["specialty"] = label.french.lower() if label else ""
        return data


class InviteForm(PractitionerForm):
    """Who is invited, and as what."""

    email = forms.EmailField(label=_("E-mail address"), help_text=_("Of this person alone: a shared mailbox is not."))
    given_name = forms.CharField(label=_("Given name"), max_length=100)
    family_name = forms.CharField(label=_("Family name"), max_length=100)
    phone = PhoneField(
        label=_("Mobile phone"), required=False,
        help_text=_("For the code that goes with the link. Without one, you will be shown the code, to give by voice."),
    )  # fmt: skip
    roles = forms.MultipleChoiceField(label=_("Roles"), choices=Role.choices, widget=forms.CheckboxSelectMultiple)
    unit = forms.ChoiceField(label=_("Unit"), required=False)
    field_order = (
        "email", "given_name", "family_name", "phone", "roles", "unit", "title", "profession", "specialty_code", "rpps",
    )  # fmt: skip

    def __init__(self, *args: Any, units: Iterable[UnitLine], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["unit"].choices = _units(units)  # type: ignore[attr-defined]  # A choice.


class RoleForm(forms.Form):
    """A role, with its dates."""

    role = forms.ChoiceField(label=pgettext_lazy("of a member", "Role"), choices=[("", "—"), *Role.choices])
    unit = forms.ChoiceField(label=_("Unit"), required=False)
    starts_on = DayField(label=_("From"), required=False, help_text=_("Left empty: from now on."))
    ends_on = DayField(label=_("Until and including"), required=False, help_text=_("Left empty: without an end."))

    def __init__(self, *args: Any, units: Iterable[UnitLine], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["unit"].choices = _units(units)  # type: ignore[attr-defined]  # A choice.


class SuccessorForm(forms.Form):
    """Who takes over what awaits somebody."""

    successor = ColleagueField(label=_("Who signs instead"), required=False)

    def __init__(self, *args: Any, colleagues: Colleagues, required: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["successor"].required = required
        offer(self, "successor", colleagues)


class DelegationForm(forms.Form):
    """Who does what for whom, and until when."""

    delegator = ColleagueField(label=_("Who is away"))
    delegate = ColleagueField(label=_("Who acts instead"))
    permissions = forms.MultipleChoiceField(
        label=_("Acts"), choices=lambda: [(name, capfirst(str(PERMISSION_WORDS[name]))) for name in DELEGABLE],
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    document_types = forms.MultipleChoiceField(
        label=_("Kinds of documents"), choices=DocumentType.choices, required=False,
        widget=forms.CheckboxSelectMultiple, help_text=_("None ticked: every kind."),
    )  # fmt: skip
    starts_on = DayField(label=_("From"), required=False, help_text=_("Left empty: from now on."))
    ends_on = DayField(label=_("Until and including"))
    reason = forms.CharField(
        label=_("Reason"), max_length=200, required=False,
        help_text=_("For example: on leave, on call. All concerned read it; nothing about a patient."),
    )  # fmt: skip

    def __init__(
        self,
        *args: Any,
        colleagues: Colleagues,
        delegators: Colleagues | None,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        offer(self, "delegate", colleagues)
        if delegators is None:
            del self.fields["delegator"]
        else:
            offer(self, "delegator", delegators)


class NameForm(forms.Form):
    """One's name, as one writes it."""

    title = forms.CharField(
        label=_("Title"), help_text=_("Before the name, for example Dr."), max_length=20, required=False
    )
    given_name = forms.CharField(
        label=_("Given name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "given-name"})
    )
    family_name = forms.CharField(
        label=_("Family name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "family-name"})
    )
