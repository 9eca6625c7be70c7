"""A handwritten signature drawn on the screen: decoration, never the signature itself."""

import binascii
import io
import unicodedata
from base64 import b64decode

from PIL import Image, ImageDraw, ImageFont

from telesphore.kernel.errors import DomainError
from telesphore.paper.typesetting import FONTS

LARGEST = 300_000
LONGEST = 400_000
"""Of the same in base64, in characters."""
WIDEST = 2000


class BadDrawing(DomainError):
    """The drawing could not be read. Draw again, or sign without it."""

    code = "bad-drawing"


def read_drawing(text: str) -> bytes | None:
    """The PNG that a page drew, as a `data:` address; None when nothing was drawn.

    Raises:
        BadDrawing
    """
    prefix = "data:image/png;base64,"
    if not text:
        return None
    if not text.startswith(prefix) or len(text) > LONGEST:
        raise BadDrawing
    try:
        return check_drawing(b64decode(text[len(prefix) :], validate=True))
    except (binascii.Error, ValueError):
        raise BadDrawing from None


def check_drawing(content: bytes) -> bytes:
    """The same drawing, written anew by us: a PNG with an alpha channel, at most 2,000 pixels across.

    Raises:
        BadDrawing: not a PNG, or too large.
    """
    if len(content) > LARGEST:
        raise BadDrawing
    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            if max(image.size) > WIDEST:
                raise BadDrawing
            drawn = image.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise BadDrawing from None
    out = io.BytesIO()
    drawn.save(out, "PNG")
    return out.getvalue()


FACE = "source-serif-4-400-italic.ttf"
LONGEST_NAME = 80


def draw_name(name: str) -> bytes | None:
    """A PNG of a name typed in place of a drawing, in a plain face; None for an empty one."""
    shown = "".join(letter for letter in name if unicodedata.category(letter)[0] != "C").strip()[:LONGEST_NAME]
    if not shown:
        return None
    font = _face(72)
    left, top, right, bottom = font.getbbox(shown)
    scale = min(1, (WIDEST - 40) / max(right - left, 1))
    if scale < 1:
        font = _face(int(72 * scale))
        left, top, right, bottom = font.getbbox(shown)
    picture = Image.new("RGBA", (int(right - left) + 24, int(bottom - top) + 24), (255, 255, 255, 0))
    ImageDraw.Draw(picture).text((12 - left, 12 - top), shown, font=font, fill=(28, 63, 148, 255))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _face(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    face = FONTS / FACE
    return ImageFont.truetype(face, size) if face.is_file() else ImageFont.load_default(size)
