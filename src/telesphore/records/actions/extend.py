"""Give the readers of a signed document the file whose proof lasts longer."""

from datetime import datetime
from uuid import UUID

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.records import queries
from telesphore.records.models import Document, DocumentRevision


@audit.act("records:document:extend")
def extend_result(
    *, source_id: UUID, source_part: str, blob_id: UUID, sha256: bytes, size: int, actor: Actor, at: datetime
) -> None:
    """Give the readers of a result the same document in a file whose proof was extended; every earlier file is kept.

    Nothing happens when the file is the one they get already, or nothing was filed yet: then the last file will be.

    Args:
        blob_id: of the new file, in the vault under the patient's keyset.
    """
    filed = Document.objects.select_for_update().filter(
        organisation_id=actor.organisation, source_id=source_id, source_part=source_part
    )
    if (document := filed.first()) is None:
        return
    last = queries.last_revision(document)
    if bytes(queries.file_of(document).sha256) == sha256:
        return
    number = last.number + 1 if last else 1
    DocumentRevision.objects.create(
        organisation_id=document.organisation_id,
        document_id=document.id,
        number=number,
        blob_id=blob_id,
        sha256=sha256,
        size=size,
        at=at,
    )
    audit.record(
        "records:document:extend",
        actor=actor,
        subject=document.id,
        patient=document.patient_id,
        categories=[document.class_code],
        ground="system",
        at=at,
        detail={"number": number, "sha256": sha256.hex()},
    )
