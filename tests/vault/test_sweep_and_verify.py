"""Orphans go, documents stay; all that is stored is read and compared."""

import importlib
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from telesphore.audit.models import Event
from telesphore.connectors.folder.store import FolderStore
from telesphore.kernel.actors import Actor
from telesphore.vault import actions, ports
from telesphore.vault.actions.deposit import KEEP_WITHIN
from telesphore.vault.actions.sweep import ORPHAN_AFTER
from telesphore.vault.errors import StoreAway
from telesphore.vault.models import Blob, Check
from tests.vault.conftest import Patient, now, put, report, stored

SYSTEM = Actor.system()
# The package gives its function under this name.
verification = importlib.import_module("telesphore.vault.actions.verify")


def test_a_sweep_takes_old_orphans_and_leaves_documents_and_deposits_in_flight(
    store: ports.BlobStore, alice: Patient
) -> None:
    kept, orphan = alice.keep(report()), alice.deposit(report())
    young = actions.sweep(actor=SYSTEM, at=now() + timedelta(hours=23))
    assert young == actions.Swept(orphans=0, erased=0, unfinished=0, unknown=0)
    assert set(store.names()) == {alice.name(kept), alice.name(orphan.blob_id)}
    old = actions.sweep(actor=SYSTEM, at=now() + timedelta(hours=25))
    assert old.orphans == 1
    assert list(store.names()) == [alice.name(kept)]
    assert len(alice.read(kept)) == 20_000
    assert Event.objects.filter(action="vault:store:sweep").order_by("id").last().detail["orphans"] == 1  # type: ignore[union-attr]


def test_whatever_can_still_be_kept_can_not_be_swept() -> None:
    assert KEEP_WITHIN + timedelta(hours=12) <= ORPHAN_AFTER


def test_a_sweep_takes_what_erased_keys_encrypted(store: ports.BlobStore, alice: Patient, bob: Patient) -> None:
    alice.keep(report())
    of_bob = bob.keep(report())
    alice.erase()
    assert actions.sweep(actor=SYSTEM, at=now()).erased == 1
    assert list(store.names()) == [bob.name(of_bob)]


def test_a_sweep_leaves_what_is_not_ours(store: ports.BlobStore, alice: Patient) -> None:
    strangers = {"readme", "a/b/c", f"{alice.organisation_id}/00/not-an-id"}
    for name in strangers:
        put(store, name, b"someone else's")
    swept = actions.sweep(actor=SYSTEM, at=now() + timedelta(days=365))
    assert (swept.unknown, swept.orphans) == (3, 0)
    assert set(store.names()) == strangers


def test_a_sweep_discards_what_killed_writers_left(folder: FolderStore, db: None, tmp_path: Path) -> None:
    (tmp_path / "vault" / "incoming" / "half").write_bytes(b"half")
    assert actions.sweep(actor=SYSTEM, at=now()).unfinished == 0
    assert actions.sweep(actor=SYSTEM, at=now() + timedelta(hours=25)).unfinished == 1


def damage_one_of_each(store: ports.BlobStore, alice: Patient, bob: Patient) -> dict[UUID, str]:
    missing, truncated, altered, swapped = (alice.keep(report()) for _ in range(4))
    whole = bob.keep(report())
    store.delete(alice.name(missing))
    put(store, alice.name(truncated), stored(store, alice.name(truncated))[:-1])
    put(store, alice.name(altered), stored(store, alice.name(altered))[:-1] + b"?")
    put(store, alice.name(swapped), stored(store, bob.name(whole)))
    return {
        missing: "blob-missing",
        truncated: "blob-truncated",
        altered: "blob-altered",
        swapped: "blob-swapped",
    }


def test_a_check_finds_each_damage_and_says_so_in_the_trail(
    store: ports.BlobStore, alice: Patient, bob: Patient, charlie: Patient
) -> None:
    charlie.keep(report())
    damages = damage_one_of_each(store, alice, bob)
    checked = actions.verify(actor=SYSTEM, at=now())
    assert (checked.blobs, checked.of_blobs) == (6, 6)
    assert {finding.blob_id: finding.code for finding in checked.findings} == damages
    events = Event.objects.filter(action="vault:blob:damaged", organisation_id=alice.organisation_id)
    assert {event.subject_id: event.detail["code"] for event in events} == damages


def test_a_check_of_a_whole_vault_finds_nothing(store: ports.BlobStore, alice: Patient, bob: Patient) -> None:
    for patient in (alice, bob):
        patient.keep(report(1_100_000))
        patient.keep(b"")
    bob.erase()
    told: list[actions.Checked] = []
    checked = actions.verify(actor=SYSTEM, at=now(), progress=told.append)
    assert (checked.blobs, checked.findings) == (2, ())
    assert checked.stored_bytes == checked.of_bytes
    assert told == [checked]


def test_an_empty_vault_is_whole(folder: FolderStore, db: None) -> None:
    checked = actions.verify(actor=SYSTEM, at=now())
    assert (checked.blobs, checked.findings) == (0, ())


def test_a_check_that_was_stopped_goes_on_from_there_and_forgets_no_finding(
    folder: FolderStore, alice: Patient, charlie: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "_BATCH", 2)
    blobs = [patient.keep(report(1000)) for patient in (alice, charlie) for _ in range(5)]
    folder.delete(alice.name(blobs[0]))
    read, opened = verification.open_blob, []

    def away_after_six(*, organisation_id: UUID, blob_id: UUID):  # type: ignore[no-untyped-def]
        if len(opened) == 6:
            raise StoreAway
        opened.append(blob_id)
        return read(organisation_id=organisation_id, blob_id=blob_id)

    with monkeypatch.context() as patch:
        patch.setattr(verification, "open_blob", away_after_six)
        with pytest.raises(StoreAway):
            actions.verify(actor=SYSTEM, at=now())
    assert Check.objects.get().finished_at is None
    checked = actions.verify(actor=SYSTEM, at=now())
    assert (checked.blobs, len(checked.findings)) == (10, 1)
    assert Check.objects.get().finished_at is not None
    again = actions.verify(actor=SYSTEM, at=now())
    assert (again.blobs, Check.objects.count()) == (10, 2)


def test_a_check_can_begin_anew(folder: FolderStore, alice: Patient) -> None:
    alice.keep(report())
    Check.objects.create(started_at=now(), after_organisation=UUID(int=2**128 - 1), blobs=7)
    assert actions.verify(actor=SYSTEM, at=now(), restart=True).blobs == 1


def test_a_check_reads_no_faster_than_it_may(folder: FolderStore, alice: Patient) -> None:
    for _ in range(3):
        alice.keep(report(100_000))
    began = time.monotonic()
    actions.verify(actor=SYSTEM, at=now(), rate=500_000)
    assert 0.5 < time.monotonic() - began < 5


def test_a_check_passes_over_what_is_erased_while_it_runs(
    folder: FolderStore, alice: Patient, bob: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = alice.keep(report()), bob.keep(report())
    read = verification.open_blob

    def erase_bob_then_read(*, organisation_id: UUID, blob_id: UUID):  # type: ignore[no-untyped-def]
        if blob_id == first:
            bob.erase()
            actions.sweep(actor=SYSTEM, at=now())
        return read(organisation_id=organisation_id, blob_id=blob_id)

    monkeypatch.setattr(verification, "open_blob", erase_bob_then_read)
    assert actions.verify(actor=SYSTEM, at=now()).findings == ()
    assert Blob.objects.count() == 2
