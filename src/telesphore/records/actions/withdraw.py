"""Withdraw a document: it stays where it is, and nobody may take it for what holds."""

from datetime import datetime
from uuid import UUID

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.records import access
from telesphore.records.errors import AlreadyWithdrawn, DocumentNotFound, NotAllowed
from telesphore.records.models import Document
from telesphore.records.states import SIGNED_PART


@audit.act("records:document:withdraw")
def withdraw_document(*, document_id: UUID, replaced_by: UUID | None, actor: Actor, at: datetime) -> None:
    """Say that a document no longer holds, and which one of the same record takes its place, if one does.

    Its author may, and an administrator who may read it. It remains in the record, and its prints say so.

    Raises:
        DocumentNotFound: no such document, or not open to them; so too for `replaced_by`, which must be another
            document of the same record that stands.
        NotAllowed: neither its author nor an administrator.
        AlreadyWithdrawn
    """
    document, decision = access.decide_document(actor=actor, document_id=document_id, at=at)
    audit.concerning(patient=document.patient_id, subject=document.id)
    if document.author_id != actor.person_id and "administrator" not in actor.roles:
        raise NotAllowed
    row = Document.objects.select_for_update().get(organisation_id=document.organisation_id, id=document.id)
    if row.withdrawn_at is not None:
        raise AlreadyWithdrawn
    if replaced_by is not None:
        successor, _ground = access.decide_document(actor=actor, document_id=replaced_by, at=at)
        if successor.patient_id != row.patient_id or successor.id == row.id or successor.withdrawn_at is not None:
            raise DocumentNotFound
        row.replaced_by_id = successor.id
    row.withdrawn_at = at
    row.save(update_fields=["withdrawn_at", "replaced_by_id"])
    audit.record(
        "records:document:withdraw",
        actor=actor,
        subject=row.id,
        patient=row.patient_id,
        categories=[row.class_code],
        ground=decision.ground,
        at=at,
        detail={"replaced_by": str(replaced_by) if replaced_by else ""},
    )


@audit.act("records:document:withdraw")
def withdraw_result(*, source_id: UUID, actor: Actor, at: datetime) -> None:
    """Say that the signed document of a withdrawn consent no longer holds; nothing happens when it was said already.

    Raises:
        DocumentNotFound: it is not filed yet.
    """
    row = (
        Document.objects.select_for_update()
        .filter(organisation_id=actor.organisation, source_id=source_id, source_part=SIGNED_PART)
        .first()
    )
    if row is None:
        raise DocumentNotFound
    if row.withdrawn_at is not None:
        return
    row.withdrawn_at = at
    row.save(update_fields=["withdrawn_at"])
    audit.record(
        "records:document:withdraw",
        actor=actor,
        subject=row.id,
        patient=row.patient_id,
        categories=[row.class_code],
        ground="system",
        at=at,
        detail={"replaced_by": ""},
    )
