"""Files that would exhaust the machine are refused before they do."""

import time
import zlib
from collections.abc import Iterator

import pytest

from telesphore.ades.errors import FileBeyondLimits, UnreadableFile
from telesphore.ades.fields import signature_fields
from telesphore.ades.pdf.limits import Limits, decode
from telesphore.ades.pdf.objects import Name, Reference, Stream, Value
from telesphore.ades.pdf.reader import Document
from tests.ades.pdf.shapes import CATALOG, ONE_PAGE, saved, written


@pytest.fixture(autouse=True)
def _in_bounded_time() -> Iterator[None]:
    start = time.process_time()
    yield
    assert time.process_time() - start < 2


def _flate(content: bytes, **more: Value) -> Stream:
    fields: dict[Name, Value] = {Name("Filter"): Name("FlateDecode"), **{Name(k): v for k, v in more.items()}}
    return Stream(fields, zlib.compress(content, 9))


def test_a_bomb_is_refused() -> None:
    with pytest.raises(FileBeyondLimits):
        decode(_flate(bytes(40 * 2**20)))
    with pytest.raises(FileBeyondLimits):
        decode(_flate(bytes(2**20)), limits=Limits(stream=1000))


def test_a_bomb_in_a_bomb_is_refused() -> None:
    inner = zlib.compress(zlib.compress(bytes(200 * 2**20), 9), 9)
    stream = Stream({Name("Filter"): [Name("FlateDecode")] * 2}, inner)
    with pytest.raises(FileBeyondLimits):
        decode(stream)


def test_streams_are_counted_together() -> None:
    stream = b"<</Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream"
    content = zlib.compress(bytes(600))
    objects = {**ONE_PAGE, **{number: stream % (len(content), content) for number in range(5, 15)}}
    document = Document(written(objects), limits=Limits(decoded=5000))
    streams = [one for one in map(document.get, map(Reference, range(5, 15))) if isinstance(one, Stream)]
    assert len(streams) == 10
    with pytest.raises(FileBeyondLimits):
        list(map(document.decode, streams))


def test_a_large_file_is_refused() -> None:
    with pytest.raises(FileBeyondLimits):
        Document(saved(), limits=Limits(size=100))


def test_a_table_of_a_billion_entries_is_refused() -> None:
    content = written(ONE_PAGE).replace(b"xref\n0 5\n", b"xref\n0 999999999\n")
    with pytest.raises(FileBeyondLimits):
        Document(content)


def test_a_table_longer_than_the_file_is_refused() -> None:
    with pytest.raises(UnreadableFile):
        Document(written(ONE_PAGE).replace(b"xref\n0 5\n", b"xref\n0 99999\n"))


def test_too_many_sections_are_refused() -> None:
    content = written(ONE_PAGE)
    previous = content.rindex(b"xref\n0 5")
    for _ in range(30):
        place = len(content)
        content += b"xref\n0 0\ntrailer\n<</Size 5/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (previous, place)
        previous = place
    assert len(Document(content).revisions) == 31
    with pytest.raises(FileBeyondLimits):
        Document(content, limits=Limits(sections=30))


@pytest.mark.parametrize(
    "value",
    [b"[" * 100_000, b"<</A" * 100_000, b"(" * 1_000_000, b"%" * 1_000_000, b" " * 1_000_000 + b"x", b"1 " * 100_000,
     b"(\\" * 200_000, b"1" * 1_000_000, b"#41" * 100_000, b"<" + b"41 " * 300_000, b"% " * 300_000,
     b"\0% \r" * 200_000],
)  # fmt: skip
def test_contorted_objects_are_refused_in_time(value: bytes) -> None:
    document = Document(written({**ONE_PAGE, 1: value}))
    with pytest.raises(UnreadableFile):
        _ = document.catalog


def test_lengths_that_lead_to_one_another_are_refused() -> None:
    objects = {**ONE_PAGE, **{n: b"<</Length %d 0 R>>\nstream\n\nendstream" % (n + 1) for n in range(5, 3000)}}
    with pytest.raises(UnreadableFile):
        Document(written(objects)).get(Reference(5))
    with pytest.raises(UnreadableFile):
        Document(written({**ONE_PAGE, 5: b"<</Length 5 0 R>>\nstream\n\nendstream"})).get(Reference(5))


