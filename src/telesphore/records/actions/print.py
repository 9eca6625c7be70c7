"""Print a signed document with its proof: a copy that anyone who holds it can check (CSP L.1111-29)."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from telesphore.accounts import queries as accounts
from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.links import ports as links
from telesphore.records import access, queries
from telesphore.records.actions.keep import DOCUMENT_LIMIT
from telesphore.records.errors import AlreadyWithdrawn, NotSigned
from telesphore.records.formats.verifiable_print import PrintMarks, verifiable_print
from telesphore.records.models import Document, PrintedCopy
from telesphore.records.states import SIGNED_PART
from telesphore.vault import queries as vault

TOKEN_BYTES = 20


@dataclass(frozen=True, slots=True)
class PrintedDocument:
    """The pages to print. They bear the address where the print is checked, which nothing else holds."""

    pdf: bytes
    pages: int


@audit.staged("records:document:print")
def print_document(*, document_id: UUID, language: str, actor: Actor, at: datetime) -> PrintedDocument:
    """The pages of a signed document, each with its issuer, its source, the source's SHA-256 and a code to check it.

    Whoever may read the document may print it. The trace is written before the pages are given.

    Args:
        language: of what is printed beside the document, `fr` or `en`.
        at: aware; it is printed in the zone that it is given in.

    Raises:
        DocumentNotFound, NotSigned, AlreadyWithdrawn, and what the vault raises when the blob is damaged.
    """
    document, decision = access.decide_document(actor=actor, document_id=document_id, at=at)
    audit.concerning(patient=document.patient_id, subject=document.id)
    if document.source_part != SIGNED_PART:
        raise NotSigned
    if document.withdrawn_at is not None:
        raise AlreadyWithdrawn
    file = queries.file_of(document)
    source = vault.read_blob(organisation_id=document.organisation_id, blob_id=file.blob_id, limit=DOCUMENT_LIMIT)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    marks = PrintMarks(
        issuer=accounts.organisation_card(document.organisation_id).name,
        document_id=document.id,
        sha256=bytes(file.sha256).hex(),
        created_at=document.created_at.astimezone(at.tzinfo),
        printed_at=at,
        address=f"{links.base_url.get()}/verify/copy/{token}",
    )
    pdf = verifiable_print(source, marks, language)
    _record(document=document, sha256=bytes(file.sha256), token=token, ground=decision.ground, actor=actor, at=at)
    return PrintedDocument(pdf, document.pages)


@audit.act("records:document:print")
def _record(
    *, document: Document, sha256: bytes, token: str, ground: access.Ground, actor: Actor, at: datetime
) -> None:
    copy = PrintedCopy.objects.create(
        organisation_id=document.organisation_id,
        document_id=document.id,
        token_hash=queries.print_token_hash(token),
        sha256=sha256,
        printed_by=actor.person,
        printed_at=at,
    )
    audit.record(
        "records:document:print",
        actor=actor,
        subject=document.id,
        patient=document.patient_id,
        categories=[document.class_code],
        ground=ground,
        at=at,
        detail={"copy": str(copy.id), "pages": document.pages},
    )
