"""Foreign bytes thrown at all that reads them: PDF, CMS, timestamps, CRLs, evidence records, and the whole verdict.

    python bench/fuzz.py [--short] [--seconds N] [--seed N] [--keep FOLDER]

Files that are known to be tricky are broken further, at random. Whatever comes, a reader answers or refuses by an error
of ours, in bounded time; nothing is called valid whose signed bytes were changed; and what the difference policy lets
through shows nothing else than what was signed (PDFium). What breaks this is written into FOLDER, to become a test.
`--short` takes ten seconds.
"""

import argparse
import contextlib
import hashlib
import random
import re
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "src"))
sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.ades import attacks, drafts
from tests.papers import asking

import frame
from telesphore.ades import cms, der, timestamps
from telesphore.ades.algorithms import TS_119_312
from telesphore.ades.fields import all_fields
from telesphore.ades.pdf.reader import Document
from telesphore.ades.verdict import pixels_child
from telesphore.ades.verdict.reasons import Effect, Reason
from telesphore.ades.verdict.result import Conclusion
from telesphore.ades.verdict.revisions import examine
from telesphore.ades.verdict.trust import Anchor, Evidence, Trust
from telesphore.ades.verdict.validate import validate
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.paper.anchors import cover_anchors, find_anchors

LONGEST = 5
"""Seconds that one input may take."""
MEMORY = 3 * 2**30
LENGTHS = (0, 1, 0x7F, 0x80, 0x81, 0x84, 0xFF, 0x30, 0x31, 0xA0)
NUMBERS = (
    b"0", b"1", b"-1", b"2147483647", b"4294967296", b"9999999999", b"65535", b"99999999999999999999", b"1.5", b"00",
)  # fmt: skip
WORDS = (
    b"obj", b"endobj", b"stream", b"endstream", b"xref", b"trailer", b"startxref", b"%%EOF", b"<<", b">>", b"[", b"]",
    b"(", b")", b"<", b">", b"null", b"true", b"/Type", b"/ByteRange", b"/Contents", b"/Prev", b"/Root", b"/Kids",
    b"/XRefStm", b"/Length", b"/Filter /FlateDecode", b"/V", b"/AcroForm", b"/Encrypt", b"/Parent", b"R", b"#00",
    b"/ObjStm", b"/Extends", b"/DecodeParms << /Predictor 12 /Columns 1000000 >>", b"[" * 200, b"<<" * 200, b"(" * 500,
)  # fmt: skip
_NUMBER = re.compile(rb"(?<![0-9A-Fa-f])\d{1,10}(?![0-9A-Fa-f])")
_TOKEN = re.compile(rb"/[A-Za-z]{1,20}|\b(?:obj|endobj|stream|endstream|xref|trailer|startxref)\b")


class TooSlow(Exception):
    """One input took too long."""


@dataclass
class Target:
    """Something that reads foreign bytes.

    Attributes:
        read: raises nothing but what is `allowed`; returns a complaint, or nothing.
        seeds: what is mutated.
    """

    name: str
    read: Callable[[bytes, bytes], str]
    seeds: list[bytes]
    mutate: Callable[[random.Random, bytes, list[bytes]], bytes]
    runs: int = 0
    accepted: int = 0
    slowest: float = 0.0
    seconds: float = 0.0
    found: Counter[str] = field(default_factory=Counter)


def broken_pdf(chance: random.Random, seed: bytes, others: list[bytes]) -> bytes:
    """A PDF with one to five wounds, most of them where syntax is."""
    content = bytearray(seed)
    for _ in range(chance.randint(1, 5)):
        kind = chance.randrange(10)
        place = chance.randrange(len(content) + 1)
        if kind == 0 and content:
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        elif kind == 1:
            content[place:place] = chance.choice(WORDS)
        elif kind == 2:
            del content[place : place + chance.choice((1, 2, 10, 100, 1000))]
        elif kind == 3:
            content[place:place] = content[place : place + chance.choice((10, 100, 2000))]
        elif kind == 4:
            other = chance.choice(others)
            begin = chance.randrange(len(other))
            content[place:place] = other[begin : begin + chance.choice((20, 200, 4000))]
        elif kind == 5:
            del content[place:]
        elif kind in (6, 7):
            found = list(_NUMBER.finditer(bytes(content)))
            if found:
                one = chance.choice(found)
                new = chance.choice(NUMBERS) if chance.random() < 0.5 else str(chance.randrange(30)).encode()
                content[one.start() : one.end()] = new.rjust(len(one[0]), b"0") if chance.random() < 0.7 else new
        elif kind == 8:
            found = list(_TOKEN.finditer(bytes(content)))
            if found:
                one = chance.choice(found)
                new = chance.choice(found)[0]
                content[one.start() : one.end()] = new.ljust(len(one[0])) if chance.random() < 0.7 else new
        else:
            content += chance.choice((b"\n", b"\0" * 10, chance.choice(others)[-300:], b"1 0 obj\nnull\nendobj\n"))
    return bytes(content)


