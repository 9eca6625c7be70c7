"""The verifiable print: who may make one, what it bears, and what its bearer learns of its original."""

import hashlib
import io
import re
from datetime import timedelta

import pikepdf
import pypdfium2
import pytest
import segno
from django.test import Client

from telesphore.audit import actions as audit
from telesphore.audit.models import Event
from telesphore.kernel.actors import Actor, ActorKind
from telesphore.kernel.clock import now
from telesphore.kernel.identifiers import uuid7
from telesphore.records import actions as records
from telesphore.records import queries
from telesphore.records.errors import AlreadyWithdrawn, DocumentNotFound, NotAllowed, NotSigned, PrintNotFound
from telesphore.records.formats.verifiable_print import BAND
from telesphore.records.models import Document, PrintedCopy
from telesphore.records.states import Standing
from telesphore.web.verify import views as verification
from tests.cast import NOBODY, Cast
from tests.papers import blank

SOURCE = blank(3)


@pytest.fixture
def signed(cast: Cast) -> Document:
    """A signed document of Odile's, as an envelope's end files it; Sylvie sent it."""
    assert cast.sylvie.person_id is not None
    document_id = records.file_result(
        patient_id=cast.odile_id, source_id=uuid7(), source_part="signed", title="Consentement", type_code="59284-0",
        class_code="52", pdf=SOURCE, pages=3, author_id=cast.sylvie.person_id, actor=Actor.system(cast.hospital),
        at=now(),
    )  # fmt: skip
    return Document.objects.get(id=document_id)


def printed(document: Document, actor: Actor) -> bytes:
    return records.print_document(document_id=document.id, language="fr", actor=actor, at=now()).pdf


