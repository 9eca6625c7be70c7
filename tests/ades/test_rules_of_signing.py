"""What a signature forbids, what it leaves room for, and what is refused before a file changes."""

import io
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pytest
from asn1crypto import x509
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from telesphore.ades import cms, through_pyhanko
from telesphore.ades.algorithms import Digest
from telesphore.ades.appearance import Appearance
from telesphore.ades.errors import FieldAlreadySigned, NoSuchField, SignatureTooLarge, SignedAlready
from telesphore.ades.fields import FieldLock, Locks, SignatureField, add_fields, signature_fields
from telesphore.ades.pdf.objects import Name, Reference
from telesphore.ades.pdf.reader import Document
from telesphore.ades.pdf.update import Update
from telesphore.ades.signing import PreparedSignature, complete, prepare
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from tests.ades.pdf.shapes import ONE_PAGE, THIRD_PARTY, encrypted, written
from tests.certificates import Signer, TestAuthority, token
from tests.papers import blank

ROOT = TestAuthority()
ODILE, LEBRUN = ROOT.signer("Odile MARCHETTI"), ROOT.signer("Anne LEBRUN")
UNIT = ROOT.unit()
ANYONES = {"plain": blank(2), "encrypted": encrypted(), "only pyHanko": THIRD_PARTY["only pyHanko"]}
"""The last one goes the slow way."""


def _prepare(
    pdf: bytes, field: str | SignatureField, signer: Signer = ODILE, *, certify: bool = False, permission: int = 2,
    room: int = 12288,
) -> PreparedSignature:  # fmt: skip
    return prepare(
        pdf, field=field, certificate=signer.certificate, chain=signer.chain, appearance=None, signed_at=now(),
        certify=certify, permission=permission, timestamp_room=room,
    )  # fmt: skip


def _sign(
    pdf: bytes, field: str | SignatureField, signer: Signer = ODILE, *, certify: bool = False, permission: int = 2
) -> bytes:
    prepared = _prepare(pdf, field, signer, certify=certify, permission=permission)
    return complete(prepared, signer.sign(prepared.to_be_signed))


def _reader(pdf: bytes) -> PdfFileReader:
    reader = PdfFileReader(io.BytesIO(pdf))
    if reader.encrypted:
        reader.decrypt(b"")
    return reader


def _levels(pdf: bytes) -> list[ModificationLevel | None]:
    context = ValidationContext(trust_roots=[x509.Certificate.load(ROOT.certificate)], allow_fetching=False)
    statuses = [validate_pdf_signature(one, context) for one in _reader(pdf).embedded_signatures]
    assert all(one.intact and one.valid and one.trusted and one.docmdp_ok for one in statuses)
    return [one.modification_level for one in statuses]


@pytest.mark.parametrize("pdf", ANYONES.values(), ids=ANYONES)
@pytest.mark.parametrize("permission", [1, 2, 3])
def test_certifying_says_what_may_still_be_done(pdf: bytes, permission: int) -> None:
    form = add_fields(pdf, [SignatureField("First", 0, None), SignatureField("Second", 0, None)])
    first = _sign(form, "First", certify=True, permission=permission)
    assert [one.docmdp_level for one in _reader(first).embedded_signatures] == [MDPPerm(permission)]
    if permission == 1:
        with pytest.raises(SignedAlready):
            _prepare(first, "Second")
    else:
        assert _levels(_sign(first, "Second", LEBRUN)) == [ModificationLevel.FORM_FILLING, ModificationLevel.NONE]


