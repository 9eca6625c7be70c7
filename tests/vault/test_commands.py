"""The operator's commands: what they print, and their exit statuses."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from telesphore.cli.main import app
from telesphore.connectors.folder.store import FolderStore
from telesphore.kernel.identifiers import uuid7
from telesphore.vault import access
from tests.vault.conftest import Patient, report

pytestmark = pytest.mark.usefixtures("english")


def run(*arguments: object, status: int = 0, typed: str = "") -> str:
    result = CliRunner().invoke(app, ["vault", *map(str, arguments)], input=typed)
    assert result.exit_code == status, result.output
    return result.output


def run_json(*arguments: object, status: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", status=status))


def test_verify_says_that_all_is_well_with_status_0(folder: FolderStore, alice: Patient) -> None:
    alice.keep(report())
    assert "1 documents read, 0 damaged." in run("verify")
    facts = run_json("verify", "--rate", "100")
    assert (facts["blobs"], facts["of_blobs"], facts["findings"]) == (1, 1, [])


def test_verify_names_each_damage_with_status_1(folder: FolderStore, alice: Patient) -> None:
    blob_id = alice.keep(report())
    folder.delete(alice.name(blob_id))
    assert f"blob-missing: document {blob_id}" in run("verify", status=1)
    assert run_json("verify", status=1)["findings"] == [
        {"organisation_id": str(alice.organisation_id), "blob_id": str(blob_id), "code": "blob-missing"}
    ]


def test_verify_stops_with_status_3_when_the_store_is_away(
    folder: FolderStore, alice: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice.keep(report())
    monkeypatch.setattr(folder, "_incoming", folder._incoming / "gone")
    monkeypatch.setattr(folder, "_blobs", folder._blobs / "gone")
    assert run_json("verify", status=3)["error"] == "store-away"


def test_rotate_changes_the_master_key_and_on_request_every_keyset(folder: FolderStore, alice: Patient) -> None:
    blob_id = alice.keep(b"report")
    facts = run_json("rotate", "--keysets")
    assert (facts["keysets"], facts["fresh"]) == (1, 1)
    assert "Back the master key up now" in run("rotate")
    access.forget(access.Owner(alice.organisation_id, alice.key_id))
    assert alice.read(blob_id) == b"report"
    assert run_json("rotate", "--retire", status=3)["error"] == "retired-too-soon"


def test_erase_asks_first_and_refuses_what_is_not_there(folder: FolderStore, alice: Patient) -> None:
    blob_id = alice.keep(b"report")
    arguments = ("erase", alice.organisation_id, alice.key_id, "--reason", "patient-request")
    run(*arguments, typed="n\n", status=3)
    assert alice.read(blob_id) == b"report"
    run(*arguments, typed="y\n")
    assert run_json("verify")["of_blobs"] == 0
    assert run_json("sweep")["erased"] == 1
    other = ("erase", alice.organisation_id, uuid7(), "--reason", "patient-request", "--yes")
    assert "not in the vault" in run(*other, status=3)


def test_a_wrong_command_line_has_status_2() -> None:
    run("erase", "not-an-id", status=2)
