"""The child that renders a foreign PDF with PDFium. Alone on purpose: it imports nothing of ours and sees no setting.

In: orders as JSON in the first argument, the file on standard input. Out: one line of JSON, then perhaps a picture.
"""

import io
import json
import resource
import sys
import time
from typing import Any

import pypdfium2
import pypdfium2.raw as raw
from PIL import Image, ImageChops, ImageDraw, ImageFilter

SCALE = 100 / 72
"""A hundred pixels to the inch: a full stop of eight points is two pixels wide."""
FINE, COARSE = 100, 60 / 72
"""Files of more pages than that are drawn at sixty pixels to the inch."""
CELL = 12
"""Pixels: about a letter."""
CONTRAST = 48
"""Of 255: less is no edge that an eye follows."""
OVER = 8
"""Pixels that touch what was there: fewer are chance."""
MOST_BOXES = 24
RED, BLUE = (200, 0, 30), (0, 70, 160)

Box = tuple[int, int, int, int]


class Refused(Exception):
    """The file can't be compared, with this code."""


def bound(limits: dict[str, int]) -> None:
    """Take away what a renderer has no need of; each bound is the kernel's to keep."""
    bounds = {"CPU": limits["processor"], "AS": limits["memory"], "CORE": 0, "FSIZE": 0, "NPROC": 0, "NOFILE": 32}
    for kind, most in bounds.items():
        one = getattr(resource, f"RLIMIT_{kind}")
        _soft, already = resource.getrlimit(one)
        # Whoever started this may be bounded more tightly: only a privileged process may raise that.
        allowed = most if already == resource.RLIM_INFINITY else min(most, already)
        resource.setrlimit(one, (allowed, allowed))


def opened(content: bytes) -> Any:
    """A document whose form's fields are drawn as a reader does."""
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError:
        raise Refused("unreadable") from None
    if document.get_formtype() != raw.FORMTYPE_NONE:
        document.init_forms()
        # A program's own colour over the fields is not the file's.
        raw.FPDF_SetFormFieldHighlightAlpha(document.formenv, 0)
    return document


def render(page: Any, pixels: int, scale: float = SCALE) -> Any:
    """A bitmap of the page, its annotations and its form's fields."""
    across, down = page.get_size()
    if across <= 0 or down <= 0:
        raise Refused("page-without-surface")
    scale = min(scale, (pixels / (across * down)) ** 0.5)
    return page.render(scale=scale, may_draw_forms=True, draw_annots=True, rev_byteorder=True)


def picture_of(bitmap: Any) -> Image.Image:
    """The same, to work on."""
    picture: Image.Image = bitmap.to_pil().convert("RGB")
    return picture


def compare(content: bytes, orders: dict[str, Any]) -> list[dict[str, Any]]:
    """Page by page: what differs, and what explains it."""
    signed, shown = opened(content[: orders["signed_end"]]), opened(content)
    limits = orders["limits"]
    if max(len(signed), len(shown)) > limits["pages"]:
        raise Refused("too-many-pages")
    until = time.process_time() + 0.8 * limits["processor"]
    scale = SCALE if len(shown) <= FINE else COARSE
    found: list[dict[str, Any]] = []
    for index in range(max(len(signed), len(shown))):
        if time.process_time() > until:
            raise Refused("too-long")
        number = index + 1
        if index >= len(signed) or index >= len(shown):
            there = (shown if index < len(shown) else signed)[index]
            found.append(
                {
                    "page": number,
                    "boxes": [list(there.get_mediabox())],
                    "unexplained": 1,
                    "kind": "added" if index < len(shown) else "gone",
                }
            )
            continue
        places = [place for place in orders["places"] if place[0] == number]
        page = shown[index]
        before, now = (render(one, limits["pixels"], scale) for one in (signed[index], page))
        found.append({"page": number, **compare_page(before, now, page, places)})
    return found


def compare_page(signed: Any, shown: Any, page: Any, places: list[Any]) -> dict[str, Any]:
    """One page, before and now."""
    if (signed.width, signed.height) != (shown.width, shown.height):
        return {"boxes": [list(page.get_mediabox())], "unexplained": 1, "kind": "size"}
    if bytes(signed.buffer) == bytes(shown.buffer):
        return {"boxes": [], "unexplained": 0, "kind": "same"}
    before, now = picture_of(signed), picture_of(shown)
    conversion = shown.get_posconv(page)
    different = mask(ImageChops.difference(before, now))
    explained = Image.new("L", before.size, 0)
    covered = False
    for _page, left, bottom, right, top, agreed, marks, replaces in places:
        box = on_picture(conversion, (left, bottom, right, top), before.size)
        if box is None:
            continue
        hides = not replaces and covers(before.crop(box), now.crop(box), marks=marks)
        if hides and not agreed:
            continue
        covered |= hides
        explained.paste(255, box)
    unexplained = boxes_of(ImageChops.multiply(different, ImageChops.invert(explained)))
    expected = boxes_of(ImageChops.multiply(different, explained))
    return {
        "boxes": [on_page(conversion, box) for box in (*unexplained, *expected)],
        "unexplained": len(unexplained),
        "kind": "differs" if unexplained else "explained",
        "covered": covered,
    }


def mask(difference: Image.Image) -> Image.Image:
    """White where any channel differs at all."""
    red, green, blue = difference.split()
    worst = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return worst.point(lambda value: 255 if value else 0)


def edges(picture: Image.Image) -> Image.Image:
    """White where an eye sees a line or a letter's border."""
    grey = picture.convert("L")
    contrast = ImageChops.subtract(grey.filter(ImageFilter.MaxFilter(3)), grey.filter(ImageFilter.MinFilter(3)))
    return contrast.point(lambda value: 255 if value >= CONTRAST else 0)


