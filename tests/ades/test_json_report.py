"""The JSON report: every fact under a stable name, and back."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from telesphore.ades.verdict.reports.json_report import NotAVerdict, as_json, from_json
from telesphore.ades.verdict.result import Verdict
from tests.ades import verdicts


@pytest.mark.parametrize("made", [verdicts.valid, verdicts.altered, verdicts.not_trusted, verdicts.unreadable])
def test_a_verdict_comes_back_from_its_json_as_it_was(made: Callable[[], Verdict]) -> None:
    written = json.dumps(as_json(made()))

    assert from_json(json.loads(written)) == made()


def test_programs_find_the_names_of_version_1() -> None:
    report = as_json(verdicts.altered())

    assert report["schema"] == "telesphore.verdict/1"
    assert set(report) >= {
        "schema", "conclusion", "findings", "signatures", "timestamps", "revisions", "pages", "pages_compared",
        "validated_at", "file_sha256", "file_size", "policy",
    }  # fmt: skip
    assert set(report["signatures"][0]) >= {
        "field_name", "status", "indication", "sub_indication", "findings", "level", "next_level_missing",
        "qualification", "signer", "algorithm", "digest", "claimed_at", "proved_at", "covers_whole_file", "revision",
        "certified", "permission", "reason", "short_lived", "chain", "timestamps",
    }  # fmt: skip
    assert report["conclusion"] == "invalid"
    assert report["validated_at"] == "2026-11-22T09:00:00Z"
    assert report["findings"][0] == {
        "reason": "forbidden-change", "effect": "invalid", "details": {"signer": "Dr Anne LEBRUN", "what": "page 1"},
        "sentence": "After Dr Anne LEBRUN signed, the file was changed in a way that nothing allows: page 1.",
    }  # fmt: skip


def _spoilt(**changes: Any) -> dict[str, Any]:
    return {**as_json(verdicts.valid()), **changes}


@pytest.mark.parametrize(
    "found",
    [
        None, [], {}, _spoilt(schema="telesphore.verdict/2"), _spoilt(conclusion="perhaps"), _spoilt(file_size="big"),
        _spoilt(validated_at="2026-11-22T09:00:00"), _spoilt(findings=[{"reason": "because", "details": {}}]),
        _spoilt(signatures="none"), _spoilt(pages=[{"page": 1, "same": True, "boxes": [[1, 2]], "expected": []}]),
    ],
)  # fmt: skip
def test_what_is_not_a_verdict_is_refused(found: object) -> None:
    with pytest.raises(NotAVerdict):
        from_json(found)
