"""Bytes are deposited in the store, then kept by a row; short texts are sealed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, cast
from uuid import UUID

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.vault import access, ports
from telesphore.vault.access import Owner
from telesphore.vault.errors import DepositExpired, TextTooLong
from telesphore.vault.formats import streaming
from telesphore.vault.models import Blob
from telesphore.vault.queries import began_at, stored_name

LONGEST_TEXT = 64 * 1024
KEEP_WITHIN = timedelta(hours=12)
"""A deposit is kept within this time of its beginning, or never: orphans older than twice this are swept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposited:
    """Bytes that are encrypted and durable in the store, and that nothing names yet: `keep` them, or they are swept.

    Attributes:
        size, sha256: of the plaintext, in bytes.
        stored_size, stored_sha256: of the ciphertext.
    """

    blob_id: UUID
    organisation_id: UUID
    key_id: UUID
    media_type: str
    size: int
    sha256: bytes
    stored_size: int
    stored_sha256: bytes


def deposit(*, organisation_id: UUID, key_id: UUID, media_type: str, content: bytes | BinaryIO) -> Deposited:
    """Encrypt `content` (from where it stands to its end) into the store; durable when it returns.

    Called outside any transaction. Memory stays at a few MiB whatever the size.

    Raises:
        KeysetNotFound, Erased, WrongMasterKey: the key can't be had.
        StoreFull, StoreAway: nothing was written that shows.
    """
    owner = Owner(organisation_id, key_id)
    key = access.writing_key(owner)
    blob_id = uuid7()
    reader = streaming.EncryptingReader(content, key, owner.blob_context(blob_id))
    # A crash from here to `keep` leaves bytes that no row names: the sweep removes them.
    ports.store.get().write(stored_name(organisation_id, blob_id), cast(BinaryIO, reader))
    return Deposited(
        blob_id=blob_id,
        organisation_id=organisation_id,
        key_id=key_id,
        media_type=media_type,
        size=reader.size,
        sha256=reader.sha256,
        stored_size=reader.stored_size,
        stored_sha256=reader.stored_sha256,
    )


@audit.act("vault:blob:keep")
def keep(deposited: Deposited, *, actor: Actor, at: datetime) -> UUID:
    """Write the row that names deposited bytes, with its trace, in the caller's transaction. Returns the blob's id.

    Raises:
        Erased, KeysetNotFound: the owner's keyset was destroyed since the deposit.
        DepositExpired: the deposit began more than `KEEP_WITHIN` ago, and may be swept.
    """
    patient_id = _check_can_keep(deposited, at)
    _row(deposited, at).save(force_insert=True)
    audit.record(
        "vault:blob:keep", actor=actor, at=at, subject=deposited.blob_id, patient=patient_id,
        detail={"size": deposited.size},
    )  # fmt: skip
    return deposited.blob_id


@audit.act("vault:blob:keep")
def keep_many(deposits: Sequence[Deposited], *, actor: Actor, at: datetime) -> list[UUID]:
    """Keep a batch, all or none: a laboratory's delivery takes a few statements in all. Otherwise as `keep`."""
    owners = {Owner(deposited.organisation_id, deposited.key_id): deposited for deposited in deposits}
    patients = {owner: _check_can_keep(deposited, at) for owner, deposited in owners.items()}
    for deposited in deposits:
        _check_not_expired(deposited, at)
    Blob.objects.bulk_create([_row(deposited, at) for deposited in deposits], batch_size=500)
    audit.record_many(
        [
            audit.Occurrence(
                action="vault:blob:keep",
                actor=actor,
                at=at,
                subject=deposited.blob_id,
                patient=patients[Owner(deposited.organisation_id, deposited.key_id)],
                detail={"size": deposited.size},
            )
            for deposited in deposits
        ]
    )
    return [deposited.blob_id for deposited in deposits]


def _check_can_keep(deposited: Deposited, at: datetime) -> UUID | None:
    """The patient whose document it is."""
    _check_not_expired(deposited, at)
    return access.find_keyset(Owner(deposited.organisation_id, deposited.key_id)).patient_id


def _check_not_expired(deposited: Deposited, at: datetime) -> None:
    if at - began_at(deposited.blob_id) > KEEP_WITHIN:
        raise DepositExpired


def _row(deposited: Deposited, at: datetime) -> Blob:
    return Blob(
        organisation_id=deposited.organisation_id,
        id=deposited.blob_id,
        key_id=deposited.key_id,
        media_type=deposited.media_type,
        size=deposited.size,
        sha256=deposited.sha256,
        stored_size=deposited.stored_size,
        stored_sha256=deposited.stored_sha256,
        kept_at=at,
    )


def seal_text(*, organisation_id: UUID, key_id: UUID, text: str, context: str) -> bytes:
    """Encrypt a short text, such as a title, under its owner's key; `context` must be given again to read it.

    Raises:
        TextTooLong: more than 64 KiB of UTF-8.
        KeysetNotFound, Erased, WrongMasterKey: the key can't be had.
    """
    data = text.encode()
    if len(data) > LONGEST_TEXT:
        raise TextTooLong(limit=LONGEST_TEXT)
    owner = Owner(organisation_id, key_id)
    sealed: bytes = access.text_cipher(access.find_keyset(owner)).encrypt(data, owner.text_context(context))
    return sealed
