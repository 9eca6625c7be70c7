"""What people are told: the gravest first, in their language and their time; nothing that a file says is a sentence."""

import ast
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pikepdf
import pypdfium2
import pytest
from django.utils import translation
from django.utils.translation import gettext

from telesphore import ades
from telesphore.ades.verdict import level
from telesphore.ades.verdict.apart import Judged, Picture
from telesphore.ades.verdict.reasons import Reason
from telesphore.ades.verdict.reports import levels
from telesphore.ades.verdict.reports.drawing import Mark, draw
from telesphore.ades.verdict.reports.pages import pages_drawn
from telesphore.ades.verdict.reports.paper import report_pdf
from telesphore.ades.verdict.reports.reader import Reader, limits, moment, sentence_of
from telesphore.ades.verdict.reports.telling import Passage, tell
from telesphore.ades.verdict.result import Change, ChangeKind, Finding, Qualification, RevisionFacts, Verdict
from telesphore.paper.pictures import page_picture
from tests.ades import verdicts
from tests.papers import blank

PARIS = ZoneInfo("Europe/Paris")
ENGLISH = Reader("en", PARIS, str)
MADE = [verdicts.valid, verdicts.reserved, verdicts.altered, verdicts.not_trusted, verdicts.unreadable]


@pytest.fixture
def french() -> Reader:
    return Reader("fr", PARIS, gettext)


def test_a_valid_file_is_told_with_who_signed_and_when() -> None:
    telling = tell(verdicts.valid(), ENGLISH)

    assert (telling.shape, telling.title) == ("done", "This document is valid")
    assert telling.lead == "It is identical to the one that Dr Anne LEBRUN signed on 19\u00a0November 2026 at 17:32."
    assert [check.shape for check in telling.checks] == ["done", "done", "done"]


def test_the_local_authority_is_plainly_said_to_be_not_qualified(french: Reader) -> None:
    with translation.override("fr"):
        telling = tell(verdicts.valid(), french)
    worth = {row.name: row.value for row in telling.signers[0].rows}["Valeur"]

    assert worth.startswith("Non qualifiée")
    assert any(sentence.startswith("Non qualifiée") for sentence in telling.checks[0].says)


def test_a_qualified_signature_is_not_said_to_be_less() -> None:
    signature = verdicts.signature(qualification=Qualification.QUALIFIED)
    telling = tell(verdicts.verdict(signatures=(signature,)), ENGLISH)

    assert not any("Not qualified" in sentence for check in telling.checks for sentence in check.says)


def test_an_altered_file_fails_every_look_and_says_what_changed(french: Reader) -> None:
    passages = (
        Passage(1, (0, 0, 1, 1), "28 jours", "7 jours", False),
        Passage(1, (0, 2, 1, 3), "À renouveler 3 fois", "", False),
        Passage(1, (0, 4, 1, 5), "", "une semaine", False),
        Passage(1, (0, 6, 1, 7), "", "", False),
    )
    with translation.override("fr"):
        telling = tell(verdicts.altered(), french, passages=passages)

    assert telling.title == "Ne vous fiez pas à ce document"
    assert [check.shape for check in telling.checks] == ["no", "no", "no"]
    plain = [sentence.replace("\u00a0", " ") for sentence in telling.changes]
    assert plain == [
        "Page 1 : « 7 jours » est devenu « 28 jours »", "Page 1, ajouté : « À renouveler 3 fois »",
        "Page 1, retiré : « une semaine »", "Page 1 : le dessin a changé ici.",
    ]  # fmt: skip


def test_a_reservation_is_no_refusal() -> None:
    telling = tell(verdicts.reserved(), ENGLISH)

    assert (telling.shape, telling.title) == ("late", "Valid, with a reservation")
    assert "no" not in [check.shape for check in telling.checks]
    assert telling.changes_title == "What was added"


def test_a_change_that_nothing_allows_fails_its_look_even_without_a_finding() -> None:
    forbidden = RevisionFacts(2, 19_000, "", (Change(ChangeKind.CONTENT, "page 1", False),), ())
    telling = tell(replace(verdicts.valid(), revisions=(*verdicts.valid().revisions, forbidden)), ENGLISH)

    assert telling.checks[1].shape == "no"
    assert telling.checks[1].says == ("Nothing allows these: content (page 1).",)


