"""Compose an envelope before it is sent: a draft, changed as often as one wants, and sent or thrown away."""

from datetime import datetime
from uuid import UUID

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.records import access as records_access
from telesphore.signature import access, queries
from telesphore.signature.actions.send import send_composition
from telesphore.signature.errors import DraftChanged, EnvelopeClosed
from telesphore.signature.models import Composition, Draft, Part, Party, PlacedField, StepPlan
from telesphore.signature.queries.drafts import context_of
from telesphore.signature.states import EnvelopeState
from telesphore.vault import actions as vault

__all__ = [
    "Composition", "Part", "Party", "PlacedField", "StepPlan", "begin", "change", "correct", "discard", "send_draft"
]  # fmt: skip
"""The shapes are given on to the doors."""

AGAIN = frozenset({EnvelopeState.DECLINED, EnvelopeState.VOIDED, EnvelopeState.EXPIRED})
"""Where an envelope may be corrected and sent again from."""


@audit.act("signature:draft:begin")
def begin(
    *,
    patient_id: UUID,
    composition: Composition,
    actor: Actor,
    at: datetime,
    template_version_id: UUID | None = None,
    follows_id: UUID | None = None,
    draft_id: UUID | None = None,
) -> UUID:
    """Begin a draft for a patient whose record is open to the actor; returns its id, which the envelope will bear.

    Args:
        draft_id: given beforehand, by what must not begin twice.

    Raises:
        RecordNotFound
    """
    decision = records_access.decide(actor=actor, patient_id=patient_id, at=at)
    patient, draft_id = decision.patient, draft_id or uuid7()
    assert actor.person_id is not None
    Draft.objects.create(
        organisation_id=patient.organisation_id,
        id=draft_id,
        patient_id=patient.id,
        key_id=patient.key_id,
        sender_id=actor.person_id,
        content_sealed=_sealed(composition, patient.organisation_id, patient.key_id, draft_id),
        template_version_id=template_version_id,
        follows_id=follows_id,
        begun_at=at,
        changed_at=at,
    )
    audit.record(
        "signature:draft:begin", actor=actor, subject=draft_id, patient=patient.id, ground=decision.ground, at=at
    )
    return draft_id


@audit.act("signature:draft:change")
def change(*, draft_id: UUID, composition: Composition, version: int, actor: Actor, at: datetime) -> int:
    """Write what the draft is now; returns its new version.

    Raises:
        DraftNotFound
        DraftChanged: it is no longer at `version`.
    """
    row = access.draft_of(actor=actor, draft_id=draft_id, lock=True)
    audit.concerning(patient=row.patient_id, subject=row.id)
    if row.version != version:
        raise DraftChanged
    row.content_sealed = _sealed(composition, row.organisation_id, row.key_id, row.id)
    row.version, row.changed_at = version + 1, at
    row.save(update_fields=["content_sealed", "version", "changed_at"])
    audit.record("signature:draft:change", actor=actor, subject=row.id, patient=row.patient_id, ground="sender", at=at)
    return row.version


@audit.act("signature:draft:discard")
def discard(*, draft_id: UUID, actor: Actor, at: datetime) -> None:
    """Throw a draft away; the record's documents stay.

    Raises:
        DraftNotFound
    """
    row = access.draft_of(actor=actor, draft_id=draft_id, lock=True)
    patient_id = row.patient_id
    row.delete()
    audit.record("signature:draft:discard", actor=actor, subject=draft_id, patient=patient_id, ground="sender", at=at)


def send_draft(*, draft_id: UUID, version: int, actor: Actor, at: datetime) -> UUID:
    """Send a draft as it was seen. Raises as `send_composition`, and:

    Raises:
        DraftNotFound
        DraftChanged: it is no longer at `version`.
    """
    row = access.draft_of(actor=actor, draft_id=draft_id)
    if row.version != version:
        raise DraftChanged
    composition = queries.draft(draft_id=draft_id, actor=actor).composition
    return send_composition(composition=composition, draft_id=draft_id, follows_id=row.follows_id, actor=actor, at=at)


def correct(*, envelope_id: UUID, actor: Actor, at: datetime) -> UUID:
    """Begin the second round of an envelope that one sent and that was declined, withdrawn or expired: a draft with
    all that it held. Returns the draft's id.

    Raises:
        EnvelopeNotFound
        EnvelopeClosed: it is still on its way, it was completed, or what it was composed of was not kept.
    """
    row = access.sent_by(actor=actor, envelope_id=envelope_id)
    composition = queries.composition_of(row)
    if row.state not in AGAIN or composition is None:
        raise EnvelopeClosed
    return begin(patient_id=row.patient_id, composition=composition, follows_id=row.id, actor=actor, at=at)


def _sealed(composition: Composition, organisation_id: UUID, key_id: UUID, draft_id: UUID) -> bytes:
    return vault.seal_text(
        organisation_id=organisation_id,
        key_id=key_id,
        text=composition.model_dump_json(),
        context=context_of(draft_id),
    )
