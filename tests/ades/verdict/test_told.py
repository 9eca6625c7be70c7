"""What a verdict says, a reader of another language can be told whole."""

import pytest

from telesphore.ades.verdict.reports.levels import missing
from telesphore.ades.verdict.result import Verdict
from tests.ades.verdict.test_sub_indications import LEBRUN, NOW, _wrapped, by, judge, misissued
from tests.certificates import Signer

NAMES = ("authority", "certificate", "signer", "field", "date", "page")


def _told(verdict: Verdict) -> list[str]:
    """The details that are sentences or parts of sentences."""
    return [value for finding in verdict.findings for name, value in finding.details.items() if name not in NAMES]


@pytest.mark.parametrize("signer", misissued().values(), ids=misissued())
def test_why_a_chain_is_not_believed_can_be_told_in_another_language(signer: Signer) -> None:
    told = _told(judge(by(signer)))
    assert told
    assert all(missing(one, lambda known: f"«{known}»").startswith("«") for one in told)


def test_why_a_timestamp_proves_nothing_can_be_told_in_another_language() -> None:
    (why,) = _told(judge(by(LEBRUN, stamps=[(LEBRUN, NOW)])))
    said = missing(why, lambda known: f"«{known}»")
    assert said.startswith("«The certificate of Anne LEBRUN")
    assert said.endswith("«it is not one of a time-stamping authority».»")


def test_why_a_signature_is_malformed_can_be_told_in_another_language() -> None:
    for verdict in (
        judge(by(LEBRUN, make=lambda covered: b"")),
        judge(_wrapped(by(LEBRUN), lambda before, after, rest: (0, before, after))),
    ):
        told = _told(verdict)
        assert told
        assert all(missing(one, lambda known: f"«{known}»").startswith("«") for one in told), told
