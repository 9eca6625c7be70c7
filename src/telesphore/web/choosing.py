"""Choosing a professional of the organisation: a list where they are few, a search where they are many.

One control for every page on which somebody is chosen. Where there are more than `FEW`, one types what one knows of
them; the form comes back with those found, to choose among. With scripts, they appear as one types.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from telesphore.accounts import queries as accounts
from telesphore.accounts.queries import ProfessionalLine
from telesphore.kernel.clock import now
from telesphore.web.access import permission
from telesphore.web.requests import actor_of

FEW = 30
"""Up to so many professionals are all in a list."""
SHOWN = 12
"""How many found are shown at most."""
LONGEST = 100

Choices = Sequence[tuple[Any, Any]]


class Colleagues:
    """The professionals who can be chosen on a page.

    Args:
        near: those whom one most likely looks for, first in a list.
        apart: those who can't be chosen.
        known: those whom the page names already, read together.
    """

    def __init__(
        self,
        organisation_id: UUID,
        at: datetime,
        *,
        near: Iterable[UUID] = (),
        apart: Iterable[UUID] = (),
        known: Collection[UUID] = (),
    ) -> None:
        self.organisation_id, self.at = organisation_id, at
        self.near, self.apart, self.known = frozenset(near), frozenset(apart), frozenset(known)

    def _find(self, **how: Any) -> list[ProfessionalLine]:
        return accounts.find_professionals(
            organisation_id=self.organisation_id, at=self.at, apart=self.apart, **{"most": SHOWN, **how}
        )

    @cached_property
    def _first(self) -> list[ProfessionalLine]:
        return self._find(most=FEW + 1)

    @property
    def many(self) -> bool:
        """Too many for a list."""
        return len(self._first) > FEW

    @property
    def any(self) -> bool:
        """Whether there is somebody to choose."""
        return bool(self._first)

    @cached_property
    def listed(self) -> list[ProfessionalLine]:
        """Those in the list: all when they are few, else the near ones; the near ones first."""
        lines = self._find(among=self.near, most=FEW) if self.many else self._first
        return sorted(lines, key=lambda line: line.person_id not in self.near)

    @cached_property
    def named(self) -> dict[UUID, ProfessionalLine]:
        """Of those known, who work here now."""
        lines = self._find(among=self.known, most=len(self.known)) if self.known else []
        return {line.person_id: line for line in lines}

    def found(self, words: str) -> list[ProfessionalLine]:
        """By what was typed, at most `SHOWN`."""
        return self._find(words=_readable(words)) if words.strip() else []

    def one(self, said: str) -> ProfessionalLine | None:
        """Whom an identifier means."""
        here = next((line for line in (*self.listed, *self.named.values()) if str(line.person_id) == said), None)
        if here is not None:
            return here
        try:
            return next(iter(self._find(among=[UUID(said)])), None)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Said:
    """What came from a search: what was typed, whom of those found was chosen, and what was in the list."""

    typed: str
    found: str
    listed: str


class SearchWidget(forms.Widget):
    """A search, the professionals that it found and, before it, a list of what can be chosen without one."""

    template_name = "choosing/colleague.html"

    def __init__(self, colleagues: Colleagues, choices: Choices) -> None:
        super().__init__()
        self.colleagues, self.choices = colleagues, choices

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Said:
        """As the template's controls are named."""
        return Said(*(data.get(f"{name}{which}", "") for which in ("-q", "-found", "")))

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """Whether none of them was sent."""
        return not any(f"{name}{which}" in data for which in ("-q", "-found", ""))

    def id_for_label(self, id_: str, index: str | None = None) -> str:
        """The list's, else the search's."""
        return id_ if self.choices or not id_ else f"{id_}-q"

    def get_context(self, name: str, value: object, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """What the template shows."""
        said = value if isinstance(value, Said) else Said("", "", str(value or ""))
        chosen = said.found or said.listed
        kept = self.colleagues.one(chosen) if chosen and not said.typed.strip() else None
        in_list = kept is not None and kept in self.colleagues.listed
        listed = chosen if in_list else said.listed
        attributes = attrs or {}
        select = forms.Select(choices=self.choices, attrs={"class": "form-select"})
        return {
            "name": name,
            "id": attributes.get("id", f"id_{name}"),
            "described": attributes.get("aria-describedby", ""),
            "wrong": "is-invalid" in attributes.get("class", ""),
            "typed": said.typed,
            "chosen": chosen,
            "lines": [] if in_list else [kept] if kept else self.colleagues.found(said.typed),
            "most": SHOWN,
            "searched": bool(said.typed.strip()),
            "list": select.render(name, listed, {"id": attributes.get("id")}) if self.choices else "",
            "address": reverse("colleagues"),
        }

    def render(self, name: str, value: object, attrs: Any = None, renderer: Any = None) -> Any:
        """By the project's own templates, which have its icons."""
        return render_to_string(self.template_name, self.get_context(name, value, attrs))


class ColleagueField(forms.Field):
    """Who is chosen, as their identifier in text; empty for nobody, or one of the other values of the list.

    `offer` says among whom, before the form is looked at.
    """

    default_error_messages = {  # Django's own way.
        "unknown": gettext_lazy("Choose somebody of the list."),
        "choose": gettext_lazy("Choose who it is among those found."),
        "nobody": gettext_lazy("No professional of your organisation is found by these words: try part of the name."),
    }

    colleagues: Colleagues
    others: frozenset[str]

    def offer(self, colleagues: Colleagues, first: Choices = (("", "—"),)) -> None:
        """Let one of these colleagues be chosen, or one of the values `first`."""
        self.colleagues, self.others = colleagues, frozenset(str(value) for value, _label in first)
        lines = [(str(line.person_id), line.display_name) for line in colleagues.listed]
        titled = any(self.others)
        group = _("Care team") if colleagues.many else _("Professionals")
        choices = [*first, *([(group, lines)] if titled and lines else lines)]
        if not colleagues.many:
            self.widget = forms.Select(choices=choices)
        else:
            self.widget = SearchWidget(colleagues, choices if titled or lines else [])
        self.widget.is_required = self.required

    def clean(self, value: Any) -> str:
        """The identifier, or one of the other values."""
        said = value if isinstance(value, Said) else Said("", "", str(value or ""))
        typed = said.typed.strip()
        if typed:
            found = {str(line.person_id) for line in self.colleagues.found(typed)}
            if said.found not in found:
                raise ValidationError(self.error_messages["choose" if found else "nobody"])
            return said.found
        chosen = said.found or said.listed
        if not chosen and self.required:
            raise ValidationError(self.error_messages["required"])
        if chosen in self.others or not chosen:
            return chosen
        line = self.colleagues.one(chosen)
        if line is None:
            raise ValidationError(self.error_messages["unknown"])
        return str(line.person_id)


def offer(form: forms.Form, name: str, colleagues: Colleagues, first: Choices = (("", "—"),)) -> None:
    """Let one of these colleagues be chosen in a form's field, or one of the values `first`."""
    field = form.fields[name]
    assert isinstance(field, ColleagueField)
    field.offer(colleagues, first)


@permission("accounts:colleagues:find")
@require_GET
def colleagues(request: HttpRequest) -> HttpResponse:
    """Those found by what was typed in the search named `for`, to choose among: a part of a page."""
    name = request.GET.get("for", "")[:LONGEST]
    typed = request.GET.get(f"{name}-q", "")
    among = Colleagues(actor_of(request).organisation, now())
    context = {"name": name, "lines": among.found(typed), "searched": bool(typed.strip()), "most": SHOWN}
    return render(request, "choosing/found.html", context)


def _readable(words: str) -> str:
    return "".join(letter for letter in words[:LONGEST] if letter.isprintable())
