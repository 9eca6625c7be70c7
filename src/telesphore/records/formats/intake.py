"""A PDF on its way in: checked, rid of all that acts or hides, its forms flattened; in a process of its own.

What is stored is what will be read and signed, so nothing in it may change by itself or show differently elsewhere.
The file is hostile until proved otherwise: it is parsed by a child with bounded time, memory and files, which gets
bytes, gives bytes, and has neither settings nor keys.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext_lazy as _lazy

from telesphore.kernel.errors import DomainError

CHILD = Path(__file__).with_name("intake_child.py")
MEGABYTE = 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may cost.

    Attributes:
        size: bytes, as it comes.
        processor: seconds of processor time; elapsed: seconds on the wall.
        memory: bytes of address space.
        stream: bytes of one decoded stream of drawing, and a fourth of what one picture may take.
        decoded: bytes of all streams, decoded.
    """

    size: int = 50 * MEGABYTE
    pages: int = 1000
    processor: int = 20
    elapsed: float = 60
    memory: int = 1536 * MEGABYTE
    stream: int = 64 * MEGABYTE
    decoded: int = 4096 * MEGABYTE


@dataclass(frozen=True, slots=True)
class Normalised:
    """A file fit to be kept, and what was changed in it (stable codes, sorted; `explain` gives the sentence)."""

    pdf: bytes
    pages: int
    notices: tuple[str, ...]


class NotAPdf(DomainError):
    """This file is neither a PDF, nor a picture or an office file that is read here. Export your document as PDF, then
    deposit it again.
    """

    code = "not-a-pdf"


class EncryptedPdf(DomainError):
    """This PDF is protected by a password. Save it without protection, then deposit it again."""

    code = "encrypted-pdf"


class TooManyPages(DomainError):
    """This PDF has more than %(limit)s pages. Split it, then deposit the parts."""

    code = "too-many-pages"


class TooLarge(DomainError):
    """This file is larger than %(limit)s MB. Make it lighter, or split it, then deposit it again."""

    code = "too-large"


class DamagedPdf(DomainError):
    """This PDF is damaged and could not be repaired. Ask for it again where it comes from, or print it to a new PDF."""

    code = "damaged-pdf"


class TooHeavy(DomainError):
    """This PDF takes too much time or memory to read. Print it to a new PDF, then deposit that one."""

    code = "too-heavy"


class HiddenLayers(DomainError):
    """This PDF has hidden layers: it could show one thing here and another elsewhere. Print it to a new PDF, then
    deposit that one.
    """

    code = "hidden-layers"


class FormNotDrawn(DomainError):
    """This form has answers that only some programs show. Print it to a new PDF, then deposit that one."""

    code = "form-not-drawn"


REFUSALS = {
    error.code: error
    for error in (NotAPdf, EncryptedPdf, TooManyPages, DamagedPdf, TooHeavy, HiddenLayers, FormNotDrawn)
}

NOTICES = {
    "repaired": _lazy("The file was damaged; it was repaired. Check that every page is there."),
    "javascript-removed": _lazy("A program (JavaScript) was removed from the file."),
    "automatic-actions-removed": _lazy("Actions that start by themselves were removed from the file."),
    "launch-removed": _lazy("A command that starts another program was removed from the file."),
    "submission-removed": _lazy("A command that sends or fetches a form's data was removed from the file."),
    "links-removed": _lazy("Links to other files were removed; the text is unchanged."),
    "embedded-files-removed": _lazy("Files attached inside the PDF were removed. Deposit them separately."),
    "xfa-removed": _lazy("A dynamic form (XFA) was removed. Check that the pages show what you expect."),
    "media-removed": _lazy("Sound, video or 3D was removed from the file."),
    "form-flattened": _lazy("The form was turned into plain pages: its answers can no longer be changed."),
    "annotations-flattened": _lazy("Comments and marks were turned into plain pages."),
    "signatures-removed": _lazy(
        "The file was signed elsewhere. Those signatures no longer count in this copy: keep the original."
    ),
    "layers-flattened": _lazy("The file's layers were merged: all of them show."),
}


def normalise(content: bytes, limits: Limits = Limits()) -> Normalised:
    """Check and rewrite a PDF (ISO 32000-1). The same bytes give the same bytes.

    Layers: merged when all of them show by default; refused when one is hidden, whatever hides it.
    Forms: flattened as they show; refused when an answer has no drawing of its own and we can not draw all of it.

    Raises:
        NotAPdf, EncryptedPdf, TooManyPages, TooLarge, DamagedPdf, TooHeavy, HiddenLayers, FormNotDrawn
    """
    if len(content) > limits.size:
        raise TooLarge(limit=limits.size // MEGABYTE)
    if b"%PDF-" not in content[:1024]:
        raise NotAPdf
    orders = {
        "pages": limits.pages,
        "processor": limits.processor,
        "memory": limits.memory,
        "stream": limits.stream,
        "decoded": limits.decoded,
    }
    try:
        answer = subprocess.run(
            [sys.executable, "-I", str(CHILD), json.dumps(orders)],
            input=content,
            capture_output=True,
            timeout=limits.elapsed,
            env={},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TooHeavy from None
    head, _newline, pdf = answer.stdout.partition(b"\n")
    if answer.returncode != 0 or not head:
        # Killed for its time, or out of memory in a place that could not say so.
        raise TooHeavy
    report = json.loads(head)
    if "refused" in report:
        raise REFUSALS[report["refused"]](limit=limits.pages)
    if len(pdf) > 2 * limits.size:
        raise TooHeavy
    return Normalised(pdf, report["pages"], tuple(report["notices"]))


def explain(notice: str) -> str:
    """A notice's sentence, in the reader's language."""
    return str(NOTICES[notice])
