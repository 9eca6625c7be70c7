"""Files made to last, judged by pyHanko, pdfsig and qpdf."""

import asyncio
import io
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest
from asn1crypto import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

from telesphore.ades.algorithms import TS_119_312, AlgorithmPolicy, Digest
from telesphore.ades.errors import (
    DamagedPrepared,
    NotSignable,
    SignatureTooLarge,
    TimestampMalformed,
    TimestampOfOther,
    WeakAlgorithm,
)
from telesphore.ades.fields import SignatureField
from telesphore.ades.lasting import (
    PreparedTimestamp,
    add_validation_data,
    chains,
    complete_document_timestamp,
    prepare_document_timestamp,
    seals,
    validation_data,
)
from telesphore.ades.signing import complete, prepare
from telesphore.ades.verdict.trust import Evidence
from telesphore.kernel.clock import now
from tests.certificates import Signer, TestAuthority, token
from tests.papers import blank

# pyHanko asks OCSP answers only of certificates that say where they are given.
ROOT = TestAuthority(url="http://authority.invalid/root")
ISSUING = TestAuthority("Issuing authority", issuer=ROOT, url="http://authority.invalid/issuing")
TIME_ROOT = TestAuthority("Root of time", url="http://authority.invalid/time")
UNIT = TIME_ROOT.unit(key=rsa.generate_private_key(65537, 2048))
LEBRUN = ISSUING.signer("Anne LEBRUN", rsa.generate_private_key(65537, 2048))
ODILE = ISSUING.signer("Odile MARCHETTI")
ANCHORS = [ROOT.certificate, TIME_ROOT.certificate]


def _sign(pdf: bytes, name: str, signer: Signer = LEBRUN, *, certify: bool = False, stamped: bool = True) -> bytes:
    prepared = prepare(
        pdf, field=SignatureField(name, 0, None), certificate=signer.certificate, chain=signer.chain, appearance=None,
        signed_at=now(), certify=certify,
    )  # fmt: skip
    signature = signer.sign(prepared.to_be_signed)
    stamp = token(UNIT, Digest.SHA256.of(signature)) if stamped else None
    return complete(prepared, signature, timestamp=stamp)


def _evidence(signer: Signer = LEBRUN) -> Evidence:
    return Evidence(
        certificates=(signer.certificate, *signer.chain, UNIT.certificate, *UNIT.chain),
        ocsps=(ISSUING.ocsp(signer.certificate),),
        crls=(ROOT.crl(), TIME_ROOT.crl()),
    )


def _stamp(pdf: bytes, unit: Signer = UNIT, digest: Digest = Digest.SHA256) -> bytes:
    prepared = prepare_document_timestamp(pdf, digest=digest)
    return complete_document_timestamp(prepared, token(unit, prepared.imprint, digest))


def _lta(pdf: bytes, signer: Signer = LEBRUN) -> bytes:
    return _stamp(add_validation_data(pdf, _evidence(signer)))


SIGNED = _sign(blank(2), "Signature1", certify=True)
LASTING = _lta(SIGNED)


def _pyhanko_ades(pdf: bytes, index: int = 0) -> str:
    """EN 319 102-1 §5.6.3, with revocation data required and only from the file."""
    embedded = PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures[index]
    policy = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build([x509.Certificate.load(one) for one in ANCHORS]),
        revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO),
    )
    offline = RevocationInfoGatheringSpec(online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY)
    spec = SignatureValidationSpec(cert_validation_policy=policy, revinfo_gathering_policy=offline)
    result = asyncio.run(ades_lta_validation(embedded, PdfSignatureValidationSpec(spec)))
    return str(result.ades_subindic)


@pytest.mark.parametrize("digest", [Digest.SHA256, Digest.SHA512])
def test_pyhanko_finds_level_lta(digest: Digest) -> None:
    pdf = _stamp(add_validation_data(SIGNED, _evidence()), digest=digest)
    assert _pyhanko_ades(pdf) == "AdESPassed.OK"
    assert pdf.startswith(SIGNED)