def broken_der(chance: random.Random, seed: bytes, others: list[bytes]) -> bytes:
    """DER with one to four wounds; lengths and tags first."""
    content = bytearray(seed)
    for _ in range(chance.randint(1, 4)):
        kind = chance.randrange(7)
        place = chance.randrange(len(content) + 1)
        if kind in (0, 1) and content:
            content[min(place, len(content) - 1)] = chance.choice(
                (0, 1, 0x7F, 0x80, 0x81, 0x84, 0xFF, 0x30, 0x31, 0xA0)
            )
        elif kind == 2 and content:
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        elif kind == 3:
            del content[place : place + chance.choice((1, 2, 20, 400))]
        elif kind == 4:
            other = chance.choice(others)
            begin = chance.randrange(len(other))
            content[place:place] = other[begin : begin + chance.choice((2, 20, 400))]
        elif kind == 5:
            content = bytearray(der.tlv(chance.choice((0x30, 0x31, 0xA0, 0x04)), bytes(content)))
        else:
            content[place:place] = b"\x30\x80" * chance.choice((1, 50, 2000))
    return bytes(content)


ENTRIES = (
    b"/Contents %d 0 R", b"/Annots [%d 0 R]", b"/AP << /N %d 0 R >>", b"/V %d 0 R", b"/V (other)", b"/Resources %d 0 R",
    b"/F 2", b"/Rect [0 0 500 800]", b"/MediaBox [0 0 300 300]", b"/Rotate 90", b"/OC << /Type /OCG /Name (x) >>",
    b"/Kids [%d 0 R]", b"/Fields [%d 0 R]", b"/DSS << /Certs [%d 0 R] >>", b"/Metadata %d 0 R", b"/Parent %d 0 R",
    b"/DR << /XObject << /X %d 0 R >> >>", b"/AcroForm %d 0 R", b"/Pages %d 0 R", b"/AS /Yes", b"/FT /Sig", b"/FT /Btn",
    b"/MK << /BG [1 0 0] /CA (Other) >>", b"/Q 2", b"/DA (/F1 30 Tf 1 0 0 rg)", b"/NeedAppearances true", b"/Ff 1",
    b"/T (Other)", b"/Subtype /FreeText", b"/Extensions %d 0 R", b"/Info %d 0 R", b"/Version /2.0", b"/BBox [0 0 9 9]",
)  # fmt: skip
"""What an update may put into any dictionary."""
_REFERENCE = re.compile(rb"(\d+) 0 R")
DRAFTS: dict[bytes, drafts.Draft] = {}


def updated(chance: random.Random, seed: bytes, _others: list[bytes]) -> bytes:
    """A signed file with a well-formed update that changes a few objects, each at random."""
    base = DRAFTS[seed]
    numbers = [number for number, content in base.objects.items() if content]
    changes: dict[int, bytes | None] = {}
    for _ in range(chance.randint(1, 3)):
        number = chance.choice(numbers)
        body = changes.get(number) or base.objects[number]
        kind = chance.randrange(7)
        if kind == 0:
            body = base.objects[chance.choice(numbers)]
        elif kind == 1 and (found := list(_REFERENCE.finditer(body))):
            one = chance.choice(found)
            body = body[: one.start(1)] + str(chance.choice(numbers)).encode() + body[one.end(1) :]
        elif kind in (2, 3) and b">>" in body:
            entry = chance.choice(ENTRIES)
            entry = entry % chance.choice([*numbers, base.next]) if b"%d" in entry else entry
            key = entry.split(b" ", 1)[0]
            plain = re.sub(key + rb" (?:\d+ 0 R|\([^)]*\)|\[[^]]*\]|/\w+|[\d.]+)", b"", body, count=1)
            end = plain.index(b">>\nstream") if b">>\nstream" in plain else plain.rindex(b">>")
            body = plain[:end] + entry + b" " + plain[end:]
        elif kind == 4:
            changes[number] = None
            continue
        elif kind == 5:
            changes[base.next] = base.objects[chance.choice(numbers)]
        else:
            body = body.replace(b"25", b"95").replace(b"Signed", b"Other!")
        changes[number] = body
    return base.update(changes).pdf


