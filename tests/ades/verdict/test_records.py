"""Evidence records beside a file: they carry its proof when its own timestamps no longer stand."""

from datetime import timedelta

from telesphore.ades.algorithms import Digest
from telesphore.ades.evidence_records import (
    ArchiveTimestamp,
    EvidenceRecord,
    group_of,
    group_of_renewal,
    group_of_timestamp,
)
from telesphore.ades.hash_trees import HashTree
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import Conclusion, Verdict
from telesphore.ades.verdict.trust import Evidence
from telesphore.ades.verdict.validate import validate
from tests.ades.verdict.files import form, sign, stamp
from tests.ades.verdict.test_detached import _stamp_of
from tests.ades.verdict.test_times import LEBRUN, START, STRONGER, TRUST, UNITS, YEAR, lists
from tests.certificates import Signer

PDF = sign(form(), "Signature1", LEBRUN, START, stamps=[(UNITS[0], START)])
OTHERS = [(b"%d" % number).rjust(32) for number in range(5)]
DURING = lists(START + YEAR)


def _stamped(digest: Digest, group: tuple[bytes, ...], unit: Signer, at: object) -> ArchiveTimestamp:
    tree = HashTree.grow(digest, [group, *((digest.of(one),) for one in OTHERS)])
    return ArchiveTimestamp.of(tree, 0, _stamp_of(unit, tree.root, at, digest))


def record(pdf: bytes = PDF) -> EvidenceRecord:
    """Made after a year, of the file and of the lists that prove its certificates."""
    group = group_of(Digest.SHA256, [pdf, *DURING])
    return EvidenceRecord(((_stamped(Digest.SHA256, group, UNITS[0], START + YEAR),),))


def renewed() -> EvidenceRecord:
    """Renewed by a timestamp after two years and four, then by a new tree, with a stronger digest, after six."""
    made = record()
    for year, unit in ((2, UNITS[2]), (4, UNITS[4])):
        last = made.chains[-1][-1].token
        group = group_of_timestamp(Digest.SHA256, last) + group_of(Digest.SHA256, lists(START + year * YEAR))
        made = made.with_timestamp(_stamped(Digest.SHA256, group, unit, START + year * YEAR))
    at = START + 6 * YEAR
    group = group_of_renewal(Digest.SHA512, [PDF, *DURING, *lists(at)], made.chains)
    return made.with_chain(_stamped(Digest.SHA512, group, STRONGER[6], at))


KEPT = [*DURING, *(one for year in (2, 4, 6) for one in lists(START + year * YEAR))]


def judge(record: EvidenceRecord | bytes, at: object, pdf: bytes = PDF) -> Verdict:
    given = record if isinstance(record, bytes) else record.dump()
    evidence = Evidence(crls=[*KEPT, *lists(at)], records=[given])  # type: ignore[arg-type]
    return validate(pdf, trust=TRUST, at=at, evidence=evidence, compare_pages=False)  # type: ignore[arg-type]


def test_a_record_carries_a_file_whose_own_timestamp_has_expired() -> None:
    at = START + 2 * YEAR
    assert judge(record(), at).conclusion is Conclusion.VALID
    assert [one.kind for one in judge(record(), at).timestamps] == ["evidence-record"]


def test_a_record_that_was_renewed_carries_it_past_a_weakened_digest() -> None:
    verdict = judge(renewed(), START + 7 * YEAR)
    assert [one.sub_indication for one in verdict.timestamps] == [None] * 4
    assert verdict.conclusion is Conclusion.VALID
    assert verdict.signatures[0].proved_at == START


def test_a_record_that_was_not_renewed_ends_with_its_timestamp() -> None:
    verdict = judge(record(), START + 5 * YEAR)
    assert verdict.conclusion is Conclusion.UNKNOWN
    assert Reason.TIMESTAMP_NOT_VALID in [finding.reason for finding in verdict.findings]


def test_a_record_of_another_file_says_nothing() -> None:
    for other in (record(b"another file").dump(), b"", b"\x30\x00", b"x" * 100):
        verdict = judge(other, START + YEAR)
        assert Reason.RECORD_REFUSED in [finding.reason for finding in verdict.findings]
        assert verdict.conclusion is Conclusion.WARNING


def test_a_record_holds_for_a_file_that_has_grown_since() -> None:
    at = START + 1.2 * YEAR
    grown = stamp(PDF, UNITS[0], at)
    verdict = judge(record(), at + timedelta(days=1), grown)
    assert Reason.RECORD_REFUSED not in [finding.reason for finding in verdict.findings]
    assert verdict.conclusion is Conclusion.VALID
