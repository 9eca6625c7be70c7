"""Templates, used for one patient, or for a list of them: given, checked, confirmed, followed."""

from uuid import UUID

from django.http import HttpRequest

from telesphore.kernel.clock import now
from telesphore.rest.signature import list_shapes, shapes
from telesphore.rest.signature.cursors import cursor_of, place
from telesphore.rest.signature.envelopes import SEND, draft_shape, line_shape
from telesphore.rest.signature.face import actor_of, offer
from telesphore.signature.actions import compose, send_many, use
from telesphore.signature.queries import bulk, templates

PAGE = 100
SEE = "signature:template:see"
ONE, LIST = "templates/{uuid:template_id}", "bulks/{uuid:bulk_id}"


@offer("GET", "templates", scope=SEE, response=list_shapes.Templates)
def list_templates(request: HttpRequest, search: shapes.Text = "") -> list_shapes.Templates:
    """Those that the token's person sees, by name; `search` is a part of it."""
    lines = templates.templates(actor=actor_of(request), at=now(), search=search)
    return list_shapes.Templates(
        items=[
            list_shapes.TemplateLine(
                id=line.template_id, name=line.name, scope=line.scope, unit=line.unit, version=line.number,
                changed_at=line.changed_at,
            )
            for line in lines
        ]
    )  # fmt: skip


@offer("GET", ONE, scope=SEE, response=list_shapes.Template)
def read_template(request: HttpRequest, template_id: UUID) -> list_shapes.Template:
    """A template as its last version says it."""
    seen = templates.template(template_id=template_id, actor=actor_of(request), at=now())
    return list_shapes.Template(
        id=seen.template_id, name=seen.name, scope=seen.scope, unit=seen.unit, version=seen.version.number,
        changed_at=seen.version.at, composition=seen.definition.composition, seats=list(seen.definition.seats),
        columns=list(seen.columns),
    )  # fmt: skip


@offer("POST", "templates/use", scope=SEND, response=shapes.Draft | shapes.Envelope, status=201)
def use_template(request: HttpRequest, given: list_shapes.UseTemplate) -> shapes.Draft | shapes.Envelope:
    """Begin a draft from a template, for one patient, and send it at once when asked to."""
    actor, at = actor_of(request), now()
    choices = use.Choices(given.professional_id, given.values, given.due_at)
    draft_id = use.use_template(
        template_id=given.template_id, patient_id=given.patient_id, choices=choices, complete=given.send, actor=actor,
        at=at,
    )  # fmt: skip
    if not given.send:
        return draft_shape(request, draft_id)
    # What could not be sent was refused before anything was put into the record.
    compose.send_draft(draft_id=draft_id, version=1, actor=actor, at=at)
    return line_shape(request, draft_id)


def _bulk(line: bulk.BulkLine) -> list_shapes.Bulk:
    return list_shapes.Bulk(
        id=line.bulk_id, template=line.template, version=line.number, state=line.state, rows=line.rows,
        counts=line.counts, made_at=line.made_at, confirmed_at=line.confirmed_at,
    )  # fmt: skip


@offer("POST", "bulks", scope=SEND, response=list_shapes.Bulk, status=201)
def give_bulk(request: HttpRequest, new: list_shapes.NewBulk) -> list_shapes.Bulk:
    """Give a list of patients. It is checked in a moment; nothing is sent before it is confirmed."""
    actor = actor_of(request)
    bulk_id = send_many.give_list(
        template_id=new.template_id, table=send_many.table_of_objects(new.rows), professional_id=new.professional_id,
        actor=actor, at=now(),
    )  # fmt: skip
    return _bulk(bulk.bulk(bulk_id=bulk_id, actor=actor))


@offer("GET", "bulks", scope=SEND, response=list_shapes.Bulks)
def list_bulks(request: HttpRequest) -> list_shapes.Bulks:
    """The lists of the token's person, the newest first."""
    return list_shapes.Bulks(items=[_bulk(line) for line in bulk.bulks(actor=actor_of(request))])


@offer("GET", LIST, scope=SEND, response=list_shapes.Bulk)
def read_bulk(request: HttpRequest, bulk_id: UUID) -> list_shapes.Bulk:
    """How far a list is."""
    return _bulk(bulk.bulk(bulk_id=bulk_id, actor=actor_of(request)))


@offer("GET", f"{LIST}/rows", scope=SEND, response=list_shapes.BulkRows)
def list_rows(
    request: HttpRequest, bulk_id: UUID, troubled: bool = False, cursor: shapes.Cursor = ""
) -> list_shapes.BulkRows:
    """The report: what becomes of each row, or of those only that are not sent."""
    lines = bulk.bulk_rows(
        bulk_id=bulk_id, actor=actor_of(request), after=place(cursor), troubled=troubled, most=PAGE + 1
    )
    shown = lines[:PAGE]
    return list_shapes.BulkRows(
        items=[
            list_shapes.BulkRow(
                number=line.number, who=line.who, state=line.state, code=line.code, title=line.why,
                envelope_id=line.envelope_id,
            )
            for line in shown
        ],
        next_cursor=cursor_of(shown[-1].number) if len(lines) > PAGE else None,
    )  # fmt: skip


@offer("POST", f"{LIST}/confirm", scope=SEND, response=list_shapes.Bulk)
def confirm_bulk(request: HttpRequest, bulk_id: UUID) -> list_shapes.Bulk:
    """Send every row that was found good."""
    send_many.confirm_list(bulk_id=bulk_id, actor=actor_of(request), at=now())
    return _bulk(bulk.bulk(bulk_id=bulk_id, actor=actor_of(request)))


@offer("POST", f"{LIST}/cancel", scope=SEND, response=list_shapes.Bulk)
def cancel_bulk(request: HttpRequest, bulk_id: UUID) -> list_shapes.Bulk:
    """Stop what is not sent yet."""
    send_many.cancel_list(bulk_id=bulk_id, actor=actor_of(request), at=now())
    return _bulk(bulk.bulk(bulk_id=bulk_id, actor=actor_of(request)))
