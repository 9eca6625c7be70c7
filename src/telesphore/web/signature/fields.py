"""Place fields on the pages of a draft: with the mouse, a finger, the keyboard, or in the list beside the pages."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from telesphore.accounts import queries as accounts
from telesphore.kernel.clock import now
from telesphore.records import queries as records
from telesphore.signature import queries
from telesphore.signature.actions import anchors, compose
from telesphore.signature.actions.compose import Composition, Party, PlacedField
from telesphore.signature.queries import DraftView
from telesphore.signature.states import FieldKind, PartyRole, StepKind
from telesphore.web.access import permission
from telesphore.web.requests import actor_of

KINDS = [(kind.value, capfirst(kind.label)) for kind in FieldKind]
MOST = 500
_EDGE = 14_400


class FieldForm(forms.Form):
    """One field: whose, what, where. Lengths in points; `up` is counted from the page's foot."""

    kind = forms.ChoiceField(label=_lazy("Kind of field"), choices=KINDS)
    party = forms.TypedChoiceField(label=_lazy("Who fills it in"), coerce=int)
    part = forms.TypedChoiceField(label=_lazy("Document"), coerce=int)
    page = forms.IntegerField(label=_lazy("Page"), min_value=1, max_value=100_000, initial=1)
    across = forms.FloatField(label=_lazy("From the left"), min_value=-_EDGE, max_value=_EDGE, initial=60)
    up = forms.FloatField(label=_lazy("From the foot"), min_value=-_EDGE, max_value=_EDGE, initial=60)
    width = forms.FloatField(label=_lazy("Width"), min_value=6, max_value=_EDGE, initial=180)
    height = forms.FloatField(label=_lazy("Height"), min_value=6, max_value=_EDGE, initial=48)
    label = forms.CharField(label=_lazy("What is asked"), max_length=200, required=False)
    options = forms.CharField(
        label=_lazy("Choices, one per line"), max_length=10_000, required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    required = forms.BooleanField(label=_lazy("Must be filled in"), required=False, initial=True)
    value = forms.CharField(label=_lazy("Filled in by you already"), max_length=2000, required=False)

    def __init__(
        self, *args: Any, parties: Sequence[tuple[int, str]], documents: Sequence[tuple[int, str]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        for name, choices in (("party", parties), ("part", documents)):
            control = self.fields[name]
            assert isinstance(control, forms.TypedChoiceField)
            control.choices = list(choices)
        for name in ("across", "up", "width", "height"):
            self.fields[name].widget.attrs["step"] = "any"

    def placed(self) -> PlacedField:
        """The field as a composition holds it."""
        given = self.cleaned_data
        left, bottom = given["across"], given["up"]
        lines = dict.fromkeys(line.strip()[:200] for line in given["options"].splitlines() if line.strip())
        kind = FieldKind(given["kind"])
        return PlacedField(
            kind=kind,
            part=given["part"],
            page=given["page"] - 1,
            box=(left, bottom, left + given["width"], bottom + given["height"]),
            label=given["label"],
            required=given["required"],
            options=tuple(lines)[:50] if kind is FieldKind.CHOICE else (),
            value=given["value"],
        )


FieldForms = forms.formset_factory(
    FieldForm, extra=0, can_delete=True, max_num=MOST, absolute_max=MOST, validate_max=True
)


@permission("signature:envelope:send")
def fields(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """The pages of a draft with the fields of those who sign; what is posted takes the place of all that were there."""
    actor, at = actor_of(request), now()
    draft = queries.draft(draft_id=draft_id, actor=actor)
    parties = _signers(draft)
    titles = [
        part.title or records.document(document_id=part.document_id, actor=actor, at=at).title
        for part in draft.composition.documents
    ]
    choices = {"parties": parties, "documents": list(enumerate(titles))}
    posted = request.POST if request.method == "POST" else None
    forms_ = FieldForms(posted, initial=_initial(draft.composition, parties), form_kwargs=choices, prefix="f")
    more = posted is not None and "add" in posted
    if posted is not None and not more and forms_.is_valid():
        composition = _changed(draft.composition, parties, forms_)
        said = _("The fields are kept.")
        if "anchors" in posted:
            found = anchors.find_anchors(documents=composition.documents, actor=actor, at=at)
            composition, left_out = anchors.place_anchors(composition, found)
            placed = len(found) - len(left_out)
            said = ngettext("The text asks for %(n)d field.", "The text asks for %(n)d fields.", placed) % {"n": placed}
            if left_out:
                told = ", ".join(f"{{{{{one}}}}}" for one in list(dict.fromkeys(left_out))[:5])
                said += " " + _("Left out, as nobody of that name signs, or there is no such field: %(asked)s.") % {
                    "asked": told
                }
        version = _version(posted.get("version", ""))
        compose.change(draft_id=draft_id, composition=composition, version=version, actor=actor, at=at)
        messages.success(request, said)
        return redirect("signature:fields", draft_id)
    if more and posted is not None:
        # Without scripts: one form more, and nothing kept yet.
        grown = posted.copy()
        count = min(forms_.total_form_count(), MOST - 1)
        grown["f-TOTAL_FORMS"] = str(count + 1)
        fresh = {"kind": "signature", "party": parties[0][0] if parties else 0, "part": 0, "page": 1, "across": 60,
                 "up": 60, "width": 180, "height": 48, "required": "on"}  # fmt: skip
        grown.update({f"f-{count}-{name}": str(value) for name, value in fresh.items()})
        forms_ = FieldForms(grown, form_kwargs=choices, prefix="f")
    context = {
        "draft": draft,
        "patient": draft.patient,
        "today": at.date(),
        "parties": parties,
        "documents": [
            (number, part.document_id, title)
            for number, (part, title) in enumerate(zip(draft.composition.documents, titles, strict=True))
        ],
        "kinds": KINDS,
        "forms": forms_,
        "version": posted.get("version", "") if posted is not None else draft.version,
    }
    wrong = posted is not None and not more
    return render(request, "signature/fields.html", context, status=422 if wrong else 200)


def _version(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _signers(draft: DraftView) -> list[tuple[int, str]]:
    """Number of each party who signs, counted over all steps, and their name."""
    found: list[tuple[int, str]] = []
    number = 0
    people = {party.person_id for party in draft.composition.parties if party.person_id is not None}
    cards = accounts.person_cards(people)
    for step in draft.composition.steps:
        for party in step.parties:
            if step.kind is StepKind.SIGN:
                known = cards.get(party.person_id) if party.person_id else None
                found.append((number, known.display_name if known else _name(party, draft)))
            number += 1
    return found


def _name(party: Party, draft: DraftView) -> str:
    if party.role is PartyRole.PATIENT:
        return draft.patient.display_name
    return party.name or str(party.role.label)


def _initial(composition: Composition, parties: Sequence[tuple[int, str]]) -> list[dict[str, Any]]:
    return [
        {
            "kind": field.kind.value,
            "party": number,
            "part": field.part,
            "page": field.page + 1,
            "across": round(field.box[0], 2),
            "up": round(field.box[1], 2),
            "width": round(field.box[2] - field.box[0], 2),
            "height": round(field.box[3] - field.box[1], 2),
            "label": field.label,
            "options": "\n".join(field.options),
            "required": field.required,
            "value": field.value,
        }
        for number, _name in parties
        for field in composition.parties[number].fields
    ]


def _changed(composition: Composition, parties: Sequence[tuple[int, str]], posted: Any) -> Composition:
    own: dict[int, list[PlacedField]] = {number: [] for number, _name in parties}
    for form in posted:
        # Without its kind, it is a form that was taken out of the page.
        if form.cleaned_data.get("kind") and not form.cleaned_data.get("DELETE"):
            own[form.cleaned_data["party"]].append(form.placed())
    return anchors.with_fields_of(composition, {number: tuple(fields) for number, fields in own.items()})
