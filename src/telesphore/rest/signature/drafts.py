"""Drafts: composed, changed, checked, sent, or thrown away."""

from uuid import UUID

from django.http import HttpRequest

from telesphore.kernel.clock import now
from telesphore.rest.signature import shapes
from telesphore.rest.signature.envelopes import SEND, draft_shape, line_shape
from telesphore.rest.signature.face import actor_of, offer
from telesphore.signature import queries
from telesphore.signature.actions import anchors, compose
from telesphore.signature.queries.gaps import gaps_of_draft

ONE = "drafts/{uuid:draft_id}"
_AS_IT_STANDS = shapes.Sending()


@offer("GET", "drafts", scope=SEND, response=shapes.Drafts)
def list_drafts(request: HttpRequest) -> shapes.Drafts:
    """What is composed and not sent yet."""
    lines = queries.drafts(actor=actor_of(request))
    return shapes.Drafts(
        items=[
            shapes.DraftLine(
                id=line.draft_id, patient_id=line.patient.patient_id, title=line.title, changed_at=line.changed_at
            )
            for line in lines
        ]
    )


@offer("GET", ONE, scope=SEND, response=shapes.Draft)
def read_draft(request: HttpRequest, draft_id: UUID) -> shapes.Draft:
    """A draft; sent, it is an envelope of the same id."""
    return draft_shape(request, draft_id)


@offer("PUT", ONE, scope=SEND, response=shapes.Draft)
def change_draft(request: HttpRequest, draft_id: UUID, change: shapes.Change) -> shapes.Draft:
    """Write what a draft is now."""
    compose.change(
        draft_id=draft_id, composition=change.composition, version=change.version, actor=actor_of(request), at=now()
    )
    return draft_shape(request, draft_id)


@offer("DELETE", ONE, scope=SEND, status=204)
def discard_draft(request: HttpRequest, draft_id: UUID) -> None:
    """Throw a draft away; the record's documents stay."""
    compose.discard(draft_id=draft_id, actor=actor_of(request), at=now())


@offer("POST", f"{ONE}/send", scope=SEND, response=shapes.Envelope)
def send_draft(request: HttpRequest, draft_id: UUID, sending: shapes.Sending = _AS_IT_STANDS) -> shapes.Envelope:
    """Send a draft as it was read."""
    actor = actor_of(request)
    version = sending.version or queries.draft(draft_id=draft_id, actor=actor).version
    compose.send_draft(draft_id=draft_id, version=version, actor=actor, at=now())
    return line_shape(request, draft_id)


@offer("GET", f"{ONE}/gaps", scope=SEND, response=shapes.Gaps)
def list_gaps(request: HttpRequest, draft_id: UUID) -> shapes.Gaps:
    """What a draft still lacks before it can be sent, in the order in which one would mend it."""
    gaps = gaps_of_draft(draft_id=draft_id, actor=actor_of(request), at=now())
    return shapes.Gaps(
        items=[shapes.Gap(code=gap.code, title=gap.sentence, step=gap.step, party=gap.party) for gap in gaps]
    )


@offer("POST", f"{ONE}/anchors", scope=SEND, response=shapes.Anchored)
def place_anchors(request: HttpRequest, draft_id: UUID, sending: shapes.Sending = _AS_IT_STANDS) -> shapes.Anchored:
    """Give the fields that the documents' own text asks for, such as {{signature:patient}}, to the signers it names."""
    actor, at = actor_of(request), now()
    seen = queries.draft(draft_id=draft_id, actor=actor)
    found = anchors.find_anchors(documents=seen.composition.documents, actor=actor, at=at)
    composition, left_out = anchors.place_anchors(seen.composition, found)
    compose.change(
        draft_id=draft_id, composition=composition, version=sending.version or seen.version, actor=actor, at=at
    )
    return shapes.Anchored(draft=draft_shape(request, draft_id), found=len(found), left_out=list(left_out))
