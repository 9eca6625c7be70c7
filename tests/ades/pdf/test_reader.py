"""The reader, beside qpdf's; and what it does with files that nobody should write."""

import io
from collections.abc import Iterator

import pikepdf
import pytest

from telesphore.ades.errors import UnreadableFile
from telesphore.ades.pdf.objects import Name, Reference, Stream, Value
from telesphore.ades.pdf.reader import Document
from telesphore.ades.pdf.update import Update
from tests.ades.pdf.shapes import SHAPES, saved


@pytest.fixture(params=SHAPES.values(), ids=SHAPES)
def content(request: pytest.FixtureRequest) -> bytes:
    assert isinstance(request.param, bytes)
    return request.param


def _plain(value: Value) -> object:
    """As `_other` gives what qpdf reads."""
    if isinstance(value, Reference):
        return ("reference", *value)
    if isinstance(value, Stream):
        return ("stream", _plain(value.dictionary), bytes(value.raw))
    if isinstance(value, dict):
        # A key whose value is null is as good as absent.
        return {f"/{key}": _plain(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, Name):
        return f"/{value}"
    return value


def _other(value: object, *, top: bool = False) -> object:
    if isinstance(value, pikepdf.Object):
        if value.is_indirect and not top:
            return ("reference", *value.objgen)
        if isinstance(value, pikepdf.Stream):
            fields = {key: _other(value.stream_dict[key]) for key in value.stream_dict.keys()}  # noqa: SIM118 - not a dict.
            return ("stream", fields, value.read_raw_bytes())
        if isinstance(value, pikepdf.Dictionary):
            return {key: _other(value[key]) for key in value.keys()}  # noqa: SIM118 - the same.
        if isinstance(value, pikepdf.Array):
            return [_other(one) for one in value]
        if isinstance(value, pikepdf.Name):
            return str(value)
        return bytes(value)
    return value


def _objects(content: bytes) -> Iterator[tuple[int, int, object]]:
    with pikepdf.open(io.BytesIO(content)) as file:
        for one in file.objects:
            if one is not None:
                yield (*one.objgen, _other(one, top=True))


def test_qpdf_reads_the_same_objects(content: bytes) -> None:
    document = Document(content)
    count = 0
    for number, generation, value in _objects(content):
        assert _plain(document.get(Reference(number, generation))) == value
        count += 1
    assert count > 3


def test_qpdf_finds_the_same_pages(content: bytes) -> None:
    document = Document(content)
    with pikepdf.open(io.BytesIO(content)) as file:
        expected = [Reference(*page.objgen) for page in file.pages]
    assert list(document.pages) == expected
    assert [document.pages[index] for index in range(len(document.pages))] == expected


def test_a_file_saved_once_has_one_revision_and_nothing_odd(content: bytes) -> None:
    document = Document(content)
    assert [(one.start, one.end) for one in document.revisions] == [(0, len(content))]
    assert document.anomalies == ()


def test_an_update_is_a_revision_and_leaves_the_earlier_one(content: bytes) -> None:
    document = Document(content)
    update = Update(document)
    added = update.add({Name("Said"): b"(\\)\xff"})
    update.put(document.catalog_reference, {**document.catalog, Name("Own"): added})
    changed = Document(content + update.render())
    assert [one.end for one in changed.revisions] == [len(content), len(changed.content)]
    assert changed.anomalies == ()
    assert changed.resolve(changed.catalog[Name("Own")]) == {Name("Said"): b"(\\)\xff"}
    assert changed.at(0).catalog == document.catalog
    assert changed.revisions[1].kind is document.revisions[0].kind
    assert set(changed.revisions[1].objects) >= {added.number, document.catalog_reference.number}
    for number, generation, value in _objects(changed.content):
        if value is not None and ("stream" not in value or "XRef" not in str(value)):
            assert _plain(changed.get(Reference(number, generation))) == value


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7\n", b"hello" * 100, saved()[:-40], b"%PDF-1.4\nstartxref\n5\n%%EOF"]
)
def test_what_is_not_a_pdf_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableFile):
        Document(content)
