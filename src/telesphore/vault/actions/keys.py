"""Keys are made for a patient or an organisation, and destroyed."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.vault import access
from telesphore.vault.access import Owner, WrappedKeys
from telesphore.vault.errors import BadReason, KeysetNotFound
from telesphore.vault.formats import keysets
from telesphore.vault.models import Blob, Keyset

_REASON = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedKeyset:
    """Keys made and wrapped, not yet written: wrapping through an HSM is a call, made before the transaction."""

    owner: Owner
    patient_id: UUID | None
    keys: WrappedKeys


def prepare_keyset(*, organisation_id: UUID, patient_id: UUID | None) -> PreparedKeyset:
    """Make and wrap the keys of a patient, or of an organisation. Writes nothing.

    Raises:
        MasterKeyMissing, WrongMasterKey: the master key can't be used.
    """
    owner = Owner(organisation_id, uuid7())
    fresh = {kind: keysets.new(template) for kind, template in access.TEMPLATES.items()}
    return PreparedKeyset(owner=owner, patient_id=patient_id, keys=access.wrap(owner, fresh))


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
    assert (prepared.owner.organisation_id, prepared.patient_id) == (organisation_id, patient_id)
    key_id = prepared.owner.key_id
    Keyset.objects.create(
        organisation_id=organisation_id,
        id=key_id,
        patient_id=patient_id,
        master_key=prepared.keys.master_key,
        blob_keys=prepared.keys.blobs,
        text_keys=prepared.keys.texts,
        created_at=at,
    )
    audit.record("vault:keyset:create", actor=actor, at=at, subject=key_id, patient=patient_id)
    return key_id


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
