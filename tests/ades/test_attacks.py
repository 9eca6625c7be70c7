"""The whole verdict on every attack, and on every file that was changed as it may be."""

import pytest

from telesphore.ades.algorithms import TS_119_312
from telesphore.ades.verdict.result import Verdict
from telesphore.ades.verdict.trust import Anchor, Evidence, Trust
from telesphore.ades.verdict.validate import validate
from telesphore.kernel.clock import now
from tests.ades.attacks import ATTACKS, LEGITIMATE, ROOT, Case

TRUST = Trust([Anchor(ROOT.certificate)], TS_119_312)
EVIDENCE = Evidence(crls=[ROOT.crl()])


def judged(case: Case) -> Verdict:
    return validate(case.make(), trust=TRUST, at=now(), evidence=EVIDENCE)


@pytest.mark.parametrize("case", ATTACKS, ids=str)
def test_an_attack_is_caught(case: Case) -> None:
    verdict = judged(case)
    assert verdict.conclusion in case.conclusions, verdict.findings
    assert case.reasons & {finding.reason for finding in verdict.findings}, verdict.findings
    assert all(str(finding) for finding in verdict.findings)


@pytest.mark.parametrize("case", LEGITIMATE, ids=str)
def test_a_third_party_s_file_is_not_called_forged(case: Case) -> None:
    verdict = judged(case)
    assert verdict.conclusion in case.conclusions, verdict.findings
    assert not case.reasons or case.reasons & {finding.reason for finding in verdict.findings}, verdict.findings
