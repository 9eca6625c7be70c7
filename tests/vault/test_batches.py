"""Many documents are deposited at once: all of them, or none that anybody knows of."""

import io
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from telesphore.audit.models import Event
from telesphore.connectors.folder.store import FolderStore
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.vault import access, actions, ports
from telesphore.vault.errors import Erased, KeysetNotFound, StoreFull
from telesphore.vault.models import Blob
from tests.vault.conftest import PDF, Patient, admit, now, report, stored


def incoming(patient: Patient, content: bytes | io.BytesIO) -> actions.Incoming:
    return actions.Incoming(
        organisation_id=patient.organisation_id, key_id=patient.key_id, media_type=PDF, content=content
    )


def test_a_batch_comes_back_as_it_was_deposited(store: ports.BlobStore, alice: Patient, bob: Patient) -> None:
    whose = [alice, bob, alice] * 30
    contents = [report(size) for size in range(1000, 1000 + len(whose))]
    contents[3] = report(3_000_000)
    batch: list[bytes | io.BytesIO] = [*contents]
    batch[5] = io.BytesIO(contents[5])
    deposits = actions.deposit_many([incoming(patient, content) for patient, content in zip(whose, batch, strict=True)])
    assert [len(stored(store, alice.name(one.blob_id))) for one in deposits] == [one.stored_size for one in deposits]
    kept = actions.keep_many(deposits, actor=alice.actor, at=now())
    assert [patient.read(blob_id) for patient, blob_id in zip(whose, kept, strict=True)] == contents
    events = Event.objects.filter(action="vault:blob:keep").values_list("subject_id", "patient_id")
    assert set(events) == {(blob_id, patient.patient_id) for blob_id, patient in zip(kept, whose, strict=True)}


def test_nothing_at_all_is_a_batch_too(store: ports.BlobStore, alice: Patient) -> None:
    assert actions.keep_many(actions.deposit_many([]), actor=alice.actor, at=now()) == []


def test_keys_of_a_batch_are_looked_up_together(folder: ports.BlobStore, alice: Patient) -> None:
    patients = [admit(alice.organisation_id) for _ in range(40)]
    access._remembered = access._Remembered()
    with CaptureQueriesContext(connection) as deposited:
        deposits = actions.deposit_many([incoming(patient, b"result") for patient in patients])
    assert len(deposited) == 1
    with CaptureQueriesContext(connection) as kept:
        actions.keep_many(deposits, actor=alice.actor, at=now())
    # The keysets' lock, three COPY (rows, events, their places in the queue), two savepoints made and released.
    assert len(kept) == 8
    assert Blob.objects.count() == 40


def test_a_batch_with_one_key_too_few_writes_nothing(
    store: ports.BlobStore, alice: Patient, bob: Patient, charlie: Patient
) -> None:
    strayed = Patient(alice.organisation_id, charlie.patient_id, charlie.key_id)
    with pytest.raises(KeysetNotFound):
        actions.deposit_many([incoming(alice, b"one"), incoming(strayed, b"two")])
    bob.erase()
    access._remembered = access._Remembered()
    with pytest.raises(Erased):
        actions.deposit_many([incoming(alice, b"one"), incoming(bob, b"two")])
    assert list(store.names()) == []


def test_a_batch_that_breaks_off_is_deposited_by_no_means_and_its_remains_are_swept(
    store: ports.BlobStore, alice: Patient
) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ConnectionResetError("the sender went away")

    batch = [incoming(alice, report()) for _ in range(10)]
    with pytest.raises(ConnectionResetError):
        actions.deposit_many([*batch, incoming(alice, Broken()), *batch])
    actions.sweep(actor=Actor.system(), at=now() + timedelta(days=2))
    assert list(store.names()) == []
    assert len(actions.deposit_many(batch)) == 10


def test_a_disk_that_fills_up_within_a_batch_shows_none_of_it(
    folder: FolderStore, alice: Patient, tmp_path: Path
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    batch = [incoming(alice, report(size)) for size in (20_000, 20_000, 2_000_000)]
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, hard))
    try:
        with pytest.raises(StoreFull):
            actions.deposit_many(batch)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(folder.names()) == []
    assert not list((tmp_path / "vault" / "incoming").iterdir())


def test_every_file_is_forced_before_a_name_shows_and_the_folder_once_after_all(
    folder: FolderStore, alice: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    forced: list[tuple[str, int]] = []
    force = os.fsync

    def note(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        forced.append((kind, len(list(folder.names()))))
        force(descriptor)

    actions.deposit_many([incoming(alice, b"the organisation's folder is made")])
    monkeypatch.setattr(os, "fsync", note)
    actions.deposit_many([incoming(alice, report()) for _ in range(50)])
    # The folder's own folder is forced first when it is new.
    assert forced[-51:] == [("file", 1)] * 50 + [("folder", 51)]
    assert set(forced[:-51]) <= {("folder", 1)}


WRITER = """
import io, itertools, sys
from pathlib import Path
from telesphore.connectors.folder.store import FolderStore

store = FolderStore(Path(sys.argv[1]))
for number in itertools.count():
    store.write_many([(f"o/{number % 7}/{number}-{part}", io.BytesIO(b"x" * 20_000)) for part in range(100)])
    print(number, flush=True)
"""


@pytest.mark.parametrize("moment", [0.01, 0.05, 0.12])
def test_a_killed_writer_of_batches_leaves_what_it_acknowledged_and_whole_documents(
    tmp_path: Path, folder: FolderStore, moment: float
) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "vault")],
        stdout=subprocess.PIPE,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "telesphore.config.settings"},
    )
    assert writer.stdout is not None
    acknowledged = [int(writer.stdout.readline())]
    time.sleep(moment)
    writer.send_signal(signal.SIGKILL)
    acknowledged += map(int, writer.stdout.readlines())
    writer.wait()
    writer.stdout.close()
    names = set(folder.names())
    assert {f"o/{number % 7}/{number}-{part}" for number in acknowledged for part in range(100)} <= names
    assert {len(stored(folder, name)) for name in names} == {20_000}
    folder.discard_unfinished(now() + timedelta(days=1))
    assert not list((tmp_path / "vault" / "incoming").iterdir())


@pytest.mark.parametrize("many", [False, True])
def test_an_erasure_waits_for_documents_being_kept_and_covers_them(
    committed: str, tmp_path: Path, folder: FolderStore, many: bool
) -> None:
    alice = admit(uuid7())
    deposited = alice.deposit(report())

    def erase() -> None:
        try:
            alice.erase()
        finally:
            connection.close()

    eraser = threading.Thread(target=erase)
    with transaction.atomic():
        if many:
            actions.keep_many([deposited], actor=alice.actor, at=now())
        else:
            actions.keep(deposited, actor=alice.actor, at=now())
        eraser.start()
        eraser.join(0.5)
        assert eraser.is_alive()
    eraser.join(20)
    assert Blob.objects.get().sha256 is None
