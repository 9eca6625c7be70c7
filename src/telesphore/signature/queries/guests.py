"""Guests of circuits, who have neither account nor record: what is kept of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from telesphore.signature.models import Envelope, Recipient
from telesphore.vault import queries as vault


@dataclass(frozen=True, slots=True)
class GuestCard:
    """An interpreter or a witness; phone in E.164, quality in the sender's words."""

    name: str
    email: str
    phone: str
    quality: str


def guests_of(rows: Sequence[tuple[Envelope, Recipient]]) -> dict[UUID, GuestCard]:
    """Those of these recipients who are guests, by the recipient's id; one query, of one organisation."""
    guests = [(envelope, row) for envelope, row in rows if row.guest_sealed is not None]
    if not guests:
        return {}
    texts = vault.unseal_texts(
        organisation_id=guests[0][0].organisation_id,
        texts=[
            vault.Sealed(envelope.key_id, bytes(row.guest_sealed or b""), context_of(row.id))
            for envelope, row in guests
        ],
    )
    return {row.id: GuestCard(**json.loads(text)) for (_envelope, row), text in zip(guests, texts, strict=True)}


def context_of(recipient_id: UUID) -> str:
    """What a guest's address is sealed for."""
    return f"signature:guest:{recipient_id}"
