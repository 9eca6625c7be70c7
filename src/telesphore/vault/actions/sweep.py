"""What no row names is removed from the store: deposits never kept, and all that erased keys encrypted."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from uuid import UUID

from django.db import transaction

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.vault import ports
from telesphore.vault.actions.deposit import KEEP_WITHIN
from telesphore.vault.models import Blob
from telesphore.vault.queries import began_at, stored_name

ORPHAN_AFTER = 2 * KEEP_WITHIN
"""`keep` refuses a deposit at half this age; the other half is for clocks that disagree and slow transactions."""
_BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep did.

    Attributes:
        orphans: bytes of deposits never kept, removed.
        erased: bytes under destroyed keys, removed.
        unfinished: what killed writes left behind, removed.
        unknown: names that are not ours, left alone.
    """

    orphans: int
    erased: int
    unfinished: int
    unknown: int


@audit.staged("vault:store:sweep")
def sweep(*, actor: Actor, at: datetime) -> Swept:
    """Remove what no row names and is older than `ORPHAN_AFTER`, and what erased keys encrypted.

    Called outside any transaction; safe beside deposits, and to run twice.

    Raises:
        StoreAway: the store does not answer; what was removed is removed.
    """
    store = ports.store.get()
    orphans = erased = unknown = 0
    names = store.names()
    while batch := list(islice(names, _BATCH)):
        blobs = [blob for name in batch if (blob := _parse(name))]
        unknown += len(batch) - len(blobs)
        for organisation_id, ids in _by_organisation(blobs):
            known = dict(
                Blob.objects.filter(organisation_id=organisation_id, id__in=ids).values_list("id", "keyset__erased_at")
            )
            for blob_id in ids:
                if blob_id not in known:
                    # Its age is in its id, so no store's clock is believed.
                    if at - began_at(blob_id) <= ORPHAN_AFTER:
                        continue
                    orphans += 1
                elif known[blob_id] is not None:
                    erased += 1
                else:
                    continue
                store.delete(stored_name(organisation_id, blob_id))
    unfinished = store.discard_unfinished(at - ORPHAN_AFTER)
    swept = Swept(orphans=orphans, erased=erased, unfinished=unfinished, unknown=unknown)
    with transaction.atomic():
        audit.record(
            "vault:store:sweep", actor=actor, at=at, family=audit.Family.TECHNICAL,
            detail={"orphans": orphans, "erased": erased, "unfinished": unfinished, "unknown": unknown},
        )  # fmt: skip
    return swept


def _parse(name: str) -> tuple[UUID, UUID] | None:
    """The ids in a stored name; None when it is not one of ours."""
    try:
        organisation, _, blob = name.split("/")
        ids = UUID(organisation), UUID(blob)
    except ValueError:
        return None
    return ids if stored_name(*ids) == name else None


def _by_organisation(blobs: list[tuple[UUID, UUID]]) -> Iterator[tuple[UUID, list[UUID]]]:
    for organisation_id, group in groupby(sorted(blobs), key=lambda blob: blob[0]):
        yield organisation_id, [blob_id for _, blob_id in group]
