"""What is typed into the record's pages, parsed at the door."""

from collections.abc import Iterable

from django import forms
from django.utils.translation import gettext_lazy as _

from telesphore.records.states import DocumentType, Language, Measure, Sex
from telesphore.web.choosing import ColleagueField, Colleagues, offer
from telesphore.web.forms import TAKEN_IN_WORDS, DocumentField, PhoneField


class PatientForm(forms.Form):
    """The traits of a patient, and how to reach them."""

    birth_name = forms.CharField(label=_("Birth name"), max_length=100)
    used_name = forms.CharField(label=_("Used name"), max_length=100, required=False)
    given_names = forms.CharField(label=_("Given names"), max_length=100)
    birth_date = forms.DateField(label=_("Birth date"), widget=forms.DateInput(attrs={"type": "date"}))
    sex = forms.ChoiceField(label=_("Sex"), choices=[("", "—"), *Sex.choices])
    birth_place = forms.CharField(label=_("Birth place"), max_length=100, required=False)
    email = forms.EmailField(label=_("E-mail address"), required=False)
    phone = PhoneField(label=_("Mobile phone"), required=False)
    language = forms.ChoiceField(
        label=_("Language"),
        choices=Language.choices,
        initial=Language.FRENCH,
        help_text=_(
            "The pages are in French and English. For a consent in another language, an interpreter signs too."
        ),
    )


class LanguageForm(forms.Form):
    """What a patient speaks best."""

    language = forms.ChoiceField(label=_("Language"), choices=Language.choices)


class DepositForm(forms.Form):
    """A document and what it is."""

    file = DocumentField(label=_("File"), help_text=TAKEN_IN_WORDS)
    title = forms.CharField(label=_("Title"), max_length=200)
    type = forms.ChoiceField(label=_("Type"), choices=DocumentType.choices)


class TeamForm(forms.Form):
    """A colleague to add to a care team."""

    professional = ColleagueField(label=_("Colleague"))

    def __init__(self, *args: object, colleagues: Colleagues, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # Django's own options.
        offer(self, "professional", colleagues)


class WithdrawForm(forms.Form):
    """Which document holds in place of one that is withdrawn."""

    replaced_by = forms.ChoiceField(label=_("The document that replaces it"), required=False)

    def __init__(self, *args: object, others: Iterable[tuple[str, str]], **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # Django's own options.
        field = self.fields["replaced_by"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("None")), *others]


class RepresentationForm(forms.Form):
    """Who acts for a patient, on what ground, and what was seen of it."""

    measure = forms.ChoiceField(label=_("On what ground"), choices=[("", "—"), *Measure.choices])
    given_name = forms.CharField(label=_("First name"), max_length=100)
    family_name = forms.CharField(label=_("Last name"), max_length=100)
    email = forms.EmailField(label=_("E-mail address"), required=False)
    phone = PhoneField(label=_("Mobile phone"), required=False)
    starts_on = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    ends_on = forms.DateField(
        label=_("Until and including"),
        widget=forms.DateInput(attrs={"type": "date"}),
        required=False,
        help_text=_("Of a minor's, the eighteenth birthday ends it whatever stands here."),
    )
    evidence = forms.CharField(
        label=_("What you saw"),
        max_length=500,
        help_text=_("For instance: family record book; decision of the judge of 3 March 2026."),
    )
    document = forms.ChoiceField(label=_("The document of this record that holds it"), required=False)

    def __init__(self, *args: object, documents: Iterable[tuple[str, str]], **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # Django's own options.
        field = self.fields["document"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("None")), *documents]


class EndForm(forms.Form):
    """Why somebody acts for a patient no more."""

    reason = forms.CharField(label=_("Why"), max_length=500)
