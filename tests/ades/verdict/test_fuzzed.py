"""What fuzzing found, each once."""

from dataclasses import replace

import pytest

from telesphore.ades.algorithms import TS_119_312, public_key
from telesphore.ades.errors import NoPathToAnchor, UnknownKeyType
from telesphore.ades.paths import load
from telesphore.ades.verdict.result import Conclusion
from telesphore.ades.verdict.trust import Anchor, Evidence, Trust
from telesphore.ades.verdict.validate import validate
from telesphore.kernel.clock import now
from tests.ades.attacks import ROOT, approved

TRUST = Trust([Anchor(ROOT.certificate)], TS_119_312)


def _of_another_version(der: bytes, version: bytes) -> bytes:
    assert version in der
    return der.replace(version, version[:-1] + b"\x7f", 1)


def test_a_certificate_of_no_known_version_is_refused_everywhere() -> None:
    odd = _of_another_version(ROOT.certificate, b"\xa0\x03\x02\x01\x02")
    with pytest.raises(UnknownKeyType):
        public_key(odd)
    with pytest.raises(NoPathToAnchor):
        load(odd)
    evidence = Evidence(certificates=[odd], crls=[ROOT.crl(), odd], ocsps=[odd])
    assert validate(approved().pdf, trust=TRUST, at=now(), evidence=evidence).conclusion is Conclusion.VALID


def test_a_revocation_list_of_no_known_version_says_nothing() -> None:
    evidence = Evidence(crls=[_of_another_version(ROOT.crl(), b"\x02\x01\x01")])
    assert validate(approved().pdf, trust=TRUST, at=now(), evidence=evidence).conclusion is Conclusion.VALID


def test_a_revision_in_the_middle_without_a_catalog_is_judged_nevertheless() -> None:
    signed = approved()
    middle = signed.pdf.rindex(b"/Root 1 0 R")
    headless = signed.pdf[:middle] + b"/Toor 1 0 R" + signed.pdf[middle + 11 :]
    later = replace(signed, pdf=headless).update({})
    verdict = validate(later.pdf, trust=TRUST, at=now(), compare_pages=False)
    assert verdict.conclusion in (Conclusion.INVALID, Conclusion.UNKNOWN)