def test_objects_inside_one_another_are_refused() -> None:
    # Each is a string that holds all those after it.
    count, content = 3000, b"%PDF-1.7\n"
    places = []
    for number in range(1, count + 1):
        places.append(len(content))
        content += b"%d 0 obj(" % number + b"x" * 100
    content += b")endobj " * count
    table = len(content)
    content += b"xref\n1 %d\n" % count + b"".join(b"%010d 00000 n \n" % place for place in places)
    content += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (count + 1, table)
    document = Document(content)
    with pytest.raises(FileBeyondLimits):
        list(map(document.get, map(Reference, range(1, count + 1))))


def test_sections_inside_one_another_are_refused() -> None:
    # Each is a stream of entries that holds all those after it.
    content, count, previous = b"%PDF-1.7\n", 200, b""
    places = []
    for number in range(count):
        places.append(len(content))
        content += b"%d 0 obj<</Type/XRef/Root 1 0 R/W[1 0 0]/Size 1500000/Length 1500000%s>>stream\n" % (
            number + 1,
            previous,
        )
        previous = b"/Prev %d" % places[-1]
    content += bytes(1_500_000 + 300 * count) + b"\n"
    body = bytearray(content)
    for place in places:
        end = body.index(b"stream\n", place) + 7 + 1_500_000
        body[end : end + 17] = b"endstream endobj "
    document = bytes(body) + b"startxref\n%d\n%%%%EOF\n" % places[-1]
    with pytest.raises(FileBeyondLimits):
        Document(document)


def test_references_that_lead_to_one_another_are_refused() -> None:
    document = Document(written({**ONE_PAGE, 5: b"6 0 R", 6: b"5 0 R"}))
    with pytest.raises(UnreadableFile):
        document.resolve(Reference(5))


def test_a_deep_tree_of_pages_is_refused() -> None:
    objects = {n: b"<</Type/Pages/Kids[%d 0 R]/Count 1>>" % (n + 1) for n in range(2, 2000)}
    document = Document(written({**objects, 1: CATALOG, 2000: b"<</Type/Page>>"}))
    with pytest.raises(UnreadableFile):
        _ = document.pages[0]
    assert list(document.pages) == [Reference(2000)]


@pytest.mark.parametrize("kids", [b"[6 0 R]", b"[6 0 R 6 0 R]", b"[7 0 R]", b"[(x)]", b"(x)", b"[<<>>]"])
def test_a_form_that_is_not_a_tree_is_refused(kids: bytes) -> None:
    form = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[6 0 R]>>>>"
    document = Document(
        written({**ONE_PAGE, 1: form, 6: b"<</FT/Sig/T(a)/Kids%s>>" % kids, 7: b"<</T(b)/Kids[6 0 R]>>"})
    )
    with pytest.raises(UnreadableFile):
        list(signature_fields(document))


@pytest.mark.parametrize("kind", [1, 3, 4])
@pytest.mark.parametrize("colors", [1, 3])
def test_predictors_are_undone(kind: int, colors: int) -> None:
    # As PNG's definition says (RFC 2083 §6), the other way round.
    rows = [bytes((7 * row + 3 * column) % 256 for column in range(6)) for row in range(5)]
    coded, above = b"", bytes(6)
    for row in rows:
        coded += bytes((kind,))
        for column, value in enumerate(row):
            left = row[column - colors] if column >= colors else 0
            corner = above[column - colors] if column >= colors else 0
            up = above[column]
            paeth = min((left, up, corner), key=lambda one: abs(left + up - corner - one))
            guess = {1: left, 3: (left + up) // 2, 4: paeth}[kind]
            coded += bytes(((value - guess) % 256,))
        above = row
    settings: dict[Name, Value] = {Name("Predictor"): 15, Name("Columns"): 6 // colors, Name("Colors"): colors}
    assert decode(_flate(coded, DecodeParms=settings)) == b"".join(rows)


@pytest.mark.parametrize(
    "fields",
    [{"Filter": Name("LZWDecode")}, {"Filter": [Name("FlateDecode")] * 3}, {"Filter": Name("FlateDecode")},
     {"Filter": b"x"}],
)  # fmt: skip
def test_filters_that_are_not_undone_are_refused(fields: dict[str, Value]) -> None:
    with pytest.raises(UnreadableFile):
        decode(Stream({Name(key): value for key, value in fields.items()}, b"not compressed"))
