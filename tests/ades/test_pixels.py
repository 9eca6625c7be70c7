"""What the pages show today beside what was signed."""

import io
import resource
from dataclasses import replace
from multiprocessing import get_context

import pytest
from PIL import Image

from telesphore.ades.errors import UnreadableFile
from telesphore.ades.pdf.reader import Document
from telesphore.ades.verdict import pixels_child
from telesphore.ades.verdict.pixels import Limits, compare, draw_differences
from telesphore.ades.verdict.reasons import Effect, Reason
from telesphore.ades.verdict.result import Conclusion, Finding, PageFacts
from telesphore.ades.verdict.revisions import examine
from tests.ades.attacks import ATTACKS, COVER, LEBRUN, LEGITIMATE, Case, approved, certified, filled
from tests.ades.drafts import DOCTOR, PAGE_1, PAGES, TEXT_1, Draft, draft, prescription, stream, words

USUAL = Limits()
SEEN = (
    "text replaced in an update",
    "text replaced in an object stream update",
    "page added",
    "page removed",
    "pages in another order",
    "page turned and cropped",
    "shadow replace the font",
    "shadow hide a layer is turned off",
    "shadow hide and replace a second document inside",
    "form look that a page also shows",
    "field moved over the text",
    "field hidden",
    "text field added over the text",
    "look of a field without its value",
    "look of the first signature replaced",
    "annotation over the text with no docmdp",
    "validation data that is a pages contents",
)
"""The policy catches them too: here the pages alone do."""


def _compared(content: bytes, limits: Limits = USUAL) -> tuple[tuple[PageFacts, ...], tuple[Finding, ...]]:
    document = Document(content)
    examined = examine(document)
    assert examined.signed_end is not None
    return compare(content, examined.signed_end, examined.places, pages=len(document.pages), limits=limits)


SHOWN = [
    case for case in ATTACKS if case.name in SEEN or (case.by == "pixels" and Conclusion.INVALID in case.conclusions)
]


@pytest.mark.parametrize("case", SHOWN, ids=str)
def test_what_a_page_no_longer_shows_is_seen(case: Case) -> None:
    facts, findings = _compared(case.make())
    assert any(one.reason.effect is Effect.INVALID for one in findings), facts
    assert any(not page.same and set(page.boxes) - set(page.expected) for page in facts)


def test_every_name_above_is_that_of_an_attack() -> None:
    assert set(SEEN) <= {case.name for case in ATTACKS}


@pytest.mark.parametrize("case", LEGITIMATE, ids=str)
def test_what_may_follow_a_signature_shows_only_where_it_may(case: Case) -> None:
    facts, findings = _compared(case.make())
    assert findings == ()
    assert all(page.same and set(page.boxes) == set(page.expected) for page in facts)


def test_a_later_signature_is_a_box_in_points() -> None:
    facts, _ = _compared(certified(2).sign(DOCTOR, LEBRUN).pdf)
    assert [len(page.boxes) for page in facts] == [0, 1]
    left, bottom, right, top = facts[1].boxes[0]
    assert 72 <= left < right <= 272
    assert 100 <= bottom < top <= 140
    assert facts[1].expected == facts[1].boxes


def _turned(base: dict[int, bytes]) -> dict[int, bytes]:
    turned = base[PAGE_1].replace(b"/MediaBox [0 0 595 842]", b"/MediaBox [50 50 645 892] /Rotate 90")
    return {**base, PAGE_1: turned}


def test_places_follow_a_turned_page() -> None:
    objects = _turned(prescription())
    base = draft(objects).sign(11, LEBRUN, certify=2)
    facts, findings = _compared(filled(base).pdf)
    assert findings == ()
    (box,) = facts[0].boxes
    assert box[0] >= 70
    assert box[1] >= 598
    assert box[2] <= 274
    assert box[3] <= 642


def test_a_signature_over_a_place_that_all_agreed_on_is_told() -> None:
    objects = prescription()
    objects[TEXT_1] = stream(words("Levothyrox") + b"\n" + words("Here signs Camille Durand", 74, 110))
    objects[12] = objects[12].replace(b"/P 5 0 R", b"/P 3 0 R")
    base = draft(objects).sign(12, LEBRUN)
    facts, findings = _compared(base.sign(11, LEBRUN, look=b"1 1 1 rg 0 0 200 40 re f").pdf)
    assert [one.reason for one in findings] == [Reason.PLACE_COVERED]
    assert all(page.same for page in facts)


