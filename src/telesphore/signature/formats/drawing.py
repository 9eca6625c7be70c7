"""A handwritten signature drawn on the screen: decoration, never the signature itself."""

import binascii
import io
from base64 import b64decode

from PIL import Image

from telesphore.kernel.errors import DomainError

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
