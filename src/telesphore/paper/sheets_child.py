"""The child that decodes foreign pictures. Alone on purpose: it imports nothing of ours and sees no setting.

In: limits as JSON in the first argument, the pictures on standard input, one after the other. Out: one line of JSON,
then the document.
"""

import io
import json
import resource
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pikepdf import Array, Dictionary, Name, Object, Pdf
from PIL import Image, ImageChops, ImageCms, ImageOps

SHORT, LONG = 595.276, 841.89
"""A4 in points (ISO 216)."""
LARGEST_DOT = 0.72
"""Points: a picture is never stretched beyond 100 pixels to the inch."""
FORMATS = ("JPEG", "PNG", "TIFF", "WEBP")
ORIENTATION, SUBFILE = 0x0112, 0x00FE
"""Tags of Exif and of TIFF."""
REDUCED = 1
LARGEST_PROFILE = 2**20
QUALITY = 92
SPACES = {"1": Name.DeviceGray, "L": Name.DeviceGray, "RGB": Name.DeviceRGB}
PROFILES = {"L": "GRAY", "RGB": "RGB "}
TURNS = {
    1: (1, 0, 0, 1, 0, 0),
    2: (-1, 0, 0, 1, 1, 0),
    3: (-1, 0, 0, -1, 1, 1),
    4: (1, 0, 0, -1, 0, 1),
    5: (0, -1, -1, 0, 1, 1),
    6: (0, -1, 1, 0, 0, 1),
    7: (0, 1, 1, 0, 0, 0),
    8: (0, 1, -1, 0, 1, 0),
}
"""By Exif's orientation, how the unit square turns (ISO 32000-1 §8.3.3)."""
SIDEWAYS = frozenset({5, 6, 7, 8})


class Refused(Exception):
    """A picture is refused, with this code."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One picture, coded as a PDF holds it.

    Attributes:
        mode: `1`, `L` or `RGB`. turned: Exif's orientation. stretch: how much higher a pixel is than wide.
    """

    data: bytes
    is_jpeg: bool
    mode: str
    size: tuple[int, int]
    profile: bytes
    turned: int = 1
    stretch: float = 1.0


def bound(limits: dict[str, Any]) -> None:
    """Take away what a decoder has no need of; each bound is the kernel's to keep."""
    resource.setrlimit(resource.RLIMIT_CPU, (limits["processor"], limits["processor"]))
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory"], limits["memory"]))
    for kind, most in (("CORE", 0), ("FSIZE", 0), ("NPROC", 0), ("NOFILE", 16)):
        resource.setrlimit(getattr(resource, f"RLIMIT_{kind}"), (most, most))


def document(pictures: list[bytes], limits: dict[str, Any]) -> bytes:
    """The PDF of all sheets."""
    with Pdf.new() as pdf:
        written = 0
        for picture in pictures:
            for sheet in sheets_of(picture, limits):
                if len(pdf.pages) >= limits["sheets"]:
                    raise Refused("too-many-sheets")
                written += len(sheet.data)
                if written > limits["written"]:
                    raise Refused("pictures-too-heavy")
                add(pdf, sheet)
        out = io.BytesIO()
        pdf.save(out, deterministic_id=True)
    return out.getvalue()


def sheets_of(content: bytes, limits: dict[str, Any]) -> Iterator[Sheet]:
    """The sheets of one file: several of a TIFF."""
    with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
        check_size(picture, limits)
        if content.startswith(b"\xff\xd8"):
            yield photograph(content, picture)
            return
        many = picture.format == "TIFF"
        if not many and getattr(picture, "is_animated", False):
            raise Refused("animated-picture")
        number = 0
        while number < (limits["sheets"] + 1 if many else 1):
            try:
                picture.seek(number)
            except EOFError:
                return
            number += 1
            check_size(picture, limits)
            # A TIFF's preview of another of its pictures.
            if not (many and number > 1 and tag(picture, SUBFILE) & REDUCED):
                yield coded(content, picture)


def check_size(picture: Image.Image, limits: dict[str, Any]) -> None:
    """Before a pixel is decoded."""
    if picture.width * picture.height > limits["pixels"]:
        raise Refused("picture-too-large")


def tag(picture: Image.Image, number: int) -> int:
    """A whole number that a TIFF says of its picture; 0 when it says none."""
    found = getattr(picture, "tag_v2", {}).get(number, 0)
    return found if isinstance(found, int) else 0


