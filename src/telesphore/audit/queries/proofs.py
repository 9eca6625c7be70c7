"""What a person concerned may keep: their event, and the proof that it stands in the trail."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from telesphore.audit.errors import EventNotFound, NotSealedYet
from telesphore.audit.formats.entries import Entry
from telesphore.audit.formats.proofs import Proof
from telesphore.audit.models import Event
from telesphore.audit.queries import tree
from telesphore.audit.queries.rows import EVENT_COLUMNS, EventRow, event_of

# The leaf, its head and its event in one go: a proof is two queries, and most of its time is theirs.
_LEAF = f"""
    SELECT leaf.index, leaf.entry, head.size,
        head.note || coalesce((
            SELECT string_agg(line, '' ORDER BY at, id) FROM audit_cosignature WHERE checkpoint_id = head.size
        ), ''),
        {EVENT_COLUMNS}
    FROM audit_leaf leaf
    LEFT JOIN audit_event event ON event.organisation_id = leaf.organisation_id AND event.id = leaf.event_id
    LEFT JOIN audit_checkpoint head ON head.size = coalesce(
        (SELECT max(checkpoint_id) FROM audit_cosignature WHERE checkpoint_id > leaf.index),
        (SELECT max(size) FROM audit_checkpoint WHERE size > leaf.index)
    )
    WHERE leaf.event_id = %s
"""  # noqa: S608 - our own column names.


@dataclass(frozen=True, slots=True)
class EventProof:
    """An event as it is handed out (`formats.proofs.entry_of`), and its proof, which carries it as extra data."""

    event: dict[str, Any]
    proof: Proof

    @property
    def text(self) -> str:
        """The `.tlog-proof` file."""
        return str(self.proof)


def proof_of(event_id: UUID) -> EventProof:
    """The proof of one event, under the newest head that witnesses cosigned, or else under the newest.

    Raises:
        EventNotFound: no such event.
        NotSealedYet: it has no place yet, or no signed head covers it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LEAF, [event_id])
        row = cursor.fetchone()
    if row is None:
        if Event.objects.filter(id=event_id).exists():
            raise NotSealedYet
        raise EventNotFound
    index, entry, size, checkpoint, *event = row
    if size is None:
        raise NotSealedYet
    shown = _shown(event_of(event), Entry.parse(entry))
    hashes = tree.tree(size).inclusion_proof(index)
    extra = json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()
    return EventProof(shown, Proof(index, hashes, checkpoint, extra))


def _shown(event: EventRow | None, entry: Entry) -> dict[str, Any]:
    """Each part with its salt, or only with its commitment when it was erased."""
    shown: dict[str, Any] = {"core": {"commitment": entry.core.hex()}, "detail": {"commitment": entry.detail.hex()}}
    if event:
        shown["core"] = {"salt": bytes(event.core_salt).hex(), "content": event.core_content}
    if event and event.detail_salt is not None:
        shown["detail"] = {"salt": bytes(event.detail_salt).hex(), "content": event.detail_content}
    return shown
