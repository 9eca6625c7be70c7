"""Signed files, judged by us and by programs that we did not write."""

import dataclasses
import io
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from PIL import Image
from pyhanko.pdf_utils.reader import PdfFileReader

from telesphore.ades.algorithms import TS_119_312, Digest
from telesphore.ades.appearance import Appearance, draw, french_date
from telesphore.ades.errors import (
    DamagedPrepared,
    FieldAlreadySigned,
    NoSuchField,
    NotSignable,
    SignatureDoesNotMatch,
    SignedAlready,
    UnknownKeyType,
)
from telesphore.ades.fields import SignatureField, add_fields
from telesphore.ades.signing import PreparedSignature, complete, prepare
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import Conclusion, Indication, SubIndication, Verdict
from telesphore.ades.verdict.trust import Anchor, Evidence, Trust
from telesphore.ades.verdict.validate import validate
from telesphore.kernel.clock import now
from tests.certificates import Signer, TestAuthority, token
from tests.papers import blank

ROOT = TestAuthority()
ODILE = ROOT.signer("Odile MARCHETTI")
LEBRUN = ROOT.signer("Anne LEBRUN", rsa.generate_private_key(65537, 2048))
TIME_ROOT = TestAuthority("Root of time", days=30)
UNIT = TIME_ROOT.unit(days=30)
FIELDS = [
    SignatureField("Signature1", 1, (36.0, 36.5, 291.5, 100.25)),
    SignatureField("Signature2", 1, (303.5, 36.0, 559.0, 100.0)),
    SignatureField("Seal", 0, None),
]


def _form() -> bytes:
    return add_fields(blank(2), FIELDS)


def _drawing() -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (300, 100), (10, 20, 120, 128)).save(out, "PNG")
    return out.getvalue()


def _prepare(
    pdf: bytes, field: str, signer: Signer, *, certify: bool = False, at: datetime | None = None
) -> PreparedSignature:
    at = at or now()
    appearance = Appearance("FERRAND Odile", "pneumologue", at, "consents", _drawing())
    return prepare(
        pdf, field=field, certificate=signer.certificate, chain=signer.chain,
        appearance=None if field == "Seal" else appearance, signed_at=at, certify=certify,
    )  # fmt: skip


def _sign(pdf: bytes, field: str, signer: Signer, *, certify: bool = False, at: datetime | None = None) -> bytes:
    prepared = _prepare(pdf, field, signer, certify=certify, at=at)
    return complete(prepared, signer.sign(prepared.to_be_signed))


def _judge(pdf: bytes, *, root: TestAuthority = ROOT, at: datetime | None = None) -> Verdict:
    """By this root and that of time, which have revoked nothing."""
    trust = Trust([Anchor(root.certificate), Anchor(TIME_ROOT.certificate)], TS_119_312)
    evidence = Evidence(crls=[root.crl(days=30), TIME_ROOT.crl(days=30)])
    return validate(pdf, trust=trust, at=at or now(), evidence=evidence)


def _reasons(verdict: Verdict) -> set[Reason]:
    return {one.reason for one in verdict.findings}


def test_later_signatures_only_add_to_the_file_and_leave_the_earlier_valid() -> None:
    form = _form()
    first = _sign(form, "Signature1", ODILE, certify=True)
    second = _sign(first, "Signature2", LEBRUN)
    sealed = _sign(second, "Seal", LEBRUN)
    assert second.startswith(first)
    assert sealed.startswith(second)
    verdict = _judge(sealed)
    assert verdict.conclusion is Conclusion.VALID, verdict.findings
    facts = verdict.signatures
    assert [fact.field_name for fact in facts] == ["Signature1", "Signature2", "Seal"]
    assert [fact.signer.name for fact in facts] == ["Odile MARCHETTI", "Anne LEBRUN", "Anne LEBRUN"]
    assert [fact.indication for fact in facts] == [Indication.TOTAL_PASSED] * 3
    assert [(fact.certified, fact.permission) for fact in facts] == [(True, 2), (False, None), (False, None)]
    assert [fact.covers_whole_file for fact in facts] == [False, False, True]


