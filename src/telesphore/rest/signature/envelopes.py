"""Envelopes: composed and sent; listed and read; withdrawn, corrected, taken back; with what proves them."""

import tempfile
from typing import BinaryIO, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from telesphore.kernel.clock import now
from telesphore.kernel.instants import Instant
from telesphore.records import actions as records
from telesphore.rest.signature import problems, shapes
from telesphore.rest.signature.cursors import cursor_of, instant_and_id
from telesphore.rest.signature.face import actor_of, offer
from telesphore.rest.signature.files import PDF, ZIP, archive, pdf
from telesphore.signature import queries
from telesphore.signature.actions import close, compose, embed, kit, recall, remind, view
from telesphore.signature.actions.compose import Composition
from telesphore.signature.actions.correct_recipient import Reach, correct_recipient
from telesphore.signature.actions.read_fields import read_fields
from telesphore.signature.queries import lists
from telesphore.signature.states import EnvelopeState

PAGE = 50
READ, SEND = "signature:envelope:read", "signature:envelope:send"
ONE = "envelopes/{uuid:envelope_id}"
_NO_REASON, _NOWHERE, _NO_FRAME = shapes.Reason(), shapes.Reach(), shapes.Frame()


def _envelope(line: lists.EnvelopeLine) -> dict[str, object]:
    return {
        "id": line.envelope_id,
        "state": line.state,
        "patient_id": line.patient_id,
        "document_id": line.document_id,
        "title": line.title,
        "type_code": line.type_code,
        "urgent": line.urgent,
        "sent_at": line.sent_at,
        "expires_at": line.expires_at,
        "due_at": line.due_at,
        "closed_at": line.closed_at,
        "follows_id": line.follows_id,
    }


@offer("GET", "envelopes", scope=READ, response=shapes.Envelopes)
def list_envelopes(
    request: HttpRequest,
    received: bool = False,
    state: EnvelopeState | None = None,
    patient_id: UUID | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
    cursor: shapes.Cursor = "",
) -> shapes.Envelopes:
    """What the token's person sent, or received to act upon, the newest first."""
    which = lists.Which(received=received, state=state, patient_id=patient_id, since=since, until=until)
    lines = lists.envelopes(actor=actor_of(request), which=which, limit=PAGE + 1, before=instant_and_id(cursor))
    shown = lines[:PAGE]
    return shapes.Envelopes(
        items=[shapes.Envelope.model_validate(_envelope(line)) for line in shown],
        next_cursor=cursor_of(shown[-1].sent_at, shown[-1].envelope_id) if len(lines) > PAGE else None,
    )


@offer("POST", "envelopes", scope=SEND, response=shapes.Draft | shapes.Envelope, status=201)
def create_envelope(request: HttpRequest, new: shapes.NewEnvelope) -> shapes.Draft | shapes.Envelope:
    """Begin a draft for a patient, and send it at once when asked to."""
    actor, at = actor_of(request), now()
    draft_id = compose.begin(patient_id=new.patient_id, composition=new.composition, actor=actor, at=at)
    if not new.send:
        return draft_shape(request, draft_id)
    try:
        compose.send_draft(draft_id=draft_id, version=1, actor=actor, at=at)
    except BaseException:
        compose.discard(draft_id=draft_id, actor=actor, at=now())
        raise
    return line_shape(request, draft_id)


def line_shape(request: HttpRequest, envelope_id: UUID) -> shapes.Envelope:
    """An envelope as it is answered."""
    line = lists.envelope_line(envelope_id=envelope_id, actor=actor_of(request), at=now())
    return shapes.Envelope.model_validate(_envelope(line))


def draft_shape(request: HttpRequest, draft_id: UUID) -> shapes.Draft:
    """A draft as it is answered."""
    seen = queries.draft(draft_id=draft_id, actor=actor_of(request))
    return shapes.Draft(
        id=seen.draft_id, patient_id=seen.patient.patient_id, version=seen.version, changed_at=seen.changed_at,
        composition=seen.composition,
    )  # fmt: skip


