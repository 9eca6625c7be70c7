"""Detached signatures of any file, judged by OpenSSL and pyHanko; and what was done to them since."""

import asyncio
import dataclasses
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import cms as library
from asn1crypto import crl, ocsp, x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.sign.validation.ades import ades_with_time_validation
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from telesphore.ades import cades, cms, der
from telesphore.ades.algorithms import Digest, algorithm_for
from telesphore.ades.archive import ARCHIVE_TIME_STAMP_V3, ATS_HASH_INDEX_V3
from telesphore.ades.errors import (
    ArchiveTimestampBroken,
    BadTimestamp,
    ContentDiffers,
    DamagedPrepared,
    MalformedSignature,
    SignatureDoesNotMatch,
    TimestampMalformed,
    TimestampOfOther,
    UnknownAlgorithm,
    WeakAlgorithm,
)
from telesphore.ades.timestamps import read_token, verify_token
from telesphore.ades.verdict.trust import Evidence
from telesphore.kernel.clock import now
from tests.certificates import Key, Signer, TestAuthority, token

ROOT = TestAuthority(url="http://authority.invalid/root")
ISSUING = TestAuthority("Issuing authority", issuer=ROOT, url="http://authority.invalid/issuing")
TIME_ROOT = TestAuthority("Root of time", url="http://authority.invalid/time")
UNIT = TIME_ROOT.unit()
LEBRUN = ISSUING.signer("Anne LEBRUN", rsa.generate_private_key(65537, 2048))
IMAGE = b"DICM" + bytes(range(256)) * 40


def _content(content: bytes = IMAGE) -> cades.Content:
    return lambda digest: digest.of(content)


def _pieces(content: bytes = IMAGE) -> Iterator[bytes]:
    for start in range(0, len(content), 1000):
        yield content[start : start + 1000]


def _sign(signer: Signer = LEBRUN) -> bytes:
    prepared = cades.prepare(_pieces(), certificate=signer.certificate, chain=signer.chain, signed_at=now())
    return cades.complete(prepared, signer.sign(prepared.to_be_signed))


def _stamp(signature: bytes, unit: Signer = UNIT) -> bytes:
    return cades.add_signature_timestamp(signature, token(unit, cades.signature_imprint(signature)))


def _evidence(unit: Signer = UNIT) -> Evidence:
    return Evidence(
        certificates=(LEBRUN.certificate, *LEBRUN.chain, unit.certificate, *unit.chain),
        ocsps=(ISSUING.ocsp(LEBRUN.certificate),),
        crls=(ROOT.crl(), TIME_ROOT.crl()),
    )


def _archive(signature: bytes, unit: Signer = UNIT, digest: Digest = Digest.SHA256) -> bytes:
    prepared = cades.prepare_archive_timestamp(signature, _content(), digest=digest)
    return cades.complete_archive_timestamp(prepared, token(unit, prepared.imprint, digest))


SIGNED = _sign()
STAMPED = _stamp(SIGNED)
EVIDENCE = _evidence()
WITH_DATA = cades.add_validation_data(STAMPED, EVIDENCE)
LASTING = _archive(WITH_DATA)


@pytest.mark.parametrize("level", [SIGNED, STAMPED, WITH_DATA, LASTING], ids=["B", "T", "LT", "LTA"])
def test_openssl_verifies_every_level(level: bytes, tmp_path: Path) -> None:
    (tmp_path / "signed").write_bytes(level)
    (tmp_path / "content").write_bytes(IMAGE)
    pem = subprocess.run(["openssl", "x509", "-inform", "DER"], input=ROOT.certificate, capture_output=True, check=True)
    (tmp_path / "root").write_bytes(pem.stdout)
    command = [
        "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "signed", "-content", "content",
        "-CAfile", "root", "-cades", "-purpose", "any", "-out", "out",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "CAdES Verification successful" in done.stderr, done.stderr
    (tmp_path / "content").write_bytes(IMAGE + b".")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode != 0


def _pyhanko(signature: bytes, *, revocation: bool) -> str:
    signed_data = library.ContentInfo.load(signature)["content"]
    anchors = [x509.Certificate.load(one) for one in (ROOT.certificate, TIME_ROOT.certificate)]
    policy = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build(anchors), revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO)
    )
    read = cms.parse(signature)
    known = LocalKnowledge(
        known_ocsps=[one for each in read.ocsps for one in OCSPContainer.load_multi(ocsp.OCSPResponse.load(each))],
        known_crls=[CRLContainer(crl.CertificateList.load(one)) for one in read.crls],
    )
    spec = SignatureValidationSpec(
        cert_validation_policy=policy,
        revinfo_gathering_policy=RevocationInfoGatheringSpec(online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY),
        local_knowledge=known if revocation else LocalKnowledge(),
    )
    result = asyncio.run(ades_with_time_validation(signed_data, spec, raw_digest=Digest.SHA256.of(IMAGE)))
    return str(result.ades_subindic)


