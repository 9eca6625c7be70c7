"""Twenty years in short: every step of the simulation, with a few documents."""

import pytest
from bench import twenty_years


@pytest.mark.slow
def test_every_document_holds_every_year_and_the_one_that_was_skipped_is_caught() -> None:
    results = twenty_years.simulate(
        years=21, each=3, every=10, say=lambda _: None, others=lambda number: number in (0, 2, 3, 5, 12, 20)
    )
    for line in results["years"]:
        for judged in ("ours_in_files", "ours_by_records", "pyhanko_in_files"):
            assert line[judged]["valid"] == line[judged]["of"], line["wrong"]
    assert twenty_years.caught(results)
    # What only the compromised unit had stamped is lost, and said to be.
    assert [line["hanging_ours"][0] for line in results["years"][twenty_years.COMPROMISED :]] == [False] * 19
    # SHA-256 began to weaken: the documents were hashed anew, in a second chain.
    assert results["chains"] == 2
    assert results["refused"] == 0
