"""Certificates expire and are revoked, algorithms weaken; what was proved before stays proved."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from telesphore.ades.algorithms import TS_119_312, AlgorithmPolicy, Digest
from telesphore.ades.verdict.result import Conclusion, Level, SubIndication, Verdict
from telesphore.ades.verdict.trust import Anchor, Evidence, Trust
from telesphore.ades.verdict.validate import validate
from tests.ades.verdict.files import form, sign, stamp, store
from tests.certificates import Key, Signer, TestAuthority

START = datetime(2027, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
DAY = timedelta(days=1)
LONG = 40 * 365.0
POLICY = AlgorithmPolicy(
    "A table for twenty years",
    {"sha256": date(2039, 1, 1), "sha512": None},
    {"rsa": ((2048, date(2042, 1, 1)), (3072, None)), "ec": ((256, None),)},
)


class Stronger(TestAuthority):
    """Signs with SHA-512."""

    @staticmethod
    def _hash(key: Key) -> hashes.SHA512:  # type: ignore[override]
        return hashes.SHA512()


RSA = rsa.generate_private_key(65537, 2048)
SIGNERS = TestAuthority("Signers", born=START - YEAR, days=LONG, key=RSA)
STAMPS = TestAuthority("Stamps", born=START - YEAR, days=LONG)
LATER = Stronger("Later stamps", born=START - YEAR, days=LONG)
LEBRUN = SIGNERS.signer("Anne LEBRUN", rsa.generate_private_key(65537, 2048), since=START - DAY, days=2 * 365)
UNITS = {
    year: STAMPS.unit(f"Unit of {year}", since=START + (year - 0.5) * YEAR, days=3 * 365) for year in range(0, 21, 2)
}
STRONGER = {
    year: LATER.unit(f"Stronger unit of {year}", since=START + (year - 0.5) * YEAR, days=3 * 365)
    for year in range(0, 21, 2)
}
TRUST = Trust([Anchor(one.certificate) for one in (SIGNERS, STAMPS, LATER)], POLICY)


def lists(at: datetime, revoked: dict[bytes, datetime] | None = None) -> list[bytes]:
    return [one.crl(revoked, at=at) for one in (SIGNERS, STAMPS, LATER)]


def kept_for(years: int, *, skipped: int | None = None) -> bytes:
    """A file at level B-LTA, renewed every second year, by SHA-512 from the tenth on."""
    pdf = sign(form(), "Signature1", LEBRUN, START, stamps=[(UNITS[0], START)])
    for year in range(0, years + 1, 2):
        if year == skipped:
            continue
        at = START + year * YEAR
        pdf = store(pdf, certificates=[SIGNERS.certificate, STAMPS.certificate, LATER.certificate], crls=lists(at))
        strong = year >= 10
        pdf = stamp(pdf, (STRONGER if strong else UNITS)[year], at, digest=Digest.SHA512 if strong else Digest.SHA256)
    return pdf


def judge(pdf: bytes, at: datetime, revoked: dict[bytes, datetime] | None = None, trust: Trust = TRUST) -> Verdict:
    return validate(pdf, trust=trust, at=at, evidence=Evidence(crls=lists(at, revoked)))


@pytest.mark.parametrize("years", [0, 1, 4, 9, 13, 16, 20])
def test_a_file_that_is_renewed_stays_valid_for_twenty_years(years: int) -> None:
    verdict = judge(kept_for(years), START + years * YEAR + DAY)

    assert verdict.conclusion is Conclusion.VALID, [str(finding) for finding in verdict.findings]
    assert verdict.signatures[0].proved_at == START
    assert verdict.signatures[0].level is Level.LTA


def test_a_renewal_that_was_skipped_is_caught() -> None:
    verdict = judge(kept_for(20, skipped=4), START + 20 * YEAR + DAY)
    assert verdict.conclusion is Conclusion.UNKNOWN


def test_what_was_renewed_after_the_digest_weakened_proves_nothing() -> None:
    pdf = sign(form(), "Signature1", LEBRUN, START, stamps=[(UNITS[0], START)])
    for year in (0, 2, 4, 6, 8, 10):
        pdf = store(pdf, certificates=[SIGNERS.certificate, STAMPS.certificate], crls=lists(START + year * YEAR))
        pdf = stamp(pdf, UNITS[year], START + year * YEAR)
    in_time = stamp(
        store(pdf, crls=lists(START + 11.9 * YEAR)), STRONGER[12], START + 11.9 * YEAR, digest=Digest.SHA512
    )
    too_late = stamp(
        store(pdf, crls=lists(START + 12.1 * YEAR)), STRONGER[12], START + 12.1 * YEAR, digest=Digest.SHA512
    )

    assert judge(in_time, START + 13 * YEAR).conclusion is Conclusion.VALID
    assert judge(too_late, START + 13 * YEAR).conclusion is Conclusion.UNKNOWN


def test_a_compromised_unit_s_timestamps_stand_only_if_they_were_renewed_before() -> None:
    pdf = kept_for(4)
    before, after = {UNITS[2].certificate: START + 4.5 * YEAR}, {UNITS[2].certificate: START + 3.5 * YEAR}
    at = START + 5 * YEAR
    assert judge(pdf, at, before).conclusion is Conclusion.VALID
    verdict = judge(pdf, at, after)
    assert verdict.conclusion is Conclusion.UNKNOWN
    assert verdict.timestamps[1].sub_indication is SubIndication.REVOKED_NO_POE


def test_a_unit_that_was_retired_in_order_keeps_its_timestamps() -> None:
    """RFC 3161 §4: unless its key was compromised, what it stamped before stays good."""
    pdf = sign(form(), "Signature1", LEBRUN, START, stamps=[(UNITS[0], START)])
    at = START + YEAR
    for reason, conclusion in (
        (x509.ReasonFlags.cessation_of_operation, Conclusion.VALID),
        (x509.ReasonFlags.key_compromise, Conclusion.WARNING),
    ):
        answer = STAMPS.ocsp(UNITS[0].certificate, at=at, revoked_at=at - DAY, reason=reason)
        evidence = Evidence(crls=[SIGNERS.crl(at=at)], ocsps=[answer])
        assert validate(pdf, trust=TRUST, at=at, evidence=evidence).conclusion is conclusion


def test_the_same_file_judged_earlier_than_it_was_made_proves_nothing() -> None:
    verdict = judge(kept_for(4), START + YEAR)
    assert verdict.conclusion is not Conclusion.VALID
    assert verdict.timestamps[-1].sub_indication is SubIndication.TIMESTAMP_ORDER_FAILURE


def test_removing_later_timestamps_never_makes_a_file_better() -> None:
    """What a stripped file can be said to be, the whole file can be said to be too."""
    whole, at = kept_for(4), START + 4 * YEAR + DAY
    ends = [one.end for one in judge(whole, at).revisions]
    conclusions = [judge(whole[:end], at).conclusion for end in ends[2:]]
    assert conclusions[-1] is Conclusion.VALID
    assert Conclusion.VALID not in conclusions[:-3]


ISSUER = TestAuthority("Issuer", born=START - YEAR, days=LONG)
UNIT = ISSUER.unit("Unit", since=START - YEAR, days=LONG)
FOREVER = Trust([Anchor(ISSUER.certificate)], replace(TS_119_312, keys={"ec": ((256, None),)}))
DAYS = st.integers(0, 1000)


def _signer(expiry: int) -> Signer:
    return ISSUER.signer("Anne LEBRUN", since=START, days=float(expiry))


@settings(max_examples=60, deadline=None)
@given(
    signed=DAYS,
    stamped=st.none() | DAYS,
    revoked=st.none() | DAYS,
    expiry=st.integers(2, 1000),
    judged=st.integers(0, 1200),
)
def test_a_signature_is_valid_exactly_when_it_is_proved_to_precede_what_ends_its_certificate(
    signed: int, stamped: int | None, revoked: int | None, expiry: int, judged: int
) -> None:
    signer = _signer(expiry)
    at = START + max(judged, signed, stamped or 0) * DAY
    moment = at if stamped is None else START + stamped * DAY
    pdf = sign(
        form(), "Signature1", signer, START + signed * DAY,
        stamps=[] if stamped is None else [(UNIT, START + stamped * DAY)],
    )  # fmt: skip
    on_list = {} if revoked is None else {signer.certificate: START + revoked * DAY}
    then = {} if revoked is None or START + revoked * DAY > moment else on_list
    crls = [ISSUER.crl(then, at=moment), ISSUER.crl(on_list if START + (revoked or 0) * DAY <= at else {}, at=at)]
    verdict = validate(pdf, trust=FOREVER, at=at, evidence=Evidence(crls=crls))

    expected = moment <= START + expiry * DAY and (revoked is None or START + revoked * DAY > moment)
    passed = verdict.signatures[0].sub_indication is None
    assert passed is expected, [str(finding) for finding in verdict.findings]
