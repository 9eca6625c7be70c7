"""Detached CAdES signatures, judged."""

from datetime import timedelta

import pytest

from telesphore.ades import cades, cms, der
from telesphore.ades.algorithms import Digest, algorithm_for, sign_with
from telesphore.ades.archive import ARCHIVE_TIME_STAMP_V3, ATS_HASH_INDEX_V3
from telesphore.ades.verdict.detached import validate_detached
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import Conclusion, Level, SubIndication, Verdict
from telesphore.ades.verdict.trust import Evidence
from tests.ades.verdict.files import token
from tests.ades.verdict.test_sub_indications import BORN, ISSUING, LEBRUN, NOW, ROOT, TRUST, UNIT, known
from tests.certificates import Signer

FILE = b"the results of Camille Durand\n" * 100
DAY = timedelta(days=1)
CERTIFICATES = (ROOT.certificate, ISSUING.certificate)


def content(digest: Digest) -> bytes:
    return digest.of(FILE)


def signed(signer: Signer = LEBRUN) -> bytes:
    prepared = cades.prepare([FILE], certificate=signer.certificate, chain=signer.chain, signed_at=NOW)
    return cades.complete(prepared, sign_with(signer.key, prepared.algorithm, prepared.to_be_signed))


def stamped(signature: bytes, at: object = NOW, unit: Signer = UNIT) -> bytes:
    return cades.add_signature_timestamp(signature, token(unit, cms.parse(signature).signature, at))  # type: ignore[arg-type]


def archived(signature: bytes, unit: Signer = UNIT, at: object = NOW, digest: Digest = Digest.SHA256) -> bytes:
    prepared = cades.prepare_archive_timestamp(signature, content, digest=digest)
    return cades.complete_archive_timestamp(prepared, _stamp_of(unit, prepared.imprint, at, digest))


def _stamp_of(unit: Signer, imprint: bytes, at: object, digest: Digest) -> bytes:
    """A token over this digest."""
    info = der.sequence(
        der.integer(1), der.oid("1.2.3.4.5"), der.sequence(digest.identifier, der.octets(imprint)), der.integer(7),
        der.generalized_time(at),  # type: ignore[arg-type]
    )  # fmt: skip
    algorithm = algorithm_for(unit.certificate, digest=digest)
    attributes = cms.signed_attributes(
        algorithm, algorithm.digest.of(info), unit.certificate, content_type=cms.TST_INFO
    )
    return cms.assemble(
        algorithm, attributes, sign_with(unit.key, algorithm, attributes), unit.certificate, unit.chain,
        content_type=cms.TST_INFO, content=info,
    )  # fmt: skip


def kept(signature: bytes) -> bytes:
    return cades.add_validation_data(signature, Evidence(certificates=CERTIFICATES, crls=known().crls))


def judge(signature: bytes, file: object = FILE, **changes: object) -> Verdict:
    given = {"trust": TRUST, "at": NOW, "evidence": known(), **changes}
    return validate_detached(file, signature, **given)  # type: ignore[arg-type]


def test_each_level_is_reached() -> None:
    b = signed()
    t = stamped(b)
    lt = kept(t)
    lta = archived(lt)
    found = [judge(one) for one in (b, t, lt, lta)]
    assert [one.signatures[0].level for one in found] == [Level.B, Level.T, Level.LT, Level.LTA]
    assert [one.conclusion for one in found] == [Conclusion.VALID] * 4
    assert judge(lta, evidence=Evidence()).conclusion is Conclusion.VALID


def test_digests_stand_in_for_the_file() -> None:
    digests = {"sha256": Digest.SHA256.of(FILE)}
    assert judge(signed(), digests).conclusion is Conclusion.VALID
    assert judge(signed(), {"sha256": Digest.SHA256.of(b"another")}).conclusion is Conclusion.INVALID


