"""What one composes and has not sent yet; what an envelope was composed of."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.kernel.actors import Actor
from telesphore.records import queries as records
from telesphore.signature import access
from telesphore.signature.models import Composition, Draft, Envelope
from telesphore.vault import queries as vault

PAGE = 50


@dataclass(frozen=True, slots=True)
class DraftView:
    """A draft, as its sender sees it.

    Attributes:
        version: to be given back with a change.
    """

    draft_id: UUID
    patient: records.PatientCard
    composition: Composition
    version: int
    follows_id: UUID | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One draft in a list; its title is empty until it is given one."""

    draft_id: UUID
    title: str
    patient: records.PatientCard
    changed_at: datetime


def draft(*, draft_id: UUID, actor: Actor) -> DraftView:
    """The actor's draft.

    Raises:
        DraftNotFound
    """
    row = access.draft_of(actor=actor, draft_id=draft_id)
    patient = records.patient_cards(organisation_id=row.organisation_id, patient_ids={row.patient_id})[row.patient_id]
    return DraftView(row.id, patient, content_of(row), row.version, row.follows_id, row.changed_at)


def drafts(*, actor: Actor) -> list[DraftLine]:
    """The actor's drafts, those changed last first, at most `PAGE`."""
    rows = list(
        Draft.objects.filter(organisation_id=actor.organisation, sender_id=actor.person).order_by("-changed_at")[:PAGE]
    )
    if not rows:
        return []
    patients = records.patient_cards(
        organisation_id=rows[0].organisation_id, patient_ids={row.patient_id for row in rows}
    )
    texts = vault.unseal_texts(
        organisation_id=rows[0].organisation_id,
        texts=[vault.Sealed(row.key_id, bytes(row.content_sealed), context_of(row.id)) for row in rows],
    )
    return [
        DraftLine(row.id, _title(Composition.model_validate_json(text)), patients[row.patient_id], row.changed_at)
        for row, text in zip(rows, texts, strict=True)
    ]


def content_of(row: Draft) -> Composition:
    """What a draft holds."""
    return Composition.model_validate_json(
        vault.unseal_text(
            organisation_id=row.organisation_id,
            key_id=row.key_id,
            sealed=bytes(row.content_sealed),
            context=context_of(row.id),
        )
    )


def composition_of(envelope: Envelope) -> Composition | None:
    """What was sent as this envelope; None for those of before compositions were kept."""
    if envelope.composition_sealed is None:
        return None
    return Composition.model_validate_json(
        vault.unseal_text(
            organisation_id=envelope.organisation_id,
            key_id=envelope.key_id,
            sealed=bytes(envelope.composition_sealed),
            context=context_of(envelope.id),
        )
    )


def context_of(envelope_id: UUID) -> str:
    """What a composition is sealed for: a draft's stays right when it becomes an envelope."""
    return f"signature:composition:{envelope_id}"


def _title(composition: Composition) -> str:
    return composition.title or next((part.title for part in composition.documents if part.title), "")