def test_times_are_told_as_the_reader_writes_them(french: Reader) -> None:
    assert moment(verdicts.CLAIMED, french).replace("\u00a0", " ") == "19 novembre 2026 à 17 h 32"
    assert moment(verdicts.CLAIMED, ENGLISH).replace("\u00a0", " ") == "19 November 2026 at 17:32"


def test_a_date_within_a_reason_is_told_in_the_readers_way(french: Reader) -> None:
    found = Finding(
        Reason.EXPIRED_NO_PROOF, {"certificate": "A", "signer": "B", "date": "2026-11-19T16:32:08+00:00"}
    )  # fmt: skip
    with translation.override("fr"):
        lead = tell(verdicts.verdict(found), french).lead
    assert "a expiré le 19\u00a0novembre 2026" in lead


def test_braces_in_a_name_are_a_name() -> None:
    signer = replace(verdicts.signature().signer, name="{signer.__class__} {0}")
    signature = verdicts.signature(signer=signer)
    found = Finding(Reason.NOT_TRUSTED, {"signer": signer.name})
    telling = tell(verdicts.verdict(found, signatures=(signature,)), ENGLISH, name="{name}.pdf")

    assert "{signer.__class__} {0}" in telling.lead
    assert telling.signers[0].name == "{signer.__class__} {0}"


def test_every_reason_for_a_level_is_known_to_be_translated() -> None:
    tree = ast.parse(Path(level.__file__).read_text())
    found = set()
    for node in ast.walk(tree):
        value = getattr(node, "value", None) if isinstance(node, ast.Return | ast.Yield) else None
        for part in value.elts if isinstance(value, ast.Tuple) else [value]:
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value:
                found.add(part.value)
            if isinstance(part, ast.JoinedStr):
                found.add("".join(
                    one.value if isinstance(one, ast.Constant) else "{what}" for one in part.values  # type: ignore[misc]
                ))  # fmt: skip
    assert found
    assert found - set(levels.sentences(str)) == set()


def test_a_name_within_a_levels_reason_is_carried_over() -> None:
    said = levels.missing(
        "The file does not hold the certificate of Root (1).", lambda one: one.upper().replace("{WHAT}", "{what}")
    )
    assert said == "THE FILE DOES NOT HOLD THE CERTIFICATE OF Root (1)."
    assert levels.missing("Something new.", str) == "Something new."


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("made", MADE, ids=lambda made: made.__name__)
def test_the_paper_says_what_the_page_says(made: Callable[[], Verdict], language: str) -> None:
    with translation.override(language):
        reader = Reader(language, PARIS, gettext)
        telling = tell(made(), reader, name="ordonnance.pdf")
        pdf = report_pdf(telling, [], reader, at=verdicts.JUDGED)
    text = "".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(pdf))
    flat = "".join(text.split())

    wanted = [telling.title, telling.lead, *(check.name for check in telling.checks), *telling.steps]
    wanted += [row.value for signer in telling.signers for row in signer.rows]
    wanted.append(made().file_sha256)
    assert [sentence for sentence in wanted if "".join(sentence.split()) not in flat] == []


def test_a_name_as_long_as_a_book_does_not_prevent_the_report() -> None:
    long = verdicts.signature(signer=replace(verdicts.signature().signer, name="Lebrun " * 6000))
    telling = tell(verdicts.verdict(signatures=(long,)), ENGLISH)
    assert report_pdf(telling, [], ENGLISH, at=verdicts.JUDGED).startswith(b"%PDF")


def test_what_differs_is_drawn_on_both_faces_of_the_page() -> None:
    picture = page_picture(blank(), 0, 200)
    passages = (
        Passage(1, (100, 700, 200, 720), "28 jours", "7 jours", False),
        Passage(1, (100, 100, 200, 120), "signé", "", True),
    )
    pictures = (Picture(1, "now", 595, 842, picture), Picture(1, "signed", 595, 842, picture))
    [[now, signed]] = pages_drawn(Judged(verdicts.altered(), 1, pictures, passages), ENGLISH)

    assert now.svg.count("<rect x=") == 2
    assert "url(#h)" in now.svg
    assert signed.svg.count("<rect x=") == 1
    # A place 700 points above the foot stands 120 points below the head: 842 - 722.
    assert '<rect x="98.0" y="120.0"' in now.svg
    assert "28 jours" not in now.svg


