"""Our own pages: the same data give the same file, archivable, readable aloud, with its fonts inside."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pypdfium2
import pytest

from telesphore.paper.typesetting import TypesettingFailed, typeset

AT = datetime(2026, 11, 22, 8, 41, tzinfo=UTC)


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "letter.typ"
    path.write_text(
        '#let given = json(bytes(sys.inputs.data))\n#set document(title: "Lettre")\n= Lettre\n#given.text\n'
    )
    return path


def test_a_page_says_what_it_was_given_and_never_runs_it(template: Path) -> None:
    text = 'À « Odile » #panic("x") \\ $1$ œuvre'
    document = pypdfium2.PdfDocument(typeset(template, {"text": text}))
    shown = document[0].get_textpage().get_text_bounded()
    document.close()
    assert '#panic("x") \\ $1$ œuvre' in shown


def test_the_same_data_give_the_same_bytes_dated_by_the_data(template: Path) -> None:
    first, second = (typeset(template, {"text": "a", "at": AT}) for _ in range(2))
    assert first == second
    with pikepdf.open(io.BytesIO(first)) as pdf:
        assert "20261122084100" in str(pdf.docinfo["/CreationDate"])


def test_a_page_is_archivable_and_tagged_with_its_fonts_inside(template: Path) -> None:
    with pikepdf.open(io.BytesIO(typeset(template, {"text": "a"}))) as pdf:
        with pdf.open_metadata() as metadata:
            assert metadata.pdfa_status == "2A"
        assert pdf.Root.MarkInfo.Marked
        for font in pdf.pages[0].Resources.Font.values():
            described = font.DescendantFonts[0].FontDescriptor
            assert "/FontFile2" in described or "/FontFile3" in described


def test_a_template_that_does_not_fit_its_data_has_its_own_error(template: Path) -> None:
    with pytest.raises(TypesettingFailed) as failed:
        typeset(template, {"words": "a"})
    assert failed.value.code == "typesetting-failed"