def test_pyhanko_finds_the_signature_its_time_and_what_it_needs_inside() -> None:
    for level in (WITH_DATA, LASTING):
        assert _pyhanko(level, revocation=True) == "AdESPassed.OK"
        assert _pyhanko(level, revocation=False) != "AdESPassed.OK"


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate()])
def test_every_key_reaches_every_level(key: Key) -> None:
    signer = ISSUING.signer("Anne LEBRUN", key)
    lasting = _archive(cades.add_validation_data(_stamp(_sign(signer)), EVIDENCE))
    assert cades.check_signature(lasting, _content()).signer == signer.certificate
    assert len(cades.archives(lasting, _content())) == 1


def test_level_b_has_what_the_standard_asks_for() -> None:
    at = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    prepared = cades.prepare(_pieces(), certificate=LEBRUN.certificate, chain=LEBRUN.chain, signed_at=at)
    read = cms.parse(cades.complete(prepared, LEBRUN.sign(prepared.to_be_signed)))
    assert set(read.signed) == {
        cms.CONTENT_TYPE, cms.MESSAGE_DIGEST, cms.SIGNING_TIME, cms.SIGNING_CERTIFICATE_V2
    }  # fmt: skip
    assert read.claimed_at == at
    assert read.content is None
    assert set(read.certificates) == {LEBRUN.certificate, *LEBRUN.chain}


def test_an_archive_timestamp_is_what_the_standard_says() -> None:
    """EN 319 122-1 §5.5.2 and §5.5.3, computed again with a library's encoder."""
    signed = library.ContentInfo.load(LASTING)["content"]
    info = signed["signer_infos"][0]
    (archive,) = cms.parse(LASTING).values(ARCHIVE_TIME_STAMP_V3)
    stamp = read_token(archive)
    (index,) = stamp.signed.values(ATS_HASH_INDEX_V3)
    fields = b"".join(
        info[name].dump()
        for name in ("version", "sid", "digest_algorithm", "signed_attrs", "signature_algorithm", "signature")
    )
    sha256 = Digest.SHA256.of
    kind = signed["encap_content_info"]["content_type"].dump()
    assert stamp.imprint == sha256(kind + sha256(IMAGE) + fields + index)
    before = library.ContentInfo.load(WITH_DATA)["content"]
    hashes = [
        [sha256(one.dump()) for one in before["certificates"]],
        [sha256(one.dump()) for one in before["crls"]],
        [
            sha256(one["type"].dump() + value.dump())
            for one in before["signer_infos"][0]["unsigned_attrs"]
            for value in one["values"]
        ],
    ]
    assert index == der.sequence(Digest.SHA256.identifier, *(der.sequence(*map(der.octets, kind)) for kind in hashes))
    assert verify_token(stamp) == UNIT.certificate


def test_an_archive_timestamp_says_what_it_protects() -> None:
    (archive,) = cades.archives(LASTING, _content())
    assert set(archive.covered.certificates) == set(EVIDENCE.certificates)
    assert len(archive.covered.revocations) == 3
    assert [kind for kind, _ in archive.covered.unsigned] == [der.oid(cms.SIGNATURE_TIME_STAMP)]
    late = cades.add_validation_data(LASTING, Evidence(crls=(ISSUING.crl(),)))
    (same,) = cades.archives(late, _content())
    assert same.covered.revocations == archive.covered.revocations


def test_a_lasting_signature_is_renewed_by_the_same_two_steps() -> None:
    unit = TIME_ROOT.unit("Another unit")
    more = Evidence(certificates=(unit.certificate,), crls=(TIME_ROOT.crl(number=2),))
    renewed = _archive(cades.add_validation_data(LASTING, more), unit, Digest.SHA512)
    first, second = cades.archives(renewed, _content())
    assert (first.token.certificate, second.token.certificate) == (UNIT.certificate, unit.certificate)
    assert len(second.covered.revocations) == 4
    assert [kind for kind, _ in second.covered.unsigned].count(der.oid(ARCHIVE_TIME_STAMP_V3)) == 1
    assert _pyhanko(renewed, revocation=True) == "AdESPassed.OK"