def test_other_programs_find_nothing_wrong(tmp_path: Path) -> None:
    path = tmp_path / "lasting.pdf"
    path.write_bytes(LASTING)
    poppler = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid" in poppler
    # It does not judge timestamps, and sees where they are.
    assert poppler.count("Total document signed") == 1
    assert "Timestamp1" in poppler
    qpdf = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=True).stdout
    assert "No syntax or stream encoding errors found" in qpdf


def test_pyhanko_misses_what_was_left_out() -> None:
    bare = _stamp(add_validation_data(SIGNED, Evidence(crls=(ROOT.crl(), TIME_ROOT.crl()))))
    assert _pyhanko_ades(bare) != "AdESPassed.OK"


def test_a_lasting_file_is_renewed_by_the_same_two_steps() -> None:
    unit = TIME_ROOT.unit("Another unit")
    again = Evidence(certificates=(unit.certificate, *unit.chain), crls=(TIME_ROOT.crl(number=2),))
    renewed = _stamp(add_validation_data(LASTING, again), unit)
    assert renewed.startswith(LASTING)
    assert _pyhanko_ades(renewed) == "AdESPassed.OK"
    assert [(seal.field_name, seal.is_timestamp) for seal in seals(renewed)] == [
        ("Signature1", False), ("Timestamp1", True), ("Timestamp2", True),
    ]  # fmt: skip
    assert [token.certificate for seal in seals(renewed) for token in seal.tokens] == [
        UNIT.certificate, UNIT.certificate, unit.certificate,
    ]  # fmt: skip


def test_a_signature_after_a_store_keeps_it_and_lasts_too() -> None:
    store = add_validation_data(_sign(blank(1), "Signature1"), _evidence())
    twice = _sign(store, "Signature2", ODILE)
    lasting = _lta(twice, ODILE)
    assert [_pyhanko_ades(lasting, index) for index in (0, 1)] == ["AdESPassed.OK"] * 2
    held = validation_data(lasting)
    assert len(held.ocsps) == 2
    assert {LEBRUN.certificate, ODILE.certificate} <= set(held.certificates)


def test_nothing_is_kept_twice() -> None:
    evidence = _evidence()
    once = add_validation_data(SIGNED, evidence)
    assert add_validation_data(once, evidence) is once
    twice = Evidence(certificates=evidence.certificates * 2, ocsps=evidence.ocsps * 2, crls=evidence.crls * 2)
    assert len(add_validation_data(SIGNED, twice)) == len(once)
    more = add_validation_data(once, Evidence(certificates=evidence.certificates, crls=(ISSUING.crl(),)))
    assert len(more) - len(once) < len(ISSUING.crl()) + 700
    held = validation_data(more)
    for kept in (held.certificates, held.ocsps, held.crls):
        assert len(kept) == len(set(kept)) > 0


def test_a_foreign_store_is_extended_and_its_other_entries_stay() -> None:
    """Direct in the catalog, with compressed streams and a /VRI."""
    evidence = _evidence()
    with pikepdf.open(io.BytesIO(SIGNED)) as file:
        stream = file.make_stream(evidence.certificates[0])
        file.Root.DSS = pikepdf.Dictionary(
            Certs=[stream], VRI=pikepdf.Dictionary({"/" + "A" * 40: pikepdf.Dictionary(Cert=[stream])})
        )
        out = io.BytesIO()
        file.save(out, compress_streams=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    extended = add_validation_data(out.getvalue(), evidence)
    assert extended.startswith(out.getvalue())
    with pikepdf.open(io.BytesIO(extended)) as file:
        assert len(file.Root.DSS.Certs) == len(set(evidence.certificates))
        assert "/" + "A" * 40 in file.Root.DSS.VRI
    assert set(validation_data(extended).certificates) == set(evidence.certificates)


def test_a_file_encrypted_under_its_owners_password_lasts_too() -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(blank(1))) as file:
        file.save(out, encryption=pikepdf.Encryption(owner="owner", user=""))
    lasting = _lta(_sign(out.getvalue(), "Signature1"))
    assert lasting.startswith(out.getvalue())
    reader = PdfFileReader(io.BytesIO(lasting))
    reader.decrypt(b"")
    assert len(reader.embedded_timestamp_signatures) == 1
    assert len(reader.root["/DSS"]["/Certs"]) == len(set(_evidence().certificates))


