"""Verdicts of every kind, made by hand, about a prescription that Dr Lebrun signed for Odile."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import (
    Change,
    ChangeKind,
    Finding,
    Indication,
    Level,
    PageFacts,
    Qualification,
    RevisionFacts,
    SignatureFacts,
    Signer,
    SubIndication,
    TimestampFacts,
    Verdict,
    conclude,
)
from tests.certificates import TestAuthority

CLAIMED = datetime(2026, 11, 19, 16, 32, 8, tzinfo=UTC)
PROVED = datetime(2026, 11, 19, 16, 32, 11, tzinfo=UTC)
JUDGED = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NAME = "Dr Anne LEBRUN"


@cache
def _certificates() -> tuple[bytes, bytes]:
    authority = TestAuthority("Root of Montfaucy")
    return authority.signer(NAME).certificate, authority.certificate


def timestamp(**changes: object) -> TimestampFacts:
    facts = TimestampFacts(
        kind="signature", time=PROVED, authority="Montfaucy time-stamping unit", indication=Indication.TOTAL_PASSED,
        sub_indication=None, findings=(), field_name="", revision=None,
        expires_at=datetime(2029, 11, 1, tzinfo=UTC), digest="sha256", qualified=False,
    )  # fmt: skip
    return replace(facts, **changes)  # type: ignore[arg-type]  # As the caller says.


def signature(**changes: object) -> SignatureFacts:
    certificate, root = _certificates()
    facts = SignatureFacts(
        field_name="Signature1", status="INTACT:TRUSTED,TIMESTAMP_TOKEN<INTACT:TRUSTED>,UNTOUCHED",
        indication=Indication.TOTAL_PASSED, sub_indication=None, findings=(), level=Level.T,
        next_level_missing="The file holds no revocation data for the certificate of Root of Montfaucy.",
        qualification=Qualification.LOCAL,
        signer=Signer(
            name=NAME, role="pneumologue", identifier="89970000000", organisation="Centre hospitalier de Montfaucy",
            certificate=certificate, certificate_sha256=hashlib.sha256(certificate).hexdigest(),
            issuer="Root of Montfaucy",
        ),
        algorithm="ecdsa", digest="sha256", claimed_at=CLAIMED, proved_at=PROVED, covers_whole_file=True, revision=1,
        certified=True, permission=1, reason="valide", short_lived=False, chain=(certificate, root),
        timestamps=(timestamp(),),
    )  # fmt: skip
    return replace(facts, **changes)  # type: ignore[arg-type]  # As the caller says.


def verdict(*findings: Finding, **changes: object) -> Verdict:
    """A valid file of one signature and one page, unless told otherwise."""
    conclusion, ordered = conclude(findings)
    facts = Verdict(
        conclusion=conclusion, findings=ordered, signatures=(signature(),), timestamps=(),
        revisions=(
            RevisionFacts(0, 1200, "", (), ()),
            RevisionFacts(1, 18_400, "Signature1", (Change(ChangeKind.SIGNATURE, "Signature1", True),), ()),
        ),
        pages=(PageFacts(1, True, (), ()),), pages_compared=True, validated_at=JUDGED,
        file_sha256=hashlib.sha256(b"ordonnance").hexdigest(), file_size=18_400, policy="TS 119 312, November 2026",
    )  # fmt: skip
    return replace(facts, **changes)  # type: ignore[arg-type]  # As the caller says.


def valid() -> Verdict:
    return verdict()


def altered() -> Verdict:
    """Two passages of page 1 were changed after the signature."""
    forbidden = Finding(Reason.FORBIDDEN_CHANGE, {"signer": NAME, "what": "page 1"})
    differs = Finding(Reason.PAGE_DIFFERS, {"page": "1"})
    failed = signature(
        indication=Indication.TOTAL_FAILED, sub_indication=SubIndication.FORMAT_FAILURE, covers_whole_file=False,
        findings=(forbidden,),
    )  # fmt: skip
    return verdict(
        forbidden, differs, signatures=(failed,),
        revisions=(
            RevisionFacts(0, 1200, "", (), ()),
            RevisionFacts(1, 18_400, "Signature1", (Change(ChangeKind.SIGNATURE, "Signature1", True),), ()),
            RevisionFacts(2, 19_000, "", (Change(ChangeKind.CONTENT, "page 1", False),), (forbidden,)),
        ),
        pages=(PageFacts(1, False, ((220.0, 600.0, 270.0, 615.0), (57.0, 520.0, 160.0, 536.0)), ()),),
    )  # fmt: skip


def not_trusted() -> Verdict:
    """Nothing is wrong but that nobody here knows who issued the certificate."""
    unknown = Finding(Reason.NOT_TRUSTED, {"signer": NAME})
    doubtful = signature(
        indication=Indication.INDETERMINATE, sub_indication=SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
        findings=(unknown,), level=Level.B, proved_at=None, timestamps=(), qualification=Qualification.NOT_ASSESSED,
        chain=(_certificates()[0],),
    )  # fmt: skip
    return verdict(unknown, signatures=(doubtful,))


def unreadable() -> Verdict:
    return verdict(Finding(Reason.NOT_READABLE), signatures=(), revisions=(), pages=(), pages_compared=False)


def reserved() -> Verdict:
    """Signed as it stands, with something to know; reasons of this effect come with the looks, so the first is used."""
    from telesphore.ades.verdict.reasons import Effect

    reason = next((one for one in Reason if one.effect is Effect.WARNING), None)
    assert reason is not None, "no reason warns"
    details = dict.fromkeys(("signer", "what", "page", "field", "limit", "time", "authority", "date"), "page 1")
    return verdict(
        Finding(reason, details), signatures=(signature(covers_whole_file=False),),
        revisions=(
            RevisionFacts(0, 1200, "", (), ()),
            RevisionFacts(1, 18_400, "Signature1", (Change(ChangeKind.SIGNATURE, "Signature1", True),), ()),
            RevisionFacts(2, 19_000, "", (Change(ChangeKind.ANNOTATION, "page 1", True),), ()),
        ),
        pages=(PageFacts(1, True, ((57.0, 520.0, 160.0, 536.0),), ((57.0, 520.0, 160.0, 536.0),)),),
    )  # fmt: skip
