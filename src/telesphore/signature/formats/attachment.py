"""What may be attached to an entry of the thread: a PDF, or a picture, each written anew by us."""

import io
import re
import unicodedata
from dataclasses import dataclass

from PIL import Image, ImageOps

from telesphore.kernel.errors import DomainError
from telesphore.records.formats import intake
from telesphore.signature.formats.thread import ENDINGS

LARGEST = 10 * 2**20
MOST_PIXELS = 40_000_000
WIDEST = 4_000
LONGEST_NAME = 100
PDF_LIMITS = intake.Limits(size=LARGEST, pages=200, processor=10, elapsed=30)


class BadAttachment(DomainError):
    """Only a PDF or a picture (PNG, JPEG) of at most 10 MB can be attached. What you wrote was kept here: choose
    another file."""

    code = "bad-attachment"


@dataclass(frozen=True, slots=True)
class Checked:
    """A file fit to be kept."""

    name: str
    media_type: str
    content: bytes


def check_attachment(content: bytes, name: str) -> Checked:
    """The same file, written anew: a PDF without what acts or hides, a picture without what its camera noted.

    Raises:
        BadAttachment, and for a PDF the refusals of `records.formats.intake`.
    """
    if not content or len(content) > LARGEST:
        raise BadAttachment
    if content.lstrip()[:5] == b"%PDF-":
        return Checked(clean_name(name, "pdf"), "application/pdf", intake.normalise(content, PDF_LIMITS).pdf)
    try:
        with Image.open(io.BytesIO(content), formats=["PNG", "JPEG"]) as image:
            if image.width * image.height > MOST_PIXELS:
                raise BadAttachment
            # Turned as its camera said, since what it said is left out.
            drawn = ImageOps.exif_transpose(image)
            drawn.thumbnail((WIDEST, WIDEST))
            kind = "PNG" if image.format == "PNG" else "JPEG"
            out = io.BytesIO()
            drawn.convert("RGBA" if kind == "PNG" else "RGB").save(out, kind)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise BadAttachment from None
    media_type = f"image/{kind.lower()}"
    return Checked(clean_name(name, ENDINGS[media_type]), media_type, out.getvalue())


def clean_name(name: str, ending: str) -> str:
    """A name that is safe in any folder, with the ending of what the file is."""
    plain = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    stem = plain.rpartition(".")[0] or plain
    stem = re.sub(r"[^\w \-().]", "", stem).strip(" .")[:LONGEST_NAME]
    return f"{stem or 'document'}.{ending}"