def beside_the_pages(content: bytes, seed: bytes) -> str:
    """What the policy lets through must show nothing else than what was signed, where it does not say so."""
    examined = examine(Document(content))
    told = {finding.reason for finding in examined.findings}
    if any(reason.effect is Effect.INVALID for reason in told) or Reason.ANNOTATED in told:
        return ""
    orders = {
        "signed_end": examined.signed_end,
        "places": [[one.page, *one.box, one.agreed, one.marks, one.replaces] for one in examined.places],
        "limits": {"pages": 9, "processor": 1_000_000, "pixels": 200_000},
    }
    try:
        pages = pixels_child.compare(content, orders)
    except pixels_child.Refused:
        return ""
    return "the policy lets through what shows" if any(page["unexplained"] for page in pages) else ""


def read_pdf(content: bytes, _seed: bytes) -> str:
    """Every object of every revision."""
    document = Document(content)
    document.anomalies  # noqa: B018 - read for its refusals.
    examine(document)
    for _page in document.pages:
        pass
    return ""


def read_form(content: bytes, _seed: bytes) -> str:
    """The fields of a form, and the places that a text asks for."""
    with contextlib.suppress(DomainError):
        list(all_fields(Document(content)))
    cover_anchors(content, find_anchors(content))
    return ""


def read_cms(content: bytes, _seed: bytes) -> str:
    """A CMS signature."""
    cms.parse(content)
    return ""


def read_token(content: bytes, _seed: bytes) -> str:
    """A timestamp token, and a response."""
    token = timestamps.read_token(content)
    timestamps.verify_token(token)
    return ""


def read_response(content: bytes, _seed: bytes) -> str:
    """A timestamp authority's answer."""
    timestamps.read_response(content)
    return ""


def judge(content: bytes, seed: bytes) -> str:
    """The whole verdict, without pictures: it raises nothing at all."""
    verdict = validate(content, trust=TRUST, at=AT, evidence=EVIDENCE, compare_pages=False)
    if verdict.conclusion in (Conclusion.VALID, Conclusion.WARNING) and forged(content, seed):
        return f"called {verdict.conclusion.value} though what was signed was changed"
    return ""


def judge_evidence(content: bytes, _seed: bytes) -> str:
    """Certificates, revocation lists and OCSP responses given beside the file."""
    evidence = Evidence(certificates=[content], ocsps=[content], crls=[content], records=[content])
    validate(SIGNED, trust=TRUST, at=AT, evidence=evidence, compare_pages=False)
    return ""


def forged(content: bytes, seed: bytes) -> bool:
    """Whether the bytes that the seed's first signature covers differ."""
    found = re.search(rb"/ByteRange \[0 (\d+) (\d+) (\d+)", seed)
    if found is None:
        return True
    first, second, length = (int(number) for number in found.groups())
    return content[:first] != seed[:first] or content[second : second + length] != seed[second : second + length]


AT = now()
TRUST = Trust([Anchor(attacks.ROOT.certificate)], TS_119_312)
EVIDENCE = Evidence(crls=[attacks.ROOT.crl()])
SIGNED = attacks.approved().pdf