def covers(before: Image.Image, now: Image.Image, *, marks: bool) -> bool:
    """Whether something that was to be seen no longer is: a letter's worth of edges is gone for the greater part, or,
    unless this `marks` the text, is drawn over."""
    were, are = edges(before), edges(now)
    lost = ImageChops.subtract(were, are)
    # Shares of a cell, of 255 each: what is too little to be a letter counts for nothing.
    for had, gone in zip(cells(were), cells(lost), strict=True):
        if had > 12 and gone > had / 2:
            return True
    if marks:
        return False
    over = ImageChops.multiply(ImageChops.subtract(are, were), were.filter(ImageFilter.MaxFilter(3)))
    return over.histogram()[255] > OVER


def cells(picture: Image.Image) -> bytes:
    """The mean of each cell."""
    return picture.reduce(CELL).tobytes()


def boxes_of(different: Image.Image) -> list[Box]:
    """A few rectangles around all that is white."""
    small = different.reduce(CELL)
    width, height = small.size
    waiting = {place for place, value in enumerate(small.tobytes()) if value}
    # A cell with fewer white pixels than the mean can tell would be lost: look at it closely.
    if different.getbbox() is not None and not waiting:
        box = different.getbbox()
        return [box] if box else []
    found: list[Box] = []
    while waiting:
        first = waiting.pop()
        left = right = first % width
        top = bottom = first // width
        near = [first]
        while near:
            x, y = near[-1] % width, near.pop() // width
            left, right, top, bottom = min(left, x), max(right, x), min(top, y), max(bottom, y)
            for beside in range(max(0, y - 2), min(height, y + 3)):
                for across in range(max(0, x - 2), min(width, x + 3)):
                    place = beside * width + across
                    if place in waiting:
                        waiting.discard(place)
                        near.append(place)
        found.append((left * CELL, top * CELL, (right + 1) * CELL, (bottom + 1) * CELL))
    found.sort(key=lambda box: (box[1], box[0]))
    while len(found) > MOST_BOXES:
        found = [union(found[place : place + 2]) for place in range(0, len(found), 2)]
    return [tight(different, box) for box in found]


def union(boxes: list[Box]) -> Box:
    """The rectangle around them."""
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def tight(different: Image.Image, box: Box) -> Box:
    """The same, no larger than what differs."""
    inner = different.crop((box[0], box[1], min(box[2], different.width), min(box[3], different.height))).getbbox()
    if inner is None:
        return box
    return (box[0] + inner[0], box[1] + inner[1], box[0] + inner[2], box[1] + inner[3])


def on_picture(conversion: Any, box: tuple[float, float, float, float], size: tuple[int, int]) -> Box | None:
    """A place of the page, in pixels, with one more on each side for smoothed edges."""
    one, other = conversion.to_bitmap(box[0], box[1]), conversion.to_bitmap(box[2], box[3])
    left, right = sorted((one[0], other[0]))
    top, bottom = sorted((one[1], other[1]))
    left, top = max(0, left - 1), max(0, top - 1)
    right, bottom = min(size[0], right + 2), min(size[1], bottom + 2)
    return (left, top, right, bottom) if right > left and bottom > top else None


def on_page(conversion: Any, box: Box) -> list[float]:
    """Pixels, as a place of the page: left, bottom, right, top."""
    one, other = conversion.to_page(box[0], box[1]), conversion.to_page(box[2], box[3])
    left, right = sorted((one[0], other[0]))
    bottom, top = sorted((one[1], other[1]))
    return [round(edge, 2) for edge in (left, bottom, right, top)]


def draw(content: bytes, orders: dict[str, Any]) -> bytes:
    """A page as a PNG, what differs in red, what is explained in dashed blue."""
    document = opened(content)
    index = orders["page"] - 1
    if not 0 <= index < len(document):
        raise Refused("no-such-page")
    page = document[index]
    bitmap = render(page, orders["limits"]["pixels"])
    picture, conversion = picture_of(bitmap), bitmap.get_posconv(page)
    veil = Image.new("RGB", picture.size, RED)
    canvas = ImageDraw.Draw(picture)
    for box in orders["boxes"]:
        place = on_picture(conversion, tuple(box), picture.size)
        if place is None:
            continue
        if box in orders["expected"]:
            dashed(canvas, place)
        else:
            picture.paste(Image.blend(picture.crop(place), veil.crop(place), 0.15), place[:2])
            canvas.rectangle((place[0], place[1], place[2] - 1, place[3] - 1), outline=RED, width=3)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def dashed(canvas: ImageDraw.ImageDraw, box: Box) -> None:
    """A rectangle that is told from the others without its colour."""
    left, top, right, bottom = box
    for x in range(left, right, 10):
        for y in (top, bottom - 1):
            canvas.line((x, y, min(x + 5, right), y), fill=BLUE, width=2)
    for y in range(top, bottom, 10):
        for x in (left, right - 1):
            canvas.line((x, y, x, min(y + 5, bottom)), fill=BLUE, width=2)


def main() -> None:
    """Answer on standard output; a refusal is an answer too."""
    orders = json.loads(sys.argv[1])
    bound(orders["limits"])
    content = sys.stdin.buffer.read()
    picture = b""
    try:
        if orders["do"] == "compare":
            report: dict[str, Any] = {"pages": compare(content, orders)}
        else:
            picture = draw(content, orders)
            report = {}
    except Refused as refused:
        report = {"refused": str(refused)}
    except MemoryError:
        report = {"refused": "too-heavy"}
    except Exception:  # noqa: BLE001 - whatever a foreign file breaks, the answer is the same.
        report = {"refused": "unreadable"}
    sys.stdout.buffer.write(json.dumps(report).encode() + b"\n" + picture)


if __name__ == "__main__":
    main()
