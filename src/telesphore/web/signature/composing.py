"""The page on which an envelope is composed: one form, whose buttons put in, move and take out, and keep the rest.

Each press keeps all that was typed. Nothing needs a script; with one (`compose.js`), what is typed is kept as one goes
and what is missing is told at once.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.paper.ports import ConverterBusy
from telesphore.records import access as records_access
from telesphore.records import actions as records_actions
from telesphore.records import queries as records
from telesphore.records.formats import intake
from telesphore.records.states import DocumentType, Standing
from telesphore.signature import queries
from telesphore.signature.actions import compose
from telesphore.signature.actions.compose import Composition, Party
from telesphore.signature.errors import DraftChanged, EnvelopeNotFound
from telesphore.signature.queries.requirements import Facts, Missing, asked_level, facts_for, missing, type_of
from telesphore.signature.states import GUESTS, PartyRole, SignatureLevel, StepKind
from telesphore.web.access import permission
from telesphore.web.choosing import Colleagues
from telesphore.web.requests import actor_of
from telesphore.web.signature import arranging
from telesphore.web.signature.compose_forms import KINDS, PURPOSES, AddForm, ComposeForms, UploadForm
from telesphore.web.uploads import contents_of, told_converted

IN_DATES = frozenset({"due-date-outside", "act-is-past"})
IN_DOCUMENTS = frozenset({"no-document", "document-twice", "unknown-document", "withdrawn-document"})


@dataclass(frozen=True, slots=True)
class Gap:
    """What is missing, and the place of the page where one mends it."""

    place: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody in the summary."""

    name: str
    channel: str
    meaning: str
    level: str


class Seen:
    """A draft, and what is known of its patient, documents and people.

    Raises:
        DraftNotFound, RecordNotFound
    """

    def __init__(self, draft_id: UUID, actor: Actor, at: datetime) -> None:
        self.draft = queries.draft(draft_id=draft_id, actor=actor)
        self.patient = self.draft.patient
        self.actor, self.at = actor, at
        self.decision = records_access.decide(actor=actor, patient_id=self.patient.patient_id, at=at)

    @cached_property
    def facts(self) -> Facts:
        return facts_for(composition=self.draft.composition, decision=self.decision, actor=self.actor, at=self.at)

    @cached_property
    def documents(self) -> list[records.DocumentLine]:
        """The record's, those that can be sent."""
        lines = records.documents(decision=self.decision, actor=self.actor)
        return [line for line in lines if line.source_id is None and line.standing is Standing.STANDS]

    @cached_property
    def titles(self) -> dict[UUID, str]:
        """Of the draft's documents in the record; empty for one that is not there."""
        found = {line.document_id: line.title for line in self.documents}
        for part in self.draft.composition.documents:
            if part.document_id not in found:
                paper = self.facts.papers.get(part.document_id)
                there = paper is not None and paper.patient_id == self.patient.patient_id
                found[part.document_id] = (
                    records.document(document_id=part.document_id, actor=self.actor, at=self.at).title if there else ""
                )
        return found

    @cached_property
    def colleagues(self) -> Colleagues:
        """The organisation's professionals, the care team's first."""
        whole = self.draft.composition
        team = {line.person.person_id for line in records.care_team(decision=self.decision, at=self.at)}
        known = {*whole.watchers, *(party.person_id for party in whole.parties if party.person_id)}
        return Colleagues(self.actor.organisation, self.at, near=team, known=known)

    def gaps(self, composition: Composition | None = None) -> list[Gap]:
        """What is missing, with its place."""
        facts = self.facts
        if composition is not None and composition != self.draft.composition:
            facts = facts_for(composition=composition, decision=self.decision, actor=self.actor, at=self.at)
        return [Gap(_place(one), one.sentence) for one in missing(composition or self.draft.composition, facts)]

    def name_of(self, party: Party) -> str:
        """As whom the page names a party."""
        if party.role is PartyRole.PATIENT:
            return self.patient.display_name
        if party.person_id is not None:
            return self.name_of_colleague(party.person_id)
        return party.name or str(PartyRole(party.role).label)

    def name_of_colleague(self, person_id: UUID) -> str:
        """As whom the page names one of those known."""
        line = self.colleagues.named.get(person_id)
        return line.display_name if line else _("Somebody who is no longer here")

    def add_form(self, posted: QueryDict | None = None) -> AddForm:
        """Who could be added."""
        steps, patient = len(self.draft.composition.steps), self.patient.display_name
        return AddForm(posted, steps=steps, colleagues=self.colleagues, patient=patient)

    def context(self) -> dict[str, object]:
        """What each page of a draft shows."""
        whole = self.draft.composition
        title = whole.title or next(
            (part.title or self.titles.get(part.document_id, "") for part in whole.documents), ""
        )
        return {
            "draft": self.draft,
            "patient": self.patient,
            "today": self.at.date(),
            "title": title,
            "before": self.before(),
        }

    def before(self) -> queries.EnvelopeView | None:
        """The round that this draft follows."""
        if self.draft.follows_id is None:
            return None
        try:
            return queries.envelope(envelope_id=self.draft.follows_id, actor=self.actor, at=self.at)
        except EnvelopeNotFound:
            return None

    def summary(self) -> list[dict[str, object]]:
        """The circuit as it will be sent."""
        kinds = dict(KINDS)
        return [
            {
                "kind": kinds[step.kind.value],
                "seal": step.kind is StepKind.SEAL,
                "needed": step.needed if step.needed != len(step.parties) else None,
                "of": len(step.parties),
                "people": [self._asked(party, step.kind) for party in step.parties],
            }
            for step in self.draft.composition.steps
        ]

    def _asked(self, party: Party, kind: StepKind) -> Asked:
        signs = kind is StepKind.SIGN
        level = asked_level(self.draft.composition, party, self.facts)
        return Asked(
            self.name_of(party),
            self._channel(party),
            str(PURPOSES[party.purpose]) if signs and party.purpose else "",
            str(SignatureLevel(level).label) if signs else "",
        )

    def _channel(self, party: Party) -> str:
        if party.role is PartyRole.PATIENT and party.at_bedside:
            return _("A tablet, to be handed over by a professional. Nobody writes to the patient.")
        if party.role is PartyRole.PATIENT and self.facts.guardian:
            return _("By their representative, in their own account.")
        if party.role is PartyRole.PATIENT or party.role in GUESTS:
            return _("A link by e-mail, and a code by SMS.")
        return _("Their signature book; told by e-mail.")


