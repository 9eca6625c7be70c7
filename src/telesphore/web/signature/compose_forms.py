"""What is typed into the page of composition, parsed at the door: one form for the whole, one for each row of it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from django import forms
from django.utils.text import capfirst
from django.utils.timezone import get_default_timezone, localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from telesphore.records.states import DocumentType
from telesphore.signature.actions.compose import Composition, Party, StepPlan
from telesphore.signature.states import (
    GUESTS,
    PartyRole,
    Purpose,
    SignatureLevel,
    StepKind,
    allowed_purposes,
)
from telesphore.web.choosing import ColleagueField, Colleagues, Said, offer
from telesphore.web.forms import TAKEN_IN_WORDS, DocumentField, PhoneField

Choices = Sequence[tuple[str, Any]]
KINDS = [
    (StepKind.SIGN.value, pgettext_lazy("step", "Signature")),
    (StepKind.REVIEW.value, pgettext_lazy("step", "Review")),
    (StepKind.OPINION.value, pgettext_lazy("step", "Opinion")),
    (StepKind.SEAL.value, pgettext_lazy("step", "Seal of the organisation")),
]
PURPOSES = {
    Purpose.ACKNOWLEDGES: _("Took note of it"),
    Purpose.CONSENTS: _("Consents"),
    Purpose.VALIDATES: _("Validates its content"),
}
LANGUAGES = [("", _("Their own")), ("fr", "Français"), ("en", "English")]


def _choice(label: Any, choices: Choices, **options: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, required=False, **options)


class WholeForm(forms.Form):
    """What is said of the envelope as a whole."""

    title = forms.CharField(
        label=_("Title"), max_length=200, required=False, help_text=_("Empty for the first document’s.")
    )
    message = forms.CharField(
        label=_("Message to all of them"), max_length=5000, required=False,
        widget=forms.Textarea(attrs={"rows": 3}), help_text=_("Shown on the page, never in an e-mail."),
    )  # fmt: skip
    easy_text = forms.CharField(
        label=_("The document told in easy words"), max_length=20_000, required=False,
        widget=forms.Textarea(attrs={"rows": 4}), help_text=_("Shown to the patient beside the document."),
    )  # fmt: skip
    patient_reads_thread = forms.BooleanField(label=_("The patient may ask questions in the thread"), required=False)
    urgent = forms.BooleanField(label=_("Urgent"), required=False)
    due = forms.DateField(label=_("To be signed by"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    act_on = forms.DateField(
        label=_("Day of the medical act"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("A consent is signed before it."),
    )  # fmt: skip
    remind_after_days = forms.IntegerField(label=_("First reminder, in days (0: none)"), min_value=0, max_value=365)
    remind_every_days = forms.IntegerField(label=_("Then every … days (0: once)"), min_value=0, max_value=365)
    remind_most = forms.IntegerField(label=_("Reminders at most"), min_value=0, max_value=20)
    expires_after_days = forms.IntegerField(label=_("Expires after, in days"), min_value=1, max_value=365)

    PLAIN = (
        "title", "message", "easy_text", "patient_reads_thread", "urgent", "act_on",
        "remind_after_days", "remind_every_days", "remind_most", "expires_after_days",
    )  # fmt: skip

    def changes(self) -> dict[str, Any]:
        """What a composition is changed to."""
        given = self.cleaned_data
        due: date | None = given["due"]
        # To the end of that day, where the organisation is.
        due_at = datetime.combine(due, time(23, 59), get_default_timezone()).astimezone(UTC) if due else None
        return {**{name: given[name] for name in self.PLAIN}, "due_at": due_at}


class PartForm(forms.Form):
    """A document's title in this envelope."""

    title = forms.CharField(label=_("Title in this envelope"), max_length=200, required=False)


class StepForm(forms.Form):
    """What a step asks for, and of how many of those in it."""

    kind = forms.ChoiceField(label=_("What is asked"), choices=KINDS)
    needed = forms.TypedChoiceField(
        label=_("How many must act"), required=False, coerce=int, empty_value=None, choices=[]
    )

    def __init__(self, *args: Any, step: StepPlan, **options: Any) -> None:
        super().__init__(*args, **options)
        most = max(len(step.parties), step.needed or 0)
        of = len(step.parties)
        control = self.fields["needed"]
        assert isinstance(control, forms.ChoiceField)
        control.choices = [
            ("", _("All of them")),
            *((str(n), _("%(n)d of %(of)d") % {"n": n, "of": of}) for n in range(1, most + 1) if n != of),
        ]


