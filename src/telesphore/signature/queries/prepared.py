"""What a card elsewhere is asked to sign: prepared signatures that wait, as the card agent's protocol spells them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from telesphore.accounts.formats import agent
from telesphore.ades.signing import PreparedSignature
from telesphore.kernel.actors import Actor
from telesphore.signature import access
from telesphore.signature.errors import CardsDiffer
from telesphore.signature.models import Revision
from telesphore.signature.queries.circuits import title
from telesphore.vault import queries as vault

ADDED_LIMIT = 32 * 2**20


@dataclass(frozen=True, slots=True)
class CardTask:
    """One list that a card's holder agrees to.

    Attributes:
        certificate_sha256: of the certificate that all was prepared for, hexadecimal.
        documents: as `sign` of docs/agent.md has them.
    """

    certificate_sha256: str
    documents: list[dict[str, Any]]


def card_task(*, prepared_ids: Sequence[UUID], actor: Actor, at: datetime) -> CardTask:
    """What the actor prepared, for their card to sign.

    Raises:
        PreparedNotFound, PreparedUsed, PreparedDropped, PreparedExpired, DamagedPrepared
        CardsDiffer: they were prepared for several certificates.
        KeyError: an algorithm that cards don't know.
    """
    certificates, documents = set(), []
    for prepared_id in prepared_ids:
        row = access.prepared_of(actor=actor, prepared_id=prepared_id, at=at)
        access.check_waits(row, at)
        kept = vault.read_blob(organisation_id=row.organisation_id, blob_id=row.blob_id, limit=ADDED_LIMIT)
        prepared = PreparedSignature.from_bytes(kept)
        certificates.add(hashlib.sha256(prepared.certificate).hexdigest())
        read = Revision.objects.get(
            organisation_id=row.organisation_id, envelope_id=row.envelope_id, number=row.revision
        )
        documents.append({
            "id": str(row.id),
            "title": title(row.envelope)[:200],
            "pages": row.envelope.pages,
            "sha256": bytes(read.sha256).hex(),
            "to_be_signed": agent.padded(prepared.to_be_signed),
            "algorithm": _NAMES[prepared.algorithm],
        })  # fmt: skip
    if len(certificates) != 1:
        raise CardsDiffer
    return CardTask(certificates.pop(), documents)


_NAMES = {algorithm: name for name, algorithm in agent.ALGORITHMS.items()}
