"""Keys change while everything runs, and are destroyed for ever."""

import os
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from tink import TinkError, aead, json_proto_keyset_format, proto_keyset_format, secret_key_access, streaming_aead

from telesphore.audit.models import Event
from telesphore.config import master_key
from telesphore.config.options import BadSetting
from telesphore.connectors.folder.store import FolderStore
from telesphore.connectors.keyfile import master
from telesphore.kernel.identifiers import uuid7
from telesphore.vault import access, actions, ports, queries
from telesphore.vault.actions import rotate
from telesphore.vault.errors import (
    BadReason,
    Erased,
    KeysetNotFound,
    MasterKeyMissing,
    MasterKeyUnusable,
    NotRenewable,
    RetiredTooSoon,
    TooManyKeys,
    WrongMasterKey,
)
from telesphore.vault.models import Blob, Keyset
from tests.vault.conftest import Patient, admit, now, report, stored


def rotate_master(patient: Patient, at: datetime | None = None) -> actions.Rotated:
    return actions.rotate_master(actor=patient.actor, at=at or now())


def rotate_keyset(patient: Patient) -> None:
    actions.rotate_keyset(organisation_id=patient.organisation_id, key_id=patient.key_id, actor=patient.actor, at=now())


def forget(*patients: Patient) -> None:
    for patient in patients:
        access.forget(access.Owner(patient.organisation_id, patient.key_id))


def test_after_a_rotation_of_the_master_key_all_is_readable_and_no_blob_was_touched(
    store: ports.BlobStore, alice: Patient, bob: Patient, master_file: Path
) -> None:
    first, second = alice.keep(b"of alice"), bob.keep(b"of bob")
    before, name = stored(store, alice.name(first)), master.FileMasterKey(master_file).name
    rotated = rotate_master(alice)
    assert (rotated.keysets, rotated.master_key != name) == (2, True)
    assert set(Keyset.objects.values_list("master_key", flat=True)) == {rotated.master_key}
    forget(alice, bob)
    assert (alice.read(first), bob.read(second)) == (b"of alice", b"of bob")
    assert stored(store, alice.name(first)) == before
    assert Event.objects.get(action="vault:master-key:rotate").detail["keysets"] == 2


def test_the_earlier_master_key_alone_opens_nothing_after_a_rotation(
    folder: FolderStore, alice: Patient, master_file: Path, tmp_path: Path
) -> None:
    blob_id = alice.keep(b"report")
    stolen = tmp_path / "stolen.json"
    stolen.touch(mode=0o600)
    stolen.write_text(master_file.read_text())
    rotate_master(alice)
    forget(alice)
    ports.master_key.bind(lambda: master.FileMasterKey(stolen))
    with pytest.raises(WrongMasterKey):
        alice.read(blob_id)