@pytest.mark.parametrize("pdf", ANYONES.values(), ids=ANYONES)
@pytest.mark.parametrize(
    ("lock", "shut"),
    [
        (FieldLock(Locks.ALL), True),
        (FieldLock(Locks.INCLUDE, ("Second",)), True),
        (FieldLock(Locks.INCLUDE, ("Third", "été")), False),
        (FieldLock(Locks.EXCLUDE, ("Second",)), False),
        (FieldLock(Locks.EXCLUDE, ("Third",)), True),
        (FieldLock(Locks.INCLUDE, ("Third",), permission=1), True),
        (FieldLock(Locks.INCLUDE, ("Third",), permission=2), False),
    ],
)  # fmt: skip
def test_a_lock_shuts_the_fields_that_it_names(pdf: bytes, lock: FieldLock, shut: bool, tmp_path: Path) -> None:
    form = add_fields(pdf, [SignatureField("First", 0, None, lock), SignatureField("Second", 0, None)])
    first = _sign(form, "First")
    (embedded,) = _reader(first).embedded_signatures
    assert embedded.fieldmdp is not None
    # pyHanko does not decipher the names, nor judge by them.
    with pikepdf.open(io.BytesIO(first)) as file:
        (reference,) = (
            one for one in file.Root.AcroForm.Fields[0].V.Reference if one.TransformMethod == pikepdf.Name.FieldMDP
        )
        assert reference.TransformParams.Action == f"/{lock.locks}"
        assert tuple(map(str, reference.TransformParams.get("/Fields", []))) == lock.fields
    if lock.permission:
        assert embedded.docmdp_level is MDPPerm(lock.permission)
    if shut:
        with pytest.raises(SignedAlready):
            _prepare(first, "Second")
        return
    second = _sign(first, "Second", LEBRUN)
    if pdf is not ANYONES["encrypted"]:
        assert _levels(second) == [ModificationLevel.FORM_FILLING, ModificationLevel.NONE]
    path = tmp_path / "signed.pdf"
    path.write_bytes(second)
    poppler = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=True).stdout
    assert poppler.count("Signature is Valid") == 2


@pytest.mark.parametrize("pdf", ANYONES.values(), ids=ANYONES)
def test_places_are_not_added_to_a_certified_file(pdf: bytes) -> None:
    first = _sign(pdf, SignatureField("First", 0, None), certify=True)
    with pytest.raises(SignedAlready):
        _prepare(first, SignatureField("Second", 0, None))
    with pytest.raises(SignedAlready):
        add_fields(first, [SignatureField("Second", 0, None)])


@pytest.mark.parametrize("pdf", ANYONES.values(), ids=ANYONES)
def test_a_place_that_is_not_there_or_taken_is_refused(pdf: bytes) -> None:
    signed = _sign(pdf, SignatureField("First", 0, None))
    with pytest.raises(FieldAlreadySigned):
        _prepare(signed, "First")
    with pytest.raises(NoSuchField):
        _prepare(signed, SignatureField("First", 0, None))
    with pytest.raises(NoSuchField):
        _prepare(signed, "Second")
    with pytest.raises(NoSuchField):
        _prepare(signed, SignatureField("Second", 7, None))
    with pytest.raises(NoSuchField):
        _prepare(signed, SignatureField("Sec.ond", 0, None))


@pytest.mark.parametrize("pdf", ANYONES.values(), ids=ANYONES)
def test_a_timestamp_comes_with_the_signature(pdf: bytes) -> None:
    prepared = _prepare(pdf, SignatureField("First", 0, None))
    signature = ODILE.sign(prepared.to_be_signed)
    stamp = token(UNIT, Digest.SHA256.of(signature))
    signed = complete(prepared, signature, timestamp=stamp)
    (embedded,) = _reader(signed).embedded_signatures
    read = cms.parse(embedded.pkcs7_content)
    assert read.values(cms.SIGNATURE_TIME_STAMP) == (stamp,)
    context = ValidationContext(trust_roots=[x509.Certificate.load(ROOT.certificate)], allow_fetching=False)
    status = validate_pdf_signature(embedded, context)
    assert status.timestamp_validity is not None
    assert status.timestamp_validity.valid
    assert status.bottom_line


@pytest.mark.parametrize("pdf", ANYONES.values(), ids=ANYONES)
def test_a_signature_larger_than_its_room_is_refused(pdf: bytes) -> None:
    prepared = _prepare(pdf, SignatureField("First", 0, None), room=0)
    signature = ODILE.sign(prepared.to_be_signed)
    with pytest.raises(SignatureTooLarge):
        complete(prepared, signature, timestamp=token(UNIT, Digest.SHA256.of(signature)))
    assert _levels(complete(prepared, signature)) == [ModificationLevel.NONE]