def photograph(content: bytes, picture: Image.Image) -> Sheet:
    """A JPEG: its own data, unless readers of PDF would not show them as they are."""
    plain, kept = without_notes(content)
    turned = picture.getexif().get(ORIENTATION, 1)
    turned = turned if turned in TURNS else 1
    mode, size, profile = picture.mode, picture.size, profile_of(picture)
    if not kept or mode not in ("L", "RGB"):
        first = picture if picture.mode in ("L", "RGB") else picture.convert("RGB")
        out = io.BytesIO()
        first.save(out, "JPEG", quality=QUALITY)
        return Sheet(out.getvalue(), True, first.mode, size, profile if first.mode == mode else b"", turned)
    with Image.open(io.BytesIO(plain), formats=("JPEG",)) as again:
        # An eighth of the pixels is enough to see that all the data are there.
        again.draft(mode, (1, 1))
        again.load()
    return Sheet(plain, True, mode, size, profile, turned)


def without_notes(content: bytes) -> tuple[bytes, bool]:
    """The first picture of a JPEG (ITU-T T.81 annex B), with nothing but what decodes it; and whether every reader of
    PDF decodes it (ISO 32000-1 §7.4.8), of 8 bits, not arithmetically coded, in usual colours.
    """
    out, at, usual = bytearray(b"\xff\xd8"), 2, False
    while True:
        if content[at] != 0xFF:
            raise Refused("damaged-picture")
        while content[at] == 0xFF:
            at += 1
        marker = content[at]
        at += 1
        if marker == 0xD9:
            return bytes(out + b"\xff\xd9"), usual
        (length,) = struct.unpack_from(">H", content, at)
        segment = content[at : at + length]
        if length < 2 or len(segment) != length:
            raise Refused("damaged-picture")
        at += length
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            parts = segment[8::3][: segment[7]]
            usual = marker in (0xC0, 0xC1, 0xC2) and segment[2] == 8 and parts != b"RGB"
        # What applications note, and comments; Adobe's says how colours are coded.
        is_note = (0xE0 <= marker <= 0xEF or marker == 0xFE) and not (marker == 0xEE and segment[2:7] == b"Adobe")
        if not is_note:
            out += b"\xff" + bytes([marker]) + segment
        if marker == 0xDA:
            start = at
            while True:
                at = content.index(b"\xff", at)
                if content[at + 1] == 0 or 0xD0 <= content[at + 1] <= 0xD7:
                    at += 2
                elif content[at + 1] == 0xFF:
                    at += 1
                else:
                    break
            out += content[start:at]


def profile_of(picture: Image.Image) -> bytes:
    """The colour profile (ICC.1), when it is one for such a picture."""
    profile: bytes = picture.info.get("icc_profile") or b""
    if not profile or len(profile) > LARGEST_PROFILE or picture.mode not in PROFILES:
        return b""
    try:
        space = ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile.xcolor_space
    except (OSError, ValueError):
        return b""
    return profile if space == PROFILES[picture.mode] else b""


def coded(content: bytes, picture: Image.Image) -> Sheet:
    """Any other picture, upright: without loss, or as a JPEG what was lossy already."""
    # A WebP without loss says so in its first chunks (RFC 9649 §2.6).
    lossy = picture.info.get("compression") == "jpeg" or (picture.format == "WEBP" and b"VP8L" not in content[:4096])
    stretch = stretch_of(picture)
    profile = profile_of(picture)
    # A stray mark among a palette's or grey's colours is transparency too.
    clear = picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info
    drawn = ImageOps.exif_transpose(picture)
    if clear:
        drawn = drawn.convert("RGBA")
        white = Image.new("RGBA", drawn.size, "white")
        white.alpha_composite(drawn)
        drawn = white.convert("RGB")
    elif drawn.mode.startswith("I"):
        # 16 bits of grey.
        drawn = drawn.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    elif drawn.mode not in SPACES:
        drawn = drawn.convert("RGB")
    if drawn.mode not in PROFILES or profile != profile_of_mode(profile, drawn.mode):
        profile = b""
    out = io.BytesIO()
    if lossy and drawn.mode != "1":
        drawn.save(out, "JPEG", quality=QUALITY)
        return Sheet(out.getvalue(), True, drawn.mode, drawn.size, profile, stretch=stretch)
    if drawn.mode == "RGB" and is_grey(drawn) and not profile:
        drawn = drawn.convert("L")
    # A new picture: PNG would carry along what this one has noted.
    Image.frombytes(drawn.mode, drawn.size, drawn.tobytes()).save(out, "PNG")
    return Sheet(packed(out.getvalue()), False, drawn.mode, drawn.size, profile, stretch=stretch)


