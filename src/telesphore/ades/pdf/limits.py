"""How much of a foreign file is read, and the undoing of its filters within that."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from telesphore.ades.errors import FileBeyondLimits, UnreadableFile
from telesphore.ades.pdf.objects import Name, Stream, Value


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one file.

    Attributes:
        size: bytes.
        sections: cross-reference tables and streams.
        objects: the greatest object number, and how many entries one section may list.
        stream: bytes that one stream may hold, once decoded.
        decoded: bytes that all streams read may hold together.
        ratio: how many times its own size a stream may hold, past the first mebibyte.
    """

    size: int = 2**30
    sections: int = 4096
    objects: int = 2_000_000
    stream: int = 64 * 2**20
    decoded: int = 256 * 2**20
    ratio: int = 250


USUAL = Limits()


def decode(stream: Stream, *, limits: Limits = USUAL) -> bytes:
    """The stream's bytes, deciphered, its filters undone (Flate, with or without a PNG predictor).

    Raises:
        UnreadableFile: another filter, or bytes that it does not understand.
        FileBeyondLimits: they are too many.
    """
    filters = _listed(stream.dictionary.get(Name("Filter")))
    settings = _listed(stream.dictionary.get(Name("DecodeParms")))
    most = min(limits.stream, max(2**20, limits.ratio * len(stream.raw)))
    if len(filters) > 2 or len(settings) > len(filters):
        raise UnreadableFile(why="filter")
    content: bytes | memoryview = stream.raw if stream.undo is None else stream.undo(bytes(stream.raw))
    for number, name in enumerate(filters):
        if name not in ("FlateDecode", "Fl"):
            raise UnreadableFile(why="filter")
        content = _inflated(content, most)
        setting = settings[number] if number < len(settings) else None
        if isinstance(setting, dict):
            content = _unpredicted(content, setting)
    if len(content) > most:
        raise FileBeyondLimits(why="stream-size")
    return bytes(content)


def _listed(value: Value) -> Sequence[Value]:
    if value is None:
        return ()
    return value if isinstance(value, list) else (value,)


def _inflated(content: bytes | memoryview, most: int) -> bytes:
    engine = zlib.decompressobj()
    try:
        inflated = engine.decompress(content, most + 1)
    except zlib.error:
        raise UnreadableFile(why="flate") from None
    if len(inflated) > most:
        raise FileBeyondLimits(why="stream-size")
    if not engine.eof:
        raise UnreadableFile(why="flate")
    return inflated


def _unpredicted(content: bytes, settings: dict[Name, Value]) -> bytes:
    """Undo a PNG predictor (ISO 32000-2 §7.4.4.4) over samples of one byte."""
    predictor = settings.get(Name("Predictor"), 1)
    if predictor == 1:
        return content
    columns, colors = settings.get(Name("Columns"), 1), settings.get(Name("Colors"), 1)
    if (
        predictor not in range(10, 16)
        or type(columns) is not int
        or type(colors) is not int
        or not 0 < columns < 2**20
        or not 0 < colors <= 32
        or settings.get(Name("BitsPerComponent"), 8) != 8
    ):
        raise UnreadableFile(why="predictor")
    width = columns * colors
    count, rest = divmod(len(content), width + 1)
    if rest:
        raise UnreadableFile(why="predictor")
    kinds = content[:: width + 1]
    if kinds == b"\2" * count and width < 256:
        # Every row adds to the one above, as cross-reference streams do: column by column, at C's speed.
        undone = bytearray(count * width)
        low = (255).__and__
        for column in range(width):
            undone[column::width] = bytes(map(low, accumulate(content[column + 1 :: width + 1])))
        return bytes(undone)
    rows: list[bytes] = []
    above = bytes(width)
    for number in range(count):
        start = number * (width + 1) + 1
        above = _row(kinds[number], content[start : start + width], above, colors)
        rows.append(above)
    return b"".join(rows)


def _row(kind: int, row: bytes, above: bytes, step: int) -> bytes:
    """One row of PNG's filter types (RFC 2083 §6)."""
    if kind == 0:
        return row
    if kind == 2:
        return bytes((value + up) & 255 for value, up in zip(row, above, strict=True))
    if kind not in (1, 3, 4):
        raise UnreadableFile(why="predictor")
    undone = bytearray(len(row))
    for column, value in enumerate(row):
        left = undone[column - step] if column >= step else 0
        corner = above[column - step] if column >= step else 0
        up = above[column]
        if kind == 1:
            guess = left
        elif kind == 3:
            guess = (left + up) // 2
        else:
            estimate = left + up - corner
            guess = min((left, up, corner), key=lambda one: abs(estimate - one))
        undone[column] = (value + guess) & 255
    return bytes(undone)
