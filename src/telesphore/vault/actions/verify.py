"""All that the vault holds is read and compared with what was stored."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Sum

from telesphore.audit import actions as audit
from telesphore.kernel.actors import Actor
from telesphore.vault.errors import BlobDamaged, BlobNotFound, Erased, WrongMasterKey
from telesphore.vault.models import Blob, Check
from telesphore.vault.queries import open_blob

_BATCH = 100
_CHUNK = 1 << 20
_SAVE_EVERY = 2.0
"""Seconds of reading that a killed check does again at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One damaged blob; `code` is the refusal's, e.g. `blob-altered`."""

    organisation_id: UUID
    blob_id: UUID
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """How far a check is: told as it goes, returned at the end.

    Attributes:
        blobs, stored_bytes: read so far, what was read before an interruption included.
        of_blobs, of_bytes: what there was to read when it began or went on.
    """

    blobs: int
    stored_bytes: int
    of_blobs: int
    of_bytes: int
    findings: tuple[Finding, ...]


@audit.staged("vault:store:verify")
def verify(
    *,
    actor: Actor,
    at: datetime,
    rate: int | None = None,
    restart: bool = False,
    progress: Callable[[Checked], None] | None = None,
) -> Checked:
    """Read every blob of every organisation, from where the last unfinished check stopped.

    Each damaged blob is a finding, and an event of its organisation's trail. Called outside any transaction; others
    read and write meanwhile.

    Args:
        rate: bytes of plaintext per second at most; None for as fast as it goes.
        restart: begin anew, even when a check is unfinished.

    Raises:
        StoreAway, MasterKeyMissing: the check stops; it goes on from there next time.
    """
    check = None if restart else Check.objects.filter(finished_at=None).order_by("-id").first()
    check = check or Check.objects.create(started_at=at)
    pace, saved, total = _Pace(rate), time.monotonic(), _total()
    try:
        for blob in _blobs_after(check):
            code = _damage(blob, pace)
            check.blobs += 1
            check.stored_bytes += blob.stored_size
            check.after_organisation, check.after_blob = blob.organisation_id, blob.id
            if code:
                finding = Finding(organisation_id=blob.organisation_id, blob_id=blob.id, code=code)
                check.findings.append({key: str(value) for key, value in asdict(finding).items()})
                with transaction.atomic():
                    check.save()
                    audit.record(
                        "vault:blob:damaged", actor=actor.within(blob.organisation_id), at=at, subject=blob.id,
                        detail={"code": code},
                    )  # fmt: skip
            elif time.monotonic() - saved > _SAVE_EVERY:
                check.save()
                saved = time.monotonic()
                if progress:
                    progress(_checked(check, total))
    finally:
        check.save()
    check.finished_at = at
    with transaction.atomic():
        check.save()
        audit.record(
            "vault:store:verify", actor=actor, at=at, family=audit.Family.TECHNICAL, subject=check.id,
            detail={"blobs": check.blobs, "bytes": check.stored_bytes, "findings": len(check.findings)},
        )  # fmt: skip
    done = _checked(check, total)
    if progress:
        progress(done)
    return done


def _blobs_after(check: Check) -> Iterator[Blob]:
    """Blobs after the check's place, in the order of the primary key."""
    organisation_id, after = check.after_organisation, check.after_blob
    while True:
        if organisation_id is not None:
            rows = Blob.objects.filter(organisation_id=organisation_id, keyset__erased_at=None).order_by("id")
            while batch := list((rows.filter(id__gt=after) if after else rows)[:_BATCH]):
                yield from batch
                after = batch[-1].id
        others = Blob.objects.filter(organisation_id__gt=organisation_id) if organisation_id else Blob.objects.all()
        organisation_id = others.order_by("organisation_id").values_list("organisation_id", flat=True).first()
        after = None
        if organisation_id is None:
            return


def _damage(blob: Blob, pace: "_Pace") -> str | None:
    """The code of what is wrong with a blob; None when nothing is."""
    try:
        with open_blob(organisation_id=blob.organisation_id, blob_id=blob.id) as stream:
            while part := stream.read(_CHUNK):
                pace.spend(len(part))
    except (Erased, BlobNotFound):
        return None  # Erased since the batch was read.
    except (BlobDamaged, WrongMasterKey) as damaged:
        return damaged.code
    return None


def _total() -> tuple[int, int]:
    """How many blobs there are to read, and how many stored bytes."""
    found = Blob.objects.filter(keyset__erased_at=None).aggregate(blobs=Count("id"), size=Sum("stored_size"))
    return found["blobs"], found["size"] or 0


def _checked(check: Check, total: tuple[int, int]) -> Checked:
    return Checked(
        blobs=check.blobs,
        stored_bytes=check.stored_bytes,
        of_blobs=total[0],
        of_bytes=total[1],
        findings=tuple(
            Finding(organisation_id=UUID(found["organisation_id"]), blob_id=UUID(found["blob_id"]), code=found["code"])
            for found in check.findings
        ),
    )


class _Pace:
    """Sleeps so that no more than `rate` bytes pass per second, on average."""

    def __init__(self, rate: int | None) -> None:
        self._rate = rate
        self._since = time.monotonic()
        self._spent = 0

    def spend(self, size: int) -> None:
        """Count `size` bytes, and wait when they came too fast."""
        if self._rate is None:
            return
        self._spent += size
        ahead = self._spent / self._rate - (time.monotonic() - self._since)
        if ahead > 0:
            time.sleep(ahead)
