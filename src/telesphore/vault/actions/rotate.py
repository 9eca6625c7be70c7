"""Keys are changed while everything runs: keysets are wrapped anew, blobs are never encrypted again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.vault import access, ports
from telesphore.vault.access import Owner, WrappedKeys
from telesphore.vault.errors import KeysetBusy, NotRenewable, TooManyKeys, WrongMasterKey
from telesphore.vault.formats import keysets
from telesphore.vault.models import Keyset

_BATCH = 200
_TRIES = 5
_MOST_UNOPENED = 100
_MOST_KEYS = 32
"""Keys in one keyset: reading an old blob tries them one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """What a rotation did.

    Attributes:
        master_key: name of the master key that wraps every keyset now.
        keysets: how many were wrapped anew.
        unopened: how many no master key of this instance opens; they stay as they are.
    """

    master_key: str
    keysets: int
    unopened: int


@audit.staged("vault:master-key:rotate")
def rotate_master(*, actor: Actor, at: datetime, progress: Callable[[int], None] | None = None) -> Rotated:
    """Change the master key, then wrap every keyset under it; others read and write meanwhile.

    When some keysets are not under the present key (a rotation was interrupted, or another master key was configured),
    the key itself is not changed: they are brought under it. Called outside any transaction.

    Args:
        progress: told the number of keysets wrapped so far.

    Raises:
        NotRenewable: nothing is left to wrap anew, and this kind of master key is changed by its own tools.
        WrongMasterKey: a hundred keysets do not open: this is not the master key of this instance.
    """
    master = ports.master_key.get()
    if not _left_behind(master.name).exists():
        if not isinstance(master, ports.RenewableMasterKey):
            raise NotRenewable
        # A crash after this line leaves a key that wraps nothing yet; the next rotation goes on from there.
        master.renew()
    done, unopened = 0, set[UUID]()
    # The name is asked anew each turn: another process may have renewed the key.
    while rows := list(_left_behind(name := master.name).exclude(id__in=unopened)[:_BATCH]):
        for row in rows:
            try:
                # A keyset changed meanwhile is seen again by the next turn, unless it was erased or wrapped anew.
                done += _store(row, _wrap(row), change=0)
            except WrongMasterKey:
                # One damaged keyset does not keep the others under a key that may be in the wrong hands.
                unopened.add(row.id)
                if len(unopened) >= _MOST_UNOPENED:
                    raise
        if progress:
            progress(done)
    with transaction.atomic():
        audit.record(
            "vault:master-key:rotate",
            actor=actor,
            at=at,
            family=audit.Family.TECHNICAL,
            detail={"keysets": done, "unopened": len(unopened), "master_key": name},
        )
    return Rotated(master_key=name, keysets=done, unopened=len(unopened))


def _left_behind(name: str) -> QuerySet[Keyset]:
    return Keyset.objects.filter(erased_at=None).exclude(master_key=name).order_by("organisation_id", "id")


@audit.staged("vault:master-key:retire")
def retire_master(*, actor: Actor, at: datetime) -> int:
    """Destroy the master keys under which no keyset is. Returns how many.

    Backups of the database made before the rotation can't be read without them.

    Raises:
        NotRenewable: this kind of master key is changed by its own tools.
        RetiredTooSoon: the last rotation is less than an hour old.
    """
    master = ports.master_key.get()
    if not isinstance(master, ports.RenewableMasterKey):
        raise NotRenewable
    used = set(Keyset.objects.filter(erased_at=None).values_list("master_key", flat=True).distinct())
    count = master.retire(used, at)
    with transaction.atomic():
        audit.record(
            "vault:master-key:retire", actor=actor, at=at, family=audit.Family.TECHNICAL, detail={"keys": count}
        )
    return count


@audit.staged("vault:keyset:rotate")
def rotate_keyset(*, organisation_id: UUID, key_id: UUID, actor: Actor, at: datetime) -> None:
    """Give an owner fresh keys for what comes; the earlier ones still read what they wrote.

    Raises:
        KeysetNotFound, Erased, WrongMasterKey: the keyset can't be had.
        TooManyKeys: it holds 32 keys already.
        KeysetBusy: others changed it five times while it was prepared.
    """
    owner = Owner(organisation_id, key_id)
    for _ in range(_TRIES):
        row = access.find_keyset(owner)
        if _complete_rotation(row=row, wrapped=_wrap(row, extend=True), actor=actor, at=at):
            # Elsewhere, what is remembered still reads; blobs are written under the earlier key for CACHED_FOR at most.
            access.forget(owner)
            return
    raise KeysetBusy


@audit.act("vault:keyset:rotate")
def _complete_rotation(*, row: Keyset, wrapped: WrappedKeys, actor: Actor, at: datetime) -> bool:
    if not _store(row, wrapped, change=1):
        return False
    audit.record("vault:keyset:rotate", actor=actor, at=at, subject=row.id, patient=row.patient_id)
    return True


def _wrap(row: Keyset, *, extend: bool = False) -> WrappedKeys:
    """The row's keys (with a fresh one of each kind, if `extend`) under the present master key."""
    handles = {}
    for kind, template in access.TEMPLATES.items():
        handle = access.open_handle(row, kind)
        if extend and keysets.count(handle) >= _MOST_KEYS:
            raise TooManyKeys
        handles[kind] = keysets.extended(handle, template) if extend else handle
    return access.wrap(Owner(row.organisation_id, row.id), handles)


def _store(row: Keyset, wrapped: WrappedKeys, *, change: int) -> bool:
    """Write the wrapped keys, unless the row was changed or erased since they were read. Returns whether it did.

    `change` is added to the version of the keys themselves: 0 when only their wrapping changed.
    """
    updated = Keyset.objects.filter(
        organisation_id=row.organisation_id, id=row.id, erased_at=None, version=row.version, master_key=row.master_key
    ).update(
        master_key=wrapped.master_key,
        blob_keys=wrapped.blobs,
        text_keys=wrapped.texts,
        version=row.version + change,
    )
    return updated == 1
