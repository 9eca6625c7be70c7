"""A document goes into the vault and comes back; what is not yours is not there."""

import hashlib
import io
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.vault import actions, ports, queries
from telesphore.vault.errors import (
    BlobNotFound,
    BlobTooLarge,
    DepositExpired,
    Erased,
    KeysetNotFound,
    TextDamaged,
    TextTooLong,
)
from telesphore.vault.models import Blob
from tests.vault.conftest import PDF, Patient, now, report, stored

SEGMENT = 1 << 20


@pytest.mark.parametrize("size", [0, 1, 20_000, SEGMENT - 56, SEGMENT - 55, 2 * SEGMENT - 72, 9 * SEGMENT + 7])
def test_a_document_comes_back_as_it_was_deposited(store: ports.BlobStore, alice: Patient, size: int) -> None:
    content = report(size)
    blob_id = alice.keep(content)
    assert alice.read(blob_id) == content
    facts = queries.blob_facts(organisation_id=alice.organisation_id, blob_id=blob_id)
    assert (facts.size, facts.media_type) == (size, PDF)
    assert facts.sha256 == hashlib.sha256(content).digest()
    encrypted = stored(store, alice.name(blob_id))
    assert facts.stored_size == len(encrypted)
    assert facts.stored_sha256 == hashlib.sha256(encrypted).digest()
    assert size < 16 or content[:16] not in encrypted


def test_a_document_streams_in_from_a_file_that_gives_little_at_a_time(store: ports.BlobStore, alice: Patient) -> None:
    content = report(2 * SEGMENT + 11)

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 0, 300_001))

    deposited = actions.deposit(
        organisation_id=alice.organisation_id, key_id=alice.key_id, media_type=PDF, content=Slow(content)
    )
    blob_id = actions.keep(deposited, actor=alice.actor, at=now())
    with queries.open_blob(organisation_id=alice.organisation_id, blob_id=blob_id) as stream:
        assert stream.read(5) == content[:5]
        assert stream.read(SEGMENT) == content[5 : 5 + SEGMENT]
        assert stream.read() == content[5 + SEGMENT :]
        assert stream.read(1) == b""


def test_a_document_of_another_organisation_looks_as_if_it_were_not_there(
    folder: ports.BlobStore, alice: Patient, charlie: Patient
) -> None:
    blob_id = alice.keep(report())
    with pytest.raises(BlobNotFound) as of_another:
        charlie.read(blob_id)
    with pytest.raises(BlobNotFound) as of_nobody:
        charlie.read(uuid7())
    assert str(of_another.value) == str(of_nobody.value)
    with pytest.raises(KeysetNotFound):
        actions.deposit(organisation_id=charlie.organisation_id, key_id=alice.key_id, media_type=PDF, content=b"")


def test_an_organisation_has_a_key_for_what_belongs_to_no_patient(folder: ports.BlobStore, alice: Patient) -> None:
    key_id = actions.create_keyset(organisation_id=alice.organisation_id, patient_id=None, actor=alice.actor, at=now())
    own = Patient(alice.organisation_id, UUID(int=0), key_id)
    assert own.read(own.keep(b"stamp")) == b"stamp"


def test_a_patient_has_one_living_key(alice: Patient) -> None:
    with pytest.raises(DatabaseError, match="keyset_one_living_per_patient"), transaction.atomic():
        actions.create_keyset(
            organisation_id=alice.organisation_id, patient_id=alice.patient_id, actor=alice.actor, at=now()
        )


def test_keys_wrapped_before_the_transaction_serve_as_well(folder: ports.BlobStore, alice: Patient) -> None:
    patient_id = uuid7()
    prepared = actions.prepare_keyset(organisation_id=alice.organisation_id, patient_id=patient_id)
    key_id = actions.create_keyset(
        organisation_id=alice.organisation_id,
        patient_id=patient_id,
        actor=alice.actor,
        at=now(),
        prepared=prepared,
    )
    dana = Patient(alice.organisation_id, patient_id, key_id)
    assert dana.read(dana.keep(b"report")) == b"report"


def test_a_document_above_the_limit_is_not_read_into_memory(folder: ports.BlobStore, alice: Patient) -> None:
    blob_id = alice.keep(report(1001))
    with pytest.raises(BlobTooLarge, match="1000"):
        queries.read_blob(organisation_id=alice.organisation_id, blob_id=blob_id, limit=1000)


