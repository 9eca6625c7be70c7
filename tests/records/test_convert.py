"""Pictures and office files are kept as PDF, never silently; what converts them holds no transaction open."""

import hashlib
import io
from collections.abc import Callable, Iterator

import pikepdf
import pytest
from django.db import connection

from telesphore.audit.models import Event
from telesphore.connectors.libreoffice.converter import LibreOffice
from telesphore.kernel.clock import now
from telesphore.kernel.errors import DomainError
from telesphore.paper import ports
from telesphore.paper.conversion import NotAllPictures, as_pdf
from telesphore.paper.kinds import Kind
from telesphore.paper.sheets import PicturesTooHeavy
from telesphore.records import actions as records
from telesphore.records.formats import intake
from telesphore.records.models import Document
from tests.cast import Cast
from tests.paper.offices import docx
from tests.paper.pictures import photograph
from tests.papers import blank, one_page


class Converter:
    """Stands in for LibreOffice: two blank pages, or a refusal."""

    def __init__(self, answer: Callable[[], bytes]) -> None:
        self.asked: list[Kind] = []
        self.depth: list[int] = []
        self._answer = answer

    def convert(self, content: bytes, kind: Kind) -> bytes:
        assert content
        self.asked.append(kind)
        self.depth.append(len(connection.savepoint_ids))
        return self._answer()


@pytest.fixture
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Converter]]:
    def bound(answer: Callable[[], bytes] = lambda: blank(2)) -> Converter:
        converter = Converter(answer)
        ports.office.bind(lambda: converter)
        return converter

    yield bound
    ports.office.bind(lambda: LibreOffice(tmp_path_factory.mktemp("office") / "turn"))


def deposit(cast: Cast, content: bytes, *following: bytes) -> Document:
    made = records.deposit(
        patient_id=cast.odile_id, title="Consentement", type_code="59284-0", class_code="52", content=content,
        following=following, actor=cast.sylvie, at=now(),
    )  # fmt: skip
    row = Document.objects.get(id=made.document_id)
    assert made.converted_from == row.converted_from
    return row


def told(row: Document) -> object:
    return Event.objects.get(action="records:document:deposit", subject_id=row.id).detail.get("converted")


def test_a_photograph_is_kept_as_a_pdf_and_the_trail_says_what_it_was(cast: Cast) -> None:
    photo = photograph(6)
    row = deposit(cast, photo)
    assert (row.converted_from, row.pages) == ("image/jpeg", 1)
    assert told(row) == {"from": "image/jpeg", "sha256": [hashlib.sha256(photo).hexdigest()]}
    opened = records.open_document(document_id=row.id, purpose="TREAT", actor=cast.lebrun, at=now())
    with pikepdf.open(io.BytesIO(opened.pdf)) as pdf:
        data = pdf.pages[0].Resources.XObject.Picture.read_raw_bytes()
    assert data.startswith(b"\xff\xd8")
    assert b"TELEPHONE" not in opened.pdf


def test_several_photographs_are_the_pages_of_one_document_in_their_order(cast: Cast) -> None:
    photos = [photograph(1), photograph(6), photograph(3)]
    row = deposit(cast, *photos)
    assert row.pages == 3
    assert told(row) == {"from": "image/jpeg", "sha256": [hashlib.sha256(photo).hexdigest() for photo in photos]}


def test_only_pictures_are_put_together() -> None:
    for files in ([photograph(), one_page()], [one_page(), photograph()], [one_page(), one_page()]):
        with pytest.raises(NotAllPictures):
            as_pdf(files[0], files[1:])


def test_a_pdf_is_said_to_be_converted_from_nothing(cast: Cast) -> None:
    row = deposit(cast, one_page())
    assert row.converted_from == ""
    assert told(row) is None


def test_an_office_file_is_kept_as_the_pdf_that_the_converter_made_outside_any_transaction(
    cast: Cast, office: Callable[..., Converter]
) -> None:
    converter, before = office(), len(connection.savepoint_ids)
    row = deposit(cast, docx())
    assert (converter.asked, converter.depth) == ([Kind.DOCX], [before])
    assert (row.converted_from, row.pages) == (Kind.DOCX.value, 2)


def refusing(error: type[DomainError]) -> Callable[[], bytes]:
    def refuse() -> bytes:
        raise error

    return refuse


@pytest.mark.parametrize("error", [ports.NoConverter, ports.ConverterBusy, ports.NotConverted])
def test_what_is_not_converted_is_not_kept(
    cast: Cast, office: Callable[..., Converter], error: type[DomainError]
) -> None:
    office(refusing(error))
    with pytest.raises(error):
        deposit(cast, docx())
    assert not Document.objects.exists()


def test_what_the_converter_makes_is_checked_like_any_other_pdf(cast: Cast, office: Callable[..., Converter]) -> None:
    office(lambda: b"%PDF-1.7 of no use")
    with pytest.raises(intake.DamagedPdf):
        deposit(cast, docx())


def test_files_that_are_too_large_together_are_refused() -> None:
    half = photograph() + bytes(26 * 2**20)
    with pytest.raises(PicturesTooHeavy):
        as_pdf(half, [half])


def test_a_text_of_word_goes_into_the_record_where_libreoffice_is(cast: Cast) -> None:
    try:
        row = deposit(cast, docx("Consentement à l’endoscopie"))
    except ports.NoConverter:
        pytest.skip("LibreOffice and bubblewrap don't run here")
    assert (row.converted_from, row.pages) == (Kind.DOCX.value, 1)