class PartyForm(forms.Form):
    """Somebody in a step; which controls there are depends on their role."""

    person = ColleagueField(label=_("Who"), required=False)
    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    email = forms.EmailField(label=_("E-mail address"), max_length=200, required=False)
    phone = PhoneField(label=_("Mobile phone"), required=False)
    quality = forms.CharField(
        label=_("In what quality"), max_length=200, required=False, help_text=_("For instance: sworn interpreter.")
    )
    at_bedside = forms.BooleanField(
        label=_("At the bedside"), required=False,
        help_text=_("Nobody writes to the patient: you hand a tablet over."),
    )  # fmt: skip
    purpose = _choice(_("The signature means"), [])
    level = _choice(_("Level of signature, at least"), [])
    language = _choice(_("Written to in"), LANGUAGES)

    def __init__(self, *args: Any, party: Party, colleagues: Colleagues, **options: Any) -> None:
        super().__init__(*args, **options)
        self.party = party
        professional = party.role is PartyRole.PROFESSIONAL
        guest = party.role in GUESTS
        unwanted = set() if guest else {"name", "email", "phone", "quality"}
        unwanted |= set() if professional else {"person"}
        unwanted |= set() if party.role is PartyRole.PATIENT else {"at_bedside"}
        for name in unwanted:
            del self.fields[name]
        levels = [level for level in SignatureLevel if professional or level is not SignatureLevel.QUALIFIED]
        asked = party.level in levels
        choices: dict[str, Choices] = {
            "purpose": [
                ("", "—"),
                *((one.value, PURPOSES[one]) for one in Purpose if one in allowed_purposes(party.role)),
            ],
            "level": [
                *((one.value, capfirst(one.label)) for one in levels),
                *([] if asked else [(party.level.value, capfirst(party.level.label))]),
            ],
        }
        for name, those in choices.items():
            control = self.fields.get(name)
            if isinstance(control, forms.ChoiceField):
                control.choices = those
        if professional:
            # Who is no longer here stays chosen, and is said so beside them.
            gone = [(str(party.person_id), _("Somebody who is no longer here"))] if party.person_id else []
            here = party.person_id is None or party.person_id in colleagues.named
            offer(self, "person", colleagues, [("", "—"), *([] if here else gone)])

    def changed(self) -> Party:
        """The party with what was typed; its fields on the pages stay."""
        given = self.cleaned_data
        update: dict[str, Any] = {"language": given["language"], "level": SignatureLevel(given["level"] or "simple")}
        update["purpose"] = Purpose(given["purpose"]) if given["purpose"] else None
        if "person" in given:
            update["person_id"] = UUID(given["person"]) if given["person"] else None
        update |= {name: given[name] for name in ("name", "email", "phone", "quality", "at_bedside") if name in given}
        return self.party.model_copy(update=update)


class AddForm(forms.Form):
    """Who is added to each step, and who follows; looked at when the button beside is pressed.

    `patient` is as whom the list names the patient.
    """

    watcher = ColleagueField(label=_("A colleague who follows"), required=False)

    def __init__(self, *args: Any, steps: int, colleagues: Colleagues, patient: str, **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "watcher", colleagues)
        others = [
            ("", "—"),
            (PartyRole.PATIENT.value, _("The patient, %(name)s") % {"name": patient}),
            (PartyRole.INTERPRETER.value, _("An interpreter")),
            (PartyRole.WITNESS.value, _("A witness")),
        ]
        for number in range(steps):
            label = _("Who, in step %(number)s") % {"number": number + 1}
            self.fields[f"add-{number}"] = ColleagueField(label=label, required=False)
            offer(self, f"add-{number}", colleagues, others)

    def chosen(self, name: str) -> str:
        """Who was chosen in a field; empty for nobody."""
        self.full_clean()
        return str(self.cleaned_data.get(name, ""))

    @property
    def searches(self) -> bool:
        """Whether somebody is looked for."""
        return any(isinstance(one, Said) and one.typed.strip() for one in (bound.value() for bound in self))


class UploadForm(forms.Form):
    """A file that goes into the record, then into the envelope."""

    file = DocumentField(label=_("File"), help_text=TAKEN_IN_WORDS)
    title = forms.CharField(label=_("Title"), max_length=200)
    type = forms.ChoiceField(label=_("Type"), choices=DocumentType.choices)


class ComposeForms:
    """The forms of one composition, bound to what was posted or showing what is kept."""

    def __init__(self, whole: Composition, colleagues: Colleagues, posted: Mapping[str, Any] | None = None) -> None:
        self.composition = whole
        initial = {name: getattr(whole, name) for name in WholeForm.PLAIN}
        initial["due"] = localtime(whole.due_at).date() if whole.due_at else None
        self.whole = WholeForm(posted, initial=initial)
        self.parts = [
            PartForm(posted, prefix=f"d{number}", initial={"title": part.title})
            for number, part in enumerate(whole.documents)
        ]
        self.steps = [
            StepForm(
                posted,
                prefix=f"s{number}",
                step=step,
                initial={"kind": step.kind.value, "needed": step.needed or ""},
            )
            for number, step in enumerate(whole.steps)
        ]
        self.parties = [
            [self._party(party, colleagues, posted, f"s{number}p{place}") for place, party in enumerate(step.parties)]
            for number, step in enumerate(whole.steps)
        ]

    @staticmethod
    def _party(party: Party, colleagues: Colleagues, posted: Mapping[str, Any] | None, prefix: str) -> PartyForm:
        initial = {
            "person": str(party.person_id or ""), "name": party.name, "email": party.email, "phone": party.phone,
            "quality": party.quality, "at_bedside": party.at_bedside, "language": party.language,
            "purpose": party.purpose.value if party.purpose else "", "level": party.level.value,
        }  # fmt: skip
        return PartyForm(posted, prefix=prefix, party=party, colleagues=colleagues, initial=initial)

    def __iter__(self) -> Iterator[forms.Form]:
        yield self.whole
        yield from self.parts
        for step, parties in zip(self.steps, self.parties, strict=True):
            yield step
            yield from parties

    def are_valid(self) -> bool:
        """Whether all that was typed can be read."""
        return not [form for form in self if not form.is_valid()]

    @property
    def bad(self) -> list[forms.BoundField]:
        """What can't be read."""
        return [bound for form in self for bound in form if bound.errors]

    def changed(self) -> Composition:
        """The composition with what was typed."""
        documents = tuple(
            part.model_copy(update={"title": form.cleaned_data["title"]})
            for part, form in zip(self.composition.documents, self.parts, strict=True)
        )
        steps = tuple(
            StepPlan(
                kind=StepKind(form.cleaned_data["kind"]),
                needed=form.cleaned_data["needed"],
                parties=tuple(party.changed() for party in parties),
            )
            for form, parties in zip(self.steps, self.parties, strict=True)
        )
        return self.composition.model_copy(update={**self.whole.changes(), "documents": documents, "steps": steps})
