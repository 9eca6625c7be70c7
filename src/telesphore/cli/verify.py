"""`telesphore verify`: what a signed file is worth, for people, for programs, for auditors."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.utils import timezone, translation
from django.utils.translation import gettext

from telesphore.ades.verdict.apart import Judged, Limits, judge
from telesphore.ades.verdict.reports.etsi import as_etsi_xml
from telesphore.ades.verdict.reports.json_report import as_json
from telesphore.ades.verdict.reports.pages import pages_drawn
from telesphore.ades.verdict.reports.paper import report_pdf
from telesphore.ades.verdict.reports.reader import Reader
from telesphore.ades.verdict.reports.telling import Telling, tell
from telesphore.ades.verdict.result import Conclusion
from telesphore.ades.verdict.trust import NOTHING_MORE, Anchor, Evidence, Trust
from telesphore.cli import kit
from telesphore.cli.statuses import Status
from telesphore.kernel.clock import now
from telesphore.pki import queries as pki
from telesphore.pki.ports import algorithm_policy

LIMITS = Limits(size=300 * 2**20, processor=120, elapsed=300)
GOOD = (Conclusion.VALID, Conclusion.WARNING)


def verify(
    files: Annotated[list[Path], typer.Argument(help="Signed PDF files, or dispute kits (ZIP).")],
    as_json_: Annotated[bool, typer.Option("--json", help="Print JSON, one object per line and file.")] = False,
    as_xml: Annotated[bool, typer.Option("--xml", help="Print the ETSI TS 119 102-2 report of one file.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the report of one file, as a PDF.")] = None,
    language: Annotated[str, typer.Option(help="Of the PDF report: fr or en.")] = "fr",
    signature: Annotated[
        Path | None, typer.Option(help="The detached signature (CAdES) of one file, which may be of any kind.")
    ] = None,
    anchors: Annotated[
        list[Path] | None,
        typer.Option(help="Certificates to trust (PEM or DER) instead of this instance’s; may be repeated."),
    ] = None,
    at: Annotated[str, typer.Option(help="Judge at this moment (ISO 8601, UTC unless it says) instead of now.")] = "",
) -> None:
    """Say what signed PDF files are worth, by this instance's authorities.

    Exit status: 0 when every file is valid, be it with a reservation; 1 otherwise.
    """
    if len(files) > 1 and (as_xml or report or signature):
        raise typer.BadParameter("--xml, --report and --signature take one file.")
    if language not in ("fr", "en"):
        raise typer.BadParameter("--language accepts fr or en.")
    moment = _moment(at) if at else now()
    beside = _beside(signature) if signature else None
    if anchors:
        # Without a word from the database: an outsider's machine needs none.
        trust = Trust([Anchor(one) for path in anchors for one in _certificates(path)], algorithm_policy.get())
        evidence = NOTHING_MORE
    else:
        trust, evidence = pki.trust(), pki.evidence()
    all_good = True
    for path in files:
        try:
            if beside is None and kit.is_kit(path):
                if as_xml or report:
                    raise typer.BadParameter("A dispute kit holds its reports: --xml and --report take a signed file.")
                all_good &= _say_kit(path, trust, evidence, moment, as_json_=as_json_)
                continue
            judged = judge(path.read_bytes(), trust, at=moment, signature=beside, evidence=evidence, limits=LIMITS)
        except OSError as error:
            all_good = False
            _cannot_read(path, error.strerror or "", as_json_=as_json_)
            continue
        good = judged.verdict.conclusion in GOOD
        all_good &= good
        if as_json_:
            print(json.dumps({"file": str(path), "valid": good, **as_json(judged.verdict)}, ensure_ascii=False))
        elif as_xml:
            sys.stdout.buffer.write(as_etsi_xml(judged.verdict))
        else:
            _say(path, tell(judged.verdict, Reader("en", timezone.get_current_timezone(), str)))
        if report:
            report.write_bytes(_report(judged, path.name, language, moment))
    if not all_good:
        raise typer.Exit(Status.FAILED)


def _say(path: Path, telling: Telling) -> None:
    print(f"{path}: {telling.title}.")
    for sentence in (telling.lead, *telling.others):
        print(f"    {sentence}")
    for signer in telling.signers:
        print(f"    {signer.name}")
        for row in signer.rows:
            print(f"        {row.name}: {row.value}")


def _say_kit(path: Path, trust: Trust, evidence: Evidence, at: datetime, *, as_json_: bool) -> bool:
    """A dispute kit: whether all of it holds."""
    checked = kit.check_kit(path, trust, at=at, evidence=evidence)
    if as_json_:
        verdict = {} if checked.verdict is None else as_json(checked.verdict)
        kept = {"file": str(path), "valid": not checked.problem, "problem": checked.problem, "events": checked.events}
        print(json.dumps({**kept, "verdict": verdict}, ensure_ascii=False))
    elif checked.problem:
        print(f"{path}: dispute kit, {checked.problem}.")
    else:
        print(
            f"{path}: dispute kit, valid; sealed by {checked.sealed_by}; {checked.events} events of the trail proved."
        )
        assert checked.verdict is not None
        _say(path, tell(checked.verdict, Reader("en", timezone.get_current_timezone(), str)))
    return not checked.problem


def _cannot_read(path: Path, why: str, *, as_json_: bool) -> None:
    if as_json_:
        print(json.dumps({"file": str(path), "valid": False, "problem": why}))
    else:
        print(f"{path}: can't be read: {why}")


def _report(judged: Judged, name: str, language: str, at: datetime) -> bytes:
    with translation.override(language):
        reader = Reader(language, timezone.get_current_timezone(), gettext)
        telling = tell(judged.verdict, reader, name=name, passages=judged.passages)
        return report_pdf(telling, pages_drawn(judged, reader), reader, at=at)


def _beside(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"--signature: {path} can't be read: {error.strerror}.") from None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("--at accepts a date or a moment, as 2026-11-22 or 2026-11-22T09:00:00Z.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _certificates(path: Path) -> list[bytes]:
    try:
        content = path.read_bytes()
        if b"-----BEGIN" in content:
            found = x509.load_pem_x509_certificates(content)
        else:
            found = [x509.load_der_x509_certificate(content)]
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"--anchors: {path} holds no certificate that can be read: {error}.") from None
    return [one.public_bytes(Encoding.DER) for one in found]