def test_what_an_archive_timestamp_protects_can_not_be_taken_away_or_swapped() -> None:
    read = cms.parse(LASTING)
    archive = next(one for one in read.unsigned if one[0] == ARCHIVE_TIME_STAMP_V3)
    crl_ = EVIDENCE.crls[0]
    with pytest.raises(ArchiveTimestampBroken):
        cades.archives(cms.set_unsigned(LASTING, [archive]), _content())
    other = (cms.SIGNATURE_TIME_STAMP, (token(UNIT, cades.signature_imprint(SIGNED)),))
    with pytest.raises(ArchiveTimestampBroken):
        cades.archives(cms.set_unsigned(LASTING, [other, archive]), _content())
    with pytest.raises(ArchiveTimestampBroken):
        cades.archives(LASTING.replace(crl_, crl_[:-1] + bytes([crl_[-1] ^ 1])), _content())
    with pytest.raises(ArchiveTimestampBroken):
        cades.archives(LASTING, _content(IMAGE + b"."))
    bare = read_token(archive[1][0]).signed
    stripped = (archive[0], (cms.set_unsigned(bare.encoded, ()),))
    rest = [one for one in read.unsigned if one != archive]
    with pytest.raises(ArchiveTimestampBroken):
        cades.archives(cms.set_unsigned(LASTING, [*rest, stripped]), _content())
    with pytest.raises(ArchiveTimestampBroken):
        cades.archives(cms.set_unsigned(_sign(), [*rest, archive]), _content())


def test_another_file_is_refused() -> None:
    cades.check_signature(LASTING, _content())
    for wrong in (IMAGE[:-1], IMAGE + b"\0", b""):
        with pytest.raises(ContentDiffers):
            cades.check_signature(SIGNED, _content(wrong))
        with pytest.raises(ContentDiffers):
            cades.prepare_archive_timestamp(WITH_DATA, _content(wrong))


def test_a_wrong_answer_of_the_token_is_refused() -> None:
    prepared = cades.prepare(_pieces(), certificate=LEBRUN.certificate, chain=LEBRUN.chain, signed_at=now())
    for wrong in (b"", LEBRUN.sign(b"something else")):
        with pytest.raises(SignatureDoesNotMatch):
            cades.complete(prepared, wrong)


def test_a_signature_waits_for_a_restart_and_is_refused_when_damaged() -> None:
    prepared = cades.prepare(
        _pieces(), certificate=LEBRUN.certificate, chain=LEBRUN.chain, signed_at=now(),
        algorithm=algorithm_for(LEBRUN.certificate, digest=Digest.SHA3_256, pss=True),
    )  # fmt: skip
    kept = prepared.to_bytes()
    assert cades.PreparedSignature.from_bytes(kept) == prepared
    for wrong in (b"", kept[:-1], kept.replace(b"rsa", b"RSA", 1), kept + b" "):
        with pytest.raises(DamagedPrepared):
            cades.PreparedSignature.from_bytes(wrong)


def test_tokens_of_something_else_are_refused() -> None:
    prepared = cades.prepare_archive_timestamp(WITH_DATA, _content())
    for wrong in (token(UNIT, bytes(32)), token(UNIT, cades.signature_imprint(SIGNED))):
        with pytest.raises(TimestampOfOther):
            cades.complete_archive_timestamp(prepared, wrong)
    with pytest.raises(TimestampOfOther):
        cades.add_signature_timestamp(SIGNED, token(UNIT, prepared.imprint))
    with pytest.raises(TimestampMalformed):
        cades.complete_archive_timestamp(dataclasses.replace(prepared), SIGNED)


def test_what_the_table_of_algorithms_forbids_is_not_used() -> None:
    at = datetime(2029, 1, 1, tzinfo=UTC)
    with pytest.raises(WeakAlgorithm):
        cades.prepare(_pieces(), certificate=LEBRUN.certificate, chain=LEBRUN.chain, signed_at=at)


def test_a_large_file_is_read_once_and_never_held() -> None:
    read = 0

    def pieces() -> Iterator[bytes]:
        nonlocal read
        block = os.urandom(1 << 16)
        for _ in range(800):
            read += len(block)
            yield block

    prepared = cades.prepare(pieces(), certificate=LEBRUN.certificate, chain=LEBRUN.chain, signed_at=now())
    assert read == 800 << 16
    assert len(prepared.to_bytes()) < 20_000


@given(place=st.integers(0, len(LASTING) - 1), value=st.integers(0, 255))
def test_one_wrong_byte_is_never_taken_for_an_untouched_signature(place: int, value: int) -> None:
    bad = LASTING[:place] + bytes([value]) + LASTING[place + 1 :]
    if bad == LASTING:
        return
    named = (
        MalformedSignature, ContentDiffers, SignatureDoesNotMatch, UnknownAlgorithm, ArchiveTimestampBroken,
        BadTimestamp,
    )  # fmt: skip
    try:
        cades.check_signature(bad, _content())
        found = cades.archives(bad, _content())
        for one in found:
            verify_token(one.token)
    except named:
        return
    # What neither signature covers: the version, the set of digests, the archive token's own certificates.
    assert cms.parse(bad).signature == cms.parse(LASTING).signature
    assert [one.token.info for one in found] in ([], [cades.archives(LASTING, _content())[0].token.info])
