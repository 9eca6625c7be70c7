"""Bytes to objects: one regular expression says what the next token is, and nothing recurs."""

import re

from telesphore.ades.errors import UnreadableFile
from telesphore.ades.pdf.objects import Name, Reference, Value

DEEPEST = 100
"""Levels of arrays and dictionaries."""

# White space and comments, then one token. Possessive and bounded throughout: no input makes it go back.
_TOKEN = re.compile(
    rb"""[\0\t\n\f\r ]*+(?:%[^\r\n]*+[\0\t\n\f\r ]*+)*+
    (?: (\d{1,10})[\0\t\n\f\r ]++(\d{1,5})[\0\t\n\f\r ]++R(?![^\0\t\n\f\r ()<>\[\]{}/%])   # 1, 2: reference
    | /([^\0\t\n\f\r ()<>\[\]{}/%]*+)                                                       # 3: name
    | ([+-]?\d{1,19})(?![^\0\t\n\f\r ()<>\[\]{}/%])                                         # 4: integer
    | (<<)                                                                                  # 5
    | (>>)                                                                                  # 6
    | (\[)                                                                                  # 7
    | (\])                                                                                  # 8
    | \(([^()\\\r]*+)\)                                                                     # 9: string, plain
    | (\()                                                                                  # 10: string, other
    | <([0-9A-Fa-f\0\t\n\f\r ]*+)>                                                          # 11: hexadecimal
    | ([+-]?(?:\d{1,30}\.\d{0,60}|\.\d{1,60}))(?![^\0\t\n\f\r ()<>\[\]{}/%])                # 12: real
    | (true|false|null)(?![^\0\t\n\f\r ()<>\[\]{}/%])                                       # 13
    )""",
    re.VERBOSE,
)
_REFERENCE, _NAME, _INTEGER, _DICTIONARY, _END_DICTIONARY, _ARRAY, _END_ARRAY, _PLAIN, _STRING, _HEX, _REAL, _WORD = (
    2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
)  # fmt: skip
_WORDS: dict[bytes, bool | None] = {b"true": True, b"false": False, b"null": None}
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_IN_STRING = re.compile(rb"[()]|\\(?:[0-7]{1,3}|\r\n|[\0-\xff])|\r\n?", re.DOTALL)
_PLAIN_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"\r": b"", b"\n": b"", b"\r\n": b""}
_WHITE = b"\0\t\n\f\r "

_known: dict[bytes, Name] = {}


class _Mark:
    """Where a dictionary or an array begins, on the stack of `parse`."""


_OPEN_DICTIONARY, _OPEN_ARRAY = _Mark(), _Mark()


def parse(content: bytes, start: int, repeated: list[int] | None = None) -> tuple[Value, int]:
    """The value at `start`, and where it ends; a stream's dictionary comes without its bytes.

    Args:
        repeated: is told where a dictionary that names a key twice ends; the last one counts.

    Raises:
        UnreadableFile: there is none, or it is nested too deep.
    """
    match = _TOKEN.match
    # Containers that wait for their end, and what the innermost one holds so far.
    waiting: list[tuple[list[Value], bool]] = []
    items: list[Value] = []
    in_dictionary = False
    position = start
    value: Value
    while True:
        found = match(content, position)
        if found is None:
            raise UnreadableFile(why="syntax", offset=position)
        kind = found.lastindex
        position = found.end()
        if kind == _NAME:
            word = found[_NAME]
            name = _known.get(word)
            value = name if name is not None else _name(word, position)
        elif kind == _REFERENCE:
            value = Reference(int(found[1]), int(found[2]))
        elif kind == _INTEGER:
            value = int(found[_INTEGER])
        elif kind in (_DICTIONARY, _ARRAY):
            if len(waiting) >= DEEPEST:
                raise UnreadableFile(why="nesting", offset=position)
            waiting.append((items, in_dictionary))
            items = []
            in_dictionary = kind == _DICTIONARY
            continue
        elif kind == _END_DICTIONARY:
            if not in_dictionary or not waiting or len(items) % 2:
                raise UnreadableFile(why="dictionary", offset=position)
            keys = items[::2]
            for key in keys:
                if type(key) is not Name:
                    raise UnreadableFile(why="dictionary", offset=position)
            value = dict(zip(keys, items[1::2], strict=True))  # type: ignore[arg-type]  # All keys were seen.
            if repeated is not None and len(value) != len(keys):
                repeated.append(position)
            items, in_dictionary = waiting.pop()
        elif kind == _END_ARRAY:
            if in_dictionary or not waiting:
                raise UnreadableFile(why="array", offset=position)
            value = items
            items, in_dictionary = waiting.pop()
        elif kind == _PLAIN:
            value = found[_PLAIN]
        elif kind == _STRING:
            value, position = _string(content, position)
        elif kind == _HEX:
            digits = found[_HEX].translate(None, _WHITE)
            value = bytes.fromhex((digits + b"0" if len(digits) % 2 else digits).decode())
        elif kind == _REAL:
            value = float(found[_REAL])
        else:
            value = _WORDS[found[_WORD]]
        if not waiting:
            return value, position
        items.append(value)


def _name(word: bytes, position: int) -> Name:
    content = _ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), word) if b"#" in word else word
    name = Name(content.decode("latin-1"))
    if len(_known) < 2000:  # Foreign names must not fill the memory.
        _known[bytes(word)] = name
    return name


def _string(content: bytes, start: int) -> tuple[bytes, int]:
    """What follows `(` (§7.3.4.2), parentheses counted rather than followed."""
    parts: list[bytes] = []
    depth, position = 1, start
    for found in _IN_STRING.finditer(content, start):
        token = found[0]
        parts.append(content[position : found.start()])
        position = found.end()
        if token == b"(":
            depth += 1
            parts.append(token)
        elif token == b")":
            depth -= 1
            if not depth:
                return b"".join(parts), position
            parts.append(token)
        elif token[:1] == b"\r":
            parts.append(b"\n")
        elif token[1:2].isdigit() and token[1:2] < b"8":
            parts.append(bytes((int(token[1:], 8) & 255,)))
        else:
            # A backslash before anything else is not there.
            parts.append(_PLAIN_ESCAPES.get(token[1:], token[1:]))
    raise UnreadableFile(why="string", offset=start)