@offer("GET", ONE, scope=READ, response=shapes.Circuit)
def read_envelope(request: HttpRequest, envelope_id: UUID) -> shapes.Circuit:
    """An envelope with its circuit."""
    actor, at = actor_of(request), now()
    line = lists.envelope_line(envelope_id=envelope_id, actor=actor, at=at)
    seen = queries.envelope(envelope_id=envelope_id, actor=actor, at=at)
    return shapes.Circuit.model_validate(
        {
            **_envelope(line),
            "pages": seen.pages,
            "reason": seen.reason,
            "steps": [
                {
                    "position": step.position,
                    "needed": step.needed,
                    "done": step.done,
                    "completed_at": step.completed_at,
                    "recipients": [_recipient(one) for one in step.recipients],
                }
                for step in seen.steps
            ],
            "signed_document_id": seen.signed_document_id,
            "evidence_document_id": seen.evidence_document_id,
        }
    )


def _recipient(line: queries.RecipientLine) -> shapes.Recipient:
    return shapes.Recipient(
        id=line.recipient_id, name=line.name, is_patient=line.is_patient, purpose=line.purpose, state=line.state,
        awaited_at=line.awaited_at, signed_at=line.signed_at, opened_at=line.opened_at, notice=line.notice,
    )  # fmt: skip


@offer("GET", f"{ONE}/recipients", scope=READ, response=shapes.Recipients)
def list_recipients(request: HttpRequest, envelope_id: UUID) -> shapes.Recipients:
    """Who is asked to act, and how far they are."""
    seen = queries.envelope(envelope_id=envelope_id, actor=actor_of(request), at=now())
    return shapes.Recipients(items=[_recipient(one) for step in seen.steps for one in step.recipients])


@offer("GET", f"{ONE}/fields", scope=READ, response=shapes.Fields)
def list_fields(request: HttpRequest, envelope_id: UUID) -> shapes.Fields:
    """The places to fill in beside the signatures; what who has signed filled in, for the sender and for them."""
    lines = read_fields(envelope_id=envelope_id, actor=actor_of(request), at=now())
    return shapes.Fields(
        items=[
            shapes.FieldLine.model_validate(
                {
                    "id": line.field_id, "recipient_id": line.recipient_id, "name": line.name, "kind": line.kind,
                    "page": line.page, "box": list(line.box), "required": line.required, "label": line.label,
                    "options": list(line.options), "value": line.value,
                }
            )
            for line in lines
        ]
    )  # fmt: skip


@offer("GET", f"{ONE}/watchers", scope=READ, response=shapes.Professionals)
def list_watchers(request: HttpRequest, envelope_id: UUID) -> shapes.Professionals:
    """Who only sees it."""
    cards = lists.watchers(envelope_id=envelope_id, actor=actor_of(request), at=now())
    return shapes.Professionals(
        items=[
            shapes.Professional(
                id=card.person_id, display_name=card.display_name, specialty=card.specialty, rpps=card.rpps
            )
            for card in cards
        ]
    )


@offer("GET", f"{ONE}/composition", scope=SEND, response=Composition)
def read_composition(request: HttpRequest, envelope_id: UUID) -> Composition:
    """What was sent, for the token's person who sent it."""
    return lists.composition(envelope_id=envelope_id, actor=actor_of(request))


@offer("GET", f"{ONE}/events", scope=READ, response=shapes.Events)
def list_events(request: HttpRequest, envelope_id: UUID, cursor: shapes.Cursor = "") -> shapes.Events:
    """What the trail has of it, the newest first, for the token's person who sent it."""
    rows = lists.events(
        envelope_id=envelope_id, actor=actor_of(request), at=now(), before=instant_and_id(cursor), limit=PAGE + 1
    )
    shown = rows[:PAGE]
    return shapes.Events(
        items=[
            shapes.Event(
                id=row.id, at=row.at, action=row.action, actor_kind=row.actor_kind,
                # Of a patient or a guest, the kind says enough.
                person_id=row.person_id if row.actor_kind in ("professional", "software") else None,
            )
            for row in shown
        ],
        next_cursor=cursor_of(shown[-1].at, shown[-1].id) if len(rows) > PAGE else None,
    )  # fmt: skip


@offer("POST", f"{ONE}/void", scope="signature:envelope:void", response=shapes.Envelope)
def void_envelope(request: HttpRequest, envelope_id: UUID, why: shapes.Reason = _NO_REASON) -> shapes.Envelope:
    """Withdraw what the token's person sent."""
    close.void(envelope_id=envelope_id, reason=why.reason, actor=actor_of(request), at=now())
    return line_shape(request, envelope_id)


