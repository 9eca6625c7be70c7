"""The level really reached, and what the next one lacks (EN 319 142-1 §6.3)."""

from datetime import timedelta

import pytest

from telesphore.ades import cms, der
from telesphore.ades.pdf.objects import Name
from telesphore.ades.verdict.result import Level, Verdict
from telesphore.ades.verdict.trust import Evidence
from telesphore.ades.verdict.validate import validate
from tests.ades.verdict.files import sign, stamp, store, token
from tests.ades.verdict.test_sub_indications import BORN, ISSUING, LEBRUN, NOW, ROOT, TRUST, UNIT, by, known

STAMPED = by(LEBRUN, stamps=[(UNIT, NOW)])
CERTIFICATES = [ROOT.certificate, ISSUING.certificate]


def judge(pdf: bytes, evidence: Evidence | None = None) -> Verdict:
    return validate(pdf, trust=TRUST, at=NOW, evidence=evidence or known(), compare_pages=False)


def reached(pdf: bytes, evidence: Evidence | None = None) -> tuple[Level, str]:
    (found, *_) = judge(pdf, evidence).signatures
    return found.level, found.next_level_missing


@pytest.mark.parametrize(
    ("entries", "options", "says"),
    [
        ({"SubFilter": Name("adbe.pkcs7.detached")}, {}, "adbe.pkcs7.detached"),
        ({"M": None}, {}, "(/M)"),
        ({"M": b"yesterday"}, {}, "(/M)"),
        ({"Filter": None}, {}, "(/Filter)"),
        ({"Cert": LEBRUN.certificate}, {}, "/Cert"),
        ({}, {"signing_time": NOW}, "signing-time"),
        (
            {"Reason": b"I agree"},
            {"more": [("1.2.840.113549.1.9.16.2.16", (der.sequence(der.oid("1.2.840.113549.1.9.16.6.1")),))]},
            "a reason twice",
        ),
        (
            {"Reason": b"I agree"},
            {"more": [("1.2.840.113549.1.9.16.2.15", (der.sequence(),))]},
            "a reason twice",
        ),
    ],
)
def test_what_the_baseline_forbids_is_no_baseline_signature(
    entries: dict[str, object], options: dict[str, object], says: str
) -> None:
    pdf = by(LEBRUN, entries=entries, stamps=[(UNIT, NOW)], **options)
    level, missing = reached(pdf)
    assert level is Level.NONE
    assert says in missing
    # The signature itself is none the worse for it.
    assert judge(pdf).signatures[0].sub_indication is None


def test_a_signature_without_its_own_certificate_s_reference_is_no_baseline_signature() -> None:
    def mend(attributes: bytes) -> bytes:
        kept = [
            der.encoding(attributes, one)
            for one in der.whole(attributes, der.SET)
            if der.oid(cms.SIGNING_CERTIFICATE_V2) not in der.encoding(attributes, one)
        ]
        return der.set_of(kept)

    assert "signing-certificate-v2" in reached(by(LEBRUN, mend=mend))[1]


def test_a_commitment_without_a_reason_is_fine() -> None:
    more = [("1.2.840.113549.1.9.16.2.16", (der.sequence(der.oid("1.2.840.113549.1.9.16.6.1")),))]
    assert reached(by(LEBRUN, more=more))[0] is Level.B


def test_a_timestamp_of_who_is_not_trusted_proves_no_time() -> None:
    stranger = ISSUING.signer("No unit", since=BORN)
    assert reached(by(LEBRUN, stamps=[(stranger, NOW)])) == (Level.B, "No timestamp proves when it was signed.")


def test_a_document_timestamp_gives_the_time_too() -> None:
    assert reached(stamp(by(LEBRUN), UNIT, NOW))[0] is Level.T


@pytest.mark.parametrize(
    ("certificates", "crls", "says"),
    [
        ([], [], "no validation data"),
        (CERTIFICATES, known().crls[:1], "no revocation data for the certificate of Anne LEBRUN"),
        (CERTIFICATES, known().crls[1:], "no revocation data"),
    ],
)
def test_validation_data_that_lacks_something_is_not_long_term(
    certificates: list[bytes], crls: list[bytes], says: str
) -> None:
    level, missing = reached(store(STAMPED, certificates=certificates, crls=crls))
    assert level is Level.T
    assert says in missing


def test_data_given_beside_the_file_does_not_raise_the_level() -> None:
    pdf = stamp(STAMPED, UNIT, NOW)
    assert reached(pdf, known())[0] is Level.T


def test_an_archive_timestamp_must_come_after_the_data() -> None:
    crls = known().crls
    too_early = store(stamp(STAMPED, UNIT, NOW), certificates=CERTIFICATES, crls=crls)
    in_time = stamp(store(STAMPED, certificates=CERTIFICATES, crls=crls), UNIT, NOW)
    assert reached(too_early)[0] is Level.LT
    assert reached(in_time) == (Level.LTA, "")
    # Data for the last timestamp itself comes after it, and is covered by the next one.
    assert reached(store(in_time, crls=[ROOT.crl(at=NOW, number=2)]))[0] is Level.LTA


def test_an_archive_timestamp_that_does_not_hold_does_not_count() -> None:
    kept = store(STAMPED, certificates=CERTIFICATES, crls=known().crls)
    broken = stamp(kept, UNIT, NOW, make=lambda covered: token(UNIT, covered + b"!", NOW))
    assert reached(broken)[0] is Level.LT


def test_the_second_signature_has_its_own_level() -> None:
    first = store(STAMPED, certificates=CERTIFICATES, crls=known().crls)
    pdf = sign(first, "Signature2", ISSUING.signer("Odile", since=BORN, days=365), NOW + timedelta(0))
    levels = [one.level for one in judge(pdf).signatures]
    assert levels == [Level.LT, Level.B]


def test_a_signature_that_does_not_hold_has_no_level() -> None:
    assert reached(STAMPED.replace(b"/MediaBox", b"/CropBoxx", 1))[0] is Level.NONE
