"""Evidence records beside a file: what they prove of it, and what they don't."""

from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from bench.twenty_years import Guardian, Paper, World, policy_at, year

from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import Conclusion, Indication, Verdict
from telesphore.ades.verdict.trust import Anchor, Evidence, Trust
from telesphore.ades.verdict.validate import validate

LATER = datetime(2031, 3, 1, tzinfo=UTC)
"""After the certificates of the file's own timestamps have ended."""


@cache
def renewed() -> tuple[World, Paper, Paper]:
    """Two documents of early 2027, renewed once by their records, in the summer of 2029."""
    world = World()
    paper = world.paper("preuve", year(0) + timedelta(days=20))
    other = world.paper("autre", year(0) + timedelta(days=21))
    Guardian(world, [], [paper, other]).turn(datetime(2029, 8, 15, tzinfo=UTC))
    return world, paper, other


def judged(file: bytes, records: list[bytes], *, known: bool = True) -> Verdict:
    world, paper, _ = renewed()
    today = world.of_today(paper, LATER)
    evidence = Evidence(
        certificates=today.certificates, ocsps=[*(paper.known if known else ()), *today.ocsps], records=records
    )
    trust = Trust([Anchor(one) for one in world.anchors()], policy_at(LATER))
    return validate(file, trust=trust, at=LATER, evidence=evidence, compare_pages=False)


def record(paper: Paper | None = None) -> bytes:
    held = (paper or renewed()[1]).record
    assert held is not None
    return held.dump()


def test_a_record_carries_a_file_whose_own_timestamps_have_ended() -> None:
    file = renewed()[1].file
    assert judged(file, []).conclusion is Conclusion.UNKNOWN
    verdict = judged(file, [record()])
    assert verdict.conclusion is Conclusion.VALID
    (stamp,) = [one for one in verdict.timestamps if one.kind == "evidence-record"]
    assert (stamp.indication, stamp.time) == (Indication.TOTAL_PASSED, datetime(2029, 8, 15, tzinfo=UTC))


def test_without_what_validated_the_timestamps_then_a_record_is_not_enough() -> None:
    assert judged(renewed()[1].file, [record()], known=False).conclusion is Conclusion.UNKNOWN


def test_a_record_of_another_file_proves_nothing_and_is_told_of() -> None:
    _, paper, other = renewed()
    verdict = judged(other.file, [record(paper)])
    assert verdict.conclusion is Conclusion.UNKNOWN
    assert "not-in-record" in [one.details.get("code") for one in verdict.findings]
    assert judged(other.file, [record(other)]).conclusion is Conclusion.VALID


@pytest.mark.parametrize("junk", [b"", b"junk", b"\x30\x00"])
def test_a_record_that_cannot_be_read_is_told_of_and_does_no_harm(junk: bytes) -> None:
    verdict = judged(renewed()[1].file, [junk, record()])
    assert verdict.conclusion is Conclusion.WARNING
    assert [one.reason for one in verdict.findings] == [Reason.RECORD_REFUSED]
    assert verdict.findings[0].details["code"] == "bad-evidence-record"


def test_a_record_about_an_earlier_state_still_carries_it() -> None:
    """The file grew since: what the record covers is proved, and what came after is judged by itself."""
    world, paper, _ = renewed()
    from telesphore.ades.lasting import add_validation_data

    grown = add_validation_data(paper.file, Evidence(ocsps=world.of_today(paper, LATER).ocsps or [b"\x30\x00"]))
    assert grown.startswith(paper.file)
    verdict = judged(grown, [record()])
    assert [one.kind for one in verdict.timestamps if one.indication is Indication.TOTAL_PASSED].count(
        "evidence-record"
    ) == 1
