"""Objects (ISO 32000-2 §7.3) as Python's own: dict, list, int, float, bool, None; strings are bytes, names are `Name`.

Whoever reads an object from a file must not change it: it is shared. Take a copy.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias


class Name(str):
    """A name without its slash; one character per byte (Latin-1), `#` escapes undone."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "/" + str.__str__(self)


class Reference(NamedTuple):
    """`number generation R`."""

    number: int
    generation: int = 0


@dataclass(frozen=True, slots=True)
class Stream:
    """A dictionary and its bytes as they stand in the file, filters not undone.

    Attributes:
        undo: deciphers `raw`, in an encrypted file; None when it is not encrypted.
    """

    dictionary: "Dictionary"
    raw: bytes | memoryview
    undo: Callable[[bytes], bytes] | None = field(default=None, repr=False, compare=False)


Value: TypeAlias = "Name | Reference | Stream | bytes | dict[Name, Value] | list[Value] | int | float | bool | None"
Dictionary: TypeAlias = dict[Name, Value]


class Raw(bytes):
    """Written as it is: the caller knows what it holds. Never comes out of a file."""

    __slots__ = ()


_IRREGULAR = re.compile(rb"[^!-~]|[#()<>\[\]{}/%]")
_ESCAPED = re.compile(rb"[\\()\r\n]")
_ESCAPES = {b"\\": b"\\\\", b"(": b"\\(", b")": b"\\)", b"\r": b"\\r", b"\n": b"\\n"}
_TEXT = re.compile(rb"[ -~]*")
_PLAIN_TEXT = re.compile(r"[\t\n\r -~]*")
_names: dict[str, bytes] = {}


def written_name(name: str) -> bytes:
    """`/Name`, with `#` escapes where they must be."""
    known = _names.get(name)
    if known is not None:
        return known
    content = b"/" + _IRREGULAR.sub(lambda found: b"#%02X" % found[0][0], name.encode("latin-1"))
    if len(_names) < 1000:  # Foreign names must not fill the memory.
        _names[name] = content
    return content


def text(content: str) -> bytes:
    """A text string (§7.9.2.2): ASCII as it is, all else in UTF-16 with its mark."""
    if _PLAIN_TEXT.fullmatch(content):
        return content.encode("ascii")
    return b"\xfe\xff" + content.encode("utf-16-be")


def read_text(content: bytes) -> str:
    """What a text string says; bytes that mean nothing become U+FFFD."""
    if content.startswith(b"\xfe\xff"):
        return content[2:].decode("utf-16-be", "replace")
    if content.startswith(b"\xef\xbb\xbf"):
        return content[3:].decode("utf-8", "replace")
    return content.decode("latin-1").translate(_PDF_DOC)


# PDFDocEncoding where it differs from Latin-1 (ISO 32000-2 annex D.3).
_PDF_DOC = dict(
    zip(
        (*range(0x18, 0x20), *range(0x80, 0x9F), 0xA0),
        "˘ˇˆ˙˝˛˚˜•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ﬁﬂŁŒŠŸŽıłœšž€",
        strict=True,
    )
)


def write(value: Value) -> bytes:
    """The bytes of a value, without object number; nested as deep as what is read may be, which is bounded."""
    parts: list[bytes] = []
    _write(value, parts.append)
    return b"".join(parts)


def _write(value: Value, append: Callable[[bytes], object]) -> None:
    if isinstance(value, Name):
        append(_names.get(value) or written_name(value))
    elif isinstance(value, Reference):
        append(b" %d %d R" % value)
    elif isinstance(value, dict):
        append(b"<<")
        for key, one in value.items():
            append(_names.get(key) or written_name(key))
            _write(one, append)
        append(b">>")
    elif isinstance(value, list):
        append(b"[")
        for one in value:
            _write(one, append)
        append(b"]")
    elif isinstance(value, bytes):
        append(value if isinstance(value, Raw) else written_string(value))
    elif value is None:
        append(b" null")
    elif value is True:
        append(b" true")
    elif value is False:
        append(b" false")
    elif isinstance(value, int):
        append(b" %d" % value)
    elif isinstance(value, float):
        append(b" " + written_number(value))
    else:
        _write({**value.dictionary, Name("Length"): len(value.raw)}, append)
        append(b"\nstream\n")
        append(bytes(value.raw))
        append(b"\nendstream")


def written_number(value: float) -> bytes:
    """Without exponent (§7.3.3); what is below 1e-30 is nothing."""
    plain = repr(value)
    if "e" in plain:
        plain = f"{value:.30f}".rstrip("0")
    return plain.removesuffix(".0").encode()


def written_string(content: bytes) -> bytes:
    """`(text)` when it is printable, hexadecimal otherwise."""
    if _TEXT.fullmatch(content):
        return b"(" + _ESCAPED.sub(lambda found: _ESCAPES[found[0]], content) + b")"
    return b"<" + content.hex().encode() + b">"
