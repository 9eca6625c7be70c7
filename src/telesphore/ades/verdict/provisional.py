"""A verdict made of what pyHanko says, until the three looks are here."""

import hashlib
from datetime import datetime

from telesphore.ades import validation
from telesphore.ades.errors import NotSignable
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import (
    Finding,
    Indication,
    Level,
    PageFacts,
    Qualification,
    RevisionFacts,
    SignatureFacts,
    Signer,
    Verdict,
    conclude,
)
from telesphore.ades.verdict.trust import NOTHING_MORE, Evidence, Trust


def validate(
    content: bytes, trust: Trust, *, at: datetime, document: bytes | None = None, evidence: Evidence = NOTHING_MORE
) -> Verdict:
    """As pyHanko judges."""
    import pypdfium2

    findings: list[Finding] = []
    signatures = []
    try:
        facts = validation.inspect(content, anchors=[one.certificate for one in trust.anchors], at=at)
        if not facts:
            findings.append(Finding(Reason.NOT_SIGNED))
    except NotSignable:
        facts = ()
        findings.append(Finding(Reason.NOT_READABLE))
    for index, one in enumerate(facts):
        mine = []
        if not one.intact:
            mine.append(Finding(Reason.DIGEST_DIFFERS, {"signer": one.signer}))
        elif not one.trusted:
            mine.append(Finding(Reason.NOT_TRUSTED, {"signer": one.signer}))
        findings += mine
        indication = (
            Indication.TOTAL_PASSED if not mine else Indication.INDETERMINATE if one.intact else Indication.TOTAL_FAILED
        )
        signatures.append(
            SignatureFacts(
                one.field,
                "",
                indication,
                None,
                tuple(mine),
                Level.B,
                "",
                Qualification.LOCAL,
                Signer(one.signer, "", "", "", b"", one.certificate_sha256, ""),
                "",
                "sha256",
                one.signed_at,
                None,
                one.covers_whole_file,
                index + 1,
                one.certified,
                None,
                "",
                False,
                (),
            )
        )
    pages = len(pypdfium2.PdfDocument(content)) if facts else 0
    conclusion, ordered = conclude(tuple(findings))
    return Verdict(
        conclusion, ordered, tuple(signatures), (),
        tuple(RevisionFacts(index, len(content), "", (), ()) for index in range(len(facts) + 1)),
        tuple(PageFacts(number + 1, True, (), ()) for number in range(pages)), bool(facts), at,
        hashlib.sha256(content).hexdigest(), len(content), trust.policy.name,
    )  # fmt: skip
