"""Uploads: bounded before they are read, never in a clear file, and refused with a sentence that helps."""

import io
import tempfile
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from telesphore.connectors.libreoffice.converter import LibreOffice
from telesphore.kernel.errors import DomainError
from telesphore.paper import ports
from telesphore.records.models import Document
from telesphore.web.uploads import LARGEST_REQUEST
from tests.cast import Cast
from tests.paper.offices import docx
from tests.paper.pictures import photograph
from tests.papers import one_page
from tests.web.test_pages import signed_in


def deposit(client: Client, cast: Cast, content: bytes, **extra: Any) -> Any:
    form = {"file": SimpleUploadedFile("a.pdf", content), "title": "Lettre", "type": "59284-0"}
    return client.post(f"/records/{cast.odile_id}/deposit", form, **extra)


def encrypted() -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(one_page())) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="secret", user="secret"))
    return out.getvalue()


def test_a_deposited_pdf_is_in_the_record(cast: Cast) -> None:
    answer = deposit(signed_in(cast.sylvie), cast, one_page())
    assert answer.status_code == 302
    assert Document.objects.get().patient_id == cast.odile_id


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"hello", "PDF"), (b"", "vide"), (b"%PDF-1.7\n" + b"\0" * 2000, "PDF"), (encrypted(), "mot de passe")],
    ids=["text", "empty", "torn", "encrypted"],
)
def test_what_is_no_readable_pdf_is_refused_in_words_that_help(cast: Cast, content: bytes, said: str) -> None:
    answer = deposit(signed_in(cast.sylvie), cast, content)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Document.objects.exists()


def test_photographs_are_the_pages_of_a_document_that_says_it_was_converted(cast: Cast) -> None:
    sylvie = signed_in(cast.sylvie)
    photos = [SimpleUploadedFile(f"IMG_{number}.pdf", photograph(number)) for number in (1, 6)]
    form = {"file": photos, "title": "Consentement", "type": "59284-0"}
    answer = sylvie.post(f"/records/{cast.odile_id}/deposit", form, follow=True)
    shown = answer.content.decode().replace("\xa0", " ")
    assert "Converti à partir d’une image JPEG. Regardez-le" in shown
    assert (Document.objects.get().pages, Document.objects.get().converted_from) == (2, "image/jpeg")


@pytest.mark.parametrize(
    ("error", "said"),
    [(ports.NoConverter, "enregistrez le vôtre en PDF"), (ports.ConverterBusy, "dans une minute")],
    ids=["none", "busy"],
)
def test_an_office_file_that_is_not_converted_is_refused_beside_its_field(
    cast: Cast, error: type[DomainError], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: object) -> bytes:
        raise error

    monkeypatch.setattr(LibreOffice, "convert", refuse)
    answer = deposit(signed_in(cast.sylvie), cast, docx())
    assert answer.status_code == 422
    assert said.lower() in answer.content.decode().lower()


def test_a_request_that_says_it_is_too_large_is_not_read(cast: Cast) -> None:
    answer = deposit(signed_in(cast.sylvie), cast, one_page(), CONTENT_LENGTH=str(LARGEST_REQUEST + 1))
    assert answer.status_code == 413
    assert "au plus 50\u00a0Mo" in answer.content.decode()


def test_no_upload_touches_the_disk_in_clear(cast: Cast, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made: list[str] = []
    real = tempfile.NamedTemporaryFile

    def watched(*args: Any, **options: Any) -> Any:
        file = real(*args, **options)
        made.append(file.name)
        return file

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", watched)
    large = one_page() + b"%" + b"x" * 5_000_000 + b"\n"
    deposit(signed_in(cast.sylvie), cast, large)
    assert not made
    assert not list(tmp_path.iterdir())
