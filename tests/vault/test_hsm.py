"""The vault under a master key that lives in an HSM (SoftHSM2)."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from telesphore.config import wiring
from telesphore.config.catalogue import read_settings
from telesphore.connectors.folder.store import FolderStore
from telesphore.connectors.keyfile import master
from telesphore.connectors.pkcs11 import module, softhsm
from telesphore.connectors.pkcs11.master import Pkcs11MasterKey
from telesphore.vault import access, actions, ports
from telesphore.vault.models import Keyset
from tests.vault.conftest import Patient, now

PIN = "montfaucy-2026"


@pytest.fixture
def hsm_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pkcs11MasterKey]:
    """A key in a fresh token, found through the instance's settings."""
    library = module.find_library(module.SOFTHSM_PLACES)
    if library is None:
        pytest.skip("SoftHSM2 is not installed")
    monkeypatch.setenv("SOFTHSM2_CONF", str(softhsm.configuration(tmp_path / "hsm")))
    token = f"vault-{secrets.token_hex(6)}"
    softhsm.initialise(token, PIN)
    Pkcs11MasterKey(library, token=token, pin=PIN).create()
    pin_file = tmp_path / "hsm.pin"
    pin_file.touch(mode=0o600)
    pin_file.write_text(PIN)
    settings = read_settings(
        {
            **os.environ,
            "TELESPHORE_MASTER_KEY": "pkcs11",
            "TELESPHORE_MASTER_KEY_LIBRARY": str(library),
            "TELESPHORE_MASTER_KEY_TOKEN": token,
            "TELESPHORE_MASTER_KEY_PIN_FILE": str(pin_file),
        }
    )
    wiring.bind_vault(settings)
    bound = ports.master_key.get()
    assert isinstance(bound, Pkcs11MasterKey)
    yield bound
    wiring.bind()


def forget(patient: Patient) -> None:
    access.forget(access.Owner(patient.organisation_id, patient.key_id))


def test_an_instance_moves_to_an_hsm_and_then_needs_its_file_no_more(
    folder: FolderStore, alice: Patient, master_file: Path, hsm_key: Pkcs11MasterKey
) -> None:
    ports.store.bind(lambda: folder)
    ports.master_key.bind(lambda: master.FileMasterKey(master_file))
    blob_id = alice.keep(b"report")
    ports.master_key.bind(lambda: hsm_key)
    ports.earlier_master_keys.bind(lambda: (master.FileMasterKey(master_file),))
    rotated = actions.rotate_master(actor=alice.actor, at=now())
    assert rotated == actions.Rotated(master_key=hsm_key.name, keysets=1, unopened=0)
    master_file.unlink()
    ports.earlier_master_keys.bind(tuple)
    forget(alice)
    assert alice.read(blob_id) == b"report"
    assert Keyset.objects.get(id=alice.key_id).master_key == hsm_key.name
