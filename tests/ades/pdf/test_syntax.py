"""Objects written and read back, by us and by qpdf."""

import pikepdf
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from telesphore.ades.errors import UnreadableFile
from telesphore.ades.pdf.objects import Name, Reference, Value, read_text, text, write
from telesphore.ades.pdf.syntax import DEEPEST, parse

NAMES = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=8).map(Name)
SCALARS: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**31), 2**31 - 1),
    st.floats(-1e9, 1e9).map(lambda number: round(number, 9)),
    st.binary(max_size=20),
    NAMES,
)
VALUES: st.SearchStrategy[Value] = st.recursive(
    SCALARS | st.builds(Reference, st.integers(1, 10**6), st.integers(0, 65535)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
@example([1, 2, 3, 0, Reference(4, 5), 6])
@example([Name(""), Name("a b#/(")])
@example(b"\\(\r\n\xff")
def test_what_is_written_is_read_back(value: Value) -> None:
    content = write(value)
    found, end = parse(content, 0)
    assert found == value
    assert type(found) is type(value) or (found == value and isinstance(value, float))
    assert end == len(content)


@given(
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4), max_leaves=10).filter(lambda one: one is not None)
)
def test_qpdf_reads_what_is_written(value: Value) -> None:
    def plain(one: object) -> object:
        if isinstance(one, pikepdf.Name):
            return Name(bytes(one)[1:].decode("latin-1"))
        if isinstance(one, pikepdf.Array):
            return [plain(inner) for inner in one]
        return bytes(one) if isinstance(one, pikepdf.String) else one

    def same(one: object, other: object) -> bool:
        if isinstance(one, list):
            return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
        return one == pytest.approx(float(str(other))) if isinstance(one, float) else one == other

    assert same(value, plain(pikepdf.Object.parse(write(value))))


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"(a(b)\\)c)", b"a(b))c"),
        (b"(a\\\nb\\053\\53\\5z\\q)", b"ab++\x05zq"),
        (b"(a\r\nb\rc)", b"a\nb\nc"),
        (b"<4 1 4>", b"A@"),
        (b"/A#42#zz", "AB#zz"),
        (b"% said\r  % more\n 12", 12),
        (b"[1 0 R 2 3]", [Reference(1, 0), 2, 3]),
        (b"-.5", -0.5),
        (b"4.", 4.0),
        (b"+17", 17),
        (b"<</A/B/A/C>>", {"A": "C"}),
    ],
)
def test_what_the_standard_allows_is_read(content: bytes, value: object) -> None:
    assert parse(content, 0)[0] == value


def test_a_key_named_twice_is_told() -> None:
    repeated: list[int] = []
    parse(b"<</A<</B 1/B 2>>/C 3>>", 0, repeated)
    assert repeated == [14]


@pytest.mark.parametrize(
    "content",
    [b"", b">>", b"]", b"<</A>>", b"<<1 2>>", b"[1 2", b"<</A 1]", b"(a", b"<4g>", b"1.2.3", b"--1", b"truex", b"1e5",
     b"9" * 20, b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1)],
)  # fmt: skip
def test_what_has_no_single_reading_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableFile):
        parse(content, 0)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        parse(content, 0)
    except UnreadableFile as refusal:
        assert refusal.why  # noqa: PT017 - either is right.


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_texts_are_read_back(content: str) -> None:
    assert read_text(text(content)) == content
