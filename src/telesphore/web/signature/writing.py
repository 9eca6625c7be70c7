"""What is typed into a discussion, parsed at the door."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from telesphore.accounts.queries import PersonCard
from telesphore.signature.actions.discuss import Words
from telesphore.signature.formats.attachment import LARGEST, BadAttachment
from telesphore.signature.formats.thread import ACROSS, LONGEST_BODY, Pin
from telesphore.signature.states import EntryKind, EntryVisibility

ACCEPTED = "application/pdf,image/png,image/jpeg"


class WriteForm(forms.Form):
    """An entry: words, and what goes with them."""

    body = forms.CharField(
        label=_("Write to the people of the circuit"),
        max_length=LONGEST_BODY,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": LONGEST_BODY}),
    )
    kind = forms.ChoiceField(choices=EntryKind, required=False)
    question = forms.BooleanField(label=_("This is a question"), required=False)
    shared = forms.BooleanField(label=_("The patient may read it"), required=False)
    about = forms.UUIDField(required=False)
    mentions = forms.MultipleChoiceField(label=_("Notify"), required=False, widget=forms.CheckboxSelectMultiple)
    page = forms.IntegerField(required=False, min_value=0)
    x = forms.IntegerField(required=False, min_value=0, max_value=ACROSS)
    y = forms.IntegerField(required=False, min_value=0, max_value=ACROSS)
    file = forms.FileField(
        label=_("Attach a PDF or a picture"), required=False, widget=forms.FileInput(attrs={"accept": ACCEPTED})
    )

    def __init__(self, *args: Any, circle: Iterable[PersonCard] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["mentions"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(str(card.person_id), card.display_name) for card in circle]

    def words(self) -> Words:
        """What was typed.

        Raises:
            BadAttachment: the file is too large.
        """
        given = self.cleaned_data
        kind = EntryKind(given["kind"] or EntryKind.MESSAGE)
        if kind is EntryKind.MESSAGE and given["question"]:
            kind = EntryKind.QUESTION
        upload = given["file"]
        if upload is not None and upload.size > LARGEST:
            raise BadAttachment
        place = (given["page"], given["x"], given["y"])
        return Words(
            body=given["body"],
            kind=kind,
            visibility=EntryVisibility.EVERYONE if given["shared"] else EntryVisibility.PROFESSIONALS,
            about=given["about"],
            mentions=tuple(map(UUID, given["mentions"])),
            pin=None if None in place else Pin(*place),
            file=upload.read() if upload is not None else None,
            file_name=upload.name if upload is not None else "",
        )
