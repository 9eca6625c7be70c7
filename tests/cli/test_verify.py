"""`telesphore verify`: a bottom line for people, reports for programs and auditors, a status for scripts."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from typer.testing import CliRunner

from telesphore.cli.main import app
from telesphore.kernel.clock import now
from telesphore.pki import queries as pki
from tests.ades.verdict import files
from tests.certificates import TestAuthority
from tests.papers import blank

pytestmark = pytest.mark.django_db
runner = CliRunner()


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A signed file and whose authority to trust, one that was altered, one that nobody signed."""
    authority = TestAuthority("Root of Montfaucy")
    pdf = files.sign(files.form(), files.FIELDS[0], authority.signer("Anne LEBRUN"), now(), certify=2)
    (tmp_path / "signed.pdf").write_bytes(pdf)
    place = pdf.index(b"/MediaBox")
    (tmp_path / "altered.pdf").write_bytes(pdf.replace(b"595", b"596", 1) if b"595" in pdf else pdf[:place])
    (tmp_path / "blank.pdf").write_bytes(blank())
    root = x509.load_der_x509_certificate(authority.certificate)
    (tmp_path / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (tmp_path / "root.der").write_bytes(root.public_bytes(Encoding.DER))
    return tmp_path


def test_people_read_a_bottom_line_and_who_signed(desk: Path) -> None:
    answer = runner.invoke(app, ["verify", str(desk / "signed.pdf"), "--anchors", str(desk / "root.pem")])

    assert "signed.pdf: It can’t be known whether this document is valid." in answer.output
    assert "Nothing at hand says whether the certificate Anne LEBRUN was revoked" in answer.output
    assert "Role" not in answer.output
    assert "Certificate: issued by Root of Montfaucy" in answer.output
    assert answer.exit_code == 1


def test_an_altered_file_is_told_and_so_is_one_that_nobody_signed(desk: Path) -> None:
    answer = runner.invoke(
        app, ["verify", str(desk / "altered.pdf"), str(desk / "blank.pdf"), "--anchors", str(desk / "root.der")]
    )

    assert "altered.pdf: Do not rely on this document." in answer.output
    assert "The document was altered after Anne LEBRUN signed it." in answer.output
    assert "This file bears no electronic signature." in answer.output
    assert answer.exit_code == 1


def test_programs_read_one_object_per_file(desk: Path) -> None:
    answer = runner.invoke(app, ["verify", "--json", str(desk / "altered.pdf"), str(desk / "none.pdf")])
    altered, missing = (json.loads(line) for line in answer.output.splitlines())

    assert (altered["schema"], altered["conclusion"], altered["valid"]) == ("telesphore.verdict/1", "invalid", False)
    assert (missing["valid"], missing["problem"]) == (False, "No such file or directory")


def test_auditors_read_the_etsi_report(desk: Path) -> None:
    answer = runner.invoke(app, ["verify", "--xml", str(desk / "altered.pdf")])

    root = etree.fromstring(answer.stdout_bytes)
    assert etree.QName(root).localname == "ValidationReport"


def test_a_report_is_written_in_the_language_that_is_asked(desk: Path) -> None:
    import pypdfium2

    said = {}
    for language in ("fr", "en"):
        to = desk / f"{language}.pdf"
        runner.invoke(app, ["verify", str(desk / "altered.pdf"), "--report", str(to), "--language", language])
        said[language] = pypdfium2.PdfDocument(to)[0].get_textpage().get_text_bounded()
    assert "Ne vous fiez pas à ce document" in said["fr"]
    assert "Do not rely on this document" in said["en"]


def test_a_file_is_judged_at_the_moment_that_is_asked(desk: Path) -> None:
    later = (now() + timedelta(days=400)).date().isoformat()
    answer = runner.invoke(
        app, ["verify", "--json", str(desk / "signed.pdf"), "--anchors", str(desk / "root.pem"), "--at", later]
    )

    told = json.loads(answer.output)
    assert told["validated_at"] == f"{later}T00:00:00Z"
    assert "expired-no-proof" in [finding["reason"] for finding in told["findings"]]


@pytest.mark.parametrize(
    "options",
    [["--xml"], ["--report", "out.pdf"]],
)
def test_a_report_is_of_one_file(desk: Path, options: list[str]) -> None:
    answer = runner.invoke(app, ["verify", *options, str(desk / "signed.pdf"), str(desk / "blank.pdf")])
    assert answer.exit_code == 2


@pytest.mark.parametrize("options", [["--at", "tomorrow"], ["--language", "de"], ["--anchors", "no-such.pem"]])
def test_an_option_that_is_not_understood_is_refused(desk: Path, options: list[str]) -> None:
    assert runner.invoke(app, ["verify", str(desk / "signed.pdf"), *options]).exit_code == 2


def test_without_anchors_the_instances_own_are_trusted(desk: Path) -> None:
    answer = runner.invoke(app, ["verify", "--json", str(desk / "signed.pdf")])

    assert not pki.trust().anchors
    assert "not-trusted" in [finding["reason"] for finding in json.loads(answer.output)["findings"]]


def test_a_signature_in_another_file_is_judged_with_what_it_signs(desk: Path) -> None:
    letter = desk / "lettre.txt"
    letter.write_bytes(b"Cher confrere, le bilan est bon.")
    beside = files.signature(TestAuthority().signer("Anne LEBRUN"), letter.read_bytes())
    (desk / "lettre.p7s").write_bytes(beside)
    letter.write_bytes(b"Cher confrere, le bilan est mauvais.")
    answer = runner.invoke(app, ["verify", "--json", str(letter), "--signature", str(desk / "lettre.p7s")])

    assert "digest-differs" in [finding["reason"] for finding in json.loads(answer.output)["findings"]]


def test_what_does_not_go_together_is_said_not_ignored(desk: Path) -> None:
    # Wide enough for the folder's name, or the sentence is broken inside it.
    wide = {"COLUMNS": "500"}
    away = runner.invoke(app, ["verify", str(desk / "signed.pdf"), "--signature", str(desk / "none.p7s")], env=wide)
    assert away.exit_code == 2
    assert "none.p7s can't be read" in away.output
    (desk / "kit.zip").write_bytes(b"PK\x03\x04")
    for option in (["--xml"], ["--report", str(desk / "report.pdf")]):
        refused = runner.invoke(app, ["verify", str(desk / "kit.zip"), *option])
        assert refused.exit_code == 2
        assert "A dispute kit holds its reports" in refused.output
    assert not (desk / "report.pdf").exists()
