"""The ceremony of an authority from the command line, and what it refuses; openssl reads what it writes."""

import json
import stat
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography import x509
from typer.testing import CliRunner

from telesphore.accounts import actions as accounts
from telesphore.audit.models import Event
from telesphore.cli.main import app
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.pki import actions as pki
from telesphore.pki import queries
from telesphore.pki.models import Authority, Certificate, RevocationList
from telesphore.pki.states import Level, Profile
from tests.pki.openssl import openssl, pem

pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.django_db]

SECRET = "une phrase de passe assez longue"
OPERATOR = Actor.system(client="tests")


def run(*arguments: object, status: int = 0, typed: str = "") -> str:
    result = CliRunner().invoke(app, ["pki", *map(str, arguments)], input=typed)
    found = result.exit_code
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        # `telesphore` itself turns a refusal into this status and its sentence.
        found, sentence = 3, str(result.exception)
        assert type(result.exception).__module__.startswith("telesphore."), result.exception
        assert found == status, sentence
        return sentence
    assert found == status, result.output
    return result.output


@pytest.fixture
def practice() -> UUID:
    return accounts.found_organisation(name="Cabinet des Tilleuls", city="Grenoble", actor=OPERATOR, at=now())


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    path = tmp_path / "passphrase"
    path.write_text(SECRET + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def exported(practice: UUID, passphrase: Path, tmp_path: Path) -> Path:
    """The root key of a practice whose authority was made, in a file."""
    run("init", "--yes", "--identifier", "NTRFR-123456789")
    run("export-root-key", tmp_path / "root.pem", "--passphrase-file", passphrase)
    return tmp_path / "root.pem"


def done(action: str) -> int:
    return Event.objects.filter(action=action, outcome="done").count()


def seal(practice: UUID) -> bytes:
    return pki.organisation_seal(
        organisation_id=practice, organisation_name="Cabinet des Tilleuls", actor=OPERATOR, at=now()
    ).certificate


def test_init_asks_makes_and_shows_the_fingerprints(practice: UUID, tmp_path: Path) -> None:
    run("init", status=3, typed="n\n")
    assert not Authority.objects.exists()
    said = run("init", "--identifier", "NTRFR-123456789", typed="y\n")
    (root,) = queries.trust_anchors(practice)
    fingerprint = openssl("x509", "-noout", "-fingerprint", "-sha256", "-in", pem(tmp_path / "root", [root])).stdout
    assert fingerprint.partition("=")[2].strip().replace(":", "").lower() in said.replace(" ", "")
    subject = openssl("x509", "-noout", "-subject", "-nameopt", "utf8", "-in", tmp_path / "root").stdout
    for part in ("Cabinet des Tilleuls", "NTRFR-123456789", "non qualifiée"):
        assert part in subject
    assert done("pki:authority:establish") == 1


def test_an_authority_is_made_once(practice: UUID) -> None:
    run("init", "--yes")
    assert "has an authority already" in run("init", "--yes", status=3)
    assert Authority.objects.count() == 1


@pytest.mark.parametrize("number", ["123456789", "NTRFR123456789", "XXXFR-1", "NTRfr-1", "NTRFR-", "NTRFR-1 2"])
def test_a_number_without_its_semantics_is_refused(practice: UUID, number: str) -> None:
    assert "EN 319 412-1" in run("init", "--yes", "--identifier", number, status=3)


def test_with_several_organisations_one_must_be_named(practice: UUID) -> None:
    accounts.found_organisation(name="Autre", city="", actor=OPERATOR, at=now())
    run("init", "--yes", status=2)
    run("init", "--yes", "--organisation", uuid4(), status=2)
    run("init", "--yes", "--organisation", practice)
    assert Authority.objects.get().organisation_id == practice


def test_the_exported_key_is_encrypted_private_and_opens_in_openssl(exported: Path, passphrase: Path) -> None:
    assert stat.S_IMODE(exported.stat().st_mode) == 0o600
    assert "ENCRYPTED" in exported.read_text()
    opened = openssl("pkey", "-in", exported, "-passin", f"file:{passphrase}", "-pubout")
    certificate = openssl("x509", "-in", exported, "-noout", "-pubkey")
    assert opened.stdout == certificate.stdout
    assert "BEGIN PUBLIC KEY" in opened.stdout
    assert openssl("pkey", "-in", exported, "-passin", "pass:wrong").returncode != 0
    # The derivation is slow on purpose.
    assert "927C0" in openssl("asn1parse", "-in", exported).stdout
    assert done("pki:root-key:export") == 1


def test_an_export_never_overwrites(exported: Path, passphrase: Path) -> None:
    before = exported.read_bytes()
    run("export-root-key", exported, "--passphrase-file", passphrase, status=2)
    assert exported.read_bytes() == before


def test_a_short_passphrase_is_refused_and_leaves_no_file(practice: UUID, tmp_path: Path) -> None:
    run("init", "--yes")
    run("export-root-key", tmp_path / "root.pem", typed="court\ncourt\n", status=3)
    assert not (tmp_path / "root.pem").exists()


def test_a_passphrase_that_others_can_read_is_refused(practice: UUID, passphrase: Path, tmp_path: Path) -> None:
    run("init", "--yes")
    passphrase.chmod(0o644)
    run("export-root-key", tmp_path / "root.pem", "--passphrase-file", passphrase, status=2)
    assert not (tmp_path / "root.pem").exists()


def test_the_passphrase_may_be_typed_and_is_not_shown(practice: UUID, tmp_path: Path) -> None:
    run("init", "--yes")
    said = run("export-root-key", tmp_path / "root.pem", typed=f"{SECRET}\n{SECRET}\n")
    assert SECRET not in said


def test_once_removed_the_root_key_is_nowhere_and_issuing_goes_on(
    practice: UUID, exported: Path, passphrase: Path, tmp_path: Path
) -> None:
    said = run("remove-root-key", exported, "--passphrase-file", passphrase, "--yes")
    authority = Authority.objects.get()
    assert authority.root_key_sealed is None
    assert done("pki:root-key:remove") == 1
    (card,) = queries.authority_cards(practice)
    assert not card.root_key_here
    # The root's list was made ahead, until its authority ends, and says so.
    ahead = queries.published_list(authority.id, Level.ROOT)
    assert ahead is not None
    assert ahead.next_update == card.ends_at
    assert f"{card.ends_at:%Y-%m-%d}" in said
    crl = queries.published_list(authority.id, Level.ISSUING)
    assert crl is not None
    signer = seal(practice)
    result = openssl(
        "verify", "-crl_check_all", "-CRLfile", pem(tmp_path / "crls", [], [crl.content, ahead.content]),
        "-CAfile", pem(tmp_path / "root", [card.root]), "-untrusted", pem(tmp_path / "issuing", [card.issuing]),
        pem(tmp_path / "signer", [signer]),
    )  # fmt: skip
    assert result.stdout.endswith("OK\n"), result.stdout


def test_removing_is_refused_until_the_copy_is_shown_to_open(
    practice: UUID, exported: Path, passphrase: Path, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("another phrase of some length")
    wrong.chmod(0o600)
    said = run("remove-root-key", exported, "--passphrase-file", wrong, "--yes", status=3)
    assert "does not open" in said
    damaged = tmp_path / "damaged.pem"
    content = exported.read_text()
    damaged.write_text(content[:200] + ("A" if content[200] != "A" else "B") + content[201:])
    run("remove-root-key", damaged, "--passphrase-file", passphrase, "--yes", status=3)
    run("remove-root-key", exported, "--passphrase-file", passphrase, status=3, typed="n\n")
    assert Authority.objects.get().root_key_sealed is not None
    assert done("pki:root-key:remove") == 0


def test_the_key_of_another_root_is_no_copy(exported: Path, passphrase: Path, tmp_path: Path) -> None:
    elsewhere = accounts.found_organisation(name="Ailleurs", city="", actor=OPERATOR, at=now())
    run("init", "--yes", "--organisation", elsewhere)
    said = run(
        "remove-root-key", exported, "--passphrase-file", passphrase, "--yes", "--organisation", elsewhere, status=3
    )
    assert "not the key of this organisation" in said


def test_a_key_in_clear_is_no_copy(exported: Path, passphrase: Path, tmp_path: Path) -> None:
    clear = tmp_path / "clear.pem"
    openssl("pkey", "-in", exported, "-passin", f"file:{passphrase}", "-out", clear)
    assert "PRIVATE KEY" in clear.read_text()
    run("remove-root-key", clear, "--passphrase-file", passphrase, "--yes", status=3)


def test_without_its_root_key_nothing_is_renewed_until_it_is_brought_back(
    practice: UUID, exported: Path, passphrase: Path
) -> None:
    run("remove-root-key", exported, "--passphrase-file", passphrase, "--yes")
    assert "import-root-key" in run("renew", "--yes", status=3)
    run("export-root-key", exported.with_name("again.pem"), "--passphrase-file", passphrase, status=3)
    run("import-root-key", exported, "--passphrase-file", passphrase)
    assert "is here already" in run("import-root-key", exported, "--passphrase-file", passphrase, status=3)
    facts = json.loads(run("renew", "--yes", "--json"))
    assert facts["generation"] == 2
    assert len(queries.trust_anchors(practice)) == 1
    assert done("pki:root-key:import") == 1


def test_a_new_root_is_one_more_anchor(practice: UUID) -> None:
    run("init", "--yes")
    before = queries.trust_anchors(practice)
    run("renew", "--new-root", "--yes")
    after = queries.trust_anchors(practice)
    assert after[:1] == before
    assert len(after) == 2
    assert [one.encode() for one in run("anchors").split("-----END CERTIFICATE-----\n") if one]
    assert run("anchors").count("BEGIN CERTIFICATE") == 2


def test_an_authority_made_without_a_ceremony_gets_a_name_and_a_number_with_its_next_root(
    practice: UUID, tmp_path: Path
) -> None:
    seal(practice)
    run("renew", "--yes", "--identifier", "NTRFR-123456789", status=2)
    run("renew", "--yes", "--new-root", "--identifier", "123", status=3)
    run("renew", "--yes", "--new-root", "--identifier", "NTRFR-123456789")
    subject = openssl(
        "x509", "-noout", "-subject", "-nameopt", "utf8", "-in", pem(tmp_path / "seal", [seal(practice)])
    ).stdout
    assert "NTRFR-123456789" in subject
    assert len({card.root for card in queries.authority_cards(practice)}) == 2


def test_a_certificate_is_listed_shown_and_revoked(practice: UUID, tmp_path: Path) -> None:
    run("init", "--yes")
    serial_number = f"{x509.load_der_x509_certificate(seal(practice)).serial_number:x}"
    listed = json.loads(run("list", "--json"))
    assert [(one["serial_number"], one["profile"]) for one in listed["certificates"]] == [(serial_number, "seal")]
    assert json.loads(run("show", serial_number, "--json"))["revoked_at"] is None
    run("revoke", serial_number, "--reason", "because", status=2)
    run("revoke", serial_number, "--reason", "superseded", status=3, typed="n\n")
    # As other programs write it.
    colons = ":".join(f"{int(serial_number, 16):040X}"[place : place + 2] for place in range(0, 40, 2))
    run("revoke", colons, "--reason", "superseded", "--yes")
    assert json.loads(run("show", serial_number, "--json"))["reason"] == "superseded"
    assert "revoked already" in run("revoke", serial_number, "--reason", "superseded", "--yes", status=3)
    run("revoke", "abc123", "--reason", "superseded", "--yes", status=3)
    run("crl", "--output", tmp_path / "crl")
    text = openssl("crl", "-inform", "DER", "-in", tmp_path / "crl", "-noout", "-text").stdout
    assert serial_number in text.lower()
    assert "Superseded" in text


def test_certificates_of_another_organisation_are_neither_shown_nor_revoked(practice: UUID) -> None:
    run("init", "--yes")
    serial_number = f"{x509.load_der_x509_certificate(seal(practice)).serial_number:x}"
    elsewhere = accounts.found_organisation(name="Ailleurs", city="", actor=OPERATOR, at=now())
    run("init", "--yes", "--organisation", elsewhere)
    for command in (("show", serial_number), ("revoke", serial_number, "--reason", "superseded", "--yes")):
        assert "No certificate" in run(*command, "--organisation", elsewhere, status=3)
    assert not done("pki:certificate:revoke")


def test_an_authority_is_revoked_by_its_serial_number_and_issues_no_more(practice: UUID, tmp_path: Path) -> None:
    run("init", "--yes")
    signer = seal(practice)
    (card,) = queries.authority_cards(practice)
    run("revoke", f"{card.serial_number:x}", "--reason", "authority-compromise", "--yes")
    assert "revoked" in run("list")
    with pytest.raises(Exception, match="can issue nothing"):
        seal(practice)
    run("crl", "--root", "--output", tmp_path / "root-crl")
    crl = RevocationList.objects.filter(level=Level.ISSUING).latest("number")
    lists = [(tmp_path / "root-crl").read_bytes(), bytes(crl.content)]
    result = openssl(
        "verify", "-crl_check_all", "-CRLfile", pem(tmp_path / "crls", [], lists),
        "-CAfile", pem(tmp_path / "root", [card.root]), "-untrusted", pem(tmp_path / "issuing", [card.issuing]),
        pem(tmp_path / "signer", [signer]),
    )  # fmt: skip
    assert "certificate revoked" in result.stdout
    run("renew", "--yes")
    assert seal(practice) != signer
    assert Certificate.objects.filter(profile=Profile.SEAL).count() == 2


def test_reasons_are_listed() -> None:
    assert "key-compromise" in run("reasons")


def test_an_export_into_a_folder_that_is_not_there_is_said(practice: UUID, passphrase: Path, tmp_path: Path) -> None:
    run("init", "--yes")
    assert not done("pki:root-key:export")
    run("export-root-key", tmp_path / "gone" / "root.pem", "--passphrase-file", passphrase, status=2)
    assert not done("pki:root-key:export")


def test_every_command_that_writes_leaves_its_event(exported: Path, passphrase: Path, practice: UUID) -> None:
    run("remove-root-key", exported, "--passphrase-file", passphrase, "--yes")
    run("import-root-key", exported, "--passphrase-file", passphrase)
    run("renew", "--yes")
    actions: list[Any] = list(Event.objects.filter(action__startswith="pki:").values_list("action", flat=True))
    assert set(actions) == {
        "pki:authority:establish", "pki:list:publish", "pki:root-key:export", "pki:root-key:remove",
        "pki:root-key:import",
    }  # fmt: skip


def test_the_fingerprints_to_publish_are_listed(practice: UUID) -> None:
    assert "telesphore pki init" in run("anchors", status=3)
    run("init", "--yes")
    card = queries.authority_cards(practice)[0]
    listed = run("list")
    assert (card.root_sha256() in listed, card.issuing_sha256() in listed) == (True, True)
    assert run("anchors").startswith("-----BEGIN CERTIFICATE-----")
