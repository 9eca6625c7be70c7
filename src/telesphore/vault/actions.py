"""What can happen in the vault: keys made, bytes deposited and kept, keys changed and destroyed."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, cast
from uuid import UUID

from django.db import transaction

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.vault import access, ports
from telesphore.vault.access import Owner
from telesphore.vault.errors import BadReason, DepositExpired, KeysetNotFound, TextTooLong
from telesphore.vault.formats import keysets, streaming
from telesphore.vault.models import Blob, Keyset
from telesphore.vault.queries import began_at, stored_name

LONGEST_TEXT = 64 * 1024
KEEP_WITHIN = timedelta(hours=12)
"""A deposit is kept within this time of its beginning, or never: orphans older than twice this are swept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedKeyset:
    """Keys made and wrapped, not yet written: wrapping through an HSM is a call, made before the transaction."""

    organisation_id: UUID
    key_id: UUID
    patient_id: UUID | None
    master_key: str
    blob_keys: bytes
    text_keys: bytes


def prepare_keyset(*, organisation_id: UUID, patient_id: UUID | None) -> PreparedKeyset:
    """Make and wrap the keys of a patient, or of an organisation. Writes nothing.

    Raises:
        MasterKeyMissing, WrongMasterKey: the master key can't be used.
    """
    owner = Owner(organisation_id, uuid7())
    master = ports.master_key.get()
    name = master.name

    def wrap(template: object, kind: str) -> bytes:
        return keysets.wrapped(
            keysets.new(template), wrap=master.wrap, unwrap=master.unwrap, context=owner.context(kind)
        )

    return PreparedKeyset(
        organisation_id=organisation_id,
        key_id=owner.key_id,
        patient_id=patient_id,
        master_key=name,
        blob_keys=wrap(keysets.BLOB_TEMPLATE, "blobs"),
        text_keys=wrap(keysets.TEXT_TEMPLATE, "texts"),
    )


@audit.act("vault:keyset:create")
def create_keyset(
    *,
    organisation_id: UUID,
    patient_id: UUID | None,
    actor: Actor,
    at: datetime,
    prepared: PreparedKeyset | None = None,
) -> UUID:
    """Give a patient (or, without one, the organisation) a keyset, and return its id.

    Without `prepared`, the keys are wrapped inside the transaction, which an HSM makes slower.
    """
    prepared = prepared or prepare_keyset(organisation_id=organisation_id, patient_id=patient_id)
    assert (prepared.organisation_id, prepared.patient_id) == (organisation_id, patient_id)
    Keyset.objects.create(
        organisation_id=organisation_id,
        id=prepared.key_id,
        patient_id=patient_id,
        master_key=prepared.master_key,
        blob_keys=prepared.blob_keys,
        text_keys=prepared.text_keys,
        created_at=at,
    )
    audit.record("vault:keyset:create", actor=actor, at=at, subject=prepared.key_id, patient=patient_id)
    return prepared.key_id


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
    key = access.blob_keys(access.find_keyset(owner))[0]
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
    if at - began_at(deposited.blob_id) > KEEP_WITHIN:
        raise DepositExpired
    keyset = access.find_keyset(Owner(deposited.organisation_id, deposited.key_id))
    Blob.objects.create(
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
    audit.record(
        "vault:blob:keep", actor=actor, at=at, subject=deposited.blob_id, patient=keyset.patient_id,
        detail={"size": deposited.size},
    )  # fmt: skip
    return deposited.blob_id


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


_REASON = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


@audit.act("vault:keyset:erase")
def erase_keyset(*, organisation_id: UUID, key_id: UUID, actor: Actor, at: datetime, reason: str) -> None:
    """Destroy a keyset: all that it encrypted is noise from the commit on, in backups of the store too.

    The trail keeps a tombstone: who, when, why, how many documents. The sweep removes the bytes later. Erasing again
    does nothing.

    Args:
        reason: a short code, e.g. `patient-request`, `retention-over`.

    Raises:
        KeysetNotFound: no such keyset in this organisation.
        BadReason: not such a code.
    """
    if not _REASON.fullmatch(reason):
        raise BadReason
    rows = Keyset.objects.filter(organisation_id=organisation_id, id=key_id)
    row = rows.select_for_update().first()
    if row is None:
        raise KeysetNotFound
    if row.erased_at is not None:
        return
    rows.update(blob_keys=None, text_keys=None, erased_at=at, version=row.version + 1)
    blobs = Blob.objects.filter(organisation_id=organisation_id, key_id=key_id).update(sha256=None)
    audit.record(
        "vault:keyset:erase", actor=actor, at=at, subject=key_id, patient=row.patient_id, ground=reason,
        detail={"blobs": blobs},
    )  # fmt: skip
    # Other processes read the row before each use, and drop what they hold within CACHED_FOR.
    transaction.on_commit(lambda: access.forget(Owner(organisation_id, key_id)))
