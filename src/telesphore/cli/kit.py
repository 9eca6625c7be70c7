"""`telesphore kit`: make the dispute kit of an envelope; and what `telesphore verify` says of one."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO
from uuid import UUID

import typer

from telesphore.ades import cades, cms, paths
from telesphore.ades.timestamps import read_token, verify_token
from telesphore.ades.verdict.apart import Limits, judge
from telesphore.ades.verdict.result import Conclusion, Verdict
from telesphore.ades.verdict.trust import NOTHING_MORE, Evidence, Trust
from telesphore.audit.formats.merkle import BadProof
from telesphore.audit.formats.notes import BadNote, PublicKey
from telesphore.audit.formats.proofs import Proof, check_event
from telesphore.kernel.actors import Actor
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.signature.formats import kit

LIMITS = Limits(size=kit.LARGEST_ENTRY, processor=120, elapsed=300)
STAMP = cms.SIGNATURE_TIME_STAMP
GOOD = (Conclusion.VALID, Conclusion.WARNING)


@dataclass(frozen=True, slots=True)
class CheckedKit:
    """What was found of a kit.

    Attributes:
        problem: empty when all of it holds.
        verdict: on its document; None when it did not come to that.
    """

    problem: str
    sealed_by: str = ""
    events: int = 0
    verdict: Verdict | None = None


def make(
    envelope: UUID,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where to write it.")] = None,
) -> None:
    """Make the dispute kit of a completed envelope: one ZIP that anyone can check without this instance."""
    from telesphore.signature.actions.kit import make_kit
    from telesphore.signature.queries.circuits import organisation_of

    path = output or Path(f"kit-{envelope}.zip")
    actor = Actor.system(organisation_of(envelope), client="telesphore kit")
    draft = path.with_name(f"{path.name}.part")
    out = draft.open("xb")
    try:
        with out:
            make_kit(envelope_id=envelope, actor=actor, at=now(), out=out)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    typer.echo(f"{path}: {path.stat().st_size} bytes.")


def is_kit(path: Path) -> bool:
    """Whether a file begins as a ZIP does."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def check_kit(source: Path | BinaryIO, trust: Trust, *, at: datetime, evidence: Evidence = NOTHING_MORE) -> CheckedKit:
    """Check a dispute kit by our own reading of it: never raises for what it holds."""
    try:
        entries = kit.read(source)
        manifest = kit.check_manifest(entries)
        sealed_by = _check_seal(entries, trust, manifest.made_at)
        told = _told(entries, manifest)
        events = _check_events(entries, manifest, told)
        known = _beside(entries, evidence)
        verdict = judge(entries[kit.DOCUMENT], trust, at=at, evidence=known, limits=LIMITS).verdict
        _check_document(entries[kit.DOCUMENT], told, verdict)
    except kit.BadKit as bad:
        return CheckedKit(f"not valid: {bad}")
    return CheckedKit("", sealed_by, events, verdict)


def _beside(entries: Mapping[str, bytes], evidence: Evidence) -> Evidence:
    """What is known already, and what the kit brings beside its document."""

    def brought(folder: str, ending: str) -> tuple[bytes, ...]:
        return tuple(
            content for name, content in entries.items() if name.startswith(f"{folder}/") and name.endswith(ending)
        )

    return Evidence(
        certificates=(*evidence.certificates, *brought("certificates", ".cer")),
        ocsps=(*evidence.ocsps, *brought("revocation", ".ocsp")),
        crls=(*evidence.crls, *brought("revocation", ".crl")),
        records=(*evidence.records, *brought("evidence-records", ".ers")),
    )


