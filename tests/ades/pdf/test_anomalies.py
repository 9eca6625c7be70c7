"""What attackers write is read, and named."""

import pytest

from telesphore.ades.errors import UnreadableFile
from telesphore.ades.pdf.anomalies import Oddity
from telesphore.ades.pdf.objects import Name, Reference
from telesphore.ades.pdf.reader import Document
from telesphore.ades.pdf.update import Update
from tests.ades.pdf.shapes import CATALOG, ONE_PAGE, packed, saved, written

BASE = written(ONE_PAGE)


def _odd(content: bytes) -> list[tuple[Oddity, int, int | None]]:
    return [(one.oddity, one.revision, one.number) for one in Document(content).anomalies]


def _update(table: bytes, objects: bytes = b"", *, start: int | None = None, prev: bytes | None = None) -> bytes:
    """`BASE`, with an update written by hand; `@` in the table is where the objects begin, in ten digits."""
    place = len(BASE) + len(objects)
    trailer = b"<</Size 9/Root 1 0 R/Prev %s>>" % (prev or b"%d" % Document(BASE).revisions[0].offset)
    return b"%s%sxref\n%strailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (
        BASE, objects, table.replace(b"@", b"%010d" % len(BASE)), trailer, place if start is None else start,
    )  # fmt: skip


NEW = b"5 0 obj\n(new)\nendobj\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (BASE, []),
        (_update(b"5 1\n@ 00000 n \n", NEW), []),
        (_update(b"0 0\n"), [(Oddity.EMPTY_SECTION, 1, None)]),
        (_update(b"0 1\n0000000000 65535 f \n"), [(Oddity.EMPTY_SECTION, 1, None)]),
        (
            _update(b"0 1\n0000000000 65535 f \n", NEW),
            [(Oddity.EMPTY_SECTION, 1, None), (Oddity.UNLISTED_OBJECT, 1, 5)],
        ),
        (_update(b"5 1\n@ 00000 n \n5 1\n@ 00000 n \n", NEW), [(Oddity.LISTED_TWICE, 1, None)]),
        (_update(b"5 1\n@ 00000 n \n", NEW + NEW), [(Oddity.UNLISTED_OBJECT, 1, 5)]),
        (_update(b"5 2\n@ 00000 n \n@ 00000 n \n", NEW), [(Oddity.ENTRY_ASTRAY, 1, 6), (Oddity.SHARED_PLACE, 1, 6)]),
        (_update(b"5 1\n@ 00003 n \n", NEW), [(Oddity.ENTRY_ASTRAY, 1, 5)]),
        (_update(b"5 1\n@ 00000 n\n", NEW), [(Oddity.NARROW_ENTRIES, 1, None)]),
        (_update(b"12 1\n@ 00000 n \n", NEW.replace(b"5 0", b"12 0")), [(Oddity.SIZE_TOO_SMALL, 1, None)]),
        (
            _update(b"5 1\n0000009999 00000 n \n", NEW),
            [(Oddity.ENTRY_OUTSIDE, 1, 5), (Oddity.ENTRY_ASTRAY, 1, 5), (Oddity.UNLISTED_OBJECT, 1, 5)],
        ),
        (
            _update(b"1 1\n0000000015 00000 n \n5 1\n@ 00000 n \n", NEW),
            [(Oddity.ENTRY_EARLIER, 1, 1)],
        ),
        (
            _update(b"5 1\n@ 00000 n \n", NEW + b"startxref\n5\n%%EOF\n"),
            [(Oddity.SEVERAL_ENDS, 1, None), (Oddity.SEVERAL_ENDS, 1, None)],
        ),
        (BASE + b"\n\n", []),
        (BASE + b"\nunsigned", [(Oddity.BYTES_AFTER_END, 0, None)]),
        (
            BASE + b"9 0 obj\n(x)\nendobj\nstartxref\n%d\n%%%%EOF\n" % Document(BASE).revisions[0].offset,
            [(Oddity.BYTES_AFTER_END, 0, None)],
        ),
        (written({**ONE_PAGE, 5: b"<</A 1/A 2>>"}), []),
    ],
)  # fmt: skip
def test_each_oddity_has_its_name(content: bytes, expected: list[tuple[Oddity, int, int | None]]) -> None:
    assert _odd(content) == expected


def test_another_catalog_shows() -> None:
    objects = b"5 0 obj\n%s\nendobj\n" % CATALOG
    content = _update(b"5 1\n@ 00000 n \n", objects).replace(b"/Size 9/Root 1 0 R", b"/Size 9/Root 5 0 R")
    assert _odd(content) == [(Oddity.ROOT_CHANGED, 1, None)]