def text_of(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    return [page.get_textpage().get_text_bounded() for page in document]


def token_of(pdf: bytes) -> str:
    found = re.search(r"/verify/copy/([\w-]+)", text_of(pdf)[0].replace("\r\n", ""))
    assert found is not None
    return found[1]


def test_every_page_of_a_print_says_whose_it_is_what_it_copies_and_where_to_check(cast: Cast, signed: Document) -> None:
    pages = text_of(printed(signed, cast.lebrun))

    assert len(pages) == 3
    for number, text in enumerate(pages, 1):
        plain = re.sub(r"\s+", " ", text)
        assert "Centre hospitalier de Montfaucy" in plain
        assert str(signed.id) in plain
        assert hashlib.sha256(SOURCE).hexdigest() in plain
        assert f"page {number} sur 3" in plain
        assert "/verify/copy/" in plain
        assert "FERRAND" not in plain


def test_the_code_of_a_print_leads_where_its_text_says(cast: Cast, signed: Document) -> None:
    pdf = printed(signed, cast.lebrun)
    address = re.sub(r"\s", "", re.search(r"http\S+copy/[\w-]+", text_of(pdf)[0])[0])  # type: ignore[index]  # Said.
    scale = 10
    page = pypdfium2.PdfDocument(pdf)[0].render(scale=scale).to_pil().convert("L")
    band = page.crop((400 * scale, int(842 - BAND) * scale, 595 * scale, 842 * scale))
    dark = band.point(lambda grey: 255 * (grey < 100))
    matrix = segno.make(address, error="m", micro=False).matrix
    # The code is the rightmost thing of the band.
    right = dark.getbbox()[2]
    size = 52 * scale / len(matrix)
    code = dark.crop((right - 52 * scale, 0, right, dark.height))
    top = code.crop((0, 10 * scale, code.width, code.height)).getbbox()[1] + 10 * scale
    seen = [
        [code.getpixel((int((x + 0.5) * size), int(top + (y + 0.5) * size))) == 255 for x in range(len(matrix))]
        for y in range(len(matrix))
    ]
    assert seen == [[bool(module) for module in row] for row in matrix]


def test_a_print_keeps_the_size_of_each_page_and_bears_no_signature_nor_form(cast: Cast, signed: Document) -> None:
    with pikepdf.open(io.BytesIO(printed(signed, cast.lebrun))) as pdf:
        assert [[float(side) for side in page.mediabox] for page in pdf.pages] == [[0, 0, 595, 842]] * 3
        assert "/AcroForm" not in pdf.Root
        assert not any("/Annots" in page for page in pdf.pages)


def test_the_bearer_of_a_print_learns_that_its_original_stands(cast: Cast, signed: Document) -> None:
    card = queries.printed_copy(token_of(printed(signed, cast.lebrun)))

    assert (card.standing, card.pages, card.sha256) == (Standing.STANDS, 3, hashlib.sha256(SOURCE).hexdigest())
    assert card.issuer == "Centre hospitalier de Montfaucy"


def test_the_page_of_a_print_tells_nothing_of_the_patient_nor_of_the_document(cast: Cast, signed: Document) -> None:
    answer = Client().get(f"/verify/copy/{token_of(printed(signed, cast.lebrun))}")
    page = answer.content.decode()

    assert answer.status_code == 200
    assert str(signed.id) in page
    assert hashlib.sha256(SOURCE).hexdigest() in page
    for word in ("FERRAND", "Odile", "Marchetti", "Consentement", "Lebrun"):
        assert word not in page


def test_a_print_of_a_withdrawn_document_says_so(cast: Cast, signed: Document) -> None:
    token = token_of(printed(signed, cast.lebrun))
    at = now()
    records.withdraw_document(document_id=signed.id, replaced_by=None, actor=cast.sylvie, at=at)

    card = queries.printed_copy(token)
    assert (card.standing, card.withdrawn_at) == (Standing.WITHDRAWN, at)
    assert "a été retiré" in Client().get(f"/verify/copy/{token}").content.decode()


def deposited(cast: Cast, actor: Actor, patient_id: object = None) -> records.Deposit:
    return records.deposit(
        patient_id=patient_id or cast.odile_id, title="Autre version", type_code="59284-0", class_code="52",  # type: ignore[arg-type]
        content=blank(), actor=actor, at=now(),
    )  # fmt: skip


def test_a_print_of_a_replaced_document_says_so_and_not_by_what(cast: Cast, signed: Document) -> None:
    token = token_of(printed(signed, cast.lebrun))
    successor = deposited(cast, cast.sylvie).document_id
    records.withdraw_document(document_id=signed.id, replaced_by=successor, actor=cast.sylvie, at=now())

    assert queries.printed_copy(token).standing is Standing.REPLACED
    page = Client().get(f"/verify/copy/{token}").content.decode()
    assert "a été remplacé" in page
    assert str(successor) not in page


@pytest.mark.parametrize("who", ["ricaud", "cherif", "ibrahim", "nobody"])
def test_who_may_not_read_a_document_can_not_tell_that_it_could_be_printed(
    cast: Cast, signed: Document, who: str
) -> None:
    stranger = NOBODY if who == "nobody" else getattr(cast, who)
    if who == "nobody":
        stranger = Actor(kind=ActorKind.NOBODY, organisation_id=cast.hospital)
    answers = []
    for document_id in (signed.id, uuid7()):
        with pytest.raises(DocumentNotFound) as refused:
            records.print_document(document_id=document_id, language="fr", actor=stranger, at=now())
        answers.append(refused.value.sentence)
    assert answers[0] == answers[1]
    assert not PrintedCopy.objects.exists()


def test_the_patient_may_have_their_document_printed(cast: Cast, signed: Document) -> None:
    assert token_of(printed(signed, cast.odile))


def test_printing_leaves_a_trace_that_names_no_code(cast: Cast, signed: Document) -> None:
    token = token_of(printed(signed, cast.lebrun))
    event = Event.objects.get(action="records:document:print")

    assert (event.person_id, event.patient_id, event.subject_id) == (cast.lebrun.person_id, cast.odile_id, signed.id)
    assert token not in str(event.detail)
    assert PrintedCopy.objects.get().token_hash == hashlib.sha256(token.encode()).digest()


def test_no_print_without_its_trace(cast: Cast, signed: Document, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_given: object, **_named: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(audit, "record", broken)
    with pytest.raises(RuntimeError):
        printed(signed, cast.lebrun)
    assert not PrintedCopy.objects.exists()


def test_what_was_never_signed_is_not_printed_with_a_proof(cast: Cast) -> None:
    with pytest.raises(NotSigned):
        records.print_document(
            document_id=deposited(cast, cast.lebrun).document_id, language="fr", actor=cast.lebrun, at=now()
        )


def test_what_was_withdrawn_is_not_printed(cast: Cast, signed: Document) -> None:
    records.withdraw_document(document_id=signed.id, replaced_by=None, actor=cast.sylvie, at=now())
    with pytest.raises(AlreadyWithdrawn):
        printed(signed, cast.lebrun)


def test_a_code_that_was_never_printed_leads_nowhere(db: None) -> None:
    with pytest.raises(PrintNotFound):
        queries.printed_copy("A" * 27)
    assert Client().get("/verify/copy/" + "A" * 27).status_code == 404


def test_codes_are_not_to_be_tried_one_after_another(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    # All in one minute, whenever this runs.
    at = now()
    monkeypatch.setattr(verification, "now", lambda: at)
    answers = [Client().get(f"/verify/copy/{number:027}") for number in range(62)]

    assert answers[0].status_code == 404
    assert answers[-1].status_code == 429
    assert int(answers[-1]["Retry-After"]) <= 60


def test_only_its_author_or_an_administrator_withdraws_a_document(cast: Cast, signed: Document) -> None:
    with pytest.raises(NotAllowed):
        records.withdraw_document(document_id=signed.id, replaced_by=None, actor=cast.lebrun, at=now())
    assert Document.objects.get(id=signed.id).withdrawn_at is None
    assert Event.objects.filter(action="records:document:withdraw", outcome="refused").count() == 1

    administrator = Actor(
        kind=ActorKind.PROFESSIONAL, organisation_id=cast.hospital, person_id=cast.lebrun.person_id,
        roles=frozenset({"professional", "administrator"}),
    )  # fmt: skip
    records.withdraw_document(document_id=signed.id, replaced_by=None, actor=administrator, at=now())
    assert Document.objects.get(id=signed.id).standing is Standing.WITHDRAWN


def test_an_administrator_who_may_not_read_the_document_can_not_tell_that_it_exists(
    cast: Cast, signed: Document
) -> None:
    stranger = Actor(
        kind=ActorKind.PROFESSIONAL, organisation_id=cast.hospital, person_id=cast.ricaud.person_id,
        roles=frozenset({"administrator"}),
    )  # fmt: skip
    with pytest.raises(DocumentNotFound):
        records.withdraw_document(document_id=signed.id, replaced_by=None, actor=stranger, at=now())


def test_a_document_is_withdrawn_once(cast: Cast, signed: Document) -> None:
    at = now()
    records.withdraw_document(document_id=signed.id, replaced_by=None, actor=cast.sylvie, at=at)
    with pytest.raises(AlreadyWithdrawn):
        records.withdraw_document(
            document_id=signed.id, replaced_by=None, actor=cast.sylvie, at=at + timedelta(minutes=1)
        )
    assert Document.objects.get(id=signed.id).withdrawn_at == at


def test_no_document_is_replaced_by_itself_nor_by_another_patients(cast: Cast, signed: Document) -> None:
    elsewhere = deposited(cast, cast.ricaud, cast.ibrahim_id).document_id
    for successor in (signed.id, elsewhere, uuid7()):
        with pytest.raises(DocumentNotFound):
            records.withdraw_document(document_id=signed.id, replaced_by=successor, actor=cast.sylvie, at=now())
    assert Document.objects.get(id=signed.id).withdrawn_at is None
