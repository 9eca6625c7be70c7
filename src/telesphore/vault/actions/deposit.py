"""Bytes are deposited in the store, then kept by a row; short texts are sealed."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO, cast
from uuid import UUID

from django.db import connection

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.errors import DomainError
from telesphore.kernel.identifiers import uuid7
from telesphore.vault import access, ports
from telesphore.vault.access import Owner
from telesphore.vault.errors import DepositExpired, Erased, KeysetNotFound, TextTooLong
from telesphore.vault.formats import streaming
from telesphore.vault.formats.keysets import StreamingKey
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One document of a batch, as it comes: `content` from where it stands to its end."""

    organisation_id: UUID
    key_id: UUID
    media_type: str
    content: bytes | BinaryIO


def deposit(*, organisation_id: UUID, key_id: UUID, media_type: str, content: bytes | BinaryIO) -> Deposited:
    """Encrypt `content` (from where it stands to its end) into the store; durable when it returns.

    Called outside any transaction. Memory stays at a few MiB whatever the size.

    Raises:
        KeysetNotFound, Erased, WrongMasterKey: the key can't be had.
        StoreFull, StoreAway: nothing was written that shows.
    """
    incoming = Incoming(organisation_id=organisation_id, key_id=key_id, media_type=media_type, content=content)
    write = _Write(incoming, uuid7(), access.writing_key(Owner(organisation_id, key_id)))
    # A crash from here to `keep` leaves bytes that no row names: the sweep removes them.
    ports.store.get().write(write.name, write.stream)
    return write.deposited


def deposit_many(incoming: Sequence[Incoming]) -> list[Deposited]:
    """Deposit a batch, in the order given; all of it is durable when it returns. Then `keep_many`.

    Called outside any transaction. The store waits for its disk a few times in all rather than twice a document.

    Raises:
        KeysetNotFound, Erased, WrongMasterKey: the key of one of them can't be had; nothing was written.
        StoreFull, StoreAway: none of them is deposited; bytes that were written are orphans, and swept.
    """
    keys = access.writing_keys(Owner(one.organisation_id, one.key_id) for one in incoming)
    # The names of a batch end alike, so that they lie in one folder of the store, which is forced to disk once.
    ending = os.urandom(1)[0]
    writes = [
        _Write(one, UUID(int=uuid7().int & ~0xFF | ending), keys[Owner(one.organisation_id, one.key_id)])
        for one in incoming
    ]
    # A crash from here to `keep_many` leaves bytes that no row names, whichever were written: the sweep removes them.
    ports.store.get().write_many([(write.name, write.stream) for write in writes])
    return [write.deposited for write in writes]


class _Write:
    """One document on its way into the store under its new name."""

    def __init__(self, incoming: Incoming, blob_id: UUID, key: StreamingKey) -> None:
        owner = Owner(incoming.organisation_id, incoming.key_id)
        self._incoming, self._blob_id = incoming, blob_id
        self._reader = streaming.EncryptingReader(incoming.content, key, owner.blob_context(blob_id))

    @property
    def name(self) -> str:
        return stored_name(self._incoming.organisation_id, self._blob_id)

    @property
    def stream(self) -> BinaryIO:
        return cast(BinaryIO, self._reader)

    @property
    def deposited(self) -> Deposited:
        """Once the stream was read to its end."""
        return Deposited(
            blob_id=self._blob_id,
            organisation_id=self._incoming.organisation_id,
            key_id=self._incoming.key_id,
            media_type=self._incoming.media_type,
            size=self._reader.size,
            sha256=self._reader.sha256,
            stored_size=self._reader.stored_size,
            stored_sha256=self._reader.stored_sha256,
        )


_COLUMNS = "organisation_id, id, key_id, media_type, size, sha256, stored_size, stored_sha256, kept_at"
# One statement, and the lock that the foreign key takes at commit is taken now: an erasure under way is waited for and
# then seen, and one that comes later waits for this row and then counts it.
_KEEP = f"""
    WITH keyset AS (
        SELECT patient_id FROM vault_keyset WHERE organisation_id = %s AND id = %s AND erased_at IS NULL
        FOR KEY SHARE
    ), kept AS (
        INSERT INTO vault_blob ({_COLUMNS}) SELECT %s, %s, %s, %s, %s, %s, %s, %s, %s FROM keyset
    )
    SELECT patient_id FROM keyset
"""  # noqa: S608 - our own column names.
_LOCK = """
    SELECT organisation_id, id, patient_id FROM vault_keyset
    WHERE (organisation_id, id) IN (SELECT * FROM unnest(%s::uuid[], %s::uuid[])) AND erased_at IS NULL
    ORDER BY organisation_id, id FOR KEY SHARE
"""


@audit.act("vault:blob:keep")
def keep(deposited: Deposited, *, actor: Actor, at: datetime) -> UUID:
    """Write the row that names deposited bytes, with its trace, in the caller's transaction. Returns the blob's id.

    Raises:
        Erased, KeysetNotFound: the owner's keyset was destroyed since the deposit.
        DepositExpired: the deposit began more than `KEEP_WITHIN` ago, and may be swept.
    """
    _check_not_expired(deposited, at)
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [deposited.organisation_id, deposited.key_id, *_row(deposited, at)])
        found = cursor.fetchone()
    if found is None:
        raise _no_keyset(Owner(deposited.organisation_id, deposited.key_id))
    audit.record(
        "vault:blob:keep", actor=actor, at=at, subject=deposited.blob_id, patient=found[0],
        detail={"size": deposited.size},
    )  # fmt: skip
    return deposited.blob_id


@audit.act("vault:blob:keep")
def keep_many(deposits: Sequence[Deposited], *, actor: Actor, at: datetime) -> list[UUID]:
    """Keep a batch, all or none: a laboratory's delivery takes a few statements in all. Otherwise as `keep`."""
    for deposited in deposits:
        _check_not_expired(deposited, at)
    owners = list({Owner(deposited.organisation_id, deposited.key_id) for deposited in deposits})
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [[owner.organisation_id for owner in owners], [owner.key_id for owner in owners]])
        patients = {Owner(organisation, key): patient for organisation, key, patient in cursor.fetchall()}
        for owner in owners:
            if owner not in patients:
                raise _no_keyset(owner)
        with cursor.copy(f"COPY vault_blob ({_COLUMNS}) FROM STDIN") as copy:
            for deposited in deposits:
                copy.write_row(_row(deposited, at))
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


def _no_keyset(owner: Owner) -> DomainError:
    """Why the owner has no living keyset."""
    try:
        access.find_keyset(owner)
    except (Erased, KeysetNotFound) as error:
        return error
    raise AssertionError("A keyset does not come back.")


def _check_not_expired(deposited: Deposited, at: datetime) -> None:
    if at - began_at(deposited.blob_id) > KEEP_WITHIN:
        raise DepositExpired


def _row(deposited: Deposited, at: datetime) -> tuple[Any, ...]:
    """The values of _COLUMNS."""
    return (
        deposited.organisation_id,
        deposited.blob_id,
        deposited.key_id,
        deposited.media_type,
        deposited.size,
        deposited.sha256,
        deposited.stored_size,
        deposited.stored_sha256,
        at,
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
