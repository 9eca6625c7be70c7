"""What the pages show today beside what was signed: the third look, which trusts nothing that the others concluded.

Both are rendered with PDFium, by a child of bounded time, memory and files that knows neither settings nor keys: a
file that breaks the renderer breaks nothing else. Costs about 0.2 s for the child, and 30 ms a page.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from telesphore.ades.verdict.ledger import Place
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.result import Finding, PageFacts

CHILD = Path(__file__).with_name("pixels_child.py")
MEGABYTE = 2**20
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a comparison may cost.

    Attributes:
        processor: seconds of processor time; elapsed: seconds on the wall.
        memory: bytes of address space.
        pixels: of one page's picture; larger pages are drawn smaller.
    """

    size: int = 100 * MEGABYTE
    pages: int = 1000
    processor: int = 60
    elapsed: float = 90
    memory: int = 1536 * MEGABYTE
    pixels: int = 2_000_000


def compare(
    content: bytes, signed_end: int, places: Sequence[Place] = (), *, pages: int, limits: Limits = Limits()
) -> tuple[tuple[PageFacts, ...], tuple[Finding, ...]]:
    """Every page as the first signer left it, and as it is shown now.

    A difference is expected only inside `places`; and there, in a place that was not agreed with the first signer,
    only when nothing that could be read before is covered or drawn over.

    Args:
        signed_end: the byte after what the first signer signed.
        places: where allowed changes may show (`revisions.examine`).
        pages: how many the file has.
    """
    if signed_end >= len(content):
        # The same bytes show the same.
        return tuple(PageFacts(number, same=True, boxes=(), expected=()) for number in range(1, pages + 1)), ()
    if len(content) > limits.size:
        return (), (Finding(Reason.PAGES_NOT_COMPARED, {"limit": "too-large"}),)
    orders = {
        "do": "compare",
        "signed_end": signed_end,
        "places": [[place.page, *place.box, place.agreed, place.marks, place.replaces] for place in places],
    }
    report, _ = _ask(content, orders, limits)
    if "refused" in report:
        return (), (Finding(Reason.PAGES_NOT_COMPARED, {"limit": report["refused"]}),)
    facts: list[PageFacts] = []
    findings: list[Finding] = []
    for page in report["pages"]:
        boxes = tuple(_box(box) for box in page["boxes"])
        unexplained = page["unexplained"]
        facts.append(PageFacts(page["page"], not unexplained, boxes, boxes[unexplained:]))
        reason = {"gone": Reason.PAGE_GONE, "added": Reason.PAGE_ADDED}.get(page["kind"], Reason.PAGE_DIFFERS)
        if unexplained:
            findings.append(Finding(reason, {"page": str(page["page"])}))
        elif page.get("covered"):
            findings.append(Finding(Reason.PLACE_COVERED, {"page": str(page["page"])}))
    return tuple(facts), tuple(findings)


def draw_differences(content: bytes, facts: PageFacts, *, limits: Limits = Limits()) -> bytes | None:
    """The page as it is shown now, as a PNG with its differences drawn: what nothing explains in red, what is expected
    in dashed blue. None when it can't be drawn."""
    orders = {
        "do": "draw",
        "page": facts.page,
        "boxes": [list(box) for box in facts.boxes],
        "expected": [list(box) for box in facts.expected],
    }
    report, picture = _ask(content, orders, limits)
    return None if "refused" in report else picture


def _box(edges: list[float]) -> Box:
    left, bottom, right, top = edges
    return (left, bottom, right, top)


def _ask(content: bytes, orders: dict[str, Any], limits: Limits) -> tuple[dict[str, Any], bytes]:
    if len(content) > limits.size:
        return {"refused": "too-large"}, b""
    try:
        answer = subprocess.run(
            [sys.executable, "-I", str(CHILD), json.dumps({**orders, "limits": asdict(limits)})],
            input=content,
            capture_output=True,
            timeout=limits.elapsed,
            env={},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"refused": "too-long"}, b""
    head, _newline, picture = answer.stdout.partition(b"\n")
    if answer.returncode != 0 or not head:
        # Killed for its time or its memory, or broken by the file.
        return {"refused": "too-heavy"}, b""
    report: dict[str, Any] = json.loads(head)
    return report, picture
