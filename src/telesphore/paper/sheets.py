"""Pictures become a document: one A4 sheet each, upright, rid of what the camera noted; in a process of its own.

A JPEG's own data stay as they are (no loss); what its camera wrote beside them (place, time, device) does not come
along. Pictures are hostile until proved otherwise: they are decoded by a child with bounded time, memory and files,
which gets bytes, gives bytes, and has neither settings nor keys.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from telesphore.kernel.errors import DomainError

CHILD = Path(__file__).with_name("sheets_child.py")
MEGABYTE = 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    """What pictures may cost.

    Attributes:
        pixels: of one picture; sheets: of all of them together.
        processor: seconds of processor time; elapsed: seconds on the wall.
        memory: bytes of address space.
        size: bytes of all of them, as they come; written: of the document.
    """

    pixels: int = 50_000_000
    sheets: int = 200
    processor: int = 20
    elapsed: float = 60
    memory: int = 1536 * MEGABYTE
    size: int = 50 * MEGABYTE
    written: int = 50 * MEGABYTE


class DamagedPicture(DomainError):
    """This picture is damaged, or of a kind that is not read here. Take it again, or save it as JPEG or PNG."""

    code = "damaged-picture"


class PictureTooLarge(DomainError):
    """This picture has too many pixels. Make it smaller, or take it again at a lower resolution."""

    code = "picture-too-large"


class TooManySheets(DomainError):
    """There are more than %(limit)s pictures. Deposit them in several documents."""

    code = "too-many-sheets"


class AnimatedPicture(DomainError):
    """This picture moves: a document can’t show all of it. Choose a still picture."""

    code = "animated-picture"


class PicturesTooHeavy(DomainError):
    """These pictures take too much time or memory to read. Make them smaller, or deposit fewer at once."""

    code = "pictures-too-heavy"


REFUSALS = {
    error.code: error for error in (DamagedPicture, PictureTooLarge, TooManySheets, AnimatedPicture, PicturesTooHeavy)
}


def sheets(pictures: Sequence[bytes], limits: Limits = Limits()) -> bytes:
    """A PDF of one A4 sheet for each picture, in their order; one for each page of a TIFF.

    A picture is turned as its camera said (Exif 2.32 §4.6.4, Orientation), and shrunk to the sheet; one of few pixels
    is not stretched beyond 100 to the inch. What is transparent is white.

    Raises:
        DamagedPicture, PictureTooLarge, TooManySheets, AnimatedPicture, PicturesTooHeavy
    """
    if len(pictures) > limits.sheets:
        raise TooManySheets(limit=limits.sheets)
    if sum(map(len, pictures)) > limits.size:
        raise PicturesTooHeavy
    orders = {**asdict(limits), "sizes": [len(picture) for picture in pictures]}
    try:
        answer = subprocess.run(
            [sys.executable, "-I", str(CHILD), json.dumps(orders)],
            input=b"".join(pictures),
            capture_output=True,
            timeout=limits.elapsed,
            env={},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PicturesTooHeavy from None
    head, _newline, pdf = answer.stdout.partition(b"\n")
    if answer.returncode != 0 or not head:
        # Killed for its time, or out of memory in a place that could not say so.
        raise PicturesTooHeavy
    if (refused := json.loads(head)["refused"]) is not None:
        raise REFUSALS[refused](limit=limits.sheets)
    return pdf
