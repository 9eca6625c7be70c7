"""The child that judges a foreign file: it loads what it needs, gives up every other right, then reads the orders.

In: pickled `apart.Orders` on standard input. Out: one JSON object.
"""

import io
import json
import os
import pickle
import resource
import sys
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from telesphore.ades.verdict.apart import Orders
    from telesphore.ades.verdict.result import PageFacts, Verdict

PASSAGES = 20
LONGEST_TEXT = 80
LONGEST_SIDE = 1600


def main() -> None:
    """Judge, and say so."""
    # Run by its path, alone: the package is where this file lies.
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
    import pypdfium2

    from telesphore.ades.verdict import detached, validate  # noqa: F401 - loaded before files are out of reach.
    from telesphore.ades.verdict.reports.json_report import as_json

    orders: Orders = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started this one.
    _bound(orders.limits.processor, orders.limits.memory)
    # The pages are compared by a child of this one, which bounds itself further.
    verdict = _judge(orders)
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    pages: int = 0
    pictures: list[Any] = []
    passages: list[Any] = []
    # The verdict stands without pictures.
    with suppress(pypdfium2.PdfiumError, MemoryError, ValueError):
        if orders.signature is None:
            pages, pictures, passages = _show(orders, verdict)
    told = {"verdict": as_json(verdict), "pages": pages, "pictures": pictures, "passages": passages}
    json.dump(told, sys.stdout)


def _judge(orders: "Orders") -> "Verdict":
    from telesphore.ades.verdict.detached import validate_detached
    from telesphore.ades.verdict.validate import validate

    if orders.signature is not None:
        return validate_detached(
            orders.content, orders.signature, trust=orders.trust, at=orders.at, evidence=orders.evidence
        )
    return validate(orders.content, trust=orders.trust, at=orders.at, evidence=orders.evidence)


def _bound(processor: int, memory: int) -> None:
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_CPU, (processor, processor))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    for kind, most in (("CORE", 0), ("FSIZE", 0), ("NOFILE", 64)):
        resource.setrlimit(getattr(resource, f"RLIMIT_{kind}"), (most, most))


def _show(orders: "Orders", verdict: "Verdict") -> tuple[int, list[Any], list[Any]]:
    """How many pages, pictures of those worth seeing, and what differs on them in words."""
    import pypdfium2

    now = pypdfium2.PdfDocument(orders.content)
    signed = pypdfium2.PdfDocument(_as_signed(orders.content, verdict))
    for document in (now, signed):
        # Without it, PDFium leaves out fields, those of signatures too.
        document.init_forms()
    facts = {page.page: page for page in verdict.pages}
    shown = range(1, max(len(now), *facts, 0) + 1) if facts else range(1, len(now) + 1)
    worth = sorted(shown, key=lambda number: (_weight(facts.get(number)), number))
    pictures, passages = [], []
    for number in sorted(worth[: orders.limits.pages]):
        page = facts.get(number)
        if number <= len(now):
            pictures.append(_picture(now, number, "now", orders.limits.width))
        if page is None or not page.boxes:
            continue
        if not page.same and number <= len(signed):
            pictures.append(_picture(signed, number, "signed", orders.limits.width))
        for box in page.boxes[:PASSAGES]:
            texts = [_text(one, number, box) if number <= len(one) else "" for one in (now, signed)]
            passages.append(
                {"page": number, "box": box, "now": texts[0], "signed": texts[1], "expected": box in page.expected}
            )
    return len(now), pictures, passages[:PASSAGES]


def _as_signed(content: bytes, verdict: "Verdict") -> bytes:
    """The file as its first signature left it."""
    first = next((one.revision for one in verdict.signatures if one.revision is not None), None)
    ends = {revision.index: revision.end for revision in verdict.revisions}
    return content[: ends[first]] if first in ends else content


def _weight(page: "PageFacts | None") -> int:
    """Pages that differ come first, then those that a later act marked."""
    if page is None or not page.boxes:
        return 2
    return 1 if page.same else 0


def _picture(document: Any, number: int, of: str, width: int) -> dict[str, Any]:
    page = document[number - 1]
    across, down = page.get_size()
    scale = min(width / max(across, 1), LONGEST_SIDE / max(across, down, 1))
    out = io.BytesIO()
    page.render(scale=scale).to_pil().convert("RGB").quantize(64).save(out, "PNG", optimize=True)
    return {"page": number, "of": of, "width": across, "height": down, "png": b64encode(out.getvalue()).decode()}


def _text(document: Any, number: int, box: tuple[float, float, float, float]) -> str:
    found = document[number - 1].get_textpage().get_text_bounded(*box)
    words = " ".join("".join(sign if sign.isprintable() else " " for sign in found[:1000]).split())
    return words if len(words) <= LONGEST_TEXT else words[: LONGEST_TEXT - 1] + "…"


if __name__ == "__main__":
    main()