def test_a_rotation_that_was_interrupted_goes_on_without_another_key(
    folder: FolderStore, alice: Patient, bob: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = alice.keep(b"of alice"), bob.keep(b"of bob")
    wrap, done = rotate._wrap, []

    def interrupted(row: Keyset, *, extend: bool = False) -> access.WrappedKeys:
        if done:
            raise KeyboardInterrupt
        done.append(row)
        return wrap(row, extend=extend)

    with monkeypatch.context() as patch:
        patch.setattr(rotate, "_wrap", interrupted)
        with pytest.raises(KeyboardInterrupt):
            rotate_master(alice)
    forget(alice, bob)
    assert (alice.read(first), bob.read(second)) == (b"of alice", b"of bob")
    name = ports.master_key.get().name
    assert rotate_master(alice) == actions.Rotated(master_key=name, keysets=1, unopened=0)


def test_one_damaged_keyset_does_not_stop_a_rotation(folder: FolderStore, alice: Patient, bob: Patient) -> None:
    blob_id = bob.keep(b"of bob")
    Keyset.objects.filter(id=alice.key_id).update(blob_keys=b"torn")
    rotated = rotate_master(bob)
    assert (rotated.keysets, rotated.unopened) == (1, 1)
    forget(bob)
    assert bob.read(blob_id) == b"of bob"


def test_a_wrong_master_key_stops_a_rotation(
    folder: FolderStore, alice: Patient, bob: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotate, "_MOST_UNOPENED", 2)
    master.create(tmp_path / "other.json")
    ports.master_key.bind(lambda: master.FileMasterKey(tmp_path / "other.json"))
    with pytest.raises(WrongMasterKey):
        rotate_master(alice)


def test_earlier_master_keys_are_destroyed_only_an_hour_later_and_never_one_in_use(
    folder: FolderStore, alice: Patient, master_file: Path
) -> None:
    blob_id = alice.keep(b"report")

    def keys_in_file() -> int:
        handle = json_proto_keyset_format.parse(master_file.read_text(), secret_key_access.TOKEN)
        return len(handle.keyset_info().key_info)

    rotate_master(alice)
    with pytest.raises(RetiredTooSoon):
        actions.retire_master(actor=alice.actor, at=now())
    later = now() + timedelta(hours=2)
    row = Keyset.objects.get(id=alice.key_id)
    unused = master.FileMasterKey(master_file)
    unused.renew()
    # The keyset is still under the second of three keys.
    assert row.master_key != unused.name
    assert actions.retire_master(actor=alice.actor, at=later) == 1
    assert keys_in_file() == 2
    forget(alice)
    assert alice.read(blob_id) == b"report"
    rotate_master(alice)
    assert actions.retire_master(actor=alice.actor, at=later) == 1
    forget(alice)
    assert alice.read(blob_id) == b"report"
    assert keys_in_file() == 1


def test_a_master_key_of_another_kind_is_only_brought_up_to_date(
    folder: FolderStore, alice: Patient, master_file: Path
) -> None:
    class Token:
        """A key that its own tools change."""

        name = "pkcs11:vault"

        def __init__(self) -> None:
            self._file = master.FileMasterKey(master_file)

        def wrap(self, plaintext: bytes, context: bytes) -> bytes:
            return self._file.wrap(plaintext, context)

        def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
            return self._file.unwrap(wrapped, context)

    ports.master_key.bind(Token)
    assert rotate_master(alice) == actions.Rotated(master_key="pkcs11:vault", keysets=1, unopened=0)
    with pytest.raises(NotRenewable):
        rotate_master(alice)
    with pytest.raises(NotRenewable):
        actions.retire_master(actor=alice.actor, at=now())


def test_a_refused_rotation_leaves_its_trace(alice: Patient) -> None:
    alice.erase()
    with pytest.raises(Erased):
        rotate_keyset(alice)
    event = Event.objects.get(action="vault:keyset:rotate")
    assert (event.outcome, event.detail) == ("refused", {"code": "erased"})


def test_a_rotated_keyset_reads_what_came_before_and_writes_under_its_fresh_key(
    folder: FolderStore, alice: Patient
) -> None:
    before = alice.keep(b"before")
    title = actions.seal_text(
        organisation_id=alice.organisation_id, key_id=alice.key_id, text="before", context="title"
    )
    old = Keyset.objects.get(id=alice.key_id)
    rotate_keyset(alice)
    after = alice.keep(b"after")
    assert (alice.read(before), alice.read(after)) == (b"before", b"after")
    assert (
        queries.unseal_text(organisation_id=alice.organisation_id, key_id=alice.key_id, sealed=title, context="title")
        == "before"
    )
    stolen = access.open_handle(old, "blobs").primitive(streaming_aead.StreamingAead)
    context = access.Owner(alice.organisation_id, alice.key_id).blob_context
    with stolen.new_decrypting_stream(folder.read(alice.name(before)), context(before)) as stream:
        assert stream.read() == b"before"
    with (
        stolen.new_decrypting_stream(folder.read(alice.name(after)), context(after)) as stream,
        pytest.raises(TinkError),
    ):
        stream.read()
    assert Event.objects.get(action="vault:keyset:rotate").patient_id == alice.patient_id


def test_a_keyset_takes_thirty_two_keys(folder: FolderStore, alice: Patient) -> None:
    first = alice.keep(b"first")
    for _ in range(31):
        rotate_keyset(alice)
    assert alice.read(first) == b"first"
    with pytest.raises(TooManyKeys):
        rotate_keyset(alice)


@pytest.mark.parametrize("name", ["folder", "bucket"])
def test_people_read_and_write_while_keys_are_rotated(
    committed: str, name: str, master_file: Path, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(name)
    patients = [admit(uuid7()) for _ in range(4)]
    kept = {(patient, content): patient.keep(content) for patient in patients for content in (b"one", b"two")}
    stop, failures, added = threading.Event(), [], []

    def alone(work: Callable[[int], None]) -> Callable[[], None]:
        def run() -> None:
            turn = 0
            try:
                while not stop.is_set():
                    work(turn)
                    turn += 1
            except Exception as failure:  # noqa: BLE001 - handed to the test's own thread.
                failures.append(failure)
            finally:
                connection.close()

        return run

    def read(turn: int) -> None:
        (patient, content), blob_id = list(kept.items())[turn % len(kept)]
        forget(patient)
        assert patient.read(blob_id) == content

    def write(turn: int) -> None:
        patient, content = patients[turn % len(patients)], report(1000 + turn)
        added.append((patient, content, patient.keep(content)))

    def admit_and_write(turn: int) -> None:
        newcomer = admit(uuid7())
        added.append((newcomer, b"new", newcomer.keep(b"new")))

    threads = [threading.Thread(target=alone(work)) for work in (read, write, admit_and_write)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        rotate_master(patients[0])
        for patient in patients:
            rotate_keyset(patient)
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(added) > 3
    rotate_master(patients[0])
    assert actions.retire_master(actor=patients[0].actor, at=now() + timedelta(hours=2)) >= 3
    access._remembered = access._Remembered()
    for patient, content, blob_id in added:
        assert patient.read(blob_id) == content
    for (patient, content), blob_id in kept.items():
        assert patient.read(blob_id) == content


def test_an_erased_patient_is_noise_and_the_others_are_untouched(
    store: ports.BlobStore, alice: Patient, bob: Patient
) -> None:
    blob_id, of_bob = alice.keep(report()), bob.keep(b"of bob")
    title = actions.seal_text(organisation_id=alice.organisation_id, key_id=alice.key_id, text="t", context="title")
    in_flight = alice.deposit(report())
    alice.erase()
    for attempt in (
        lambda: alice.read(blob_id),
        lambda: queries.blob_facts(organisation_id=alice.organisation_id, blob_id=blob_id),
        lambda: queries.unseal_text(
            organisation_id=alice.organisation_id, key_id=alice.key_id, sealed=title, context="title"
        ),
        lambda: actions.keep(in_flight, actor=alice.actor, at=now()),
        lambda: alice.keep(b"more"),
        lambda: rotate_keyset(alice),
    ):
        with pytest.raises(Erased):
            attempt()
    assert bob.read(of_bob) == b"of bob"
    row = Keyset.objects.get(id=alice.key_id)
    assert (row.blob_keys, row.text_keys) == (None, None)
    assert Blob.objects.get(id=blob_id).sha256 is None
    assert admit(alice.organisation_id).key_id != alice.key_id


def test_erasure_leaves_one_tombstone_however_often_it_is_asked(folder: FolderStore, alice: Patient) -> None:
    alice.keep(report())
    alice.erase()
    alice.erase("retention-over")
    event = Event.objects.get(action="vault:keyset:erase")
    assert (event.subject_id, event.patient_id) == (alice.key_id, alice.patient_id)
    assert (event.ground, event.detail) == ("patient-request", {"blobs": 1})


def test_no_erasure_without_its_tombstone(folder: FolderStore, alice: Patient) -> None:
    from tests.vault.test_keep_and_read import _refuse_events

    blob_id = alice.keep(b"report")
    with connection.execute_wrapper(_refuse_events), pytest.raises(DatabaseError):
        alice.erase()
    assert alice.read(blob_id) == b"report"


def test_an_erasure_says_why_in_a_code_and_never_in_words(alice: Patient) -> None:
    with pytest.raises(BadReason):
        alice.erase("Mme Martin l’a demandé")
    with pytest.raises(KeysetNotFound):
        Patient(uuid7(), alice.patient_id, alice.key_id).erase()
    assert set(Event.objects.filter(outcome="refused").values_list("detail__code", flat=True)) == {
        "bad-reason",
        "keyset-not-found",
    }


@pytest.mark.django_db(transaction=False)
def test_erased_keys_leave_memory_at_commit(
    folder: FolderStore, alice: Patient, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    owner = access.Owner(alice.organisation_id, alice.key_id)
    alice.keep(b"report")
    assert access._remembered.find(owner, "blobs") is not None
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]  # A context manager.
        alice.erase()
    assert access._remembered.find(owner, "blobs") is None


def test_the_master_key_file_is_for_its_owner_only(master_file: Path) -> None:
    assert master_file.stat().st_mode & 0o777 == 0o600
    before = master_file.read_text()
    with pytest.raises(FileExistsError):
        master.create(master_file)
    assert master_file.read_text() == before
    assert [path.name for path in master_file.parent.iterdir()] == [master_file.name]
    master_file.chmod(0o640)
    with pytest.raises(MasterKeyUnusable, match="0600"):
        master.FileMasterKey(master_file)


def test_a_torn_master_key_file_says_so_without_quoting_it(master_file: Path) -> None:
    master_file.write_text(master_file.read_text()[:-40])
    with pytest.raises(MasterKeyUnusable) as refused:
        master.FileMasterKey(master_file)
    assert refused.value.__cause__ is None


def test_the_master_key_file_is_a_keyset_that_tink_reads(master_file: Path) -> None:
    handle = json_proto_keyset_format.parse(master_file.read_text(), secret_key_access.TOKEN)
    wrapped = master.FileMasterKey(master_file).wrap(b"keyset", b"context")
    assert handle.primitive(aead.Aead).decrypt(wrapped, b"context") == b"keyset"


def test_wrapped_keys_are_an_encrypted_keyset_that_tink_reads(alice: Patient, master_file: Path) -> None:
    handle = json_proto_keyset_format.parse(master_file.read_text(), secret_key_access.TOKEN)
    row, owner = Keyset.objects.get(id=alice.key_id), access.Owner(alice.organisation_id, alice.key_id)
    for data, kind in ((row.blob_keys, "blobs"), (row.text_keys, "texts")):
        opened = proto_keyset_format.parse_encrypted(bytes(data), handle.primitive(aead.Aead), owner.context(kind))
        assert len(opened.keyset_info().key_info) == 1


def test_the_first_start_makes_the_master_key_loudly_and_later_starts_keep_it(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(master_key, "MASTER_KEY_FILE", tmp_path / "keys" / "vault-master.json")
    said: list[str] = []
    master_key.ensure_master_key(said.append)
    assert "BACK IT UP NOW" in said[0]
    assert str(tmp_path) in said[0]
    before = master_key.MASTER_KEY_FILE.read_text()
    master_key.ensure_master_key(said.append)
    assert (len(said), master_key.MASTER_KEY_FILE.read_text()) == (1, before)


def test_a_start_without_the_master_key_is_refused_once_there_are_keysets(
    alice: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(master_key, "MASTER_KEY_FILE", tmp_path / "gone" / "vault-master.json")
    with pytest.raises(BadSetting, match="put the file back"):
        master_key.ensure_master_key()
    assert not master_key.MASTER_KEY_FILE.exists()


def test_a_running_process_sees_that_the_master_key_was_renewed(master_file: Path) -> None:
    running, other = master.FileMasterKey(master_file), master.FileMasterKey(master_file)
    before = running.wrap(b"keyset", b"")
    other.renew()
    assert running.name == other.name
    assert running.unwrap(other.wrap(b"keyset", b""), b"") == b"keyset"
    assert other.unwrap(before, b"") == b"keyset"


@pytest.mark.parametrize("moment", ["rename", "fsync"])
def test_a_renewal_that_fails_leaves_the_master_key_as_it_was(
    master_file: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    before = master_file.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        if moment == "fsync":
            patch.setattr(os, "fsync", fail)
        else:
            patch.setattr(Path, "replace", fail)
        with pytest.raises(OSError, match="No space"):
            master.FileMasterKey(master_file).renew()
    assert master_file.read_bytes() == before
    assert list(master_file.parent.iterdir()) == [master_file]


def test_keys_are_made_in_the_transaction_that_makes_the_patient(hospital: UUID, db: None, master_file: Path) -> None:
    with transaction.atomic():
        admit(hospital)
        transaction.set_rollback(True)
    assert not Keyset.objects.exists()
    assert not Event.objects.filter(action="vault:keyset:create").exists()


def test_a_missing_master_key_stops_a_new_patient_before_anything_is_written(
    hospital: UUID, db: None, master_file: Path
) -> None:
    master_file.unlink()
    with pytest.raises(MasterKeyMissing):
        admit(hospital)
    assert not Keyset.objects.exists()
