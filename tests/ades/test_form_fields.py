"""Fields that are filled in with a signature: what each may still change, and who agrees."""

import dataclasses
import io
import subprocess
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from telesphore.ades.algorithms import TS_119_312
from telesphore.ades.appearance import Appearance, Words, french_day
from telesphore.ades.errors import NoSuchField, NotSignable, SignedAlready
from telesphore.ades.fields import FieldLock, Locks, SignatureField
from telesphore.ades.form_fields import Fill, FillKind, FormField, add_form, fill_fields
from telesphore.ades.pdf.reader import Document
from telesphore.ades.pdf.update import Update
from telesphore.ades.signing import PreparedSignature, complete, prepare
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import Conclusion, Verdict
from telesphore.ades.verdict.trust import Anchor, Evidence, Trust
from telesphore.ades.verdict.validate import validate
from telesphore.kernel.clock import now
from tests.certificates import Signer, TestAuthority
from tests.papers import blank

ROOT = TestAuthority()
ODILE, LEBRUN = ROOT.signer("Odile MARCHETTI"), ROOT.signer("Anne LEBRUN")
SEALER = ROOT.signer("Centre hospitalier de Montfaucy")
FILLS = {
    "Signature1": ("Allergies", "Agrees", "Transport"),
    "Signature2": ("Dose", "Day"),
}
PLACES = ("Signature1", "Signature2", "Seal")
FORM = (
    FormField("Allergies", FillKind.TEXT, 0, (60, 600, 400, 660), "Allergies connues"),
    FormField("Agrees", FillKind.CHECKBOX, 0, (60, 560, 76, 576), "J’accepte l’étude"),
    FormField("Transport", FillKind.CHOICE, 0, (60, 520, 260, 540), options=("Ambulance", "Taxi", "Véhicule léger")),
    FormField("Dose", FillKind.TEXT, 1, (60, 600, 260, 618), "Dose"),
    FormField("Day", FillKind.TEXT, 1, (60, 560, 260, 578)),
)  # fmt: skip
ODILES = (
    Fill("Allergies", "Pénicilline\nœufs (œdème)"),
    Fill("Agrees", "on"),
    Fill("Transport", "Véhicule léger"),
)
LEBRUNS = (Fill("Dose", "500 mg × 3"), Fill("Day", french_day(now()), Words(french_day(now()))))


def _form(pdf: bytes | None = None) -> bytes:
    every = (*PLACES, *(name for names in FILLS.values() for name in names))

    def lock(signature: str) -> FieldLock:
        return FieldLock(Locks.EXCLUDE, tuple(name for name in every if name not in FILLS[signature]))

    places = [
        SignatureField("Signature1", 1, (36, 36, 290, 100), lock("Signature1")),
        SignatureField("Signature2", 1, (304, 36, 558, 100), lock("Signature2")),
        SignatureField("Seal", 0, None, FieldLock(Locks.ALL)),
    ]
    return add_form(pdf or blank(2), places, FORM)


def _sign(pdf: bytes, field: str, signer: Signer, fills: tuple[Fill, ...] = (), *, certify: bool = False) -> bytes:
    at = now()
    appearance = Appearance("MARCHETTI Odile", "", at, "accord", None) if field != "Seal" else None
    prepared = prepare(
        pdf, field=field, certificate=signer.certificate, chain=signer.chain, appearance=appearance, signed_at=at,
        certify=certify, fills=fills,
    )  # fmt: skip
    kept = PreparedSignature.from_bytes(prepared.to_bytes())
    assert kept == prepared
    return complete(kept, signer.sign(kept.to_be_signed))


def _judge(pdf: bytes) -> Verdict:
    lists = Evidence(crls=(ROOT.crl(),))
    return validate(pdf, trust=Trust([Anchor(ROOT.certificate)], TS_119_312), at=now(), evidence=lists)


def _by_pyhanko(pdf: bytes) -> list[tuple[bool, bool, ModificationLevel | None]]:
    context = ValidationContext(trust_roots=[x509.Certificate.load(ROOT.certificate)], allow_fetching=False)
    statuses = [
        validate_pdf_signature(one, context) for one in PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    ]  # fmt: skip
    return [(one.intact and one.valid, one.docmdp_ok is not False, one.modification_level) for one in statuses]


def _filled(pdf: bytes, *fills: Fill) -> bytes:
    """As a program would that minds no lock."""
    update = Update(Document(pdf))
    fill_fields(update, fills)
    return pdf + update.render()


def _signed() -> tuple[bytes, bytes, bytes]:
    first = _sign(_form(), "Signature1", ODILE, ODILES, certify=True)
    second = _sign(first, "Signature2", LEBRUN, LEBRUNS)
    return first, second, _sign(second, "Seal", SEALER)


def test_each_signer_fills_their_fields_and_the_whole_is_valid_for_everyone(tmp_path: Path) -> None:
    first, second, sealed = _signed()
    assert second.startswith(first)
    assert sealed.startswith(second)
    for file in (first, second, sealed):
        verdict = _judge(file)
        assert verdict.conclusion is Conclusion.VALID, [
            *verdict.findings,
            *(finding for one in verdict.signatures for finding in one.findings),
        ]
        assert verdict.pages_compared
        assert all(page.same for page in verdict.pages)
        assert all(whole and allowed for whole, allowed, _level in _by_pyhanko(file))
    assert all(level is not ModificationLevel.OTHER for _whole, _allowed, level in _by_pyhanko(sealed))
    path = tmp_path / "sealed.pdf"
    path.write_bytes(sealed)
    assert subprocess.run(["qpdf", "--check", path], capture_output=True, check=False).returncode == 0
    said = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=False).stdout
    assert said.count("Signature is Valid.") == 3, said


