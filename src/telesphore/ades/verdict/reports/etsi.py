"""A verdict as an ETSI TS 119 102-2 V1.4.1 signature validation report.

One `SignatureValidationReport` per signature, in the order of the standard's schema; certificates and timestamps are
validation objects, to which the reports refer. What the standard leaves to us (constraints, qualities) bears URNs of
our own. A file without any signature has one report, whose status is that nothing could be validated.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime

from lxml import etree

from telesphore.ades.verdict.reasons import Effect
from telesphore.ades.verdict.result import (
    Finding,
    Indication,
    Level,
    SignatureFacts,
    SubIndication,
    TimestampFacts,
    Verdict,
)

VR = "http://uri.etsi.org/19102/v1.4.1#"
DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
URN = "urn:etsi:019102"
OURS = "urn:x-telesphore"
_FORBIDDEN = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
_INDICATIONS = {
    Effect.INVALID: Indication.TOTAL_FAILED,
    Effect.UNKNOWN: Indication.INDETERMINATE,
    Effect.WARNING: Indication.TOTAL_PASSED,
    Effect.NONE: Indication.TOTAL_PASSED,
}
_PROCESSES = {Level.T: "LTVM", Level.LT: "LTVM", Level.LTA: "LTA"}
"""TS 119 102-1 §5.5 and §5.6; the basic process (§5.3) for all else."""
MOST_SHARED = 100
"""Reasons of the whole verdict, the gravest first, that are told again with each signature."""


def as_etsi_xml(verdict: Verdict) -> bytes:
    """The report, UTF-8; the same bytes for the same verdict."""
    root = etree.Element(_vr("ValidationReport"), nsmap={"vr": VR, "ds": DS, "xades": XADES})
    objects = _Objects()
    document = objects.document(verdict)
    of_signatures = {_key(finding) for signature in verdict.signatures for finding in signature.findings}
    shared = [finding for finding in verdict.findings if _key(finding) not in of_signatures][:MOST_SHARED]
    for index, signature in enumerate(verdict.signatures):
        _signature(root, verdict, signature, index, objects, document, shared)
    if not verdict.signatures:
        report = _add(root, "SignatureValidationReport")
        _constraints(report, verdict, verdict.findings)
        _time(report, verdict.validated_at, None, "")
        _document(report, document)
        status = _add(report, "SignatureValidationStatus")
        _indication(status, Indication.INDETERMINATE, SubIndication.SIGNED_DATA_NOT_FOUND)
        _told(status, verdict.findings)
    for stamp in verdict.timestamps:
        objects.timestamp(stamp, verdict.validated_at)
    root.append(objects.element)
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True))


def _signature(
    root: etree._Element,
    verdict: Verdict,
    signature: SignatureFacts,
    index: int,
    objects: "_Objects",
    document: str,
    shared: Sequence[Finding],
) -> None:
    certificates = [objects.certificate(one) for one in signature.chain] or [
        objects.certificate(signature.signer.certificate)
    ]
    stamps = [objects.timestamp(one, verdict.validated_at) for one in signature.timestamps]
    report = _add(root, "SignatureValidationReport")

    identifier = _add(report, "SignatureIdentifier", id=f"S-{index + 1}")
    _add(identifier, "HashOnly", "false")
    _add(identifier, "DocHashOnly", "false")
    _add(identifier, "DAIdentifier", signature.field_name or f"signature {index + 1}")

    _constraints(report, verdict, (*signature.findings, *shared))
    proof = next(
        (stamp for stamp, facts in zip(stamps, signature.timestamps, strict=True) if facts.time == signature.proved_at),
        "",
    )
    _time(report, verdict.validated_at, signature.proved_at, proof)
    _document(report, document)
    _attributes(report, signature)

    signer = _add(report, "SignerInformation", Pseudonym="false")
    _add(signer, "SignerCertificate", VOReference=certificates[0])
    _add(signer, "Signer", _clean(signature.signer.name))

    quality = _add(report, "SignatureQuality")
    _add(quality, "SignatureQualityInformation", f"{OURS}:qualification:{signature.qualification.value}")
    _add(quality, "SignatureQualityInformation", f"{OURS}:level:{signature.level.value}")

    process = _add(report, "SignatureValidationProcess")
    _add(process, "SignatureValidationProcessID", f"{URN}:validationprocess:{_PROCESSES.get(signature.level, 'Basic')}")

    status = _add(report, "SignatureValidationStatus")
    _indication(status, signature.indication, signature.sub_indication)
    data = _add(status, "AssociatedValidationReportData")
    chain = _add(data, "CertificateChain")
    _add(chain, "SigningCertificate", VOReference=certificates[0])
    anchored = signature.sub_indication is not SubIndication.NO_CERTIFICATE_CHAIN_FOUND and len(certificates) > 1
    for one in certificates[1:-1] if anchored else certificates[1:]:
        _add(chain, "IntermediateCertificate", VOReference=one)
    if anchored:
        _add(chain, "TrustAnchor", VOReference=certificates[-1])
    _findings(data, signature.findings)


def _attributes(report: etree._Element, signature: SignatureFacts) -> None:
    """§4.2.7 and annex A: what the signer put beside the document."""
    attributes = etree.Element(_vr("SignatureAttributes"))
    if signature.claimed_at is not None:
        _add(_add(attributes, "SigningTime", Signed="true"), "Time", _moment(signature.claimed_at))
    identified = _add(_add(attributes, "SigningCertificate", Signed="true"), "CertID")
    _digest(identified, hashlib.sha256(signature.signer.certificate).digest())
    if signature.signer.role:
        role = _add(_add(attributes, "SignerRole", Signed="false"), "RoleDetails")
        _add(role, "Role", _clean(signature.signer.role))
        _add(role, "EndorsementType", "certified")
    for stamp in signature.timestamps:
        if stamp.time is not None and stamp.kind == "signature":
            _add(_add(attributes, "SignatureTimeStamp", Signed="false"), "TimeStampValue", _moment(stamp.time))
    if signature.reason:
        _add(_add(attributes, "Reason", Signed="true"), "ReasonElement", _clean(signature.reason))
    report.append(attributes)


def _key(finding: Finding) -> object:
    return finding.reason, tuple(sorted(finding.details.items()))


def _constraints(report: etree._Element, verdict: Verdict, findings: Sequence[Finding]) -> None:
    """§4.2.4: the looks, then each reason; one that only the whole verdict has counts for all signatures."""
    evaluation = _add(report, "ValidationConstraintsEvaluationReport")
    policy = _add(evaluation, "SignatureValidationPolicy")
    chosen = _add(policy, "SignaturePolicyIdentifier")
    identified = etree.SubElement(chosen, f"{{{XADES}}}SignaturePolicyId")
    named = etree.SubElement(etree.SubElement(identified, f"{{{XADES}}}SigPolicyId"), f"{{{XADES}}}Identifier")
    named.text = f"{OURS}:policy"
    _digest(etree.SubElement(identified, f"{{{XADES}}}SigPolicyHash"), hashlib.sha256(verdict.policy.encode()).digest())
    _add(policy, "PolicyName", _clean(verdict.policy))
    looks = [("changes", all(change.allowed for revision in verdict.revisions for change in revision.changes))]
    if verdict.pages_compared:
        looks.append(("pages", all(page.same for page in verdict.pages)))
    for look, passed in looks:
        _constraint(evaluation, f"look:{look}", Indication.TOTAL_PASSED if passed else Indication.TOTAL_FAILED)
    for finding in findings:
        _constraint(evaluation, f"reason:{finding.reason.code}", _INDICATIONS[finding.reason.effect], finding)


def _constraint(evaluation: etree._Element, name: str, indication: Indication, finding: Finding | None = None) -> None:
    constraint = _add(evaluation, "ValidationConstraint")
    _add(constraint, "ValidationConstraintIdentifier", f"{OURS}:{name}")
    for detail, value in sorted(finding.details.items()) if finding else ():
        parameter = _add(constraint, "ValidationConstraintParameter")
        _add(parameter, "Type", f"{OURS}:detail:{detail}")
        _add(parameter, "Value", _clean(value))
    _add(_add(constraint, "ConstraintStatus"), "Status", f"{URN}:constraintStatus:applied")
    _indication(_add(constraint, "ValidationStatus"), indication, None)


def _time(report: etree._Element, at: datetime, proved_at: datetime | None, proof: str) -> None:
    """§4.2.5: without proof, the signature is known to exist since it was validated."""
    info = _add(report, "ValidationTimeInfo")
    _add(info, "ValidationTime", _moment(at))
    _poe(_add(info, "BestSignatureTime"), proved_at or at, proof)


def _document(report: etree._Element, document: str) -> None:
    _add(_add(report, "SignersDocument"), "SignersDocumentRepresentation", VOReference=document)


def _poe(element: etree._Element, at: datetime, proof: str) -> None:
    _add(element, "POETime", _moment(at))
    _add(element, "TypeOfProof", f"{URN}:poetype:validation")
    if proof:
        _add(element, "POEObject", VOReference=proof)


def _indication(status: etree._Element, indication: Indication, sub: SubIndication | None) -> None:
    name = {"TOTAL-PASSED": "total-passed", "TOTAL-FAILED": "total-failed", "INDETERMINATE": "indeterminate"}
    _add(status, "MainIndication", f"{URN}:mainindication:{name[indication.value]}")
    if sub is not None:
        _add(status, "SubIndication", f"{URN}:subindication:{sub.value}")


def _told(status: etree._Element, findings: tuple[Finding, ...]) -> None:
    if findings:
        _findings(_add(status, "AssociatedValidationReportData"), findings)


def _findings(data: etree._Element, findings: tuple[Finding, ...]) -> None:
    """The findings' sentences, in English, for who reads the report itself."""
    if not findings:
        return
    more = _add(data, "AdditionalValidationReportData")
    for finding in findings:
        told = _add(more, "ReportData")
        _add(told, "Type", f"{OURS}:reason:{finding.reason.code}")
        _add(told, "Value", _clean(str(finding)))


