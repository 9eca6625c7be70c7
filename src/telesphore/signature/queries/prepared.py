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
from telesphore.signature.queries.circuits import titles
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
    rows = access.all_prepared_of(actor=actor, prepared_ids=prepared_ids, at=at)
    for row in rows:
        access.check_waits(row, at)
    read = Revision.objects.filter(
        organisation_id=actor.organisation, envelope_id__in=[row.envelope_id for row in rows]
    ).values_list("envelope_id", "number", "sha256")
    seen = {(envelope_id, number): bytes(sha256).hex() for envelope_id, number, sha256 in read}
    kept = vault.read_blobs(
        organisation_id=actor.organisation, blob_ids=[row.blob_id for row in rows], limit=ADDED_LIMIT
    )
    certificates, documents = set(), []
    for row, title, (_, content) in zip(rows, titles([row.envelope for row in rows]), kept, strict=True):
        prepared = PreparedSignature.from_bytes(content)
        certificates.add(hashlib.sha256(prepared.certificate).hexdigest())
        documents.append({
            "id": str(row.id),
            "title": title[:200],
            "pages": row.envelope.pages,
            "sha256": seen[row.envelope_id, row.revision],
            "to_be_signed": agent.padded(prepared.to_be_signed),
            "algorithm": _NAMES[prepared.algorithm],
        })  # fmt: skip
    if len(certificates) != 1:
        raise CardsDiffer
    return CardTask(certificates.pop(), documents)


_NAMES = {algorithm: name for name, algorithm in agent.ALGORITHMS.items()}