def test_a_new_signature_that_draws_a_stroke_through_a_figure_is_seen() -> None:
    sneaky = next(case for case in ATTACKS if case.name == "sneaky signature of another over the text")
    assert COVER in sneaky.make()
    thin = sneaky.make().replace(COVER, b"0 g 75 10 60 2 re f".ljust(len(COVER)))
    assert _compared(thin)[1][0].reason is Reason.PAGE_DIFFERS


def test_nothing_after_the_signature_needs_no_picture() -> None:
    facts, findings = compare(b"", 0, pages=2)
    assert findings == ()
    assert [page.same for page in facts] == [True, True]


def test_bounds_are_told() -> None:
    content = filled(approved()).pdf
    for limits, code in (
        (Limits(pages=1), "too-many-pages"),
        (Limits(size=100), "too-large"),
        (Limits(memory=50_000_000), "too-heavy"),
        (Limits(elapsed=0.01), "too-long"),
    ):
        facts, findings = _compared(content, limits)
        assert facts == ()
        assert [(one.reason, one.details["limit"]) for one in findings] == [(Reason.PAGES_NOT_COMPARED, code)]


def test_a_huge_page_is_drawn_small() -> None:
    objects = prescription()
    objects[PAGE_1] = objects[PAGE_1].replace(b"[0 0 595 842]", b"[0 0 14400 14400]")
    base = draft(objects).sign(11, LEBRUN)
    changed = base.update({TEXT_1: stream(words("Other", size=900))})
    facts, _ = _compared(changed.pdf)
    assert not facts[0].same


def test_many_differences_become_few_boxes() -> None:
    dots = b" ".join(b"%d %d 2 2 re f" % (x, y) for x in range(10, 590, 40) for y in range(10, 840, 40))
    facts, _ = _compared(approved().update({TEXT_1: stream(dots)}).pdf)
    assert 1 < len(facts[0].boxes) <= 24


def test_one_pixel_is_a_difference() -> None:
    base = approved()
    text = words("Levothyrox 25 micrograms, one a day") + b"\n" + words("for Camille Durand", y=670)
    facts, _ = _compared(base.update({TEXT_1: stream(text + b" 0.9 g 500 500 0.4 0.4 re f")}).pdf)
    assert not facts[0].same
    (box,) = facts[0].boxes
    assert box[2] - box[0] < 3


def test_differences_are_drawn_on_the_page() -> None:
    content = certified(2).sign(DOCTOR, LEBRUN).update({TEXT_1: stream(words("Levothyrox 200"))}).pdf
    facts, _ = _compared(content)
    pictures = [draw_differences(content, page) for page in facts]
    assert all(pictures)
    changed, signed = (Image.open(io.BytesIO(picture)).convert("RGB") for picture in pictures if picture)
    assert (200, 0, 30) in set(changed.getdata())
    assert (200, 0, 30) not in set(signed.getdata())
    assert (0, 70, 160) in set(signed.getdata())


def test_what_can_not_be_drawn_is_none() -> None:
    assert draw_differences(b"nothing", PageFacts(1, same=False, boxes=(), expected=())) is None
    assert draw_differences(approved().pdf, PageFacts(9, same=False, boxes=(), expected=())) is None


def test_a_file_that_breaks_the_renderer_breaks_nothing_else() -> None:
    deep = b"[" * 50_000
    base: Draft = approved()
    broken = replace(base, pdf=base.pdf + b"\n" + deep)
    _facts, findings = compare(broken.pdf, len(base.pdf), pages=2)
    assert all(one.reason in (Reason.PAGES_NOT_COMPARED, Reason.PAGE_DIFFERS) for one in findings)
    endless = base.update({PAGES: b"<< /Type /Pages /Kids [2 0 R] /Count 1000000 >>"})
    _facts, findings = compare(endless.pdf, len(base.pdf), pages=2)
    assert findings
    with pytest.raises(UnreadableFile):
        list(Document(endless.pdf).pages)


def _bound_within_five_seconds() -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (5, 5))
    pixels_child.bound({"processor": 60, "memory": 2**40})
    return resource.getrlimit(resource.RLIMIT_CPU)[1]


def test_a_tighter_bound_that_the_renderer_was_started_under_stays() -> None:
    with get_context("spawn").Pool(1) as pool:
        assert pool.apply(_bound_within_five_seconds) == 5
