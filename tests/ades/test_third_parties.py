"""Signatures in files of every shape: each later one leaves the earlier, and others agree, one file after another."""

import io
import subprocess
from pathlib import Path

import pytest
from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from telesphore.ades.appearance import Appearance
from telesphore.ades.fields import SignatureField, add_fields
from telesphore.ades.signing import PreparedSignature, complete, prepare
from telesphore.kernel.clock import now
from tests.ades.pdf.shapes import THIRD_PARTY
from tests.certificates import Signer, TestAuthority

ROOT = TestAuthority()
ODILE, LEBRUN = ROOT.signer("Odile MARCHETTI"), ROOT.signer("Anne LEBRUN")


def sign(pdf: bytes, field: str | SignatureField, signer: Signer, *, certify: bool = False) -> bytes:
    at = now()
    appearance = Appearance("MARCHETTI Odile", "pneumologue", at, "accord", None, rpps="10101010101")
    prepared = prepare(
        pdf, field=field, certificate=signer.certificate, chain=signer.chain, appearance=appearance,
        signed_at=at, certify=certify,
    )  # fmt: skip
    kept = PreparedSignature.from_bytes(prepared.to_bytes())
    return complete(kept, signer.sign(kept.to_be_signed))


def judged(pdf: bytes) -> list[tuple[str, bool, bool, ModificationLevel | None]]:
    """Name of the field, whether it is intact, and valid, and what was changed since, as pyHanko sees it."""
    reader = PdfFileReader(io.BytesIO(pdf), strict=False)
    if reader.encrypted:
        reader.decrypt(b"")
    context = ValidationContext(trust_roots=[x509.Certificate.load(ROOT.certificate)], allow_fetching=False)
    found = []
    for one in reader.embedded_signatures:
        status = validate_pdf_signature(one, context)
        found.append((one.field_name, status.intact, status.valid and status.trusted, status.modification_level))
    return found


@pytest.mark.parametrize("shape", THIRD_PARTY)
def test_signatures_in_a_row_hold_for_everyone(shape: str, tmp_path: Path) -> None:
    original = THIRD_PARTY[shape]
    form = add_fields(
        original,
        [SignatureField("First", 0, (36, 36, 290, 100)), SignatureField("Second", 0, None)],
    )
    first = sign(form, "First", ODILE, certify=True)
    second = sign(first, "Second", LEBRUN)
    assert form.startswith(original)
    assert first.startswith(form)
    assert second.startswith(first)
    assert judged(second) == [
        ("First", True, True, ModificationLevel.FORM_FILLING),
        ("Second", True, True, ModificationLevel.NONE),
    ]
    path = tmp_path / "signed.pdf"
    path.write_bytes(second)
    poppler = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=True).stdout
    assert poppler.count("Signature is Valid") == 2
    assert poppler.count("Total document signed") == 1
    qpdf = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=False)
    assert qpdf.returncode == 0, qpdf.stderr + qpdf.stdout


@pytest.mark.parametrize("shape", THIRD_PARTY)
def test_a_place_is_added_by_the_update_that_signs_it(shape: str, tmp_path: Path) -> None:
    original = THIRD_PARTY[shape]
    first = sign(original, SignatureField("First", 0, (36, 36, 290, 100)), ODILE)
    second = sign(first, SignatureField("Second", 0, (300, 36, 550, 100)), LEBRUN)
    assert second.startswith(first)
    assert [(name, intact, valid) for name, intact, valid, _ in judged(second)] == [
        ("First", True, True),
        ("Second", True, True),
    ]
    path = tmp_path / "signed.pdf"
    path.write_bytes(second)
    poppler = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=True).stdout
    assert poppler.count("Signature is Valid") == 2
    qpdf = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=False)
    assert qpdf.returncode == 0, qpdf.stderr + qpdf.stdout
    text = subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True).stdout
    assert text.count("RPPS 10101010101") == 2
    assert text.count("Motif : accord") == 2