def test_keeping_leaves_an_event_about_the_patient(folder: ports.BlobStore, alice: Patient) -> None:
    blob_id = alice.keep(report())
    event = Event.objects.get(action="vault:blob:keep")
    assert (event.subject_id, event.patient_id, event.detail) == (blob_id, alice.patient_id, {"size": 20_000})


def test_no_document_is_kept_without_its_event(folder: ports.BlobStore, alice: Patient) -> None:
    deposited = alice.deposit(report())
    with connection.execute_wrapper(_refuse_events), pytest.raises(DatabaseError):
        actions.keep(deposited, actor=alice.actor, at=now())
    assert not Blob.objects.exists()
    assert not Event.objects.filter(action="vault:blob:keep").exists()


def _refuse_events(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
    if "INSERT" in sql and "audit_event" in sql:
        raise DatabaseError("the trail is broken")
    return execute(sql, params, many, context)


def test_a_batch_is_kept_with_an_event_each_or_not_at_all(
    folder: ports.BlobStore, alice: Patient, bob: Patient
) -> None:
    deposits = [patient.deposit(b"report") for patient in (alice, bob, alice)]
    kept = actions.keep_many(deposits, actor=alice.actor, at=now())
    assert [alice.read(blob_id) for blob_id in kept] == [b"report"] * 3
    events = Event.objects.filter(action="vault:blob:keep")
    assert {(event.subject_id, event.patient_id) for event in events} == {
        (blob_id, patient.patient_id) for blob_id, patient in zip(kept, (alice, bob, alice), strict=True)
    }
    more = [alice.deposit(b"more"), bob.deposit(b"more")]
    bob.erase()
    with pytest.raises(Erased):
        actions.keep_many(more, actor=alice.actor, at=now())
    with pytest.raises(DepositExpired):
        actions.keep_many(more[:1], actor=alice.actor, at=now() + timedelta(hours=13))
    assert Blob.objects.count() == 3


def test_a_deposit_that_waited_too_long_is_refused_because_the_sweep_may_take_it(
    folder: ports.BlobStore, alice: Patient
) -> None:
    deposited = alice.deposit(report())
    with pytest.raises(DepositExpired):
        actions.keep(deposited, actor=alice.actor, at=now() + timedelta(hours=12, minutes=1))
    assert not Blob.objects.exists()


def test_a_title_is_readable_only_by_its_owner_and_in_its_place(alice: Patient, bob: Patient) -> None:
    def seal(text: str) -> bytes:
        return actions.seal_text(
            organisation_id=alice.organisation_id, key_id=alice.key_id, text=text, context="document:title"
        )

    def unseal(owner: Patient, sealed: bytes, context: str = "document:title") -> str:
        return queries.unseal_text(
            organisation_id=owner.organisation_id, key_id=owner.key_id, sealed=sealed, context=context
        )

    sealed = seal("Compte rendu d’hôpital")
    assert unseal(alice, sealed) == "Compte rendu d’hôpital"
    assert seal("a") != seal("a")
    with pytest.raises(TextDamaged):
        unseal(bob, sealed)
    with pytest.raises(TextDamaged):
        unseal(alice, sealed, "document:note")
    with pytest.raises(TextDamaged):
        unseal(alice, sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(TextDamaged):
        unseal(alice, b"")
    with pytest.raises(TextTooLong):
        seal("é" * 40_000)


def test_the_actor_of_another_process_reads_what_this_one_kept(folder: ports.BlobStore, alice: Patient) -> None:
    from telesphore.vault import access

    blob_id = alice.keep(b"report")
    access._remembered = access._Remembered()
    assert alice.read(blob_id) == b"report"


def test_unwrapped_keys_are_few_and_forgotten_soon(
    folder: ports.BlobStore, alice: Patient, bob: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from telesphore.vault import access

    alice.keep(b"a")
    assert len(access._remembered) == 1
    monkeypatch.setattr(access, "CACHED_AT_MOST", 1)
    bob.keep(b"b")
    assert len(access._remembered) == 1
    monkeypatch.setattr(access, "CACHED_FOR", 0.0)
    assert access._remembered.find(access.Owner(bob.organisation_id, bob.key_id), "blobs") is None
    assert len(access._remembered) == 0


def test_the_system_acts_without_an_organisation(folder: ports.BlobStore, alice: Patient) -> None:
    blob_id = actions.keep(alice.deposit(b"report"), actor=Actor.system(), at=now())
    assert alice.read(blob_id) == b"report"