def test_chains_say_whose_revocation_data_is_needed() -> None:
    assert chains(SIGNED, anchors=ANCHORS, at=now()) == (
        (LEBRUN.certificate, *LEBRUN.chain), (UNIT.certificate, *UNIT.chain),
    )  # fmt: skip
    assert chains(SIGNED, anchors=ANCHORS[:1], at=now()) == ((LEBRUN.certificate, *LEBRUN.chain),)
    unit = TIME_ROOT.unit("Another unit")
    assert (unit.certificate, *unit.chain) in chains(_stamp(LASTING, unit), anchors=ANCHORS, at=now())
    much_later = now() + timedelta(days=4000)
    assert len(chains(LASTING, anchors=ANCHORS, at=much_later)) == 2


def test_a_token_of_something_else_is_refused() -> None:
    prepared = prepare_document_timestamp(SIGNED)
    with pytest.raises(TimestampOfOther):
        complete_document_timestamp(prepared, token(UNIT, bytes(32)))
    with pytest.raises(TimestampOfOther):
        complete_document_timestamp(prepared, token(UNIT, bytes(64), Digest.SHA512))
    with pytest.raises(TimestampMalformed):
        complete_document_timestamp(prepared, b"nothing")


def test_a_file_that_changed_since_is_refused() -> None:
    prepared = prepare_document_timestamp(SIGNED)
    stamp = token(UNIT, prepared.imprint)
    changed = PreparedTimestamp(
        SIGNED[:-10] + b"x" + SIGNED[-9:], prepared.update, prepared.hole, prepared.digest, prepared.imprint
    )
    with pytest.raises(DamagedPrepared):
        complete_document_timestamp(changed, stamp)


def test_a_token_larger_than_its_room_is_refused_and_more_room_suffices() -> None:
    small = prepare_document_timestamp(SIGNED, room=500)
    with pytest.raises(SignatureTooLarge):
        complete_document_timestamp(small, token(UNIT, small.imprint))
    large = prepare_document_timestamp(SIGNED, room=20_000)
    assert complete_document_timestamp(large, token(UNIT, large.imprint)).startswith(SIGNED)


@pytest.mark.parametrize("pdf", [b"", b"%PDF-1.7\n", b"nothing of the kind", SIGNED[: len(SIGNED) // 3]])
def test_what_is_not_a_pdf_is_refused(pdf: bytes) -> None:
    for refused in (
        lambda: add_validation_data(pdf, _evidence()),
        lambda: prepare_document_timestamp(pdf),
        lambda: seals(pdf),
    ):
        with pytest.raises(NotSignable):
            refused()


def test_what_the_table_of_algorithms_forbids_is_not_used_to_sign() -> None:
    values = {
        "field": SignatureField("Signature1", 0, None), "certificate": LEBRUN.certificate, "chain": LEBRUN.chain,
        "appearance": None, "certify": False,
    }  # fmt: skip
    with pytest.raises(WeakAlgorithm):
        prepare(blank(1), signed_at=datetime(2029, 1, 1, tzinfo=UTC), **values)  # type: ignore[arg-type]
    amended = AlgorithmPolicy.parse("name = 'amended'\n[digests]\nsha256 = 2026-01-01", amends=TS_119_312)
    with pytest.raises(WeakAlgorithm):
        prepare(blank(1), signed_at=now(), policy=amended, **values)  # type: ignore[arg-type]