def test_other_programs_agree(tmp_path: Path) -> None:
    path = tmp_path / "signed.pdf"
    first = _sign(_form(), "Signature1", ODILE, certify=True)
    path.write_bytes(_sign(_sign(first, "Signature2", LEBRUN), "Seal", LEBRUN))
    poppler = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=True).stdout
    assert poppler.count("Signature is Valid") == 3
    assert poppler.count("ETSI.CAdES.detached") == 3
    qpdf = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=True).stdout
    assert "No syntax or stream encoding errors found" in qpdf


@pytest.mark.parametrize("signer", [ODILE, LEBRUN], ids=["ec", "rsa"])
def test_what_level_b_b_requires_is_there_and_what_it_forbids_is_not(signer: Signer) -> None:
    at = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    signed = _sign(_form(), "Signature1", signer, certify=True, at=at)
    (embedded,) = PdfFileReader(io.BytesIO(signed)).embedded_signatures
    assert embedded.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert embedded.self_reported_timestamp == at
    assert "/Cert" not in embedded.sig_object
    signed_data = cms.ContentInfo.load(embedded.pkcs7_content)["content"]
    assert len(signed_data["signer_infos"]) == 1
    assert signed_data["encap_content_info"]["content"].native is None
    attributes = [attribute["type"].native for attribute in signed_data["signer_infos"][0]["signed_attrs"]]
    assert sorted(attributes) == ["content_type", "message_digest", "signing_certificate_v2"]
    assert {one.chosen.dump() for one in signed_data["certificates"]} == {signer.certificate, *signer.chain}
    assert embedded.docmdp_level is not None
    assert embedded.docmdp_level.value == 2


def test_a_signature_can_wait_for_a_restart() -> None:
    prepared = _prepare(_form(), "Signature1", ODILE, certify=True)
    kept = PreparedSignature.from_bytes(prepared.to_bytes())
    assert kept == prepared
    assert _judge(complete(kept, ODILE.sign(kept.to_be_signed))).conclusion is Conclusion.VALID


@pytest.mark.parametrize("position", [0, 40, 3000, -40, -1])
def test_a_prepared_signature_that_was_altered_is_refused(position: int) -> None:
    content = bytearray(_prepare(_form(), "Signature1", ODILE).to_bytes())
    content[position] ^= 1
    with pytest.raises(DamagedPrepared):
        PreparedSignature.from_bytes(bytes(content))


@pytest.mark.parametrize("content", [b"", b"telesphore-prepared-1\n", b"x" * 100])
def test_what_is_not_a_prepared_signature_is_refused(content: bytes) -> None:
    with pytest.raises(DamagedPrepared):
        PreparedSignature.from_bytes(content)


def test_a_file_changed_between_prepare_and_complete_is_refused() -> None:
    prepared = _prepare(_form(), "Signature1", ODILE)
    changed = dataclasses.replace(prepared, original=prepared.original.replace(b"/Count 2", b"/Count 1"))
    assert changed.document != prepared.document
    with pytest.raises(DamagedPrepared):
        complete(changed, ODILE.sign(changed.to_be_signed))


def test_a_token_that_lies_is_found_out() -> None:
    prepared = _prepare(_form(), "Signature1", ODILE)
    honest = ODILE.sign(prepared.to_be_signed)
    for lie in (b"", bytes(len(honest)), honest[:-1], LEBRUN.sign(prepared.to_be_signed), ODILE.sign(b"other")):
        with pytest.raises(SignatureDoesNotMatch):
            complete(prepared, lie)


def test_completing_twice_gives_the_same_file() -> None:
    prepared = _prepare(_form(), "Signature1", ODILE)
    signature = ODILE.sign(prepared.to_be_signed)
    assert complete(prepared, signature) == complete(prepared, signature)


def test_a_place_is_signed_once() -> None:
    signed = _sign(_form(), "Signature1", ODILE)
    with pytest.raises(FieldAlreadySigned):
        _prepare(signed, "Signature1", LEBRUN)