def test_bytes_before_the_header_show() -> None:
    # A file whose places are counted from its first byte, not from its header.
    content = BASE.replace(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", b"x\n\n\n\n\n%PDF-1.7\n")
    assert _odd(content) == [(Oddity.BYTES_BEFORE_HEADER, 0, None)]


def test_a_key_named_twice_shows_once_read() -> None:
    document = Document(written({**ONE_PAGE, 1: CATALOG[:-2] + b"/Lang(fr)/Lang(en)>>"}))
    assert document.catalog[Name("Lang")] == b"en"
    assert [one.oddity for one in document.anomalies] == [Oddity.REPEATED_KEY]


def test_an_object_stream_that_is_replaced_shows() -> None:
    content = packed()
    document = Document(content)
    stream = next(entry.stream for entry in document.revisions[0].objects.values() if hasattr(entry, "stream"))
    update = Update(document)
    update.put(Reference(stream, 0), document.get(Reference(stream, 0)))
    assert _odd(content + update.render()) == [(Oddity.PACK_REDEFINED, 1, stream)]


def test_a_later_revision_that_comes_first_shows() -> None:
    # The trailer that the last startxref leads to is the first in the file, and points ahead.
    second = Document(BASE).revisions[0].offset
    content = BASE[:9] + b"xref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 5/Root 1 0 R/Prev 0000000000>>\n"
    shift = len(content) - 9
    content += BASE[9:]
    table = second + shift
    content = content.replace(b"/Prev 0000000000", b"/Prev %010d" % table)
    old = BASE[second : second + 120]
    moved = b"".join(
        b"%010d%s" % (int(line[:10]) + shift, line[10:]) if line.endswith(b"n \n") else line
        for line in old.splitlines(keepends=True)
    )
    content = content.replace(old, moved)
    content = content[: content.rindex(b"startxref")] + b"startxref\n9\n%%EOF\n"
    assert Oddity.FORWARD_PREV in {one.oddity for one in Document(content).anomalies}


@pytest.mark.parametrize("prev", [b"-1", b"999999", b"(a)", b"1.5", b"0", b"20"])
def test_a_prev_that_leads_nowhere_is_refused(prev: bytes) -> None:
    with pytest.raises(UnreadableFile):
        Document(_update(b"5 1\n@ 00000 n \n", NEW, prev=prev))


def test_a_loop_of_sections_is_refused() -> None:
    with pytest.raises(UnreadableFile) as refusal:
        Document(_update(b"5 1\n@ 00000 n \n", NEW, prev=b"%d" % (len(BASE) + len(NEW))))
    assert refusal.value.why == "prev-loop"


def test_an_entry_that_leads_to_another_object_is_refused_when_read() -> None:
    document = Document(_update(b"6 1\n@ 00000 n \n", NEW))
    with pytest.raises(UnreadableFile) as refusal:
        document.get(Reference(6, 0))
    assert refusal.value.why == "another-object"


def test_a_loop_of_pages_is_refused() -> None:
    document = Document(written({**ONE_PAGE, 3: b"<</Type/Pages/Kids[2 0 R]/Count 1>>"}))
    with pytest.raises(UnreadableFile):
        list(document.pages)
    with pytest.raises(UnreadableFile):
        _ = document.pages[0]


def test_a_count_that_lies_gives_no_wrong_page() -> None:
    objects = {
        **ONE_PAGE,
        2: b"<</Type/Pages/Kids[5 0 R 6 0 R]/Count 2>>",
        5: b"<</Type/Pages/Parent 2 0 R/Kids[]/Count 0>>",
        6: b"<</Type/Pages/Parent 2 0 R/Kids[3 0 R 7 0 R]/Count 2>>",
        7: b"<</Type/Page/Parent 6 0 R/MediaBox[0 0 9 9]>>",
    }
    document = Document(written(objects))
    assert list(document.pages) == [Reference(3, 0), Reference(7, 0)]
    with pytest.raises(UnreadableFile):
        _ = document.pages[1]


def test_a_length_that_a_later_revision_changes_is_that_of_the_revision() -> None:
    first = written({**ONE_PAGE, 5: b"<</Length 6 0 R>>\nstream\nab\nendstream endobj %\nendstream", 6: b"2"})
    document = Document(first)
    update = Update(document)
    update.put(Reference(6, 0), len(b"ab\nendstream endobj %"))
    later = Document(first + update.render())
    assert [bytes(later.at(index).get(Reference(5, 0)).raw) for index in (0, 1, 0)] == [  # type: ignore[union-attr]  # A stream.
        b"ab", b"ab\nendstream endobj %", b"ab",
    ]  # fmt: skip


def test_what_the_reader_gives_of_an_earlier_revision_is_what_it_was() -> None:
    content = saved(3)
    document = Document(content)
    update = Update(document)
    update.put(document.pages[1], {**document.dictionary(document.pages[1]), Name("Rotate"): 90})
    later = Document(content + update.render())
    assert later.dictionary(later.pages[1])[Name("Rotate")] == 90
    assert Name("Rotate") not in later.at(0).dictionary(later.pages[1])
