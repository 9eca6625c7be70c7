"""Signed files, judged."""

from datetime import timedelta

import pytest

from telesphore.ades.algorithms import TS_119_312
from telesphore.ades.verdict import ranges, revocation, signed_fields
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import Conclusion, Indication, Level, SubIndication, Verdict
from telesphore.ades.verdict.trust import Anchor, Evidence, Trust
from telesphore.ades.verdict.validate import validate
from telesphore.kernel.clock import now
from tests.ades.verdict.files import form, sign, stamp, store
from tests.certificates import TestAuthority

ROOT = TestAuthority()
LEBRUN = ROOT.signer("Anne LEBRUN")
UNIT = ROOT.unit()
TRUST = Trust([Anchor(ROOT.certificate)], TS_119_312)
NOW = now().replace(microsecond=0)


def judge(pdf: bytes, **changes: object) -> Verdict:
    given = {"trust": TRUST, "at": NOW, "evidence": Evidence(crls=[ROOT.crl(at=NOW)]), **changes}
    return validate(pdf, **given)  # type: ignore[arg-type]


def reasons(verdict: Verdict) -> list[Reason]:
    return [finding.reason for finding in verdict.findings]


def test_a_signature_by_someone_trusted_and_not_revoked_is_valid() -> None:
    verdict = judge(sign(form(), "Signature1", LEBRUN, NOW))

    assert verdict.conclusion is Conclusion.VALID
    (found,) = verdict.signatures
    assert (found.indication, found.sub_indication, found.level) == (Indication.TOTAL_PASSED, None, Level.B)
    assert (found.signer.name, found.claimed_at, found.proved_at) == ("Anne LEBRUN", NOW, None)
    assert found.covers_whole_file
    assert found.chain == (LEBRUN.certificate, ROOT.certificate)


def test_what_nobody_says_of_revocation_can_t_be_known() -> None:
    verdict = judge(sign(form(), "Signature1", LEBRUN, NOW), evidence=Evidence())

    assert verdict.conclusion is Conclusion.UNKNOWN
    assert verdict.signatures[0].sub_indication is SubIndication.TRY_LATER
    assert Reason.REVOCATION_UNKNOWN in reasons(verdict)


def test_an_altered_document_is_invalid() -> None:
    pdf = sign(form(), "Signature1", LEBRUN, NOW)
    verdict = judge(pdf.replace(b"/MediaBox", b"/CropBoxx", 1))

    assert verdict.conclusion is Conclusion.INVALID
    assert verdict.signatures[0].sub_indication is SubIndication.HASH_FAILURE
    assert reasons(verdict)[0] is Reason.DIGEST_DIFFERS


def test_a_file_of_more_signatures_than_are_judged_is_not_judged_by_the_first_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pdf = sign(sign(form(), "Signature1", LEBRUN, NOW), "Signature2", ROOT.signer("Odile"), NOW)
    assert judge(pdf).conclusion is Conclusion.VALID

    monkeypatch.setattr(signed_fields, "MOST_SIGNATURES", 1)
    verdict = judge(pdf)
    assert (verdict.conclusion, reasons(verdict)) == (Conclusion.UNKNOWN, [Reason.TOO_LARGE])


def test_a_stranger_s_authority_is_not_trusted() -> None:
    verdict = judge(sign(form(), "Signature1", TestAuthority("Another").signer("Anne LEBRUN"), NOW))

    assert verdict.conclusion is Conclusion.UNKNOWN
    assert verdict.signatures[0].sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND


def test_levels_are_those_really_reached() -> None:
    signed = sign(form(), "Signature1", LEBRUN, NOW, stamps=[(UNIT, NOW)])
    stored = store(signed, certificates=[ROOT.certificate], crls=[ROOT.crl(at=NOW)])
    sealed = stamp(stored, UNIT, NOW)

    assert [judge(one).signatures[0].level for one in (signed, stored, sealed)] == [Level.T, Level.LT, Level.LTA]
    assert judge(sealed).conclusion is Conclusion.VALID
    assert judge(sealed).signatures[0].proved_at == NOW


def test_an_expired_signature_is_valid_only_with_proof_of_its_time() -> None:
    later = NOW + timedelta(days=12)
    short = ROOT.signer("Anne LEBRUN", days=2)
    bare = sign(form(), "Signature1", short, NOW)
    stamped = sign(form(), "Signature1", short, NOW, stamps=[(ROOT.unit(days=30), NOW)])
    fresh = Evidence(crls=[ROOT.crl(at=NOW), ROOT.crl(at=later)])

    verdict = judge(bare, at=later, evidence=fresh)
    assert verdict.signatures[0].sub_indication is SubIndication.OUT_OF_BOUNDS_NOT_REVOKED
    assert verdict.conclusion is Conclusion.UNKNOWN
    verdict = judge(bare, at=later, evidence=Evidence())
    assert verdict.signatures[0].sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE
    assert judge(stamped, at=later, evidence=fresh).conclusion is Conclusion.VALID


def test_signatures_that_overlap_to_take_all_our_time_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pdf = sign(sign(form(), "Signature1", LEBRUN, NOW), "Signature2", ROOT.signer("Odile"), NOW)
    monkeypatch.setattr(ranges, "MOST_BYTES", 0)
    assert judge(pdf).conclusion is Conclusion.VALID
    monkeypatch.setattr(ranges, "MOST_TIMES", 0)
    assert reasons(judge(pdf)) == [Reason.TOO_LARGE]


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"not a PDF at all"])
def test_what_is_not_a_pdf_is_said_to_be_unreadable(content: bytes) -> None:
    verdict = judge(content)

    assert verdict.conclusion is Conclusion.UNKNOWN
    assert reasons(verdict) == [Reason.NOT_READABLE]


def test_a_file_without_signature_is_said_to_have_none() -> None:
    assert reasons(judge(form())) == [Reason.NOT_SIGNED]


def test_a_file_full_of_junk_does_not_hide_a_revocation_that_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    revoked_at, at = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
    before = ROOT.crl(at=NOW - timedelta(hours=3))
    known = Evidence(crls=[ROOT.crl({LEBRUN.certificate: revoked_at}, at=at)])
    signed = sign(form(), "Signature1", LEBRUN, NOW, stamps=[(UNIT, NOW)])
    monkeypatch.setattr(revocation, "MOST_SOURCES", 20)
    many = store(signed, crls=[before], ocsps=[b"%d" % number for number in range(30)])
    assert judge(many, evidence=known).conclusion is Conclusion.INVALID

    monkeypatch.undo()
    monkeypatch.setattr(revocation, "LARGEST_TOGETHER", 3000)
    large = store(signed, crls=[before], ocsps=[bytes(2990 - len(before))])
    assert judge(large, evidence=known).conclusion is Conclusion.INVALID


def test_a_short_lived_certificate_that_was_revoked_nevertheless_signs_no_more() -> None:
    short = ROOT.signer("Odile", since=NOW - timedelta(hours=3), days=0.5)
    signed = sign(form(), "Signature1", short, NOW, stamps=[(UNIT, NOW)])
    revoked = ROOT.crl({short.certificate: NOW - timedelta(hours=2)}, at=NOW - timedelta(hours=1))

    assert judge(signed).conclusion is Conclusion.VALID
    verdict = judge(signed, evidence=Evidence(crls=[revoked]))
    assert verdict.conclusion is Conclusion.INVALID
    assert verdict.signatures[0].sub_indication is SubIndication.REVOKED