class _Objects:
    """§4.4: what the reports refer to, each once."""

    def __init__(self) -> None:
        self.element = etree.Element(_vr("SignatureValidationObjects"))
        self._known: dict[bytes, str] = {}
        self._stamps = 0

    def document(self, verdict: Verdict) -> str:
        held, _at = self._add("D-1", "signedData")
        _digest(_add(held, "DigestAlgAndValue"), bytes.fromhex(verdict.file_sha256))
        return "D-1"

    def certificate(self, der: bytes) -> str:
        name = self._known.get(der)
        if name is None:
            name = self._known[der] = f"C-{hashlib.sha256(der).hexdigest().upper()}"
            held, _at = self._add(name, "certificate")
            _add(held, "base64", b64encode(der).decode())
        return name

    def timestamp(self, stamp: TimestampFacts, at: datetime) -> str:
        """Its own verdict stands within it."""
        self._stamps += 1
        name = f"T-{self._stamps}"
        kind = "evidencerecord" if stamp.kind == "evidence-record" else "timestamp"
        held, element = self._add(name, kind)
        # The facts tell of the token, and do not hold it.
        _add(held, "direct", _clean(f"{stamp.kind} {stamp.field_name} {stamp.authority}".strip()))
        if stamp.time is not None:
            _poe(_add(element, "POE"), stamp.time, "")
        report = _add(element, "ValidationReport")
        _time(report, at, stamp.time, "")
        status = _add(report, "SignatureValidationStatus")
        _indication(status, stamp.indication, stamp.sub_indication)
        _told(status, stamp.findings)
        return name

    def _add(self, name: str, kind: str) -> tuple[etree._Element, etree._Element]:
        element = _add(self.element, "ValidationObject", id=name)
        _add(element, "ObjectType", f"{URN}:validationObject:{kind}")
        return _add(element, "ValidationObjectRepresentation"), element


def _vr(name: str) -> str:
    return f"{{{VR}}}{name}"


def _add(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, _vr(name), attributes)
    element.text = text
    return element


def _digest(parent: etree._Element, value: bytes) -> None:
    etree.SubElement(parent, f"{{{DS}}}DigestMethod", Algorithm=SHA256)
    etree.SubElement(parent, f"{{{DS}}}DigestValue").text = b64encode(value).decode()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _clean(text: str) -> str:
    """A certificate may hold characters that XML can't (XML 1.0 §2.2)."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