@offer("POST", f"{ONE}/correct", scope=SEND, response=shapes.Draft, status=201)
def correct_envelope(request: HttpRequest, envelope_id: UUID) -> shapes.Draft:
    """Begin the second round of what was declined, withdrawn or expired: a draft with all that it held."""
    return draft_shape(request, compose.correct(envelope_id=envelope_id, actor=actor_of(request), at=now()))


@offer("POST", f"{ONE}/recall", scope="signature:envelope:void", response=shapes.Draft, status=201)
def recall_envelope(request: HttpRequest, envelope_id: UUID) -> shapes.Draft:
    """Take back what was sent, as long as nobody has acted: it is withdrawn, and a draft again."""
    return draft_shape(request, recall.recall(envelope_id=envelope_id, actor=actor_of(request), at=now()))


@offer("POST", f"{ONE}/recipients/{{uuid:recipient_id}}/remind", scope="signature:recipient:remind", status=204)
def remind_recipient(request: HttpRequest, envelope_id: UUID, recipient_id: UUID) -> None:
    """Remind who is awaited, at most once an hour. Whoever comes by a link gets a new one; the one before ends."""
    remind.remind_now(envelope_id=envelope_id, recipient_id=recipient_id, actor=actor_of(request), at=now())


@offer("POST", f"{ONE}/recipients/{{uuid:recipient_id}}/address", scope="signature:recipient:correct", status=204)
def correct_address(
    request: HttpRequest, envelope_id: UUID, recipient_id: UUID, reach: shapes.Reach = _NOWHERE
) -> None:
    """Write the right address of a patient or a guest. Whoever is awaited is called again, by a new link."""
    correct_recipient(
        envelope_id=envelope_id, recipient_id=recipient_id, reach=Reach(reach.email, reach.phone),
        actor=actor_of(request), at=now(),
    )  # fmt: skip


@offer(
    "POST", f"{ONE}/recipients/{{uuid:recipient_id}}/embedding", scope=embed.MAKE, response=shapes.Embedding, status=201
)
def embed_recipient(
    request: HttpRequest, envelope_id: UUID, recipient_id: UUID, frame: shapes.Frame = _NO_FRAME
) -> shapes.Embedding:
    """Make a way into a frame for one awaited patient or guest: five minutes, once, and a code by SMS."""
    made = embed.embed(
        envelope_id=envelope_id, recipient_id=recipient_id, origins=frame.origins, actor=actor_of(request), at=now()
    )
    return shapes.Embedding(url=made.url, expires_at=made.expires_at)


@offer("GET", f"{ONE}/file", scope=READ, file=PDF)
def download_file(request: HttpRequest, envelope_id: UUID) -> HttpResponse:
    """The file as it stands. Reading it is an act that the patient sees."""
    return pdf(view.view(envelope_id=envelope_id, actor=actor_of(request), at=now()).pdf)


@offer("GET", f"{ONE}/evidence", scope=READ, file=PDF)
def download_evidence(request: HttpRequest, envelope_id: UUID) -> HttpResponse:
    """The evidence page of a completed envelope."""
    actor, at = actor_of(request), now()
    seen = queries.envelope(envelope_id=envelope_id, actor=actor, at=at)
    if seen.evidence_document_id is None:
        raise problems.NotCompletedYet
    return pdf(records.open_document(document_id=seen.evidence_document_id, purpose="TREAT", actor=actor, at=at).pdf)


@offer("GET", f"{ONE}/kit", scope="signature:kit:export", file=ZIP)
def download_kit(request: HttpRequest, envelope_id: UUID) -> HttpResponse:
    """All that proves a completed envelope, in one ZIP that is checked without us."""
    # On disk beyond a few megabytes.
    file = tempfile.SpooledTemporaryFile(max_size=8 * 2**20)  # noqa: SIM115 - it is closed once sent.
    try:
        kit.make_kit(envelope_id=envelope_id, actor=actor_of(request), at=now(), out=cast(BinaryIO, file))
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return archive(cast(BinaryIO, file), f"preuve-{envelope_id}.zip")