def _place(gap: Missing) -> str:
    if gap.step is not None:
        return f"step-{gap.step}" if gap.party is None else f"step-{gap.step}-{gap.party}"
    return "documents" if gap.code in IN_DOCUMENTS else "dates" if gap.code in IN_DATES else "circuit"


def version_of(request: HttpRequest) -> int:
    """The version of the draft that the page was made of; -1 when it says none."""
    said = request.POST.get("version", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 8 else -1


def told_changed(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Say that the draft was changed in another window, on the page as it is now."""
    words = _("This draft was changed in another window. Here is what it holds now; write again what is missing.")
    messages.warning(request, words)
    if request.POST.get("act") == "live":
        return HttpResponse(status=409)
    return redirect("signature:compose", draft_id)


@permission("signature:envelope:send")
def page(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Compose: what was typed is kept at each press, then the button's own act is done."""
    actor, at = actor_of(request), now()
    seen = Seen(draft_id, actor, at)
    if request.method != "POST":
        return _shown(request, seen, ComposeForms(seen.draft.composition, seen.colleagues))
    if version_of(request) != seen.draft.version:
        return told_changed(request, draft_id)
    forms = ComposeForms(seen.draft.composition, seen.colleagues, request.POST)
    if not forms.are_valid():
        return _shown(request, seen, forms, status=422)
    act = request.POST.get("act", "")
    adding = seen.add_form(request.POST) if act.startswith(("add-party:", "watch", "enter")) else None
    if adding is not None and adding.searches and (act == "enter" or _added(act) in adding.errors):
        # What was typed stands in the page, and is kept at the next press.
        return _shown(request, seen, forms, adding, 422 if adding.errors else 200)
    chosen = adding.chosen(_added(act)) if adding is not None else ""
    composition, leads_to = _acted(act, request, forms.changed(), seen, chosen)
    if composition != seen.draft.composition:
        try:
            compose.change(draft_id=draft_id, composition=composition, version=seen.draft.version, actor=actor, at=at)
        except DraftChanged:
            return told_changed(request, draft_id)
    if leads_to.startswith("#"):
        leads_to = reverse("signature:compose", args=[draft_id]) + leads_to
    return redirect(leads_to)


@permission("signature:envelope:send")
def upload(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Deposit a file in the record, and put it into the draft."""
    actor, at = actor_of(request), now()
    seen = Seen(draft_id, actor, at)
    # Its ids are its own: with scripts, this form comes into the page of composition.
    form = UploadForm(request.POST or None, request.FILES or None, auto_id="added_%s")
    if request.method == "POST" and form.is_valid():
        kind = DocumentType(form.cleaned_data["type"])
        try:
            content, *following = contents_of(form.cleaned_data["file"])
            deposited = records_actions.deposit(
                patient_id=seen.patient.patient_id,
                title=form.cleaned_data["title"],
                type_code=kind.value,
                class_code=kind.class_code,
                content=content,
                following=following,
                actor=actor,
                at=at,
            )
        except DomainError as refused:
            if refused.refusal is not Refusal.INVALID and not isinstance(refused, ConverterBusy):
                raise
            form.add_error("file", refused.sentence)
        else:
            if deposited.converted_from:
                messages.info(request, told_converted(deposited.converted_from))
            for notice in deposited.notices:
                messages.warning(request, intake.explain(notice))
            composition = arranging.add_document(seen.draft.composition, deposited.document_id)
            try:
                compose.change(
                    draft_id=draft_id, composition=composition, version=seen.draft.version, actor=actor, at=at
                )
            except DraftChanged:
                return told_changed(request, draft_id)
            return redirect(reverse("signature:compose", args=[draft_id]) + "#documents")
    context = {**seen.context(), "form": form}
    return render(request, "signature/compose_upload.html", context, status=422 if form.errors else 200)


def _added(act: str) -> str:
    """The field of who is added by a button's act."""
    return "watcher" if act == "watch" else f"add-{act.removeprefix('add-party:')}"


def _shown(
    request: HttpRequest, seen: Seen, forms: ComposeForms, adding: AddForm | None = None, status: int = 200
) -> HttpResponse:
    adding = adding or seen.add_form()
    whole = seen.draft.composition
    gaps = seen.gaps()
    there = {part.document_id for part in whole.documents}
    origins = {line.document_id: line.converted_from for line in seen.documents}
    at_place: dict[str, list[str]] = {}
    for gap in gaps:
        at_place.setdefault(gap.place, []).append(gap.sentence)
    context = {
        **seen.context(),
        "forms": forms,
        "bad": [*forms.bad, *(bound for bound in adding if bound.errors)],
        "gaps": gaps,
        "document_gaps": at_place.get("documents"),
        "circuit_gaps": at_place.get("circuit"),
        "date_gaps": at_place.get("dates"),
        "documents": [
            (seen.titles.get(part.document_id, ""), form, part.document_id, origins.get(part.document_id, ""))
            for part, form in zip(whole.documents, forms.parts, strict=True)
        ],
        "others": [line for line in seen.documents if line.document_id not in there],
        "steps": [
            (
                form,
                at_place.get(f"step-{number}"),
                [
                    (seen.name_of(party.party), party, at_place.get(f"step-{number}-{place}"))
                    for place, party in enumerate(parties)
                ],
                adding[f"add-{number}"],
            )
            for number, (form, parties) in enumerate(zip(forms.steps, forms.parties, strict=True))
        ],
        "watcher": adding["watcher"],
        "watchers": [(one, seen.name_of_colleague(one)) for one in whole.watchers],
        "signs": any(step.kind is StepKind.SIGN and step.parties for step in whole.steps) and bool(whole.documents),
    }
    return render(request, "signature/compose.html", context, status=status)


def _acted(act: str, request: HttpRequest, whole: Composition, seen: Seen, chosen: str) -> tuple[Composition, str]:
    """The composition after a button's act, and where the page goes on. An act that is none changes nothing.

    Args:
        chosen: who is added.
    """
    word, _dash, rest = act.partition(":")
    numbers = [int(one) for one in rest.split("-") if one.isascii() and one.isdigit() and len(one) < 4]
    first = numbers[0] if numbers else -1
    draft_id = seen.draft.draft_id
    match word:
        case "go":
            return whole, "#missing" if seen.gaps(whole) else reverse("signature:draft-send", args=[draft_id])
        case "upload":
            return whole, reverse("signature:draft-upload", args=[draft_id])
        case "fields":
            return whole, reverse("signature:fields", args=[draft_id])
        case "template":
            return whole, reverse("signature:template-from-draft", args=[draft_id])
        case "add-document":
            document = _chosen(request.POST.get("document", ""), [line.document_id for line in seen.documents])
            return (whole if document is None else arranging.add_document(whole, document)), "#documents"
        case "document-up" | "document-down":
            by = -1 if word == "document-up" else 1
            return arranging.move_document(whole, first, by), f"#document-{max(first + by, 0)}"
        case "remove-document":
            return arranging.remove_document(whole, first), "#documents"
        case "add-step":
            return arranging.add_step(whole), f"#step-{len(whole.steps)}"
        case "step-up" | "step-down":
            by = -1 if word == "step-up" else 1
            return arranging.move_step(whole, first, by), f"#step-{max(first + by, 0)}"
        case "remove-step":
            return arranging.remove_step(whole, first), "#circuit"
        case "add-party" if 0 <= first < len(whole.steps):
            if not chosen:
                return whole, f"#step-{first}"
            party = arranging.party_of(chosen, type_of(whole, seen.facts))
            return arranging.add_party(whole, first, party), f"#step-{first}-{len(whole.steps[first].parties)}"
        case "remove-party" if len(numbers) == 2:
            return arranging.remove_party(whole, *numbers), f"#step-{first}"
        case "watch":
            added = () if not chosen or UUID(chosen) in whole.watchers else (UUID(chosen),)
            return whole.model_copy(update={"watchers": (*whole.watchers, *added)}), "#watchers"
        case "unwatch":
            left = tuple(one for number, one in enumerate(whole.watchers) if number != first)
            return whole.model_copy(update={"watchers": left}), "#watchers"
        case _:
            return whole, "#kept"


def _chosen(said: str, among: list[UUID]) -> UUID | None:
    return next((one for one in among if str(one) == said), None)
