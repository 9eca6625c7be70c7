"""What a person concerned may keep: their event, and the proof that it stands in the trail."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from telesphore.audit.errors import EventNotFound, NotSealedYet
from telesphore.audit.formats.entries import Entry
from telesphore.audit.formats.proofs import Proof
from telesphore.audit.models import Checkpoint, Cosignature, Event, Leaf
from telesphore.audit.queries import tree


@dataclass(frozen=True, slots=True)
class EventProof:
    """An event as it is handed out (`formats.proofs.entry_of`), and its proof, which carries it as extra data."""

    event: dict[str, Any]
    proof: Proof


def proof_of(event_id: UUID) -> EventProof:
    """The proof of one event, under the newest head that witnesses cosigned, or else under the newest.

    Raises:
        EventNotFound: no such event.
        NotSealedYet: it has no place yet, or no signed head covers it.
    """
    leaf = Leaf.objects.filter(event_id=event_id).first()
    if leaf is None:
        if Event.objects.filter(id=event_id).exists():
            raise NotSealedYet
        raise EventNotFound
    covering = Checkpoint.objects.filter(size__gt=leaf.index)
    cosigned = covering.filter(Exists(Cosignature.objects.filter(checkpoint=OuterRef("pk"))))
    checkpoint = cosigned.order_by("-size").first() or covering.order_by("-size").first()
    if checkpoint is None:
        raise NotSealedYet
    event = Event.objects.filter(organisation_id=leaf.organisation_id, id=event_id).first()
    shown = _shown(event, Entry.parse(bytes(leaf.entry)))
    hashes = tree.tree(checkpoint.size).inclusion_proof(leaf.index)
    extra = json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()
    return EventProof(shown, Proof(leaf.index, hashes, tree.note_of(checkpoint), extra))


def _shown(event: Event | None, entry: Entry) -> dict[str, Any]:
    """Each part with its salt, or only with its commitment when it was erased."""
    shown: dict[str, Any] = {"core": {"commitment": entry.core.hex()}, "detail": {"commitment": entry.detail.hex()}}
    if event:
        shown["core"] = {"salt": bytes(event.core_salt).hex(), "content": event.core_content}
    if event and event.detail_salt is not None:
        shown["detail"] = {"salt": bytes(event.detail_salt).hex(), "content": event.detail_content}
    return shown