def _check_seal(entries: Mapping[str, bytes], trust: Trust, made_at: datetime) -> str:
    """The manifest's signature, and the timestamps on it, lead to someone whom we trust; the signer's name."""
    content = entries[kit.MANIFEST]
    anchors = [one.certificate for one in trust.anchors]
    try:
        signed = cades.check_signature(entries[kit.SEAL], lambda digest: digest.of(content))
        signer = signed.signer
        assert signer is not None
        for stamp in (value for name, values in signed.unsigned if name == STAMP for value in values):
            made_at = _check_timestamp(stamp, signed.signature, anchors)
        paths.path_to_anchor(signer, pool=signed.certificates, anchors=anchors, at=made_at)
    except DomainError:
        raise kit.BadKit("the seal of its manifest does not hold, or is of nobody known here") from None
    return paths.load(signer).subject.rfc4514_string()


def _check_timestamp(stamp: bytes, stamped: bytes, anchors: list[bytes]) -> datetime:
    """When it proves that these bytes were there."""
    token = read_token(stamp)
    if token.digest.of(stamped) != token.imprint:
        raise kit.BadKit("a timestamp on the seal of its manifest is of something else")
    unit = verify_token(token)
    paths.path_to_anchor(unit, pool=token.signed.certificates, anchors=anchors, at=token.gen_time)
    return token.gen_time


def _told(entries: Mapping[str, bytes], manifest: kit.Manifest) -> dict[str, Any]:
    try:
        told = json.loads(entries[kit.EVIDENCE])
        if told["envelope"] != str(manifest.envelope):
            raise kit.BadKit("its evidence is of another envelope")
        if told["document_sha256"] != hashlib.sha256(entries[kit.DOCUMENT]).hexdigest():
            raise kit.BadKit("its document is not that of its evidence")
    except (KeyError, TypeError, json.JSONDecodeError, RecursionError):
        raise kit.BadKit("its evidence can't be read") from None
    assert isinstance(told, dict)
    return told


def _check_events(entries: Mapping[str, bytes], manifest: kit.Manifest, told: Mapping[str, Any]) -> int:
    proofs = [content for name, content in entries.items() if name.endswith(".tlog-proof")]
    if told.get("events") != len(proofs):
        raise kit.BadKit("proofs of the trail are missing")
    try:
        log = PublicKey.parse(entries[kit.LOG_KEY].decode())
        for content in proofs:
            proof = Proof.parse(content.decode())
            event = json.loads(proof.extra)
            check_event(proof, event, log=log)
            detail = event["detail"].get("content")
            if detail is not None and detail["subject"] != str(manifest.envelope):
                raise kit.BadKit("a proof of the trail is of another envelope")
    except (BadNote, BadProof, KeyError, TypeError, AttributeError, UnicodeDecodeError, json.JSONDecodeError):
        raise kit.BadKit("a proof of the trail does not hold") from None
    return len(proofs)


def _check_document(document: bytes, told: Mapping[str, Any], verdict: Verdict) -> None:
    """Each state that the evidence lists is in the file, ended by a signature or a timestamp; and the file is valid."""
    if verdict.conclusion not in GOOD:
        raise kit.BadKit(f"its document: {verdict.headline}")
    ends = {row.end: row.signed_by for row in verdict.revisions}
    signers = {one.field_name: one.signer.certificate_sha256 for one in verdict.signatures}
    try:
        for place, row in enumerate(told["revisions"]):
            size, number = row["size"], row["number"]
            if number != place:
                raise kit.BadKit("the states of its document do not follow one another")
            if hashlib.sha256(document[:size]).hexdigest() != row["sha256"] or (number and not ends.get(size)):
                raise kit.BadKit(f"state {number} of its document is not what its evidence lists")
            if row["certificate_sha256"] not in ("", signers.get(ends.get(size, ""))):
                raise kit.BadKit(f"state {number} of its document was signed by someone else")
        listed = {row["certificate_sha256"] for row in told["revisions"]}
        if told["revisions"][-1]["size"] != len(document) or len(listed - {""}) > len(signers):
            raise kit.BadKit("something follows the last state of its document")
        if len([row for row in told["revisions"] if row["kind"] in ("signed", "sealed")]) != len(signers):
            raise kit.BadKit("its evidence does not list every signature of its document")
    except (KeyError, TypeError, IndexError):
        raise kit.BadKit("its evidence can't be read") from None