def profile_of_mode(profile: bytes, mode: str) -> bytes:
    """The profile, if it is for this mode: its header says so (ICC.1 §7.2.8)."""
    return profile if profile[16:20] == PROFILES[mode].encode() else b""


def is_grey(picture: Image.Image) -> bool:
    red, green, blue = picture.split()
    return ImageChops.difference(red, green).getbbox() is None and ImageChops.difference(red, blue).getbbox() is None


def stretch_of(picture: Image.Image) -> float:
    """How much higher than wide a pixel is: a coarse fax has half as many lines as columns (ITU-T T.4)."""
    across, down = picture.info.get("dpi", (1, 1)) if picture.format == "TIFF" else (1, 1)
    if not across or not down:
        return 1.0
    return min(max(float(across) / float(down), 0.25), 4.0)


def packed(png: bytes) -> bytes:
    """The coded rows of a PNG, which a PDF holds as they are (PNG §11.2.3; ISO 32000-1 §7.4.4.4)."""
    at, rows = 8, bytearray()
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        if png[at + 4 : at + 8] == b"IDAT":
            rows += png[at + 8 : at + 8 + length]
        at += 12 + length
    return bytes(rows)


def add(pdf: Pdf, sheet: Sheet) -> None:
    """One more page."""
    width, height = sheet.size
    bits = 1 if sheet.mode == "1" else 8
    picture = pdf.make_stream(
        sheet.data, Type=Name.XObject, Subtype=Name.Image, Width=width, Height=height, BitsPerComponent=bits
    )
    picture.ColorSpace = SPACES[sheet.mode]
    colours = 3 if sheet.mode == "RGB" else 1
    if sheet.profile:
        picture.ColorSpace = Array([Name.ICCBased, pdf.make_indirect(profile_stream(pdf, sheet.profile, colours))])
    picture.Filter = Name.DCTDecode if sheet.is_jpeg else Name.FlateDecode
    if not sheet.is_jpeg:
        picture.DecodeParms = Dictionary(Predictor=15, Colors=colours, BitsPerComponent=bits, Columns=width)
    across, down = float(width), height * sheet.stretch
    if sheet.turned in SIDEWAYS:
        across, down = down, across
    page = (LONG, SHORT) if across > down else (SHORT, LONG)
    scale = min(page[0] / across, page[1] / down, LARGEST_DOT)
    across, down = across * scale, down * scale
    left, bottom = (page[0] - across) / 2, (page[1] - down) / 2
    a, b, c, d, e, f = TURNS[sheet.turned]
    matrix = (a * across, b * down, c * across, d * down, e * across + left, f * down + bottom)
    drawing = "q " + " ".join(f"{number:.4f}" for number in matrix) + " cm /Picture Do Q"
    pdf.add_blank_page(page_size=page)
    added = pdf.pages[-1]
    added.Resources = Dictionary(XObject=Dictionary(Picture=picture))
    added.Contents = pdf.make_stream(drawing.encode())


def profile_stream(pdf: Pdf, profile: bytes, colours: int) -> Object:
    return pdf.make_stream(profile, N=colours)


def main() -> None:
    """Answer on standard output; a refusal is an answer too."""
    limits = json.loads(sys.argv[1])
    bound(limits)
    # Our own bound is checked before a pixel is decoded.
    Image.MAX_IMAGE_PIXELS = None
    content = sys.stdin.buffer.read()
    pictures, at = [], 0
    for size in limits["sizes"]:
        pictures.append(content[at : at + size])
        at += size
    refused, pdf = None, b""
    try:
        pdf = document(pictures, limits)
    except Refused as refusal:
        refused = str(refusal)
    except MemoryError:
        refused = "pictures-too-heavy"
    except Exception:  # noqa: BLE001 - whatever a foreign picture breaks, the answer is the same.
        refused = "damaged-picture"
    sys.stdout.buffer.write(json.dumps({"refused": refused}).encode() + b"\n" + pdf)


if __name__ == "__main__":
    main()
