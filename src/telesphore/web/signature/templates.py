"""Templates: those one may use, one and its versions, making, changing, using, putting away."""

from datetime import UTC, datetime, time
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from telesphore.accounts.access import may
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError, Refusal
from telesphore.paper.ports import ConverterBusy
from telesphore.records import access as records_access
from telesphore.records import queries as records
from telesphore.records.states import DocumentType
from telesphore.signature import queries as signature
from telesphore.signature.actions import author, compose
from telesphore.signature.actions import use as using
from telesphore.signature.actions.author import Sheet
from telesphore.signature.actions.compose import Composition, Party, StepPlan
from telesphore.signature.errors import TemplateNotYours
from telesphore.signature.queries import templates as queries
from telesphore.signature.states import PartyRole, Purpose, TemplateScope
from telesphore.web.access import permission
from telesphore.web.choosing import Colleagues
from telesphore.web.files import pdf_response
from telesphore.web.requests import actor_of
from telesphore.web.signature.template_forms import FromDraftForm, NewTemplateForm, ReviseForm, UseForm, sitter_of
from telesphore.web.uploads import contents_of


@permission("signature:template:see")
@require_GET
def templates(request: HttpRequest) -> HttpResponse:
    """The templates that the actor sees, with a search by name."""
    actor, search, show = actor_of(request), request.GET.get("q", "")[:100], request.GET.get("show", "")
    scope = TemplateScope(show) if show in TemplateScope.values else None
    context = {
        "lines": queries.templates(actor=actor, at=now(), search=search, scope=scope, archived=show == "archived"),
        "search": search,
        "show": show,
        "scopes": TemplateScope.choices,
        "sends": may(actor, "signature:envelope:send"),
        "limit": queries.PAGE,
    }
    return render(request, "signature/templates.html", context)


@permission("signature:template:see")
@require_GET
def template(request: HttpRequest, template_id: UUID) -> HttpResponse:
    """A template: its documents, its circuit, its versions."""
    actor = actor_of(request)
    wanted = request.GET.get("version", "")
    number = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 6 else None
    seen = queries.template(template_id=template_id, actor=actor, at=now(), number=number)
    documents = seen.definition.composition.documents
    shown = request.GET.get("document", "0")
    position = int(shown) if shown.isascii() and shown.isdigit() and int(shown[:3]) < len(documents) else 0
    context = {
        "seen": seen,
        "position": position,
        "documents": [
            (part.title, DocumentType(paper.type_code).label, paper.pages)
            for part, paper in zip(documents, seen.definition.papers, strict=True)
        ],
        "sends": may(actor, "signature:envelope:send"),
    }
    return render(request, "signature/template.html", context)


@permission("signature:template:see")
@require_GET
def template_file(request: HttpRequest, template_id: UUID, number: int, position: int) -> HttpResponse:
    """A document of a version."""
    return pdf_response(
        queries.template_file(
            template_id=template_id, number=number, position=position, actor=actor_of(request), at=now()
        )
    )