def test_a_report_with_drawings_is_an_archival_file() -> None:
    svg = draw(page_picture(blank(), 0, 200), 595, 842, [Mark(1, (100, 700, 200, 720), "differs")])
    from telesphore.ades.verdict.reports.paper import Drawn

    telling = tell(verdicts.altered(), ENGLISH)
    pdf = report_pdf(telling, [[Drawn("Now", svg), Drawn("Signed", svg)]], ENGLISH, at=verdicts.JUDGED)

    with pikepdf.open(io.BytesIO(pdf)) as document, document.open_metadata() as metadata:
        assert metadata.get("pdfaid:part") == "2"
    assert pdf == report_pdf(telling, [[Drawn("Now", svg), Drawn("Signed", svg)]], ENGLISH, at=verdicts.JUDGED)


def _codes_of_limits() -> set[str]:
    """Every code that the readers and the child that draws can give."""
    found = set()
    for path in Path(ades.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id == "FileBeyondLimits":
                    found |= {one.value.value for one in node.keywords if isinstance(one.value, ast.Constant)}
                if node.func.id == "Refused" and isinstance(node.args[0], ast.Constant):
                    found.add(node.args[0].value)
            if isinstance(node, ast.Dict):
                found |= {
                    value.value
                    for key, value in zip(node.keys, node.values, strict=True)
                    if isinstance(key, ast.Constant)
                    and key.value in ("limit", "refused")
                    and isinstance(value, ast.Constant)
                }
    return {str(one) for one in found}


def test_every_limit_is_told_in_words_and_in_french(french: Reader) -> None:
    codes = _codes_of_limits() - {"no-such-page"}  # Of a picture that is asked for, never of a verdict.
    assert {"too-many-pages", "too-large", "too-long", "too-heavy", "unreadable", "objects", "hashing"} <= codes
    assert codes <= set(limits(str))
    for code in codes:
        for reason in (Reason.PAGES_NOT_COMPARED, Reason.TOO_LARGE):
            finding = Finding(reason, {"limit": code})
            english = sentence_of(finding, ENGLISH)
            assert english.endswith(f": {limits(str)[code]}.")
            with translation.override("fr"):
                said = sentence_of(finding, french)
                words = limits(gettext)[code]
            assert said.endswith(f"\u00a0: {words}.")
            assert words != limits(str)[code]


def test_what_a_file_calls_itself_is_not_taken_for_a_limit() -> None:
    for name in ("unreadable", "objects", "size"):
        told = sentence_of(Finding(Reason.SIGNATURE_WRONG, {"field": name}), ENGLISH)
        assert told == f"The signature {name} does not match the certificate that it bears."


@pytest.mark.parametrize(
    ("language", "words"), [("fr", "elles sont trop nombreuses"), ("en", "there are too many of them")]
)
def test_pages_that_were_not_compared_are_told_why_on_the_page_and_on_paper(language: str, words: str) -> None:
    finding = Finding(Reason.PAGES_NOT_COMPARED, {"limit": "too-many-pages"})
    verdict = verdicts.verdict(finding, pages=(), pages_compared=False)
    with translation.override(language):
        reader = Reader(language, PARIS, gettext)
        telling = tell(verdict, reader)
        pdf = report_pdf(telling, [], reader, at=verdicts.JUDGED)
    assert any(words in one for one in (telling.lead, *telling.others))
    text = "".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(pdf))
    assert "".join(words.split()) in "".join(text.split())
    assert "too-many-pages" not in text


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Anne LEBRUN", "Après la signature d’Anne LEBRUN, la page 1 a été annotée."),
        ("Odile FERRAND", "Après la signature d’Odile FERRAND, la page 1 a été annotée."),
        ("Dr Anne LEBRUN", "Après la signature du Dr Anne LEBRUN, la page 1 a été annotée."),
        ("Camille Durand", "Après la signature de Camille Durand, la page 1 a été annotée."),
    ],
)
def test_a_name_fills_a_french_sentence_as_french_has_it(french: Reader, name: str, told: str) -> None:
    with translation.override("fr"):
        assert sentence_of(Finding(Reason.ANNOTATED, {"signer": name, "page": "1"}), french) == told
