"""Pictures as phones and scanners make them."""

import io
from typing import Any

from PIL import Image

TOP_LEFT, TOP_RIGHT, BOTTOM = (200, 30, 30), (30, 160, 30), (30, 30, 200)


def scene(size: tuple[int, int] = (80, 120)) -> Image.Image:
    """Red at the top left, green at the top right, blue below: no turn of it is itself."""
    width, height = size
    picture = Image.new("RGB", size, BOTTOM)
    picture.paste(TOP_LEFT, (0, 0, width // 2, height // 2))
    picture.paste(TOP_RIGHT, (width // 2, 0, width, height // 2))
    return picture


def coded(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def photograph(orientation: int = 1) -> bytes:
    """As a phone's: held in some way, and saying where it was."""
    noted = Image.Exif()
    noted[0x0112] = orientation
    noted[0x010F] = "TELEPHONE-DE-SYLVIE"
    noted.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 24.0), 3: "E", 4: (2.0, 21.0, 8.0)})
    # As the sensor saw it: what must be turned back.
    backwards = {
        1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]  # fmt: skip
    seen = scene() if backwards is None else scene().transpose(backwards)
    return coded(seen, exif=noted, quality=95, subsampling=0, comment="Mme Martin, chambre 12")