@permission("signature:template:see")
def new_template(request: HttpRequest) -> HttpResponse:
    """Make a template of a blank PDF."""
    actor, at = actor_of(request), now()
    form = NewTemplateForm(
        request.POST or None,
        request.FILES or None,
        shared=may(actor, "signature:template:manage"),
        units=queries.units_for(actor=actor, at=at),
        colleagues=Colleagues(actor.organisation, at),
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        kind = DocumentType(data["type"])
        patient = [StepPlan(parties=(Party(role=PartyRole.PATIENT, purpose=Purpose.CONSENTS),))]
        doctor = StepPlan(parties=(Party(role=PartyRole.PROFESSIONAL, purpose=Purpose.VALIDATES),))
        steps = (*(patient if data["patient_signs"] else []), doctor)
        try:
            template_id = author.make_template(
                name=data["name"],
                scope=TemplateScope(data["scope"]),
                unit_id=form.unit_id,
                sheets=[Sheet(data["title"], kind.value, kind.class_code, contents_of(data["file"])[0])],
                plan=Composition(steps=steps, message=data["message"]),
                sitters=[sitter_of(data["seat"])],
                actor=actor,
                at=at,
            )
        except DomainError as refused:
            if refused.refusal is not Refusal.INVALID and not isinstance(refused, ConverterBusy):
                raise
            form.add_error("file", refused.sentence)
        else:
            messages.success(request, _("The template is ready."))
            return redirect("signature:template", template_id)
    return render(request, "signature/template_new.html", {"form": form}, status=422 if form.errors else 200)


@permission("signature:template:see")
def revise(request: HttpRequest, template_id: UUID) -> HttpResponse:
    """Write another version."""
    actor, at = actor_of(request), now()
    seen = queries.template(template_id=template_id, actor=actor, at=at)
    if not seen.manages:
        raise TemplateNotYours
    form = ReviseForm(
        request.POST or None,
        request.FILES or None,
        seen=seen,
        colleagues=Colleagues(actor.organisation, at),
    )
    if request.method == "POST" and form.is_valid():
        data, whole = form.cleaned_data, seen.definition.composition
        parts = tuple(
            part.model_copy(update={"title": data[f"title_{position}"]})
            for position, part in enumerate(whole.documents)
        )
        texts = {"message": data["message"], "easy_text": data["easy_text"], "documents": parts}
        try:
            author.revise_template(
                template_id=template_id,
                plan=whole.model_copy(update=texts),
                sitters=form.sitters,
                replaced={
                    position: contents_of(data[f"file_{position}"])[0]
                    for position in range(len(parts))
                    if data.get(f"file_{position}")
                },
                actor=actor,
                at=at,
            )
        except DomainError as refused:
            if refused.refusal is not Refusal.INVALID:
                raise
            form.add_error(None, refused.sentence)
        else:
            messages.success(request, _("The new version is used from now on. What was sent stays as it was sent."))
            return redirect("signature:template", template_id)
    context = {"form": form, "seen": seen}
    return render(request, "signature/template_revise.html", context, status=422 if form.errors else 200)


@permission("signature:template:see")
def archive(request: HttpRequest, template_id: UUID) -> HttpResponse:
    """Put a template away, once one has said so."""
    actor, at = actor_of(request), now()
    seen = queries.template(template_id=template_id, actor=actor, at=at)
    if not seen.manages:
        raise TemplateNotYours
    if request.method == "POST":
        author.archive_template(template_id=template_id, actor=actor, at=at)
        messages.success(request, _("The template was put away."))
        return redirect("signature:templates")
    return render(request, "signature/template_archive.html", {"seen": seen})


@permission("signature:envelope:send")
def from_draft(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Keep a draft as a template, or as another version of one."""
    actor, at = actor_of(request), now()
    draft = signature.draft(draft_id=draft_id, actor=actor)
    manages = may(actor, "signature:template:manage")
    mine = [
        (str(line.template_id), line.name)
        for line in queries.templates(actor=actor, at=at)
        if manages or line.scope is TemplateScope.PRIVATE
    ]
    form = FromDraftForm(
        request.POST or None, shared=manages, units=queries.units_for(actor=actor, at=at), versions=mine
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            template_id = author.template_from_draft(
                draft_id=draft_id,
                name=data["name"],
                scope=TemplateScope(data["scope"]),
                unit_id=form.unit_id,
                template_id=UUID(data["version_of"]) if data["version_of"] else None,
                actor=actor,
                at=at,
            )
        except DomainError as refused:
            if refused.refusal is not Refusal.INVALID:
                raise
            form.add_error(None, refused.sentence)
        else:
            messages.success(request, _("The template is ready."))
            return redirect("signature:template", template_id)
    context = {"form": form, "draft": draft}
    return render(request, "signature/template_from_draft.html", context, status=422 if form.errors else 200)


@permission("signature:envelope:send")
@require_GET
def choose_patient(request: HttpRequest, template_id: UUID) -> HttpResponse:
    """For whom a template is used: one of the actor's patients."""
    actor, at, search = actor_of(request), now(), request.GET.get("q", "")[:100]
    context = {
        "seen": queries.template(template_id=template_id, actor=actor, at=at),
        "patients": records.my_patients(actor=actor, at=at, search=search),
        "search": search,
        "limit": records.PAGE,
    }
    return render(request, "signature/template_patients.html", context)


@permission("signature:envelope:send")
def use(request: HttpRequest, template_id: UUID, patient_id: UUID) -> HttpResponse:
    """Use a template for a patient: what it leaves open once filled in, send at once, or change before sending."""
    actor, at = actor_of(request), now()
    seen = queries.template(template_id=template_id, actor=actor, at=at)
    decision = records_access.decide(actor=actor, patient_id=patient_id, at=at)
    form = UseForm(
        request.POST or None,
        seen=seen,
        colleagues=Colleagues(actor.organisation, at),
        hint=_("Takes the places that the template leaves open."),
        initial={"professional": using.referring_doctor(decision, at)},
    )
    if request.method == "POST" and form.is_valid():
        due = form.cleaned_data["due"]
        due_at = datetime.combine(due, time(23, 59), get_default_timezone()).astimezone(UTC) if due else None
        try:
            draft_id = using.use_template(
                template_id=template_id,
                patient_id=patient_id,
                choices=using.Choices(form.professional_id, form.values, due_at),
                complete="change" not in request.POST,
                actor=actor,
                at=at,
            )
            if "change" in request.POST:
                return redirect("signature:compose", draft_id)
            envelope_id = compose.send_draft(draft_id=draft_id, version=1, actor=actor, at=at)
        except DomainError as refused:
            if refused.refusal is not Refusal.INVALID:
                raise
            form.add_error(None, refused.sentence)
        else:
            messages.success(request, _("It is on its way."))
            return redirect("signature:envelope", envelope_id)
    context = {"form": form, "seen": seen, "patient": records.card(decision.patient), "today": at.date()}
    return render(request, "signature/template_use.html", context, status=422 if form.errors else 200)


@permission("signature:envelope:send")
@require_GET
def for_patient(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """The templates to choose from, for a patient whose record is open to the actor."""
    actor, at, search = actor_of(request), now(), request.GET.get("q", "")[:100]
    decision = records_access.decide(actor=actor, patient_id=patient_id, at=at)
    context = {
        "patient": records.card(decision.patient),
        "lines": queries.templates(actor=actor, at=at, search=search),
        "search": search,
        "today": at.date(),
    }
    return render(request, "signature/template_for_patient.html", context)