def test_nothing_of_what_pades_forbids_is_written() -> None:
    at = datetime(2026, 11, 22, 8, 5, tzinfo=UTC)
    appearance = Appearance("Zoé « ☤ »", "", at, "relu (et approuvé)", None)
    prepared = prepare(
        blank(1), field=SignatureField("First", 0, None), certificate=ODILE.certificate, chain=ODILE.chain,
        appearance=appearance, signed_at=at, certify=False,
    )  # fmt: skip
    signed = complete(prepared, ODILE.sign(prepared.to_be_signed))
    (embedded,) = _reader(signed).embedded_signatures
    assert set(embedded.sig_object) == {
        "/Type", "/Filter", "/SubFilter", "/M", "/Name", "/Reason", "/ByteRange", "/Contents",
    }  # fmt: skip
    assert embedded.sig_object["/Name"] == "Zoé « ☤ »"
    assert embedded.sig_object["/Reason"] == "relu (et approuvé)"
    assert embedded.self_reported_timestamp == at
    start, end = prepared.hole
    assert list(embedded.byte_range) == [0, start, end, len(signed) - end]
    assert signed[start : start + 1] + signed[end - 1 : end] == b"<>"


def test_fields_of_a_field_are_found_by_their_full_name() -> None:
    objects = {
        **ONE_PAGE,
        1: b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R]>>>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Annots[7 0 R 8 0 R]>>",
        5: b"<</T(Care)/FT/Sig/Kids[6 0 R 7 0 R]>>",
        6: b"<</T(Doctor)/Parent 5 0 R/Kids[8 0 R]>>",
        7: b"<</T(Nurse)/Parent 5 0 R/Type/Annot/Subtype/Widget/Rect[0 0 0 0]/P 3 0 R>>",
        8: b"<</Parent 6 0 R/Type/Annot/Subtype/Widget/Rect[9 9 99 49]/P 3 0 R>>",
    }
    form = written(objects)
    found = list(signature_fields(Document(form)))
    assert [(one.name, one.reference, one.widget) for one in found] == [
        ("Care.Doctor", Reference(6), Reference(8)),
        ("Care.Nurse", Reference(7), Reference(7)),
    ]
    at = now()
    prepared = prepare(
        form, field="Care.Doctor", certificate=ODILE.certificate, chain=ODILE.chain,
        appearance=Appearance("Odile", "", at, "", None), signed_at=at, certify=True,
    )  # fmt: skip
    signed = complete(prepared, ODILE.sign(prepared.to_be_signed))
    assert _levels(_sign(signed, "Care.Nurse", LEBRUN)) == [ModificationLevel.FORM_FILLING, ModificationLevel.NONE]
    assert "AP" in Document(signed).dictionary(Reference(8))


def test_permissions_that_are_there_are_kept() -> None:
    original = blank(1)
    document = Document(original)
    update = Update(document)
    update.put(document.catalog_reference, {**document.catalog, Name("Perms"): {Name("Own"): True}})
    signed = Document(_sign(original + update.render(), SignatureField("First", 0, None), certify=True))
    assert set(signed.dictionary(signed.catalog[Name("Perms")])) == {"Own", "DocMDP"}


def test_the_fast_way_takes_all_but_what_it_must_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    def declined(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(through_pyhanko, "prepare", declined)
    left = []
    for shape, pdf in THIRD_PARTY.items():
        try:
            _prepare(pdf, SignatureField("First", 0, None))
        except AssertionError:
            left.append(shape)
    assert left == ["only pyHanko"]


MUTABLE = [pdf for shape, pdf in THIRD_PARTY.items() if "many" not in shape]


@settings(max_examples=300, deadline=2000)
@given(st.data())
def test_damaged_files_are_refused_in_our_words(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(MUTABLE)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        new = data.draw(
            st.binary(min_size=1, max_size=4) | st.sampled_from([b"<<", b">>", b"R", b"99999", b"[", b"(", b"%"])
        )
        if data.draw(st.booleans()):
            content[place : place + len(new)] = new
        else:
            content[place:place] = new
    pdf = bytes(content)
    try:
        document = Document(pdf)
        list(signature_fields(document))
        list(document.pages)
        assert isinstance(document.anomalies, tuple)
    except DomainError:
        pass
    try:
        prepared = _prepare(pdf, SignatureField("First", 0, None))
    except DomainError:
        return
    assert prepared.document.startswith(pdf)