def targets() -> list[Target]:
    """All that reads what comes from outside."""
    files = [case.make() for case in (*attacks.LEGITIMATE, *attacks.ATTACKS)]
    for base in (attacks.approved(), attacks.certified(1), attacks.certified(2)):
        DRAFTS[base.pdf] = base
    digest = hashlib.sha256(b"").digest()
    token = drafts.time_token(attacks.CLOCK, digest, AT)
    signature = drafts.signed_data(attacks.CAMILLE, digest)
    crl = EVIDENCE.crls[0]
    blobs = [token, signature, crl, attacks.ROOT.certificate, attacks.CAMILLE.certificate]
    found = [
        Target("reader and difference policy", read_pdf, files, broken_pdf),
        Target("verdict", judge, [case.make() for case in attacks.LEGITIMATE], broken_pdf),
        Target("difference policy beside the pages", beside_the_pages, list(DRAFTS), updated),
        Target(
            "form and anchors", read_form, [*files, asking("{{signature:patient}}", "{{text:witness:Lu}}")], broken_pdf
        ),
        Target("cms", read_cms, [signature, token], broken_der),
        Target("timestamp token", read_token, [token], broken_der),
        Target("timestamp response", read_response, [timestamps.granted(token)], broken_der),
        Target("verdict with foreign evidence", judge_evidence, blobs, broken_der),
    ]
    return [*found, *evidence_records(digest)]


def evidence_records(digest: bytes) -> list[Target]:
    """RFC 4998, when this release reads it."""
    try:
        from telesphore.ades import evidence_records as records  # type: ignore[attr-defined,unused-ignore]  # Perhaps.
    except ImportError:
        return []
    token = drafts.time_token(attacks.CLOCK, digest, AT)
    # EvidenceRecord ::= SEQUENCE { version, digestAlgorithms, archiveTimeStampSequence } with one timestamp.
    algorithm = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"))
    chain = der.sequence(der.sequence(token))
    seed = der.sequence(der.integer(1), der.sequence(algorithm), der.sequence(chain))

    def read(content: bytes, _seed: bytes) -> str:
        records.verify(content, [b""])
        return ""

    return [Target("evidence record", read, [seed], broken_der)]


def stop(_signal: int, _frame: FrameType | None) -> None:
    """The alarm rang."""
    raise TooSlow


def try_once(target: Target, chance: random.Random) -> tuple[str, bytes] | None:
    """One broken input; what went wrong, if anything did."""
    seed = chance.choice(target.seeds)
    content = target.mutate(chance, seed, target.seeds)
    begun = time.perf_counter()
    signal.setitimer(signal.ITIMER_REAL, LONGEST)
    complaint = ""
    try:
        complaint = target.read(content, seed)
        target.accepted += 1
    except DomainError:
        if target.read in (judge, judge_evidence):
            complaint = "the verdict raised a refusal: " + traceback.format_exc(limit=6)
    except TooSlow:
        complaint = "too slow: " + traceback.format_exc(limit=-3)
    except Exception as error:  # noqa: BLE001 - what must not happen is what is looked for.
        last = traceback.extract_tb(error.__traceback__)[-1]
        complaint = f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno} {last.name}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    took = time.perf_counter() - begun
    target.runs += 1
    target.seconds += took
    target.slowest = max(target.slowest, took)
    return (complaint, content) if complaint else None


def campaign(seconds: float, seed: int, keep: Path | None) -> dict[str, Any]:
    """Take turns for so long."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, stop)
    chance = random.Random(seed)
    all_targets = targets()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        # The cheapest so far goes next, so that each gets its share of the time.
        target = min(all_targets, key=lambda one: one.seconds)
        found = try_once(target, chance)
        if found is None:
            continue
        complaint, content = found
        target.found[complaint] += 1
        if keep is not None and target.found[complaint] == 1:
            keep.mkdir(parents=True, exist_ok=True)
            name = f"{target.name.replace(' ', '-')}-{hashlib.sha256(content).hexdigest()[:12]}"
            (keep / name).write_bytes(content)
            (keep / f"{name}.txt").write_text(complaint + "\n")
    return {
        "seconds": seconds,
        "seed": seed,
        "targets": {
            one.name: {
                "runs": one.runs,
                "accepted": one.accepted,
                "seconds": round(one.seconds, 1),
                "slowest_ms": round(1000 * one.slowest, 1),
                "found": dict(one.found),
            }
            for one in all_targets
        },
    }


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="ten seconds")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="where to write what was found")
    given = parser.parse_args()
    results = campaign(10 if given.short else given.seconds, given.seed, given.keep)
    found = sum(len(one["found"]) for one in results["targets"].values())
    slowest = max(one["slowest_ms"] for one in results["targets"].values())
    aims = [
        frame.aim("inputs that break a reader", found, "kinds", 0, "<="),
        frame.aim("slowest answer", slowest, "ms", 1000 * LONGEST, "<="),
    ]
    frame.report("fuzz", results, aims)


if __name__ == "__main__":
    main()
