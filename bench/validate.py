"""How long a verdict takes: files of 1 to 60 signatures, with the analysis of every revision; pyHanko beside.

Times are of the processor, not of the wall; one process, one core. Pages are drawn in a child of its own, which is
timed apart, once.
"""

import argparse
import io
import statistics
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from tests.ades.verdict.files import FIELDS, form, sign, stamp, store  # noqa: E402 - the path comes first.
from tests.certificates import TestAuthority  # noqa: E402 - the path comes first.

from frame import aim, report  # noqa: E402 - the path comes first.
from telesphore.ades.algorithms import TS_119_312  # noqa: E402 - the path comes first.
from telesphore.ades.verdict.trust import Anchor, Evidence, Trust  # noqa: E402 - the path comes first.
from telesphore.ades.verdict.validate import validate  # noqa: E402 - the path comes first.
from telesphore.kernel.clock import now  # noqa: E402 - the path comes first.


def _median(work: Callable[[], Any], times: int) -> float:
    """Milliseconds of processor time."""
    work()
    taken = []
    for _ in range(times):
        before = process_time()
        work()
        taken.append(1000 * (process_time() - before))
    return round(statistics.median(taken), 2)


def _pyhanko(pdf: bytes, root: bytes, crl: bytes, *, changes: bool) -> None:
    from asn1crypto import crl as lists
    from asn1crypto import x509
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    reader = PdfFileReader(io.BytesIO(pdf))
    for signature in reader.embedded_regular_signatures:
        context = ValidationContext(
            trust_roots=[x509.Certificate.load(root)], crls=[lists.CertificateList.load(crl)],
            revocation_mode="hard-fail", allow_fetching=False,
        )  # fmt: skip
        status = validate_pdf_signature(signature, context, skip_diff=not changes)
        assert status.intact
        assert status.valid
        assert status.trusted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="fewer signatures and turns")
    short = parser.parse_args().short
    at = now().replace(microsecond=0)
    authority = TestAuthority()
    crl = authority.crl(at=at - timedelta(minutes=5))
    trust, evidence = Trust([Anchor(authority.certificate)], TS_119_312), Evidence(crls=[crl])
    results: dict[str, Any] = {}
    for count in (1, 5) if short else (1, 5, 10, 30, 60):
        pdf = form(places=count)
        for number in range(count):
            pdf = sign(pdf, FIELDS[number], authority.signer(f"Signer {number}"), at)
        turns = 5 if short else 15
        verdict = validate(pdf, trust=trust, at=at, evidence=evidence, compare_pages=False)
        assert len(verdict.signatures) == count
        results[f"{count} signatures"] = {
            "conclusion": verdict.conclusion.value,
            "bytes": len(pdf),
            "ours, ms": _median(
                lambda pdf=pdf: validate(pdf, trust=trust, at=at, evidence=evidence, compare_pages=False), turns
            ),
            "pyHanko with changes, ms": _median(
                lambda pdf=pdf: _pyhanko(pdf, authority.certificate, crl, changes=True), 1 if count > 10 else 3
            ),
            "pyHanko without changes, ms": _median(
                lambda pdf=pdf: _pyhanko(pdf, authority.certificate, crl, changes=False), 1 if count > 10 else 3
            ),
        }
    unit = authority.unit()
    sealed = sign(form(), FIELDS[0], authority.signer("Signer"), at, stamps=[(unit, at)])
    sealed = stamp(store(sealed, certificates=[authority.certificate], crls=[crl]), unit, at)
    results["B-LTA, ms"] = _median(
        lambda: validate(sealed, trust=trust, at=at, evidence=evidence, compare_pages=False), 5 if short else 15
    )
    before = perf_counter()
    validate(sealed, trust=trust, at=at, evidence=evidence)
    results["B-LTA with its pages drawn, ms of wall"] = round(1000 * (perf_counter() - before), 1)
    aims = [aim("one signature", results["1 signatures"]["ours, ms"], "ms", 3, "<=")]
    if not short:
        thirty, sixty = results["30 signatures"]["ours, ms"], results["60 signatures"]["ours, ms"]
        aims.append(aim("30 signatures with their revisions", thirty, "ms", 60, "<="))
        aims.append(aim("growth from 30 to 60 signatures", round(sixty / thirty, 2), "times", 2.2, "<="))
    report("validate", results, aims)


if __name__ == "__main__":
    main()