def test_a_place_must_exist() -> None:
    with pytest.raises(NoSuchField):
        _prepare(_form(), "Signature9", ODILE)
    with pytest.raises(NoSuchField):
        _prepare(blank(1), "Signature1", ODILE)
    with pytest.raises(NoSuchField):
        add_fields(blank(1), [SignatureField("Signature1", 3, None)])


def test_places_and_certification_come_before_the_first_signature() -> None:
    signed = _sign(_form(), "Signature1", ODILE)
    with pytest.raises(SignedAlready):
        add_fields(signed, [SignatureField("Late", 0, None)])
    with pytest.raises(SignedAlready):
        _prepare(signed, "Signature2", LEBRUN, certify=True)


def _encrypted() -> bytes:
    file, out = pikepdf.new(), io.BytesIO()
    file.add_blank_page()
    file.save(out, encryption=pikepdf.Encryption(owner="owner", user="user"))
    return out.getvalue()


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7\n", b"hello" * 100, blank(1)[:-40], b"junk\n" + blank(1), _encrypted()]
)
def test_what_is_not_a_readable_pdf_is_refused(content: bytes) -> None:
    with pytest.raises(NotSignable):
        add_fields(content, FIELDS)
    with pytest.raises(NotSignable):
        _prepare(content, "Signature1", ODILE)


@pytest.mark.parametrize(
    "key", [rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP521R1())], ids=["short", "curve"]
)
def test_keys_that_we_do_not_sign_with_are_refused(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> None:
    with pytest.raises(UnknownKeyType):
        _prepare(_form(), "Signature1", ROOT.signer("Someone", key))


def test_a_byte_changed_in_a_signed_file_shows() -> None:
    signed = _sign(_form(), "Signature1", ODILE, certify=True)
    changed = signed.replace(b"595 842", b"595 843", 1)
    assert changed != signed
    verdict = _judge(changed)
    assert verdict.conclusion is Conclusion.INVALID
    assert verdict.signatures[0].sub_indication is SubIndication.HASH_FAILURE
    assert Reason.DIGEST_DIFFERS in _reasons(verdict)


def test_a_page_added_to_a_certified_file_shows() -> None:
    signed = _sign(_form(), "Signature1", ODILE, certify=True)
    from pyhanko.pdf_utils.generic import NumberObject, pdf_name
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(signed))
    page = writer.root["/Pages"]["/Kids"][0]
    page[pdf_name("/Rotate")] = NumberObject(90)
    writer.mark_update(writer.root["/Pages"]["/Kids"].raw_get(0))
    out = io.BytesIO()
    writer.write(out)
    verdict = _judge(out.getvalue())
    assert verdict.conclusion is Conclusion.INVALID
    assert {Reason.PAGE_CHANGED, Reason.PAGE_DIFFERS} <= _reasons(verdict)
    assert not verdict.signatures[0].covers_whole_file


def test_a_signer_of_another_authority_is_intact_and_not_trusted() -> None:
    verdict = _judge(_sign(_form(), "Signature1", TestAuthority("Another").signer("Someone")))
    assert verdict.conclusion is Conclusion.UNKNOWN
    assert verdict.signatures[0].sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    assert _reasons(verdict) == {Reason.NOT_TRUSTED, Reason.NOT_PROVED_IN_TIME}


def test_a_certificate_that_lived_for_minutes_is_judged_at_the_time_of_signing() -> None:
    old = ROOT.signer("Odile MARCHETTI", age=timedelta(minutes=30))
    at = now() + timedelta(days=9, hours=23, minutes=45)
    prepared = _prepare(_form(), "Signature1", old)
    signature = old.sign(prepared.to_be_signed)
    bare = complete(prepared, signature)
    stamped = complete(prepared, signature, timestamp=token(UNIT, Digest.SHA256.of(signature)))
    assert _judge(stamped, at=at).conclusion is Conclusion.VALID
    assert _judge(stamped, at=at).signatures[0].indication is Indication.TOTAL_PASSED
    # The signer's own word is no proof.
    assert _judge(bare, at=at).conclusion is Conclusion.UNKNOWN
    assert _reasons(_judge(bare, at=at)) == {Reason.EXPIRED_NO_PROOF, Reason.NOT_PROVED_IN_TIME}


