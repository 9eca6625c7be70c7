"""The ETSI report, read by classes that someone else made from the standard's schema.

pyHanko's are of V1.2.1, whose namespace differs; what we write is the same in both versions.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from lxml import etree
from pyhanko.generated.etsi.ts_11910202 import ValidationReport
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig
from xsdata.formats.dataclass.serializers import XmlSerializer

from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.reports.etsi import VR, as_etsi_xml
from telesphore.ades.verdict.result import Finding, Level, Verdict
from tests.ades import verdicts

V121 = "http://uri.etsi.org/19102/v1.2.1#"
EVERY = pytest.mark.parametrize(
    "made",
    [verdicts.valid, verdicts.altered, verdicts.not_trusted, verdicts.unreadable],
    ids=lambda made: made.__name__,
)


def read(verdict: Verdict) -> Any:
    xml = as_etsi_xml(verdict).replace(VR.encode(), V121.encode())
    return XmlParser(config=ParserConfig(fail_on_unknown_properties=True)).from_bytes(xml, ValidationReport)


@EVERY
def test_every_element_is_the_standards_and_in_its_order(made: Callable[[], Verdict]) -> None:
    report = read(made())
    # Written again from the classes, elements come in the order of the schema, all within one namespace prefix.
    again = XmlSerializer().render(report, ns_map={"vr": V121, "ds": "http://www.w3.org/2000/09/xmldsig#"})
    ours = etree.fromstring(as_etsi_xml(made()).replace(VR.encode(), V121.encode()))

    def names(root: etree._Element) -> list[str]:
        return [str(one.tag) for one in root.iter()]

    assert names(etree.fromstring(again.encode())) == names(ours)


def test_a_valid_signature_is_total_passed_with_its_proof_of_existence() -> None:
    report = read(verdicts.valid())
    [signature] = report.signature_validation_report

    assert signature.signature_validation_status.main_indication == "urn:etsi:019102:mainindication:total-passed"
    assert signature.signature_validation_status.sub_indication == ()
    assert signature.signature_identifier.daidentifier == "Signature1"
    assert signature.signer_information.signer == "Dr Anne LEBRUN"
    assert signature.validation_time_info.best_signature_time.poetime.to_datetime() == verdicts.PROVED
    [proof] = signature.validation_time_info.best_signature_time.poeobject.voreference
    objects = {one.id: one for one in report.signature_validation_objects.validation_object}
    assert objects[proof].object_type == "urn:etsi:019102:validationObject:timestamp"
    assert objects[proof].poe.poetime.to_datetime() == verdicts.PROVED
    assert signature.signature_attributes.signing_time[0].time.to_datetime() == verdicts.CLAIMED
    assert "urn:x-telesphore:qualification:local" in signature.signature_quality.signature_quality_information
    process = signature.signature_validation_process.signature_validation_process_id
    assert process == "urn:etsi:019102:validationprocess:LTVM"


def test_the_chain_leads_from_the_signer_to_the_anchor() -> None:
    verdict = verdicts.valid()
    report = read(verdict)
    [data] = report.signature_validation_report[0].signature_validation_status.associated_validation_report_data
    objects = {one.id: one for one in report.signature_validation_objects.validation_object}

    chain = data.certificate_chain
    held = [
        objects[one.voreference[0]].validation_object_representation.base64
        for one in (chain.signing_certificate, *chain.intermediate_certificate, chain.trust_anchor)
    ]
    assert tuple(held) == verdict.signatures[0].chain


def test_a_chain_that_leads_nowhere_names_no_anchor() -> None:
    report = read(verdicts.not_trusted())
    status = report.signature_validation_report[0].signature_validation_status

    assert status.main_indication == "urn:etsi:019102:mainindication:indeterminate"
    assert status.sub_indication == ("urn:etsi:019102:subindication:NO_CERTIFICATE_CHAIN_FOUND",)
    assert status.associated_validation_report_data[0].certificate_chain.trust_anchor is None


def test_each_reason_is_a_constraint_that_failed() -> None:
    report = read(verdicts.altered())
    constraints = report.signature_validation_report[0].validation_constraints_evaluation_report.validation_constraint
    failed = {
        one.validation_constraint_identifier
        for one in constraints
        if one.validation_status.main_indication.endswith("total-failed")
    }

    assert failed == {
        "urn:x-telesphore:look:changes", "urn:x-telesphore:look:pages", "urn:x-telesphore:reason:forbidden-change",
        "urn:x-telesphore:reason:page-differs",
    }  # fmt: skip


def test_a_signature_is_not_told_the_reasons_of_another() -> None:
    """Nor does a file of many signatures make a report that grows with their square."""
    own = [Finding(Reason.NOT_TRUSTED, {"signer": f"Signer {number}"}) for number in range(5)]
    shared = Finding(Reason.PAGE_DIFFERS, {"page": "1"})
    signatures = tuple(verdicts.signature(field_name=f"S{number}", findings=(one,)) for number, one in enumerate(own))
    report = read(verdicts.verdict(*own, shared, signatures=signatures))

    for number, told in enumerate(report.signature_validation_report):
        constraints = told.validation_constraints_evaluation_report.validation_constraint
        named = {one.validation_constraint_identifier for one in constraints}
        assert "urn:x-telesphore:reason:page-differs" in named
        assert sum(one.validation_constraint_identifier.endswith("not-trusted") for one in constraints) == 1, number


def test_what_bears_no_signature_is_indeterminate() -> None:
    [report] = read(verdicts.unreadable()).signature_validation_report

    assert report.signature_validation_status.main_indication == "urn:etsi:019102:mainindication:indeterminate"
    assert report.signature_identifier is None


def test_a_name_with_characters_that_xml_forbids_is_still_told() -> None:
    verdict = verdicts.valid()
    signer = replace(verdict.signatures[0].signer, name="Anne\x00\x0bLebrun\ufffe")
    hostile = replace(verdict, signatures=(verdicts.signature(signer=signer, level=Level.LTA),))

    [report] = read(hostile).signature_validation_report
    assert report.signer_information.signer == "Anne\ufffd\ufffdLebrun\ufffd"


def test_the_same_verdict_gives_the_same_bytes() -> None:
    assert as_etsi_xml(verdicts.altered()) == as_etsi_xml(verdicts.altered())
