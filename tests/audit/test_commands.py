"""The operator's commands, and a witness."""

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client
from typer.testing import CliRunner

from telesphore.audit import actions as audit
from telesphore.audit.errors import BadCosignature
from telesphore.audit.formats import cosignatures, notes
from telesphore.audit.formats.notes import ED25519_COSIGNATURE, PublicKey, signature_line
from telesphore.audit.models import Cosignature, Leaf
from telesphore.audit.ports import LOG
from telesphore.audit.queries import tree
from telesphore.cli.audit import app
from tests.audit.people import CLINIC, NOON, OPERATOR, ZOE, behind_the_back, record_some

pytestmark = pytest.mark.usefixtures("english")


def telesphore_audit(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


class Witness:
    """Another body that cosigns what it sees."""

    def __init__(self, name: str = "witness.example/w1") -> None:
        self.private = Ed25519PrivateKey.generate()
        self.key = PublicKey(name, ED25519_COSIGNATURE, self.private.public_key().public_bytes_raw())

    def line(self, note: str, timestamp: int = 1_772_452_800) -> str:
        text, _ = notes.parse(note)
        signature = self.private.sign(cosignatures.message(text, timestamp))
        return signature_line(self.key.name, self.key.id + timestamp.to_bytes(8, "big") + signature)


@pytest.fixture
def witness(monkeypatch: pytest.MonkeyPatch) -> Witness:
    """A witness whom this instance trusts."""
    found = Witness()
    log = LOG.get()
    trusting = type(log)(
        key_file=log.key_file,
        origin=log.origin,
        witnesses=(found.key,),
        access_retention=log.access_retention,
        technical_retention=log.technical_retention,
    )
    monkeypatch.setattr(LOG, "_instance", trusting)
    return found


@pytest.mark.usefixtures("committed")
class TestCommands:
    def test_a_sound_trail_is_said_to_hold(self) -> None:
        record_some(3)
        audit.seal_once(at=NOON)
        result = telesphore_audit("verify", "--json")
        report = json.loads(result.stdout)
        assert result.exit_code == 0
        assert (report["holds"], report["events"], report["size"], report["findings"]) == (True, 3, 3, [])
        assert "All holds: 3 events" in telesphore_audit("verify").stdout

    def test_a_proof_is_checked_with_nothing_but_its_file_and_the_key(self, tmp_path: Path) -> None:
        (event,) = record_some(1)
        audit.seal_once(at=NOON)
        path = tmp_path / "event.tlog-proof"
        assert telesphore_audit("proof", event, "--output", path).exit_code == 0
        key = telesphore_audit("key").stdout.strip()
        result = telesphore_audit("check", path, "--key", key, "--json")
        assert result.exit_code == 0
        assert json.loads(result.stdout)["event"]["core"]["content"]["id"] == str(event)

    def test_a_forged_proof_does_not_hold(self, tmp_path: Path) -> None:
        (event,) = record_some(1)
        audit.seal_once(at=NOON)
        path = tmp_path / "event.tlog-proof"
        telesphore_audit("proof", event, "--output", path)
        lines = path.read_text().split("\n")
        told = base64.b64decode(lines[1].removeprefix("extra ")).replace(b"care-team", b"emergency")
        path.write_text("\n".join([lines[0], f"extra {base64.b64encode(told).decode()}", *lines[2:]]))
        result = telesphore_audit("check", path, "--key", telesphore_audit("key").stdout.strip())
        assert (result.exit_code, "does not hold" in result.stdout) == (1, True)

    def test_an_event_that_awaits_the_seal_has_no_proof_yet(self) -> None:
        (event,) = record_some(1)
        result = telesphore_audit("proof", event)
        assert (result.exit_code, "no place in the tree yet" in result.stderr) == (3, True)

    def test_an_export_is_one_event_a_line(self, tmp_path: Path) -> None:
        record_some(4)
        path = tmp_path / "events.ndjson"
        result = telesphore_audit("export", "--organisation", CLINIC, "--patient", ZOE, "--output", path,
                                  "--until", "2026-03-03", "--json")  # fmt: skip
        assert (result.exit_code, json.loads(result.stdout)["events"]) == (0, 4)
        assert [json.loads(line)["resourceType"] for line in path.read_text().splitlines()] == ["AuditEvent"] * 4

    def test_retention_is_applied(self) -> None:
        record_some(2, at=NOON - timedelta(days=5000))
        audit.seal_once(at=NOON)
        assert json.loads(telesphore_audit("retention", "--json").stdout) == {"erased": 2}

    def test_a_witness_s_line_is_accepted_served_and_shown_in_proofs(self, witness: Witness, tmp_path: Path) -> None:
        (event,) = record_some(1)
        audit.seal_once(at=NOON)
        answer = tmp_path / "answer"
        answer.write_text(witness.line(tree.latest_note()))
        result = telesphore_audit("cosign", answer, "--json")
        assert (result.exit_code, json.loads(result.stdout)["witnesses"]) == (0, ["witness.example/w1"])
        assert witness.line(tree.latest_note()) in Client().get("/audit-log/checkpoint").content.decode()
        audit.record("a:b:c", actor=OPERATOR, at=NOON)
        audit.seal_once(at=NOON)
        path = tmp_path / "event.tlog-proof"
        telesphore_audit("proof", event, "--output", path)
        key = telesphore_audit("key").stdout.strip()
        checked = json.loads(telesphore_audit("check", path, "--key", key, "--witness", witness.key, "--json").stdout)
        assert [seen["name"] for seen in checked["witnesses"]] == ["witness.example/w1"]

    def test_what_is_no_cosignature_of_ours_is_refused(self, witness: Witness) -> None:
        record_some(1)
        audit.seal_once(at=NOON)
        note = tree.latest_note()
        stranger = Witness("stranger.example/w")
        other_head = notes.PrivateKey.generate("example.org/log").sign("example.org/log\n1\n" + "A" * 43 + "=\n")
        good = witness.line(note)
        forged = Witness().line(note).split(" ")[2]
        for bad in (
            stranger.line(note),
            witness.line(other_head),
            other_head + witness.line(other_head),
            good[:-10] + "\n",
            "— witness.example/w1 " + base64.b64encode(witness.key.id + base64.b64decode(forged)[4:]).decode() + "\n",
            "nothing",
            "",
        ):
            with pytest.raises(BadCosignature):
                audit.cosign(note=bad, actor=OPERATOR, at=NOON)
        assert not Cosignature.objects.exists()

    def test_a_line_given_twice_is_kept_once(self, witness: Witness) -> None:
        audit.seal_once(at=NOON)
        note = tree.latest_note()
        for _ in range(2):
            audit.cosign(note=note + witness.line(note), actor=OPERATOR, at=NOON)
        assert Cosignature.objects.count() == 1


def test_a_trail_that_does_not_hold_names_the_event_and_exits_with_1(committed: str) -> None:
    record_some(3)
    audit.seal_once(at=NOON)
    event = Leaf.objects.get(index=1).event_id
    behind_the_back(committed, "DELETE FROM audit_event WHERE id = %s", event)
    result = telesphore_audit("verify")
    assert result.exit_code == 1
    assert f"Event {event} (number 1) was removed." in result.stdout