def test_without_the_file_nothing_can_be_known() -> None:
    verdict = judge(signed(), {})
    assert verdict.signatures[0].sub_indication is SubIndication.SIGNED_DATA_NOT_FOUND
    assert verdict.conclusion is Conclusion.UNKNOWN


def test_another_file_is_not_what_was_signed() -> None:
    verdict = judge(archived(kept(stamped(signed()))), FILE + b"!")
    assert verdict.signatures[0].sub_indication is SubIndication.HASH_FAILURE
    assert verdict.findings[0].reason is Reason.DIGEST_DIFFERS


@pytest.mark.parametrize("signature", [b"", b"0", b"\x30\x03\x02\x01\x01", b"x" * 1000])
def test_what_is_no_signature_is_malformed(signature: bytes) -> None:
    assert judge(signature).signatures[0].sub_indication is SubIndication.FORMAT_FAILURE


def test_a_signature_outlives_its_certificate_by_its_archive_timestamp() -> None:
    short = ISSUING.signer("Anne LEBRUN", since=BORN, days=35)
    lasting = archived(kept(stamped(signed(short))))
    at = NOW + 100 * DAY
    later = Evidence(crls=[ROOT.crl(at=at), ISSUING.crl(at=at)])
    assert judge(lasting, at=at, evidence=later).conclusion is Conclusion.VALID
    assert judge(signed(short), at=at, evidence=later).conclusion is Conclusion.UNKNOWN


def test_a_renewed_archive_timestamp_carries_the_one_before() -> None:
    old = ROOT.unit("Unit that ends soon", since=BORN, days=40)
    first = archived(kept(stamped(signed())), unit=old)
    at = NOW + 5 * DAY
    renewed = archived(cades.add_validation_data(first, Evidence(crls=[ROOT.crl(at=at)])), at=at, digest=Digest.SHA512)
    moment = NOW + 60 * DAY
    later = Evidence(crls=[ROOT.crl(at=moment), ISSUING.crl(at=moment)])
    for signature, passed in ((renewed, [None, None]), (first, [SubIndication.OUT_OF_BOUNDS_NO_POE])):
        (found,) = judge(signature, at=moment, evidence=later).signatures
        assert [one.sub_indication for one in found.timestamps if one.kind == "archive"] == passed
    assert judge(renewed, at=moment, evidence=later).signatures[0].proved_at == NOW


def test_an_archive_timestamp_of_another_signature_proves_nothing() -> None:
    other = archived(kept(stamped(signed(ISSUING.signer("Odile", since=BORN, days=365)))))
    (value,) = cms.parse(other).values(ARCHIVE_TIME_STAMP_V3)
    pasted = cms.add_unsigned(kept(stamped(signed())), ARCHIVE_TIME_STAMP_V3, value)
    (found,) = judge(pasted).signatures
    assert found.level is Level.LT
    assert Reason.TIMESTAMP_NOT_VALID in [finding.reason for finding in found.findings]


def test_what_an_archive_timestamp_listed_must_still_be_there() -> None:
    lasting = archived(kept(stamped(signed())))
    read = cms.parse(lasting)
    stripped = cms.set_unsigned(lasting, [one for one in read.unsigned if one[0] != cms.SIGNATURE_TIME_STAMP])
    (found,) = judge(stripped).signatures
    assert [one.sub_indication for one in found.timestamps] == [SubIndication.HASH_FAILURE]


def test_an_archive_timestamp_without_its_index_is_left_out() -> None:
    lasting = archived(kept(stamped(signed())))
    (value,) = cms.parse(lasting).values(ARCHIVE_TIME_STAMP_V3)
    bare = cms.set_unsigned(value, [one for one in cms.parse(value).unsigned if one[0] != ATS_HASH_INDEX_V3])
    unsigned = [one for one in cms.parse(lasting).unsigned if one[0] != ARCHIVE_TIME_STAMP_V3]
    without = cms.set_unsigned(lasting, [*unsigned, (ARCHIVE_TIME_STAMP_V3, (bare,))])
    assert judge(without).signatures[0].level is Level.LT