def test_a_certificate_that_had_expired_at_the_time_of_signing_is_not_trusted() -> None:
    root = TestAuthority()
    expired = root.signer("Odile", age=timedelta(days=11))
    verdict = _judge(_sign(_form(), "Signature1", expired), root=root)
    assert verdict.conclusion is Conclusion.INVALID
    assert verdict.signatures[0].sub_indication is SubIndication.EXPIRED
    # The date is the only thing against it: it is intact.
    assert _reasons(verdict) == {Reason.EXPIRED_WHEN_SIGNED, Reason.NOT_PROVED_IN_TIME}


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 11, 22, 8, 5, tzinfo=UTC), "le 22 novembre 2026 à 9 h 05"),
        (datetime(2026, 2, 28, 23, 30, tzinfo=UTC), "le 1er mars 2026 à 0 h 30"),
        (datetime(2026, 7, 14, 22, 0, tzinfo=UTC), "le 15 juillet 2026 à 0 h 00"),
    ],
)
def test_dates_are_as_the_french_write_them(at: datetime, text: str) -> None:
    assert french_date(at) == text


@pytest.mark.parametrize("size", [(255.5, 64.0), (60.0, 20.0), (20.0, 10.0), (400.0, 200.0)])
def test_an_appearance_has_one_page_of_the_boxs_size_and_its_own_fonts(size: tuple[float, float]) -> None:
    name = 'Jean-Baptiste "#strong[x]" DE LA TOUR D’AUVERGNE-LAURAGUAIS'
    shown = Appearance(name, "médecin généraliste", now(), "#lecture * et [accord]", _drawing(), "10101010101")
    page = draw(shown, *size)
    with pikepdf.open(io.BytesIO(page)) as file:
        assert len(file.pages) == 1
        box = [float(edge) for edge in file.pages[0].mediabox]
        assert box == pytest.approx([0, 0, *size], abs=0.5)
        for font in file.pages[0].resources["/Font"].values():
            descriptor = font["/DescendantFonts"][0]["/FontDescriptor"]
            assert {"/FontFile2", "/FontFile3"} & set(descriptor.keys())


def test_an_appearance_is_drawn_once_for_all_files_of_the_same_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[float, float]] = []

    def counted(appearance: Appearance, width: float, height: float) -> bytes:
        drawn.append((width, height))
        return draw(appearance, width, height)

    monkeypatch.setattr("telesphore.ades.appearance.draw", counted)
    at = datetime(2031, 1, 2, 8, 5, tzinfo=UTC)
    box = (40.0, 40.0, 240.0, 95.0)
    files = []
    for number in range(5):
        shown = Appearance("FERRAND Odile", "", at + timedelta(seconds=number), "accord", _drawing(), "101")
        prepared = prepare(
            blank(1), field=SignatureField(f"Place{number}", 0, box), certificate=ODILE.certificate, chain=(),
            appearance=shown, signed_at=at, certify=True,
        )  # fmt: skip
        files.append(complete(prepared, ODILE.sign(prepared.to_be_signed)))
    assert drawn == [(200, 55)]
    for file in files:
        with pikepdf.open(io.BytesIO(file)) as opened:
            field = opened.Root.AcroForm.Fields[0]
            assert str(field.V.Reason) == "accord"
            assert [float(edge) for edge in field.AP.N.BBox] == [0, 0, 200, 55]


def test_what_an_appearance_shows_can_be_read_in_the_signed_file(tmp_path: Path) -> None:
    path = tmp_path / "signed.pdf"
    path.write_bytes(_sign(_form(), "Signature1", ODILE, at=datetime(2026, 11, 22, 8, 5, tzinfo=UTC)))
    text = subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True).stdout
    assert "Signé électroniquement par" in text
    assert "FERRAND Odile, pneumologue" in text.replace("\n", " ")
    assert "le 22 novembre 2026 à 9 h 05" in text.replace("\n", " ")
