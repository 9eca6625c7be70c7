"""Bytes to objects: one regular expression says what the next token is, and nothing recurs."""

import re

from telesphore.ades.errors import UnreadableFile
from telesphore.ades.pdf.objects import Dictionary, Name, Reference, Value

DEEPEST = 100
"""Levels of arrays and dictionaries."""

# White space and comments.
_SKIP = rb"[\0\t\n\f\r ]*+(?:%[^\r\n]*+[\0\t\n\f\r ]*+)*+"
# One token. Possessive or bounded throughout: no input makes it go back far.
_VALUE = rb"""
    (?: (\d{1,10})[\0\t\n\f\r ]++(\d{1,5})[\0\t\n\f\r ]++R(?![^\0\t\n\f\r ()<>\[\]{}/%])   # 2, 3: reference
    | /([^\0\t\n\f\r ()<>\[\]{}/%]*+)                                                       # 4: name
    | ([+-]?\d{1,19})(?![^\0\t\n\f\r ()<>\[\]{}/%])                                         # 5: integer
    | (<<)                                                                                  # 6
    | (>>)                                                                                  # 7
    | (\[)                                                                                  # 8
    | (\])                                                                                  # 9
    | \(([^()\\\r]*+)\)                                                                     # 10: string, plain
    | (\()                                                                                  # 11: string, other
    | <([0-9A-Fa-f\0\t\n\f\r ]*+)>                                                          # 12: hexadecimal
    | ([+-]?(?:\d{1,30}\.\d{0,60}|\.\d{1,60}))(?![^\0\t\n\f\r ()<>\[\]{}/%])                # 13: real
    | (true|false|null)(?![^\0\t\n\f\r ()<>\[\]{}/%])                                       # 14
    )"""
_TOKEN = re.compile(_SKIP + b"()" + _VALUE, re.VERBOSE)
_PAIR = re.compile(_SKIP + rb"(?:/([^\0\t\n\f\r ()<>\[\]{}/%]*+)" + _SKIP + b")?" + _VALUE, re.VERBOSE)
"""In a dictionary: a key, which group 1 has, and its value; or no key, and its end."""
(
    _REFERENCE, _NAME, _INTEGER, _DICTIONARY, _END_DICTIONARY, _ARRAY, _END_ARRAY, _PLAIN, _STRING, _HEX, _REAL,
) = range(3, 14)  # fmt: skip
_WORD = 14
_WORDS: dict[bytes, bool | None] = {b"true": True, b"false": False, b"null": None}
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_IN_STRING = re.compile(rb"[()]|\\(?:[0-7]{1,3}|\r\n|[\0-\xff])|\r\n?", re.DOTALL)
_PLAIN_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"\r": b"", b"\n": b"", b"\r\n": b""}
_WHITE = b"\0\t\n\f\r "

_known: dict[bytes, Name] = {}


def parse(content: bytes, start: int, repeated: list[int] | None = None) -> tuple[Value, int]:
    """The value at `start`, and where it ends; a stream's dictionary comes without its bytes.

    Args:
        repeated: is told where the second value of a key ends, when a dictionary names one twice; the last one counts.

    Raises:
        UnreadableFile: there is none, or it is nested too deep.
    """
    token, pair = _TOKEN.match, _PAIR.match
    # The containers around the innermost one: a dictionary with the key that waits for its value, or an array.
    around: list[tuple[Dictionary | None, list[Value], Name]] = []
    fields: Dictionary | None = None
    items: list[Value] = []
    key = _NO_KEY
    position = start
    value: Value
    while True:
        found = token(content, position) if fields is None else pair(content, position)
        if found is None:
            raise UnreadableFile(why="syntax", offset=position)
        kind = found.lastindex
        position = found.end()
        if fields is not None:
            word = found[1]
            if word is not None:
                key = _known.get(word) or _name(word)
            elif kind != _END_DICTIONARY:
                raise UnreadableFile(why="dictionary", offset=position)
        if kind == _NAME:
            word = found[_NAME]
            value = _known.get(word) or _name(word)
        elif kind == _REFERENCE:
            value = Reference(int(found[2]), int(found[3]))
        elif kind == _INTEGER:
            value = int(found[_INTEGER])
        elif kind in (_DICTIONARY, _ARRAY):
            if len(around) >= DEEPEST:
                raise UnreadableFile(why="nesting", offset=position)
            around.append((fields, items, key))
            fields, items = ({}, items) if kind == _DICTIONARY else (None, [])
            continue
        elif kind == _END_DICTIONARY:
            if fields is None or found[1] is not None:
                raise UnreadableFile(why="dictionary", offset=position)
            value = fields
            fields, items, key = around.pop()
        elif kind == _END_ARRAY:
            if fields is not None or not around:
                raise UnreadableFile(why="array", offset=position)
            value = items
            fields, items, key = around.pop()
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
        if fields is not None:
            if repeated is not None and key in fields:
                repeated.append(position)
            fields[key] = value
        elif around:
            items.append(value)
        else:
            return value, position


_NO_KEY = Name()


def _name(word: bytes) -> Name:
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