def test_what_was_filled_in_is_in_the_form_and_on_the_page() -> None:
    _first, _second, sealed = _signed()
    with pikepdf.open(io.BytesIO(sealed)) as file:
        fields = {str(one.T): one for one in file.Root.AcroForm.Fields}
        assert str(fields["Allergies"].V) == "Pénicilline\nœufs (œdème)"
        assert str(fields["Agrees"].V) == str(fields["Agrees"].AS) == "/Yes"
        assert str(fields["Transport"].V) == "Véhicule léger"
        assert [str(one) for one in fields["Transport"].Opt] == ["Ambulance", "Taxi", "Véhicule léger"]
        assert str(fields["Dose"].V) == "500 mg × 3"
    document = pypdfium2.PdfDocument(sealed)
    document.init_forms()
    picture = document[0].render(scale=1, may_draw_forms=True).to_pil().convert("L")
    for box in ((60, 600, 400, 660), (60, 560, 76, 576), (60, 520, 260, 540)):
        left, bottom, right, top = box
        height = picture.height
        darkest, _lightest = picture.crop((left, height - top, right, height - bottom)).getextrema()
        assert darkest < 120, box


@pytest.mark.parametrize(
    "change", [Fill("Allergies", "aucune"), Fill("Agrees", ""), Fill("Transport", "Taxi")], ids=lambda one: one.name
)
def test_a_value_changed_after_its_signature_is_caught(change: Fill) -> None:
    first, second, _sealed = _signed()
    for file in (first, second):
        changed = _filled(file, change)
        verdict = _judge(changed)
        assert verdict.conclusion is Conclusion.INVALID
        reasons = [finding.reason for finding in verdict.findings]
        assert Reason.FORM_FILLED_AGAINST in reasons
        whole = _by_pyhanko(changed)
        assert any(level is ModificationLevel.OTHER for _whole, _allowed, level in whole)


def test_a_look_changed_without_its_value_is_caught() -> None:
    first, _second, _sealed = _signed()
    shown = _filled(first, Fill("Allergies", "Pénicilline\nœufs (œdème)", Words("aucune")))
    assert _judge(shown).conclusion is Conclusion.INVALID


def test_the_fields_of_those_who_have_not_signed_stay_open_and_theirs_alone() -> None:
    first, second, _sealed = _signed()
    with pytest.raises(SignedAlready):
        _sign(first, "Signature2", LEBRUN, (Fill("Allergies", "aucune"),))
    with pytest.raises(SignedAlready):
        _sign(_sign(second, "Seal", SEALER), "Signature2", LEBRUN)
    # Whoever of a step signs first leaves the other's open.
    other = _sign(_form(), "Signature2", LEBRUN, LEBRUNS, certify=True)
    assert _judge(_sign(other, "Signature1", ODILE, ODILES)).conclusion is Conclusion.VALID


def test_after_the_seal_nothing_may_be_filled_even_by_who_never_signed() -> None:
    first = _sign(_form(), "Signature1", ODILE, ODILES, certify=True)
    sealed = _sign(first, "Seal", SEALER)
    assert _judge(sealed).conclusion is Conclusion.VALID
    assert _judge(_filled(sealed, Fill("Dose", "5 g"))).conclusion is Conclusion.INVALID


def test_fields_that_nobody_filled_are_no_fault() -> None:
    first = _sign(_form(), "Signature1", ODILE, certify=True)
    assert _judge(_sign(first, "Signature2", LEBRUN, LEBRUNS)).conclusion is Conclusion.VALID


def test_what_is_no_field_to_fill_is_refused() -> None:
    for name in ("Unknown", "Signature2"):
        with pytest.raises(NoSuchField):
            _sign(_form(), "Signature1", ODILE, (Fill(name, "x"),), certify=True)
    with pytest.raises(NoSuchField):
        add_form(blank(2), [], [FORM[0], FORM[0]])
    with pytest.raises(NoSuchField):
        add_form(blank(2), [], [dataclasses.replace(FORM[0], page=2)])
    with pytest.raises(NotSignable):
        add_form(b"%PDF-1.7\n", [], FORM)


def test_a_signature_that_waits_since_before_there_were_fields_is_read() -> None:
    prepared = prepare(
        _form(), field="Signature1", certificate=ODILE.certificate, chain=ODILE.chain, appearance=None,
        signed_at=now(), certify=True,
    )  # fmt: skip
    assert PreparedSignature.from_bytes(prepared.to_bytes()).values == ()


@pytest.mark.parametrize("side", [12, 14, 24])
def test_a_tick_by_a_later_signer_stands_clear_of_its_box(side: int) -> None:
    """A mark that touched what was signed would be warned of, like any that stands over it."""
    box = FormField("Agrees", FillKind.CHECKBOX, 0, (60, 560, 60 + side, 560 + side), "J’accepte l’étude")
    places = [
        SignatureField("Signature1", 1, (36, 36, 290, 100), None),
        SignatureField("Signature2", 1, (304, 36, 558, 100), None),
    ]
    first = _sign(add_form(blank(2), places, [box]), "Signature1", ODILE, certify=True)
    second = _sign(first, "Signature2", LEBRUN, (Fill("Agrees", "on"),))
    assert [one.reason for one in _judge(second).findings if one.reason is Reason.PLACE_COVERED] == []
